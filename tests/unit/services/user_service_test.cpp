#include "services/user_service.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "matrix/endpoints/synapse_admin_users.hpp"
#include "unit/services/in_room.hpp"

using namespace confab;
using namespace std::chrono_literals;
using confab::test::Answer;
using confab::test::FakeMatrix;
using confab::test::html;
using confab::test::login_as_path;
using confab::test::Process;
using confab::test::SealedStore;
using confab::test::Services;
using confab::test::TestJson;
using confab::test::Together;
using credentials::PasswordOwner;

namespace {

constexpr const char* user_path = "/_synapse/admin/v2/users/*";
constexpr const char* name_path = "/_matrix/client/v3/profile/*/displayname";
constexpr const char* reset_path = "/_synapse/admin/v1/reset_password/*";

Result<void> set_password(Services& at, const MatrixUserId& user, const std::string& password) {
  return test::run<void>(at.runtime, [&](net::CallContext context) {
    return services::UserService::set_password(at.users, user, Secret(password), std::move(context));
  });
}

Result<void> reactivate(Services& at, const MatrixUserId& user) {
  return test::run<void>(at.runtime, [&](net::CallContext context) {
    return services::UserService::reactivate(at.users, user, std::move(context));
  });
}

// As its operator does it.
Result<matrix::AdminUserAnswer> close_account(Services& at, const MatrixUserId& user) {
  return test::run<matrix::AdminUserAnswer>(at.runtime, [&](net::CallContext context) {
    return at.admin->call(matrix::AdminPutUser(user).deactivated(true), std::move(context));
  });
}

std::string display_name(Services& at, const MatrixUserId& user) {
  const auto answer = test::run<matrix::AdminUserAnswer>(at.runtime, [&](net::CallContext context) {
    return at.admin->call(matrix::AdminGetUser(user), std::move(context));
  });
  return answer.value().display_name().value_or("");
}

}  // namespace

TEST_CASE("UserService: an account is made once, and asking again changes nothing") {
  Services at;
  const MatrixUserId ana("@ana:hs.test");
  REQUIRE(at.ensure_account(ana, "Ana").wait());
  CHECK(at.hs.count("PUT", user_path) == 1);
  REQUIRE(at.ensure_account(ana, "Ana").wait());
  REQUIRE(at.ensure_account(ana, "").wait());
  CHECK(at.hs.count("PUT", user_path) == 1);
  CHECK(display_name(at, ana) == "Ana");
}

TEST_CASE("UserService: whose an account's password is, is noted where it is known") {
  Services at;
  const auto owner = [&at](const MatrixUserId& user) {
    const auto found = test::run<std::optional<credentials::StoredToken>>(at.runtime, [&](net::CallContext context) {
      return credentials::TokenStore::load(at.token_store, user, std::move(context));
    });
    REQUIRE(found.has_value());
    return *found ? (*found)->password_owner() : PasswordOwner::unknown;
  };
  const MatrixUserId made("@made:hs.test");
  REQUIRE(at.ensure_account(made, "Made").wait());
  CHECK(owner(made) == PasswordOwner::library);
  const MatrixUserId old = at.add("old");
  REQUIRE(at.ensure_account(old, "Old").wait());
  CHECK(owner(old) == PasswordOwner::unknown);
  for (const MatrixUserId& user : {made, old}) {
    // Though the homeserver refuses it: what is lost with its answer must not look like the library's.
    at.hs.fail_next(1, "POST", reset_path, Answer::error(403, "M_FORBIDDEN"));
    CHECK_FALSE(set_password(at, user, "correct horse").has_value());
    CHECK(owner(user) == PasswordOwner::user);
    REQUIRE(at.ensure_account(user, "Renamed").wait());
    CHECK(owner(user) == PasswordOwner::user);
  }
}

TEST_CASE("UserService: the display name follows the host's, by the user's own token") {
  Services at;
  const MatrixUserId ana("@ana:hs.test");
  REQUIRE(at.ensure_account(ana, "Ana").wait());
  // What was made under its name is not named again, and costs no token.
  CHECK(at.hs.count("PUT", name_path) == 0);
  CHECK(at.hs.count("POST", login_as_path) == 0);
  REQUIRE(at.ensure_account(ana, "Ana Ruiz").wait());
  CHECK(display_name(at, ana) == "Ana Ruiz");
  CHECK(at.hs.count("PUT", name_path) == 1);
  CHECK(at.hs.count("PUT", user_path) == 1);
  REQUIRE(at.ensure_account(ana, "Ana Ruiz").wait());
  CHECK(at.hs.count("PUT", name_path) == 1);
  // A token that died meanwhile is replaced.
  at.hs.kill_token(ana.str());
  REQUIRE(at.ensure_account(ana, "Ana Sol").wait());
  CHECK(display_name(at, ana) == "Ana Sol");
  CHECK(at.hs.count("PUT", name_path) == 3);
  CHECK(at.hs.count("POST", login_as_path) == 2);
  CHECK(at.hs.count("PUT", user_path) == 1);
}

