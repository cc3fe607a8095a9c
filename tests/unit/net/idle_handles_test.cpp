#include "net/idle_handles.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <future>
#include <thread>
#include <vector>

#include "net/curl_multi.hpp"

using namespace std::chrono_literals;
using confab::net::Clock;
using confab::net::EventLoop;
using confab::net::Expected;
using confab::net::IdleHandles;

namespace {

class Fixture {
 public:
  explicit Fixture(Clock::duration unused_for) : idle_(loop_, unused_for) { loop_.start_thread(); }
  ~Fixture() {
    on_loop([&] { idle_.clear(); });
    loop_.stop_and_join(1s);
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  void on_loop(const std::function<void()>& what) {
    std::promise<void> done;
    loop_.post([&] {
      what();
      done.set_value();
    });
    done.get_future().get();
  }
  void put_back(Expected expected, int count) {
    on_loop([&] {
      for (int i = 0; i < count; ++i) idle_.put_back(expected, ::curl_easy_init());
    });
  }
  std::size_t size(Expected expected) {
    std::size_t count = 0;
    on_loop([&] { count = idle_.size(expected); });
    return count;
  }
  // Whether it comes to be so many.
  bool becomes(Expected expected, std::size_t count) {
    const auto until = Clock::now() + 20s;
    while (size(expected) != count) {
      if (Clock::now() > until) return false;
      std::this_thread::yield();
    }
    return true;
  }
  IdleHandles& idle() { return idle_; }

 private:
  confab::net::CurlLibrary library_;
  EventLoop loop_;
  IdleHandles idle_;
};

}  // namespace

TEST_CASE("idle handles: each kind gives back its own, the last one first, and none where there is none") {
  Fixture fixture(1h);
  CURL* const little = ::curl_easy_init();
  CURL* const last = ::curl_easy_init();
  fixture.on_loop([&] {
    IdleHandles& idle = fixture.idle();
    idle.put_back(Expected::little, little);
    idle.put_back(Expected::little, last);
    CHECK(idle.take(Expected::usual) == nullptr);
    CHECK(idle.take(Expected::little) == last);
    CHECK(idle.take(Expected::little) == little);
    CHECK(idle.take(Expected::little) == nullptr);
  });
  ::curl_easy_cleanup(little);
  ::curl_easy_cleanup(last);
}

TEST_CASE("idle handles: over the bound they are closed at once, but for those of long polls") {
  Fixture fixture(1h);
  fixture.put_back(Expected::usual, 70);
  CHECK(fixture.size(Expected::usual) == 64);
  fixture.put_back(Expected::much, 20);
  CHECK(fixture.size(Expected::much) == 16);
  fixture.put_back(Expected::little, 1000);
  CHECK(fixture.size(Expected::little) == 1000);
}

TEST_CASE("idle handles: those of long polls that nobody wants are closed after a while, down to the bound") {
  Fixture fixture(20ms);
  fixture.put_back(Expected::little, 1000);
  CHECK(fixture.becomes(Expected::little, 512));
}

TEST_CASE("idle handles: what was wanted again is kept for another while") {
  Fixture fixture(200ms);
  const auto begun = Clock::now();
  fixture.on_loop([&] {
    IdleHandles& idle = fixture.idle();
    for (int i = 0; i < 1000; ++i) idle.put_back(Expected::little, ::curl_easy_init());
    std::vector<CURL*> taken;
    while (CURL* const easy = idle.take(Expected::little)) taken.push_back(easy);
    CHECK(taken.size() == 1000);
    for (CURL* const easy : taken) idle.put_back(Expected::little, easy);
  });
  CHECK(fixture.becomes(Expected::little, 512));
  CHECK(Clock::now() - begun >= 400ms);
}
