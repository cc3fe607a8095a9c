#include "credentials/admin_session.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "contract/store_client.hpp"
#include "matrix/endpoints/synapse_admin_users.hpp"
#include "unit/credentials/at_homeserver.hpp"

using namespace std::chrono_literals;
using namespace confab;
using confab::test::Answer;
using confab::test::AtHomeserver;
using confab::test::login_path;
using confab::test::run;
using confab::test::Together;
using confab::test::whoami_path;

namespace {

constexpr const char* override_path = "/_synapse/admin/v1/users/*/override_ratelimit";

Pending<matrix::WhoamiAnswer> as_admin(const AtHomeserver& at, CallOptions options = CallOptions(),
                                       const std::string& loop_of = "test") {
  return net::describe<matrix::WhoamiAnswer>(
      at.runtime.core(), loop_of, std::move(options),
      [admin = at.admin](net::CallContext context) { return admin->call(matrix::Whoami(), std::move(context)); });
}

// The password can be put right while the admin is locked out; a refusal is believed in for a moment only.
struct LockedOut {
  explicit LockedOut(std::string first) : password(std::move(first)) {}
  ~LockedOut() { hs.clear_scripts(); }

  RuntimeOptions heard() {
    return RuntimeOptions().log([this](const LogRecord& line) {
      if (line.component() != "credentials") return;
      const std::lock_guard lock(mutex);
      if (line.code().substr(0, 6) == "admin.") lines.emplace_back(line.code());
      texts += line.message();
    });
  }
  std::vector<std::string> told() {
    const std::lock_guard lock(mutex);
    return lines;
  }
  Result<matrix::WhoamiAnswer> call() {
    return run<matrix::WhoamiAnswer>(process.runtime, [admin = process.admin](net::CallContext context) {
      return admin->call(matrix::Whoami(), std::move(context));
    });
  }
  // Calls until one goes well, or another comes than expected.
  bool heals() {
    const auto until = net::Clock::now() + 20s;
    while (net::Clock::now() < until) {
      const auto answer = call();
      if (answer) return true;
      if (answer.error().code() != Errc::admin_unavailable) return false;
    }
    return false;
  }
  void fail(std::size_t times) {
    const std::size_t before = process.logins();
    const auto until = net::Clock::now() + 20s;
    while (process.logins() < before + times && net::Clock::now() < until) {
      CHECK(call().error().code() == Errc::admin_unavailable);
    }
  }

  test::FakeMatrix hs;
  std::mutex mutex;
  std::vector<std::string> lines;
  std::string texts;
  std::string password;
  std::vector<bool> asked;
  test::Process process{hs, test::SealedStore(),
                        std::make_shared<credentials::AdminPassword>([this](bool refused) -> Result<Secret> {
                          const std::lock_guard lock(mutex);
                          asked.push_back(refused);
                          if (password == "throw") throw std::runtime_error("a source's own fault");
                          if (password == "file") return Error(Errc::config, "the file is gone");
                          return Secret(password);
                        }),
                        heard(), 2ms};
};

}  // namespace

TEST_CASE("AdminSession: one login for many first calls, on two loops, with the limits lifted once") {
  AtHomeserver at(std::string(test::FakeMatrix::admin_password), 2);
  Together<matrix::WhoamiAnswer> calls;
  for (int i = 0; i < 40; ++i) calls.start(as_admin(at, CallOptions(), std::to_string(i)));
  for (const auto& answer : calls.all()) CHECK(answer.value().user_id() == at.admin->user());
  CHECK(calls.ended() == 40);
  CHECK(at.logins() == 1);
  CHECK(at.hs.count("POST", override_path) == 1);
  CHECK(at.hs.requests("POST", login_path).at(0).body.find("CONFAB_ADMIN") != std::string::npos);
}

TEST_CASE("AdminSession: a killed token is replaced by one login, unnoticed") {
  AtHomeserver at(std::string(test::FakeMatrix::admin_password), 2);
  REQUIRE(as_admin(at).wait());
  at.hs.kill_token(at.admin->user().str());
  Together<matrix::WhoamiAnswer> calls;
  for (int i = 0; i < 40; ++i) calls.start(as_admin(at, CallOptions(), std::to_string(i)));
  for (const auto& answer : calls.all()) CHECK(answer.has_value());
  CHECK(at.logins() == 2);
}

TEST_CASE("AdminSession: a wrong password is tried once, and refused from memory afterwards") {
  AtHomeserver at("not-the-password");
  Together<matrix::WhoamiAnswer> calls;
  for (int i = 0; i < 50; ++i) calls.start(as_admin(at));
  for (const auto& answer : calls.all()) {
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code() == Errc::admin_unavailable);
    CHECK(answer.error().subject() == "homeserver.admin_password");
    CHECK_FALSE(answer.error().retriable());
    CHECK(answer.error().message().find("not-the-password") == std::string_view::npos);
  }
  CHECK(as_admin(at).wait().error().code() == Errc::admin_unavailable);
  CHECK(at.logins() == 1);
}