TEST_CASE("UserService: where users may not change their names the admin does, and users are not tried again") {
  Services at;
  const MatrixUserId ana = at.add("ana");
  const MatrixUserId ben = at.add("ben");
  at.hs.on("PUT", name_path, Answer::error(403, "M_FORBIDDEN"));
  REQUIRE(at.ensure_account(ana, "Ana").wait());
  REQUIRE(at.ensure_account(ben, "Ben").wait());
  REQUIRE(at.ensure_account(ana, "Ana Ruiz").wait());
  CHECK(display_name(at, ana) == "Ana Ruiz");
  CHECK(display_name(at, ben) == "Ben");
  CHECK(at.hs.count("PUT", name_path) == 1);
  CHECK(at.hs.count("PUT", user_path) == 3);
}

TEST_CASE("UserService: who writes nothing themselves is named by the admin") {
  Services at;
  const MatrixUserId ana = at.add("ana");
  SUBCASE("they are locked") { at.hs.lock_user(ana.str(), true); }
  SUBCASE("they are suspended") {
    at.hs.fail_next(1, "GET", user_path, Answer(200, R"({"name":"@ana:hs.test","suspended":true})"));
  }
  REQUIRE(at.ensure_account(ana, "Ana").wait());
  CHECK(display_name(at, ana) == "Ana");
  CHECK(at.hs.count("PUT", name_path) == 0);
  CHECK(at.hs.count("POST", login_as_path) == 0);
}

TEST_CASE("UserService: a user who cannot rename themselves is named by the admin, and others by themselves") {
  Services at;
  const MatrixUserId ana = at.add("ana");
  SUBCASE("suspended after the look") { at.hs.fail_next(1, "PUT", name_path, Answer::error(403, "M_USER_SUSPENDED")); }
  SUBCASE("locked after the look") { at.hs.fail_next(1, "PUT", name_path, Answer::error(401, "M_USER_LOCKED")); }
  SUBCASE("no token is to be had") { at.hs.on("POST", login_as_path).then(Answer::error(400, "M_UNKNOWN")).times(1); }
  SUBCASE("every token is dead") { at.hs.on("PUT", name_path).then(Answer::error(401, "M_UNKNOWN_TOKEN")).times(2); }
  REQUIRE(at.ensure_account(ana, "Ana").wait());
  CHECK(display_name(at, ana) == "Ana");
  CHECK(at.hs.count("PUT", user_path) == 1);
  const MatrixUserId ben = at.add("ben");
  REQUIRE(at.ensure_account(ben, "Ben").wait());
  CHECK(display_name(at, ben) == "Ben");
  CHECK(at.hs.count("PUT", user_path) == 1);
}

TEST_CASE("UserService: a rename that only did not come to pass is not done by the admin") {
  Services at;
  const MatrixUserId ana = at.add("ana");
  at.hs.on("PUT", name_path, Answer::error(400, "M_INVALID_PARAM"));
  CHECK(at.ensure_account(ana, "Ana").wait().error().code() == Errc::invalid_argument);
  CHECK(at.hs.count("PUT", name_path) == 1);
  CHECK(at.hs.count("PUT", user_path) == 0);
}

TEST_CASE("UserService: no PUT ever carries a password, nor makes or closes anything by the way") {
  Services at;
  const MatrixUserId ana("@ana:hs.test");
  at.hs.fail_next(1, "PUT", user_path, Answer::real().close_before_answer());
  REQUIRE(at.ensure_account(ana, "Ana").wait());
  at.hs.on("PUT", name_path, Answer::error(403, "M_FORBIDDEN"));
  REQUIRE(at.ensure_account(ana, "Other").wait());
  const auto puts = at.hs.requests("PUT", user_path);
  REQUIRE(puts.size() >= 3);
  for (const auto& put : puts) {
    const TestJson body = TestJson::parse(put.body).value();
    for (const auto& [key, value] : body.as_object()) CHECK(key == "displayname");
  }
}

