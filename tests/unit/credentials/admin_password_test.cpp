#include "credentials/admin_password.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include <confab/runtime.hpp>

#include "unit/net/on_runtime.hpp"

using namespace std::chrono_literals;
using namespace confab;
using confab::credentials::AdminPassword;

namespace {

Result<std::string> tell(Runtime& runtime, const std::shared_ptr<AdminPassword>& password,
                         CallOptions options = CallOptions()) {
  return net::describe<std::string>(runtime.core(), "test", std::move(options),
                                    [password](net::CallContext context) -> Task<Result<std::string>> {
                                      Result<Secret> secret = co_await AdminPassword::tell(password, context);
                                      if (!secret) co_return std::move(secret).error();
                                      co_return std::string(secret->reveal());
                                    })
      .wait();
}

}  // namespace

TEST_CASE("AdminPassword: a known one needs nobody to tell it") {
  Runtime runtime;
  CHECK(tell(runtime, std::make_shared<AdminPassword>(Secret("known"))).value() == "known");
}

TEST_CASE("AdminPassword: an answer that comes too late is that of the next call") {
  Runtime runtime;
  std::promise<void> may_answer;
  std::promise<void> is_asked;
  std::atomic<int> asked = 0;
  const auto password = std::make_shared<AdminPassword>([&](bool) -> Result<Secret> {
    if (++asked == 1) is_asked.set_value();
    may_answer.get_future().wait();
    return Secret("late");
  });
  const auto first = tell(runtime, password, CallOptions().within(50ms));
  REQUIRE_FALSE(first.has_value());
  is_asked.get_future().wait();
  may_answer.set_value();
  CHECK(tell(runtime, password).value() == "late");
  CHECK(asked == 1);
}

TEST_CASE("AdminPassword: it is asked again each time, and told what was refused until a new one is told") {
  Runtime runtime;
  std::string seen;
  int asked = 0;
  const auto password = std::make_shared<AdminPassword>([&](bool refused) -> Result<Secret> {
    seen += refused ? 'r' : '-';
    if (++asked == 3) return Error(Errc::config, "not now");
    return Secret("secret");
  });
  CHECK(tell(runtime, password).has_value());
  CHECK(tell(runtime, password).has_value());
  password->refused();
  CHECK(tell(runtime, password).error().code() == Errc::admin_unavailable);
  CHECK(tell(runtime, password).has_value());
  CHECK(tell(runtime, password).has_value());
  CHECK(seen == "--rr-");
}
