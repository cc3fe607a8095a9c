#include "credentials/user_tokens.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "matrix/endpoints/send.hpp"
#include "unit/credentials/at_homeserver.hpp"

using namespace std::chrono_literals;
using namespace confab;
using confab::test::Answer;
using confab::test::AtHomeserver;
using confab::test::login_as_path;
using confab::test::run;
using confab::test::Together;
using confab::test::whoami_path;

TEST_CASE("UserTokens: each user speaks with a token of their own that ends") {
  AtHomeserver at;
  const MatrixUserId ana = at.add("ana");
  const MatrixUserId ben = at.add("ben");
  for (int i = 0; i < 3; ++i) {
    CHECK(at.whoami(ana).wait().value().user_id() == ana);
    CHECK(at.whoami(ben).wait().value().user_id() == ben);
  }
  CHECK(at.mints() == 2);
  CHECK(at.logins() == 1);
  for (const auto& request : at.hs.requests("POST", login_as_path)) {
    const auto body = test::TestJson::parse(request.body).value();
    const auto now =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    CHECK(body["valid_until_ms"].as_integer() > now + 60'000);
    CHECK(body["valid_until_ms"].as_integer() < now + 24 * 3'600'000);
  }
}

TEST_CASE("UserTokens: the library's own account is nobody's user") {
  AtHomeserver at;
  CHECK(at.whoami(at.admin->user()).wait().error().code() == Errc::forbidden);
  CHECK(at.hs.count() == 0);
}

TEST_CASE("UserTokens: fifty calls that meet a killed token cause one mint") {
  for (const unsigned loops : {1U, 2U}) {
    CAPTURE(loops);
    AtHomeserver at(std::string(test::FakeMatrix::admin_password), loops);
    const MatrixUserId ana = at.add("ana");
    REQUIRE(at.whoami(ana).wait());
    at.hs.kill_token(ana.str());
    Together<matrix::WhoamiAnswer> calls;
    for (int i = 0; i < 50; ++i) calls.start(at.whoami(ana, CallOptions(), std::to_string(i)));
    for (const auto& answer : calls.all()) CHECK(answer.has_value());
    CHECK(calls.ended() == 50);
    CHECK(at.mints() == 2);
    CHECK(at.logins() == 1);
  }
}

TEST_CASE("UserTokens: with the admin's token killed as well there is one login and one mint") {
  AtHomeserver at(std::string(test::FakeMatrix::admin_password), 2);
  const MatrixUserId ana = at.add("ana");
  REQUIRE(at.whoami(ana).wait());
  at.hs.kill_all_tokens();
  Together<matrix::WhoamiAnswer> calls;
  for (int i = 0; i < 50; ++i) calls.start(at.whoami(ana, CallOptions(), std::to_string(i)));
  for (const auto& answer : calls.all()) CHECK(answer.has_value());
  CHECK(at.logins() == 2);
  // The look at the account met the dead admin token.
  CHECK(at.mints() == 2);
}

TEST_CASE("UserTokens: many users heal together by one admin login") {
  AtHomeserver at(std::string(test::FakeMatrix::admin_password), 2);
  std::vector<MatrixUserId> users;
  for (int i = 0; i < 20; ++i) users.push_back(at.add("user" + std::to_string(i)));
  {
    Together<matrix::WhoamiAnswer> calls;
    for (const auto& user : users) calls.start(at.whoami(user, CallOptions(), user.str()));
    for (const auto& answer : calls.all()) REQUIRE(answer.has_value());
  }
  at.hs.kill_all_tokens();
  Together<matrix::WhoamiAnswer> calls;
  for (int round = 0; round < 3; ++round) {
    for (const auto& user : users) calls.start(at.whoami(user, CallOptions(), user.str()));
  }
  for (const auto& answer : calls.all()) CHECK(answer.has_value());
  CHECK(at.logins() == 2);
  CHECK(at.mints() <= 20 + 2 * 20);
}

TEST_CASE("UserTokens: an expired token heals like a killed one") {
  AtHomeserver at;
  const MatrixUserId ana = at.add("ana");
  REQUIRE(at.whoami(ana).wait());
  at.hs.expire_token(ana.str());
  CHECK(at.whoami(ana).wait().has_value());
  CHECK(at.mints() == 2);
}

TEST_CASE("UserTokens: what is no dead token never starts a recovery") {
  AtHomeserver at;
  const MatrixUserId ana = at.add("ana");
  REQUIRE(at.whoami(ana).wait());
  at.hs.lock_user(ana.str(), true);
  for (int i = 0; i < 5; ++i) CHECK(at.whoami(ana).wait().error().code() == Errc::account_locked);
  at.hs.lock_user(ana.str(), false);
  CHECK(at.whoami(ana).wait().has_value());
  const auto after = [&](Answer answer) {
    at.hs.fail_next(1, "GET", whoami_path, std::move(answer));
    return at.whoami(ana, CallOptions().within(5s)).wait();
  };
  CHECK(after(Answer::error(403, "M_FORBIDDEN")).error().code() == Errc::forbidden);
  CHECK(after(Answer::error(403, "M_USER_SUSPENDED")).error().code() == Errc::account_suspended);
  CHECK(after(Answer::error(403, "M_USER_DEACTIVATED")).error().code() == Errc::account_deactivated);
  // A question for a password, and what no homeserver says.
  CHECK(after(Answer(401, R"({"flows":[{"stages":["m.login.password"]}]})")).error().code() == Errc::forbidden);
  CHECK(after(Answer(401, "<html>")).error().code() == Errc::protocol);
  CHECK(after(Answer::error(429, "M_LIMIT_EXCEEDED").header("Retry-After", "0")).has_value());
  CHECK(after(Answer(503, "<html>")).has_value());
  CHECK(after(Answer().close_before_answer()).has_value());
  at.hs.on("GET", whoami_path, Answer().close_before_answer());
  CHECK(at.whoami(ana).wait().error().code() == Errc::unavailable);
  CHECK(at.mints() == 1);
  CHECK(at.logins() == 1);
}

TEST_CASE("UserTokens: a homeserver that takes no token at all is asked for one new token, not for ever") {
  AtHomeserver at;
  const MatrixUserId ana = at.add("ana");
  at.hs.on("GET", whoami_path, Answer::error(401, "M_UNKNOWN_TOKEN"));
  CHECK(at.whoami(ana).wait().error().code() == Errc::session_expired);
  CHECK(at.mints() == 2);
  CHECK(at.hs.count("GET", whoami_path) == 2);
}

TEST_CASE("UserTokens: a refusal that is no dead token's is handed up as it is") {
  AtHomeserver at;
  const MatrixUserId ana = at.add("ana");
  REQUIRE(at.whoami(ana).wait());
  for (const char* errcode : {"M_MISSING_TOKEN", "ORG.EXAMPLE.M_GO_AWAY", "M_UNKNOWN"}) {
    at.hs.fail_next(1, "GET", whoami_path, Answer::error(401, errcode));
    const Error error = at.whoami(ana).wait().error();
    CHECK(error.code() == Errc::session_expired);
    CHECK(error.errcode() == errcode);
  }
  CHECK(at.mints() == 1);
}

TEST_CASE(
    "UserTokens: a request is sent again once per generation, under the same transaction id, three times at most") {
  test::FakeMatrix hs;
  const test::SealedStore store;
  const MatrixUserId ana(hs.add_user("ana"));
  test::Process first(hs, store);
  test::Process second(hs, store);
  REQUIRE(first.whoami(ana).wait());
  REQUIRE(second.whoami(ana).wait());
  // While the second one's request is refused again and again, the first one heals what the second finds.
  int refused = 0;
  std::mutex mutex;
  hs.on("PUT", "/_matrix/client/v3/rooms/*/send/*/*").then([&](const test::Request& /*request*/) {
    const std::lock_guard lock(mutex);
    if (++refused < 4) {
      hs.kill_token(ana.str());
      (void)first.whoami(ana).wait();
    }
    return Answer::error(401, "M_UNKNOWN_TOKEN");
  });
  const auto answer = run<matrix::EventIdAnswer>(second.runtime, [&](net::CallContext context) {
    matrix::SendEvent event(MatrixRoomId("!room:hs.test"), "m.room.message", TransactionId("once"), "{}");
    return second.tokens->call(ana, std::move(event), std::move(context));
  });
  CHECK(answer.error().code() == Errc::session_expired);
  const auto sends = hs.requests("PUT", "/_matrix/client/v3/rooms/*/send/*/*");
  REQUIRE(sends.size() == 4);
  std::set<std::string> targets;
  std::set<std::string> tokens;
  for (const auto& send : sends) {
    targets.insert(send.target);
    tokens.insert(send.token());
  }
  CHECK(targets.size() == 1);
  CHECK(tokens.size() == 4);
}

TEST_CASE("UserTokens: why there is no token is told in the host's terms") {
  AtHomeserver at;
  bool reached = true;
  const auto call = [&](const MatrixUserId& user) {
    return run<matrix::WhoamiAnswer>(at.runtime, [&](net::CallContext context) {
      return at.tokens->call(user, matrix::Whoami(), std::move(context), std::nullopt, &reached);
    });
  };
  SUBCASE("no such account") {
    const Error error = call(MatrixUserId("@nobody:hs.test")).error();
    CHECK(error.code() == Errc::not_found);
    CHECK(error.subject() == "user");
  }
  SUBCASE("the admin is none") {
    at.hs.fail_next(1, "POST", login_as_path, Answer::error(403, "M_FORBIDDEN"));
    const Error error = call(at.add("ana")).error();
    CHECK(error.code() == Errc::admin_unavailable);
    CHECK(error.subject() == "homeserver.admin_user");
  }
  SUBCASE("the admin is locked, not the user") {
    at.hs.fail_next(1, "POST", login_as_path, Answer::error(401, "M_USER_LOCKED"));
    CHECK(call(at.add("ana")).error().code() == Errc::admin_unavailable);
    CHECK(at.logins() == 1);
  }
  SUBCASE("every answer lost") {
    at.hs.on("POST", login_as_path, Answer::real().close_before_answer());
    CHECK(call(at.add("ana")).error().code() == Errc::unavailable);
    CHECK(at.mints() <= 4);
  }
  CHECK_FALSE(reached);
}

TEST_CASE("UserTokens: a failure of the request itself is told apart from one of its token") {
  AtHomeserver at;
  const MatrixUserId ana = at.add("ana");
  bool reached = false;
  at.hs.fail_next(1, "GET", whoami_path, Answer::error(403, "M_FORBIDDEN"));
  const auto answer = run<matrix::WhoamiAnswer>(at.runtime, [&](net::CallContext context) {
    return at.tokens->call(ana, matrix::Whoami(), std::move(context), std::nullopt, &reached);
  });
  CHECK_FALSE(answer.has_value());
  CHECK(reached);
}

TEST_CASE("UserTokens: each new token is told of once, by its user and without itself, and counted") {
  test::FakeMatrix hs;
  std::mutex mutex;
  std::vector<std::string> lines;
  std::string texts;
  const auto told = [&mutex, &lines](const std::string& line) {
    const std::lock_guard lock(mutex);
    return std::count(lines.begin(), lines.end(), line);
  };
  const RuntimeOptions options = RuntimeOptions().log([&](const LogRecord& line) {
    const std::lock_guard lock(mutex);
    lines.push_back(std::string(line.code()) + " " + std::string(line.subject()));
    texts += std::string(line.message()) + " " + lines.back();
  });
  const test::SealedStore store;
  const auto password = std::make_shared<credentials::AdminPassword>(Secret(std::string(hs.admin_password)));
  test::Process process(hs, store, password, options);
  test::Process second(hs, store, password, options);
  const MatrixUserId ana = process.add("ana");
  REQUIRE(process.whoami(ana).wait());
  hs.kill_token(ana.str());
  REQUIRE(process.whoami(ana).wait());
  // What another process made is told of there.
  REQUIRE(second.whoami(ana).wait());
  CHECK(told("matrix.user.token.updated " + ana.str()) == 2);
  CHECK(told("matrix.admin.token.updated " + hs.user_id("admin")) == 1);
  for (const auto& request : hs.requests()) {
    if (!request.token().empty()) CHECK(texts.find(request.token()) == std::string::npos);
  }

  const TokenMetrics seen = process.token_store->counts().now();
  CHECK(seen.made(TokenReason::first) == 2);
  CHECK(seen.made(TokenReason::recovery) == 1);
  CHECK(seen.made(TokenReason::renewal) == 0);
  CHECK(seen.step(TokenStep::act_as).attempts() == 2);
  CHECK(seen.step(TokenStep::act_as).outcome(TokenOutcome::succeeded) == 2);
  CHECK(seen.step(TokenStep::act_as).total() >= seen.step(TokenStep::act_as).longest());
  CHECK(seen.step(TokenStep::act_as).longest() > 0us);
  CHECK(seen.step(TokenStep::admin_log_in).attempts() == 1);
  CHECK(second.token_store->counts().now().made(TokenReason::first) == 0);
  const auto totals = run<credentials::TokenStore::Totals>(process.runtime, [&process](net::CallContext context) {
    return credentials::TokenStore::totals(process.token_store, std::move(context));
  });
  REQUIRE(totals.has_value());
  CHECK(totals->accounts() == 2);
  CHECK(totals->made(TokenReason::first) == 2);
  CHECK(totals->made(TokenReason::recovery) == 1);
  CHECK(totals->is_complete());
}

TEST_CASE("UserTokens: nobody acts for a closed account, also where a token is only to be renewed") {
  AtHomeserver at;
  const MatrixUserId ana = at.add("ana");
  REQUIRE(at.whoami(ana).wait());
  at.hs.on("GET", "/_synapse/admin/v2/users/*",
           Answer(200, R"({"name":"@ana:hs.test","deactivated":true,"admin":false,"displayname":"Ana"})"));
  at.hs.kill_token(ana.str());
  const Error error = at.whoami(ana).wait().error();
  CHECK(error.code() == Errc::account_deactivated);
  CHECK(error.subject() == "user");
  CHECK(at.mints() == 1);
  // Whoever opens it again and provisions the user has them back at the next use.
  at.hs.clear_scripts();
  at.tokens->forget_refusal(ana);
  CHECK(at.whoami(ana).wait().has_value());
  CHECK(at.mints() == 2);
  // While nobody can tell, nobody acts.
  at.hs.kill_token(ana.str());
  at.hs.on("GET", "/_synapse/admin/v2/users/*", Answer::error(503, "M_UNKNOWN"));
  CHECK(at.whoami(ana).wait().error().code() == Errc::unavailable);
  CHECK(at.mints() == 2);
  at.hs.clear_scripts();
  CHECK(at.whoami(ana).wait().has_value());
}

TEST_CASE("UserTokens: what became of a step is counted as what it was") {
  AtHomeserver at;
  const MatrixUserId ana = at.add("ana");
  REQUIRE(at.whoami(ana).wait());
  at.hs.kill_token(ana.str());
  at.hs.on("POST", login_as_path, Answer::error(403, "M_FORBIDDEN"));
  CHECK_FALSE(at.whoami(ana).wait().has_value());
  const TokenMetrics seen = at.token_store->counts().now();
  CHECK(seen.step(TokenStep::act_as).outcome(TokenOutcome::refused) == 1);
  CHECK(seen.step(TokenStep::act_as).attempts() == 2);
}

TEST_CASE("UserTokens: more tokens than the homeserver makes while a lease lasts are made all the same, each once") {
  test::FakeMatrix hs;
  test::SealedStore sealed;
  sealed.lease_length = 2s;
  test::Process process(hs, sealed);
  // One after the other they take 2 s, where a request may take three quarters of the lease.
  hs.limit_logins(0ms, 5ms);
  std::vector<MatrixUserId> users;
  for (int i = 0; i < 400; ++i) users.push_back(process.add("user" + std::to_string(i)));
  Together<matrix::WhoamiAnswer> calls;
  for (const auto& user : users) calls.start(process.whoami(user, CallOptions().within(60s)));
  for (const auto& answer : calls.all()) CHECK(answer.has_value());
  CHECK(process.mints() == users.size());
}