TEST_CASE("UserService: devices stay logged in through every call") {
  Services at;
  const MatrixUserId ana = at.add("ana");
  const std::string token = at.hs.token_for(ana.str());
  REQUIRE(at.ensure_account(ana, "Ana").wait());
  REQUIRE(at.ensure_account(ana, "Ana 2").wait());
  const auto whoami = test::run<matrix::WhoamiAnswer>(at.runtime, [&](net::CallContext context) {
    return at.client->call(matrix::Whoami(), Secret(token), ana.str(), std::move(context));
  });
  CHECK(whoami.has_value());
}

TEST_CASE("UserService: somebody else makes the account between the look and the PUT") {
  Services at;
  const MatrixUserId ana("@ana:hs.test");
  at.hs.on("PUT", user_path)
      .then([&at](const test::Request&) {
        at.hs.add_user("ana");
        return Answer::error(400, "M_USER_IN_USE");
      })
      .times(1);
  CHECK(at.ensure_account(ana, "Ana").wait().has_value());
  CHECK(display_name(at, ana) == "Ana");
}

TEST_CASE("UserService: many at once are one, and who gives up leaves it to the others") {
  Services at(2);
  const MatrixUserId ana("@ana:hs.test");
  at.hs.on("GET", user_path).then(Answer::real().after(200ms)).times(1);
  const auto ensure = [&at, ana](int caller, CallOptions options) {
    return net::describe<void>(at.runtime.core(), std::to_string(caller), std::move(options),
                               [&at, ana](net::CallContext context) {
                                 return services::UserService::ensure_account(at.users, ana, "Ana", std::move(context));
                               });
  };
  Together<void> calls;
  Together<void> first;
  first.start(ensure(0, CallOptions().within(20ms)));
  for (int i = 1; i < 8; ++i) calls.start(ensure(i, CallOptions()));
  CHECK(first.all().front().error().code() == Errc::timed_out);
  for (const auto& done : calls.all()) CHECK(done.has_value());
  CHECK(at.hs.count("PUT", user_path) == 1);
  CHECK(display_name(at, ana) == "Ana");
}

TEST_CASE("UserService: many at once all succeed, though each makes the account by itself, as processes do") {
  Services at(2);
  const MatrixUserId ana("@ana:hs.test");
  // As a real homeserver does: who comes second while the account is being made is refused.
  at.hs.on("PUT", user_path).then(Answer::real()).times(1).then(Answer::error(400, "M_USER_IN_USE")).times(3);
  Together<void> calls;
  for (int i = 0; i < 8; ++i) {
    calls.start(net::describe<void>(
        at.runtime.core(), std::to_string(i), CallOptions(), [&at, ana, i](net::CallContext context) {
          // Groups do not wait for each other.
          auto group = std::make_shared<const std::string>(std::to_string(i));
          return services::UserService::ensure_account(at.users, ana, "Ana", std::move(context).in_group(group));
        }));
  }
  for (const auto& done : calls.all()) CHECK(done.has_value());
  CHECK(calls.ended() == 8);
  CHECK(display_name(at, ana) == "Ana");
}

TEST_CASE("UserService: a closed account is told as such, and left alone") {
  Services at;
  const MatrixUserId ana = at.add("ana");
  at.hs.on("GET", user_path,
           Answer(200, R"({"name":"@ana:hs.test","displayname":"Ana","admin":false,"deactivated":true})"));
  const Error error = at.ensure_account(ana, "Other").wait().error();
  CHECK(error.code() == Errc::account_deactivated);
  CHECK(error.subject() == "user");
  CHECK(at.hs.count("PUT", user_path) == 0);
}

