#include "net/trust_store.hpp"

#include <doctest/doctest.h>

#include <future>
#include <string>
#include <vector>

#include "support/temporary_directory.hpp"
#include "support/test_certificate.hpp"

using namespace std::chrono_literals;
using namespace confab::net;
using confab::Errc;
using confab::Result;
using confab::Task;

namespace {

Task<void> await_ready(TrustStore* trust, EventLoop* loop, std::promise<Result<void>>* into) {
  into->set_value(co_await trust->ready(*loop, Clock::now() + 10s, std::stop_token()));
}

}  // namespace

TEST_CASE("trust store: a good file is read once") {
  confab::test::TestAuthority authority;
  TrustStore trust(authority.ca_file());
  CHECK(trust.store() == nullptr);
  REQUIRE(trust.load());
  const auto* store = trust.store();
  CHECK(store != nullptr);
  REQUIRE(trust.load());
  CHECK(trust.store() == store);
}

TEST_CASE("trust store: the system's authorities") {
  TrustStore trust;
  CHECK(trust.load());
  CHECK(trust.store() != nullptr);
}

TEST_CASE("trust store: a missing file, an empty one and one without certificates are named, and may be put right") {
  const confab::test::TemporaryDirectory directory;
  std::vector<std::string> bad{directory.file("missing.pem"), directory.write("empty.pem", ""),
                               directory.write("text.pem", "not a certificate\n")};
  for (const auto& file : bad) {
    TrustStore trust(file);
    const auto result = trust.load();
    REQUIRE_FALSE(result);
    CHECK(result.error().code() == Errc::config);
    CHECK(result.error().subject() == file);
    CHECK(trust.store() == nullptr);
  }
}

TEST_CASE("trust store: many wait on a loop for one reading") {
  confab::test::TestAuthority authority;
  TrustStore good(authority.ca_file());
  TrustStore bad("/nonexistent/ca.pem");
  EventLoop loop;
  loop.start_thread();
  std::vector<std::promise<Result<void>>> results(20);
  loop.post([&] {
    for (std::size_t i = 0; i < results.size(); ++i) loop.spawn(await_ready(i < 10 ? &good : &bad, &loop, &results[i]));
  });
  for (std::size_t i = 0; i < results.size(); ++i) CHECK(results[i].get_future().get().has_value() == (i < 10));
  std::promise<Result<void>> again;
  loop.post([&] { loop.spawn(await_ready(&bad, &loop, &again)); });
  CHECK_FALSE(again.get_future().get());
  loop.stop_and_join(1s);
}