TEST_CASE("AdminSession: a wrong password is tried by one of the processes on a store, and the right one at once") {
  test::FakeMatrix hs;
  const test::SealedStore store;
  const auto call = [](test::Process& process) {
    return run<matrix::WhoamiAnswer>(process.runtime, [&process](net::CallContext context) {
      return process.admin->call(matrix::Whoami(), std::move(context));
    });
  };
  for (int i = 0; i < 4; ++i) {
    test::Process process(hs, store, "not-the-password", 1);
    const auto answer = call(process);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code() == Errc::admin_unavailable);
    CHECK(answer.error().subject() == "homeserver.admin_password");
    CHECK_FALSE(answer.error().retriable());
    REQUIRE(answer.error().retry_after().has_value());
    CHECK(*answer.error().retry_after() > 20s);
    CHECK(*answer.error().retry_after() <= 37500ms);
    // Only who asked the homeserver has tried.
    CHECK(process.token_store->counts().now().step(TokenStep::admin_log_in).attempts() == (i == 0 ? 1U : 0U));
  }
  CHECK(hs.count("POST", login_path) == 1);
  test::StoreClient client(store.store);
  const std::string key = "refused/" + hs.user_id("admin");
  CHECK(client.value(key).find("not-the-password") == std::string::npos);
  CHECK(client.value(key).find("sealed") != std::string::npos);
  test::Process process(hs, store);
  CHECK(call(process).has_value());
  CHECK(hs.count("POST", login_path) == 2);
  CHECK(client.version(key) == 0);
}

TEST_CASE("AdminSession: a homeserver of another name is told from a wrong password, and logged in to once") {
  AtHomeserver at(std::string(test::FakeMatrix::admin_password), 1,
                  test::FakeMatrix::MatrixOptions().server_name("other.test"));
  const auto admin = std::make_shared<credentials::AdminSession>(
      at.client, MatrixUserId("@admin:hs.test"),
      std::make_shared<credentials::AdminPassword>(Secret(std::string(test::FakeMatrix::admin_password))),
      at.token_store);
  for (int i = 0; i < 10; ++i) {
    const auto answer = run<matrix::WhoamiAnswer>(
        at.runtime, [&](net::CallContext context) { return admin->call(matrix::Whoami(), std::move(context)); });
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code() == Errc::config);
    CHECK(answer.error().subject() == "homeserver.server_name");
  }
  CHECK(at.logins() == 1);
}

TEST_CASE("AdminSession: an admin whose account was closed is named as such, not as the user") {
  AtHomeserver at;
  at.hs.fail_next(1, "POST", login_path, Answer::error(403, "M_USER_DEACTIVATED"));
  const Error error = at.whoami(at.add("ana")).wait().error();
  CHECK(error.code() == Errc::admin_unavailable);
  CHECK(error.subject() == "homeserver.admin_user");
  CHECK(error.errcode() == "M_USER_DEACTIVATED");
}

TEST_CASE("AdminSession: a limited login is remembered, and holds back nothing but logins") {
  AtHomeserver at;
  REQUIRE(as_admin(at).wait());
  at.hs.kill_token(at.admin->user().str());
  at.hs.on("POST", login_path, Answer::error(429, "M_LIMIT_EXCEEDED").header("Retry-After", "331"));
  const Error error = as_admin(at).wait().error();
  CHECK(error.code() == Errc::rate_limited);
  REQUIRE(error.retry_after().has_value());
  CHECK(*error.retry_after() > 300s);
  CHECK(as_admin(at).wait().error().code() == Errc::rate_limited);
  CHECK(at.logins() == 2);
  // The same account, another kind of request: at once.
  const Secret alive(at.hs.token_for(at.admin->user().str()));
  const auto begun = net::Clock::now();
  const auto answer = run<matrix::AdminUserAnswer>(at.runtime, [&at, alive](net::CallContext context) {
    return at.client->call(matrix::AdminGetUser(at.admin->user()), alive, at.admin->user().str(), std::move(context));
  });
  CHECK(answer.has_value());
  CHECK(net::Clock::now() - begun < 5s);
}

TEST_CASE("AdminSession: a login that is limited for a moment is repeated in time") {
  AtHomeserver at;
  at.hs.fail_next(1, "POST", login_path, Answer::error(429, "M_LIMIT_EXCEEDED").header("Retry-After", "1"));
  const auto begun = net::Clock::now();
  CHECK(as_admin(at).wait().has_value());
  CHECK(net::Clock::now() - begun >= 1s);
  CHECK(at.logins() == 2);
}