TEST_CASE("UserService: a closed account is opened again where that is asked for, and its user goes on") {
  Services at;
  const MatrixUserId ana("@ana:hs.test");
  bool device = false;
  SUBCASE("by login-as-user") {}
  SUBCASE("on the device") {
    device = true;
    at.tokens->use_devices("");
  }
  REQUIRE(at.ensure_account(ana, "Ana").wait());
  SUBCASE("whose password was the library's") {}
  SUBCASE("whose password was their own") { REQUIRE(set_password(at, ana, "correct horse").has_value()); }
  REQUIRE(at.whoami(ana).wait().has_value());
  REQUIRE(close_account(at, ana).has_value());
  at.hs.kill_token(ana.str());
  CHECK(at.whoami(ana).wait().error().code() == Errc::account_deactivated);
  CHECK(at.ensure_account(ana, "Ana").wait().error().code() == Errc::account_deactivated);
  at.hs.forget_requests();

  REQUIRE(reactivate(at, ana).has_value());
  CHECK(at.hs.count("PUT", user_path) == 1);
  const TestJson body = TestJson::parse(at.hs.requests("PUT", user_path).at(0).body).value();
  CHECK(body["deactivated"].is_bool());
  CHECK_FALSE(body["deactivated"].as_bool(true));
  CHECK(body["logout_devices"].as_bool(true) == false);
  CHECK(body["password"].as_string().size() > 30);
  CHECK(at.whoami(ana).wait().value().user_id() == ana);
  // The password of that request is nobody's: the device's login is preceded by one that is kept.
  CHECK(at.hs.count("PUT", user_path) == (device ? 2 : 1));
  CHECK(at.logins() == (device ? 1 : 0));

  at.hs.forget_requests();
  REQUIRE(reactivate(at, ana).has_value());
  CHECK(at.hs.count("PUT", user_path) == 0);
}

TEST_CASE("UserService: many who open a closed account do it once") {
  Services at;
  const MatrixUserId ana = at.add("ana");
  REQUIRE(close_account(at, ana).has_value());
  at.hs.forget_requests();
  Together<void> calls;
  for (int i = 0; i < 8; ++i) {
    calls.start(
        net::describe<void>(at.runtime.core(), std::to_string(i), CallOptions(), [&at, ana](net::CallContext context) {
          return services::UserService::reactivate(at.users, ana, std::move(context));
        }));
  }
  for (const auto& done : calls.all()) CHECK(done.has_value());
  CHECK(at.hs.count("PUT", user_path) == 1);
}

TEST_CASE(
    "UserService: an account that the homeserver does not open again stays closed; what may pass is no such answer") {
  Services at;
  const MatrixUserId ana = at.add("ana");
  REQUIRE(close_account(at, ana).has_value());
  for (const Answer& refusal : {Answer::error(400, "M_UNKNOWN"), Answer::error(403, "M_FORBIDDEN"),
                                Answer::error(404, "M_UNRECOGNIZED"), Answer::error(404, "M_NOT_FOUND")}) {
    at.hs.on("PUT", user_path, refusal);
    const Error error = reactivate(at, ana).error();
    CHECK(error.code() == Errc::account_deactivated);
    CHECK_FALSE(error.retriable());
    CHECK(error.subject() == "user");
    CHECK(error.message().find("does not reopen it") != std::string_view::npos);
    at.hs.clear_scripts();
  }
  for (const Answer& of_admin : {Answer::error(401, "M_USER_LOCKED"), Answer::error(403, "M_USER_SUSPENDED"),
                                 Answer::error(403, "M_USER_DEACTIVATED"), Answer::error(401, "M_UNKNOWN_TOKEN")}) {
    at.hs.on("PUT", user_path, of_admin);
    CHECK(reactivate(at, ana).error().code() == Errc::admin_unavailable);
    at.hs.clear_scripts();
  }
  for (const Answer& passing : {Answer::error(500, "M_UNKNOWN"), Answer::error(503, "")}) {
    at.hs.on("PUT", user_path, passing);
    const Error error = reactivate(at, ana).error();
    CHECK(error.code() == Errc::unavailable);
    CHECK(error.retriable());
    at.hs.clear_scripts();
  }
  at.hs.on("PUT", user_path, Answer(401, R"({"flows":[],"session":"s"})"));  // for something else than the token
  CHECK(reactivate(at, ana).error().code() == Errc::forbidden);
  at.hs.clear_scripts();
  CHECK(reactivate(at, ana).has_value());
  CHECK(reactivate(at, MatrixUserId("@nobody:hs.test")).error().code() == Errc::not_found);
}

