// An HttpClient on a loop of its own, asked from the test's thread.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/http_client.hpp"
#include "net/name_resolver.hpp"
#include "net/trust_store.hpp"

namespace confab::test {

using namespace std::chrono_literals;
using namespace confab::net;

inline Url base_url(const std::string& text) {
  Result<Url> url = Url::parse_base(text);
  REQUIRE(url);
  return *url;
}

inline void check_failure(const HttpOutcome& outcome, TransferFailure failure, bool sent) {
  REQUIRE_FALSE(outcome.answered());
  CAPTURE(outcome.reason());
  CHECK(outcome.failure() == failure);
  CHECK(outcome.sent() == sent);
  CHECK_FALSE(outcome.reason().empty());
}

class ClientFixture {
 public:
  explicit ClientFixture(HttpClientOptions options, NameResolver::Options names = {})
      : resolver_(std::make_shared<NameResolver>(std::move(names))),
        trust_(std::make_shared<TrustStore>(options.ca_file())) {
    // Far above the 5 ms that the loop should keep to: the machine that runs the tests is busy with others.
    loop_.watch_stalls(5s, [this](std::chrono::nanoseconds) { ++stalls_; });
    loop_.start_thread();
    on_loop([&] { client_ = std::make_unique<HttpClient>(loop_, std::move(options), resolver_, trust_); });
  }
  explicit ClientFixture(const std::string& url) : ClientFixture(HttpClientOptions(base_url(url))) {}
  ~ClientFixture() {
    if (client_) on_loop([&] { client_.reset(); });
    loop_.stop_and_join(2s);
    CHECK(stalls_ == 0);
  }

  std::future<HttpOutcome> begin(HttpRequest request, std::chrono::milliseconds within = 20s,
                                 std::stop_token stop = {}) {
    return begin_on(*client_, std::move(request), within, std::move(stop));
  }
  // On another client of the same loop.
  std::future<HttpOutcome> begin_on(HttpClient& client, HttpRequest request, std::chrono::milliseconds within = 20s,
                                    std::stop_token stop = {}) {
    auto outcome = std::make_shared<std::promise<HttpOutcome>>();
    auto future = outcome->get_future();
    loop_.post([this, &client, outcome = std::move(outcome), request = std::move(request), within,
                stop = std::move(stop)]() mutable {
      loop_.spawn(perform(&client, std::move(request), Clock::now() + within, std::move(stop), std::move(outcome)));
    });
    return future;
  }
  HttpOutcome operator()(HttpRequest request, std::chrono::milliseconds within = 20s, std::stop_token stop = {}) {
    return begin(std::move(request), within, std::move(stop)).get();
  }
  HttpOutcome get(std::string target, std::chrono::milliseconds within = 20s) {
    return (*this)(HttpRequest("GET", std::move(target)), within);
  }

  template <class Call>
  void on_loop(Call call) {
    std::promise<void> done;
    REQUIRE(loop_.post([&] {
      call();
      done.set_value();
    }));
    done.get_future().wait();
  }
  std::size_t transfers() {
    std::size_t count = 0;
    on_loop([&] { count = client_->transfers(); });
    return count;
  }
  void wait_transfers(std::size_t count) {
    const auto until = Clock::now() + 10s;
    while (transfers() != count && Clock::now() < until) std::this_thread::yield();
    CHECK(transfers() == count);
  }
  void close_client() {
    on_loop([&] { client_.reset(); });
  }
  // After the loop was stopped.
  void forget_client() { client_.reset(); }
  EventLoop& loop() { return loop_; }
  const std::shared_ptr<NameResolver>& resolver() const { return resolver_; }
  HttpClient& client() { return *client_; }

 private:
  static Task<void> perform(HttpClient* client, HttpRequest request, TimePoint deadline, std::stop_token stop,
                            std::shared_ptr<std::promise<HttpOutcome>> into) {
    HttpOutcome outcome = co_await client->perform(std::move(request), deadline, std::move(stop));
    into->set_value(std::move(outcome));
  }

  std::atomic<int> stalls_{0};
  EventLoop loop_;
  std::shared_ptr<NameResolver> resolver_;
  std::shared_ptr<TrustStore> trust_;
  std::unique_ptr<HttpClient> client_;
};

}  // namespace confab::test
