#include "net/name_resolver.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <string>

using namespace std::chrono_literals;
using namespace confab::net;
using confab::Task;

namespace {

// A resolver whose every lookup is scripted; names on hold hang until release().
class FakeNames {
 public:
  ~FakeNames() { release(); }
  NameResolver::Lookup lookup() {
    return [this](const std::string& host) { return answer(host); };
  }
  void set(const std::string& host, std::string address) {
    const std::lock_guard lock(mutex_);
    addresses_[host] = std::move(address);
  }
  void fail(const std::string& host, NameFailure how) {
    const std::lock_guard lock(mutex_);
    addresses_.erase(host);
    failures_[host] = how;
  }
  void hold(const std::string& host) {
    const std::lock_guard lock(mutex_);
    held_[host] = true;
  }
  void release() {
    std::unique_lock lock(mutex_);
    held_.clear();
    changed_.notify_all();
    changed_.wait(lock, [&] { return inside_ == 0; });
  }
  int asked(const std::string& host) {
    const std::lock_guard lock(mutex_);
    return asked_[host];
  }
  void wait_asked(const std::string& host, int times) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, 10s, [&] { return asked_[host] >= times; }));
  }

 private:
  NameAnswer answer(const std::string& host) {
    std::unique_lock lock(mutex_);
    ++inside_;
    ++asked_[host];
    changed_.notify_all();
    changed_.wait(lock, [&] { return !held_.contains(host); });
    --inside_;
    changed_.notify_all();
    const auto found = addresses_.find(host);
    if (found != addresses_.end()) return NameAnswer(std::make_shared<AddressList>(AddressList{found->second}));
    const auto failure = failures_.find(host);
    return NameAnswer(failure == failures_.end() ? NameFailure::unknown : failure->second, "made up");
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::string> addresses_;
  std::map<std::string, NameFailure> failures_;
  std::map<std::string, bool> held_;
  std::map<std::string, int> asked_;
  int inside_ = 0;
};

Task<void> ask(NameResolver* resolver, EventLoop* loop, std::string host, TimePoint deadline, std::stop_token stop,
               std::shared_ptr<std::promise<NameAnswer>> into) {
  into->set_value(co_await resolver->resolve(*loop, std::move(host), deadline, std::move(stop)));
}

class Asking {
 public:
  explicit Asking(NameResolver& resolver) : resolver_(&resolver) { loop_.start_thread(); }
  ~Asking() { loop_.stop_and_join(1s); }
  std::future<NameAnswer> ask(std::string host, std::chrono::milliseconds within = 10s, std::stop_token stop = {}) {
    auto answer = std::make_shared<std::promise<NameAnswer>>();
    loop_.post([this, answer, host = std::move(host), within, stop = std::move(stop)] {
      loop_.spawn(::ask(resolver_, &loop_, host, Clock::now() + within, stop, answer));
    });
    return answer->get_future();
  }
  NameAnswer operator()(std::string host) { return ask(std::move(host)).get(); }

 private:
  NameResolver* resolver_;
  EventLoop loop_;
};

}  // namespace

TEST_CASE("name resolver: a good answer is kept for its time") {
  FakeNames names;
  names.set("a.example", "192.0.2.1");
  NameResolver resolver(NameResolver::Options().lookup(names.lookup()));
  Asking ask(resolver);
  CHECK_FALSE(resolver.known("a.example"));
  const auto first = ask("a.example");
  REQUIRE(first.addresses());
  CHECK(*first.addresses() == AddressList{"192.0.2.1"});
  CHECK(ask("a.example").addresses() == first.addresses());
  CHECK(resolver.known("a.example")->addresses() == first.addresses());
  CHECK(names.asked("a.example") == 1);
}

TEST_CASE("name resolver: an old answer serves while a new one is asked for, even when that hangs or fails") {
  FakeNames names;
  names.set("a.example", "192.0.2.1");
  NameResolver resolver(NameResolver::Options().lookup(names.lookup()).good_for(0ms).bad_for(0ms).stale_for(1h));
  Asking ask(resolver);
  REQUIRE(ask("a.example").addresses());
  names.hold("a.example");
  CHECK(ask("a.example").addresses());
  names.wait_asked("a.example", 2);
  for (int i = 0; i < 20; ++i) CHECK(ask("a.example").addresses());
  CHECK(names.asked("a.example") == 2);
  names.fail("a.example", NameFailure::temporary);
  names.release();
  const auto until = Clock::now() + 10s;
  while (names.asked("a.example") < 3 && Clock::now() < until) CHECK(ask("a.example").addresses());
  CHECK(names.asked("a.example") >= 3);
  names.set("a.example", "192.0.2.2");
  std::shared_ptr<const AddressList> now;
  do {
    now = ask("a.example").addresses();
  } while (Clock::now() < until && *now != AddressList{"192.0.2.2"});
  CHECK(*now == AddressList{"192.0.2.2"});
}