TEST_CASE("UserService: provisioning a user, or setting a password, ends the pause after a refusal") {
  Services at;
  const MatrixUserId ana = at.add("ana");
  at.hs.on("POST", login_as_path, Answer::error(404, "M_UNRECOGNIZED"));
  for (int i = 0; i < 5; ++i) CHECK(at.whoami(ana).wait().error().code() == Errc::unsupported);
  CHECK(at.mints() == 1);
  // That nothing was done about it is no reason to ask again.
  at.hs.on("POST", reset_path, Answer::error(403, "M_FORBIDDEN"));
  CHECK_FALSE(set_password(at, ana, "correct horse").has_value());
  CHECK(at.whoami(ana).wait().error().code() == Errc::unsupported);
  CHECK(at.mints() == 1);
  at.hs.clear_scripts();
  SUBCASE("provisioned") { REQUIRE(at.ensure_account(ana, "").wait()); }
  SUBCASE("given a password") { REQUIRE(set_password(at, ana, "correct horse").has_value()); }
  CHECK(at.whoami(ana).wait().has_value());
  CHECK(at.mints() == 2);
}

TEST_CASE("UserService: a name the homeserver refuses is refused, without asking twice") {
  Services at;
  const Error error = at.ensure_account(MatrixUserId("@Ana:hs.test"), "Ana").wait().error();
  CHECK(error.code() == Errc::invalid_argument);
  CHECK(at.hs.count("PUT", user_path) == 1);
}

TEST_CASE("UserService: failures in the way are ridden out") {
  Services at;
  const MatrixUserId ana("@ana:hs.test");
  at.hs.fail_next(1, "GET", user_path, html(502));
  at.hs.fail_next(1, "PUT", user_path, Answer::error(429, "M_LIMIT_EXCEEDED").header("Retry-After", "0"));
  CHECK(at.ensure_account(ana, "Ana").wait().has_value());
  at.hs.kill_all_tokens();
  CHECK(at.ensure_account(ana, "Ana 2").wait().has_value());
  CHECK(display_name(at, ana) == "Ana 2");
}

TEST_CASE("UserService: who is no admin is told so") {
  Services at;
  at.hs.on("GET", user_path, Answer::error(403, "M_FORBIDDEN"));
  CHECK(at.ensure_account(MatrixUserId("@ana:hs.test"), "Ana").wait().error().code() == Errc::forbidden);
}

TEST_CASE("UserService: an account is read as it is, and not made by that") {
  Services at;
  const MatrixUserId ana("@ana:hs.test");
  const auto read = [&] {
    return test::run<Account>(at.runtime, [&](net::CallContext context) {
      return services::UserService::account(at.users, ana, std::move(context));
    });
  };
  CHECK(read().error().code() == Errc::not_found);
  CHECK(at.hs.count("PUT", user_path) == 0);
  REQUIRE(at.ensure_account(ana, "Ana").wait());
  CHECK(read()->name() == "Ana");
  CHECK(read()->state() == AccountState::active);
  at.hs.lock_user(ana.str(), true);
  CHECK(read()->state() == AccountState::locked);
  at.hs.fail_next(1, "GET", user_path,
                  Answer(200, R"({"name":"@ana:hs.test","deactivated":true,"locked":true,"suspended":true})"));
  CHECK(read()->state() == AccountState::deactivated);
  at.hs.fail_next(1, "GET", user_path, Answer(200, R"({"name":"@ana:hs.test","suspended":true})"));
  CHECK(read()->state() == AccountState::suspended);
}

TEST_CASE("UserService: a password is set, and nobody is logged out by it") {
  Services at;
  const MatrixUserId ana = at.add("ana");
  const std::string phone = at.hs.token_for(ana.str(), "PHONE");
  const auto set = [&](const MatrixUserId& user) { return set_password(at, user, "correct horse"); };
  REQUIRE(set(ana));
  const auto requests = at.hs.requests("POST", reset_path);
  REQUIRE(requests.size() == 1);
  const TestJson body = TestJson::parse(requests.front().body).value();
  CHECK(body["new_password"].as_string() == "correct horse");
  CHECK(body["logout_devices"].as_bool(true) == false);
  CHECK(set(MatrixUserId("@nobody:hs.test")).error().code() == Errc::not_found);
  // Setting the same again changes nothing, so a lost answer is asked for again.
  at.hs.fail_next(1, "POST", reset_path, Answer::real().close_before_answer());
  CHECK(set(ana));
}