TEST_CASE("AdminSession: what is no dead token starts no login") {
  AtHomeserver at;
  REQUIRE(as_admin(at).wait());
  const auto after = [&](Answer answer) {
    at.hs.fail_next(1, "GET", whoami_path, std::move(answer));
    return as_admin(at, CallOptions().within(5s)).wait();
  };
  CHECK(after(Answer::error(401, "M_USER_LOCKED")).error().code() == Errc::account_locked);
  CHECK(after(Answer::error(403, "M_FORBIDDEN")).error().code() == Errc::forbidden);
  CHECK(after(Answer(401, R"({"flows":[],"session":"s"})")).error().code() == Errc::forbidden);
  CHECK(after(Answer(401, "<html>proxy</html>").content_type("text/html")).error().code() == Errc::protocol);
  CHECK(after(Answer::error(429, "M_LIMIT_EXCEEDED").header("Retry-After", "0")).has_value());
  CHECK(after(Answer(500, "<html>oops</html>")).has_value());
  CHECK(at.logins() == 1);
}

TEST_CASE("AdminSession: a lost answer to the login costs a second login and is no open outcome") {
  AtHomeserver at;
  at.hs.fail_next(1, "POST", login_path, Answer::real().close_before_answer());
  CHECK(as_admin(at).wait().has_value());
  CHECK(at.logins() == 2);

  AtHomeserver never;
  never.hs.on("POST", login_path, Answer::real().close_before_answer());
  const Error error = as_admin(never).wait().error();
  CHECK(error.code() == Errc::unavailable);
  CHECK(error.transaction_id().empty());
  CHECK(never.logins() <= 4);
}

TEST_CASE("AdminSession: an outage is told once, and its end once, and heals with the password") {
  LockedOut at("not-the-password");
  AlertStream alerts = at.process.runtime.alerts();
  for (int outage = 1; outage <= 2; ++outage) {
    at.fail(3);
    auto begun = alerts.next().wait();
    REQUIRE(begun);
    CHECK(begun->front().kind() == AlertKind::admin_refused);
    CHECK(at.told().size() == static_cast<std::size_t>(outage) * 2 - 1);
    CHECK(at.process.token_store->counts().now().admin_refused());
    at.password = test::FakeMatrix::admin_password;
    REQUIRE(at.heals());
    REQUIRE(at.told().size() == static_cast<std::size_t>(outage) * 2);
    CHECK(at.lines[at.lines.size() - 2] == "admin.refused");
    CHECK(at.lines.back() == "admin.back");
    auto ended = alerts.next().wait();
    REQUIRE(ended);
    CHECK(begun->size() + ended->size() == 2);
    CHECK(ended->front().kind() == AlertKind::admin_back);
    CHECK_FALSE(at.process.token_store->counts().now().admin_refused());
    CHECK(at.process.token_store->counts().now().admin_outages() == static_cast<std::uint64_t>(outage));
    at.password = "not-the-password";
    at.hs.kill_token(at.process.admin->user().str());
  }
  CHECK(at.texts.find("not-the-password") == std::string::npos);
  CHECK_FALSE(at.asked.front());
  CHECK(at.asked[1]);
}

TEST_CASE("AdminSession: a password that cannot be told is an outage too, and nothing is sent") {
  for (const char* fault : {"throw", "file", ""}) {
    LockedOut at(fault);
    CHECK(at.call().error().code() == Errc::admin_unavailable);
    CHECK(at.call().error().subject() == "homeserver.admin_password");
    CHECK(at.told().size() == 1);
    CHECK(at.process.logins() == 0);
    CHECK(at.process.token_store->counts().now().step(TokenStep::admin_log_in).attempts() == 0);
    at.password = test::FakeMatrix::admin_password;
    CHECK(at.heals());
    CHECK(at.told().size() == 2);
  }
}

TEST_CASE("AdminSession: while the admin is locked out, users whose tokens live go on") {
  LockedOut at{std::string(test::FakeMatrix::admin_password)};
  const MatrixUserId ana = at.process.add("ana");
  const MatrixUserId ben = at.process.add("ben");
  REQUIRE(at.process.whoami(ana).wait());
  at.password = "not-the-password";
  at.hs.kill_token(at.process.admin->user().str());
  at.fail(1);
  CHECK(at.process.whoami(ana).wait());
  CHECK(at.process.whoami(ben).wait().error().code() == Errc::admin_unavailable);
  at.password = test::FakeMatrix::admin_password;
  REQUIRE(at.heals());
  CHECK(at.process.whoami(ana).wait());
}