TEST_CASE("name resolver: a failure is kept for a short while") {
  FakeNames names;
  {
    NameResolver resolver(NameResolver::Options().lookup(names.lookup()).bad_for(1h));
    Asking ask(resolver);
    const auto answer = ask("no.example");
    CHECK_FALSE(answer.addresses());
    CHECK(answer.failure() == NameFailure::unknown);
    CHECK(ask("no.example").reason() == "made up");
    CHECK(names.asked("no.example") == 1);
  }
  NameResolver forgetful(NameResolver::Options().lookup(names.lookup()).bad_for(0ms));
  Asking ask(forgetful);
  CHECK_FALSE(ask("no.example").addresses());
  names.set("no.example", "192.0.2.3");
  CHECK(ask("no.example").addresses());
}

TEST_CASE("name resolver: one lookup for all who ask for a name at once") {
  FakeNames names;
  names.set("a.example", "192.0.2.1");
  names.hold("a.example");
  NameResolver resolver(NameResolver::Options().lookup(names.lookup()));
  Asking ask(resolver);
  std::vector<std::future<NameAnswer>> answers;
  for (int i = 0; i < 50; ++i) answers.push_back(ask.ask("a.example"));
  names.wait_asked("a.example", 1);
  names.release();
  for (auto& answer : answers) CHECK(answer.get().addresses());
  CHECK(names.asked("a.example") == 1);
}

TEST_CASE("name resolver: a lookup that hangs holds up no other name, and its waiters go at their deadline or stop") {
  FakeNames names;
  names.set("good.example", "192.0.2.1");
  names.hold("hung.example");
  NameResolver resolver(NameResolver::Options().lookup(names.lookup()).threads(2));
  Asking ask(resolver);
  std::stop_source stop;
  auto late = ask.ask("hung.example", 30ms);
  auto stopped = ask.ask("hung.example", 1h, stop.get_token());
  names.wait_asked("hung.example", 1);
  CHECK(ask("good.example").addresses());
  CHECK(late.get().failure() == NameFailure::timed_out);
  stop.request_stop();
  CHECK(stopped.get().failure() == NameFailure::cancelled);
  CHECK(names.asked("hung.example") == 1);
}

TEST_CASE("name resolver: it goes away while a lookup hangs and somebody waits") {
  FakeNames names;
  names.hold("hung.example");
  std::future<NameAnswer> answer;
  const auto begun = Clock::now();
  {
    auto resolver = std::make_unique<NameResolver>(NameResolver::Options().lookup(names.lookup()));
    Asking ask(*resolver);
    std::stop_source stop;
    answer = ask.ask("hung.example", 1h, stop.get_token());
    names.wait_asked("hung.example", 1);
    stop.request_stop();
    CHECK_FALSE(answer.get().addresses());
    resolver.reset();
  }
  CHECK(Clock::now() - begun < 5s);
}

TEST_CASE("name resolver: names are bounded, and those nobody asks for make room") {
  FakeNames names;
  NameResolver resolver(NameResolver::Options().lookup(names.lookup()).max_names(3).threads(4));
  Asking ask(resolver);
  for (int i = 0; i < 10; ++i) {
    const std::string host = "host" + std::to_string(i) + ".example";
    names.set(host, "192.0.2.1");
    CHECK(ask(host).addresses());
  }
  for (const char* host : {"h1.example", "h2.example", "h3.example"}) names.hold(host);
  std::vector<std::future<NameAnswer>> hung;
  for (const char* host : {"h1.example", "h2.example", "h3.example"}) {
    hung.push_back(ask.ask(host));
    names.wait_asked(host, 1);
  }
  const auto refused = ask("h4.example");
  CHECK(refused.failure() == NameFailure::temporary);
  CHECK(names.asked("h4.example") == 0);
  names.release();
  for (auto& each : hung) each.wait();
}

TEST_CASE("name resolver: doubted addresses are asked for again") {
  FakeNames names;
  names.set("a.example", "192.0.2.1");
  NameResolver resolver(NameResolver::Options().lookup(names.lookup()).good_for(1h).bad_for(0ms));
  Asking ask(resolver);
  REQUIRE(ask("a.example").addresses());
  resolver.doubt("a.example");
  CHECK(ask("a.example").addresses());
  names.wait_asked("a.example", 2);
}

TEST_CASE("name resolver: the system knows localhost, and says so of a name that cannot exist") {
  const auto here = NameResolver::ask_system("localhost");
  REQUIRE(here.addresses());
  const auto& list = *here.addresses();
  CHECK(std::any_of(list.begin(), list.end(),
                    [](const std::string& address) { return address == "127.0.0.1" || address == "::1"; }));
  CHECK_FALSE(NameResolver::ask_system("no.such.name.invalid").addresses());
}