TEST_CASE("PasswordChanges: five at once, then one a minute, of each user") {
  services::PasswordChanges changes;
  const MatrixUserId ana("@ana:hs.test");
  services::PasswordChanges::Time now{1h};
  for (int i = 0; i < 5; ++i) CHECK_FALSE(changes.take(ana, now).has_value());
  CHECK(changes.take(ana, now) == std::chrono::milliseconds(60s));
  CHECK_FALSE(changes.take(MatrixUserId("@ben:hs.test"), now).has_value());
  now += 59s;
  CHECK(changes.take(ana, now) == std::chrono::milliseconds(1s));
  now += 1s;
  CHECK_FALSE(changes.take(ana, now).has_value());
  CHECK(changes.take(ana, now).has_value());
  now += 10min;
  for (int i = 0; i < 5; ++i) CHECK_FALSE(changes.take(ana, now).has_value());
  CHECK(changes.take(ana, now).has_value());
}

TEST_CASE("UserService: who sets a password again and again is told to wait, and each that was set is logged") {
  std::mutex mutex;
  std::vector<std::string> audited;
  FakeMatrix hs;
  Process at(hs, SealedStore(),
             std::make_shared<credentials::AdminPassword>(Secret(std::string(FakeMatrix::admin_password))),
             RuntimeOptions().log([&](const LogRecord& line) {
               const std::lock_guard lock(mutex);
               if (line.code() == "user.password.set") audited.emplace_back(line.subject());
             }));
  const auto users = std::make_shared<services::UserService>(at.tokens);
  const MatrixUserId ana = at.add("ana");
  const auto set = [&] {
    return test::run<void>(at.runtime, [&](net::CallContext context) {
      return services::UserService::set_password(users, ana, Secret("correct horse"), std::move(context));
    });
  };
  for (int i = 0; i < 5; ++i) REQUIRE(set());
  const Result<void> refused = set();
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code() == Errc::rate_limited);
  CHECK(refused.error().retry_after().has_value());
  CHECK(hs.count("POST", reset_path) == 5);
  const std::lock_guard lock(mutex);
  CHECK(audited == std::vector<std::string>(5, "@ana:hs.test"));
}

TEST_CASE("UserService: users of an application service are made and named by it") {
  Services at;
  at.hs.register_appservice("as-token", "park_");
  at.tokens->set_appservice(std::make_shared<credentials::Appservice>(at.client, Secret("as-token")));
  const MatrixUserId ana("@park_ana:hs.test");
  std::size_t tokens = 0;
  std::size_t puts = 2;
  SUBCASE("who are spoken for by it") {
    at.tokens->use_appservice("");
    ++puts;  // the first one finds that the device is missing, as any first call would
  }
  SUBCASE("who are no longer, and whose names it still keeps from others") { tokens = 1; }
  REQUIRE(at.ensure_account(ana, "Ana").wait());
  REQUIRE(at.ensure_account(ana, "Ana").wait());
  CHECK(at.hs.count("POST", "/_matrix/client/v3/register") == 1);
  CHECK(display_name(at, ana) == "Ana");
  REQUIRE(at.ensure_account(ana, "Ana Ruiz").wait());
  CHECK(display_name(at, ana) == "Ana Ruiz");
  CHECK(at.hs.count("POST", "/_matrix/client/v3/register") == 1);
  CHECK(at.hs.count("PUT", name_path) == puts);
  CHECK(at.hs.count("PUT", user_path) == (tokens == 0 ? 0 : 1));
  CHECK(at.hs.count("POST", login_as_path) == tokens);
}

TEST_CASE("UserService: an application service that is not known is told, and the admin does not hide it") {
  Services at;
  at.hs.register_appservice("as-token", "park_");
  at.tokens->set_appservice(std::make_shared<credentials::Appservice>(at.client, Secret("another-token")));
  at.tokens->use_appservice("");
  at.add("park_ana");
  CHECK(at.ensure_account(MatrixUserId("@park_ana:hs.test"), "Ana").wait().error().code() == Errc::config);
  CHECK(at.hs.count("PUT", user_path) == 0);
}

TEST_CASE("UserService: somebody else registers the account between the look and ours") {
  Services at;
  at.hs.register_appservice("as-token", "park_");
  at.tokens->set_appservice(std::make_shared<credentials::Appservice>(at.client, Secret("as-token")));
  at.tokens->use_appservice("");
  const MatrixUserId ana("@park_ana:hs.test");
  at.hs.on("POST", "/_matrix/client/v3/register")
      .then([&at](const test::Request&) {
        at.hs.add_user("park_ana");
        return Answer::error(400, "M_USER_IN_USE");
      })
      .times(1);
  REQUIRE(at.ensure_account(ana, "Ana").wait());
  CHECK(display_name(at, ana) == "Ana");
}
