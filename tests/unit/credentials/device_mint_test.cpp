#include "credentials/device_mint.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "contract/faulty_store.hpp"
#include "unit/credentials/at_homeserver.hpp"

using namespace confab;
using namespace std::chrono_literals;
using confab::test::Answer;
using confab::test::FakeMatrix;
using confab::test::login_as_path;
using confab::test::login_path;
using confab::test::Process;
using confab::test::SealedStore;
using confab::test::TestJson;

namespace {

constexpr const char* user_path = "/_synapse/admin/v2/users/*";
constexpr const char* refresh_path = "/_matrix/client/v3/refresh";

struct Devices : Process {
  explicit Devices(FakeMatrix& homeserver, const SealedStore& sealed = SealedStore()) : Process(homeserver, sealed) {
    tokens->use_devices("");  // the group of these calls
  }
};

std::vector<TestJson> bodies(const FakeMatrix& hs, const char* method, const char* path) {
  std::vector<TestJson> out;
  for (const auto& request : hs.requests(method, path)) out.push_back(TestJson::parse(request.body).value());
  return out;
}

// The logins of the user, the admin's left out.
std::vector<TestJson> logins(const FakeMatrix& hs, const MatrixUserId& user) {
  std::vector<TestJson> out;
  for (TestJson& body : bodies(hs, "POST", login_path)) {
    if (body["identifier"]["user"].as_string() == user.str()) out.push_back(std::move(body));
  }
  return out;
}

// As if the token that is stored had been made some time ago.
Task<Result<credentials::StoredToken>> shorten(std::shared_ptr<credentials::TokenStore> tokens, MatrixUserId user,
                                               std::chrono::milliseconds left, net::CallContext context) {
  auto found = co_await credentials::TokenStore::load(tokens, user, context);
  if (!found || !*found) co_return Error(Errc::not_found, "there is no token");
  credentials::StoredToken token = **found;
  const Secret text = token.token();
  token.token(text, std::chrono::system_clock::now() + left);
  co_return co_await credentials::TokenStore::save(tokens, user, std::move(token), context);
}

}  // namespace

TEST_CASE("DeviceMint: a user's first token comes by a password that was stored before it was set") {
  FakeMatrix hs;
  const MatrixUserId ana(hs.add_user("ana"));
  const SealedStore store;
  {
    Devices process(hs, store);
    CHECK(process.whoami(ana).wait().value().device_id() == DeviceId("CONFAB"));
  }
  const auto puts = bodies(hs, "PUT", user_path);
  REQUIRE(puts.size() == 1);
  CHECK(puts[0].as_object().size() == 2);  // the password and this, nothing else
  CHECK(puts[0]["logout_devices"].as_bool(true) == false);
  REQUIRE(logins(hs, ana).size() == 1);
  CHECK(logins(hs, ana)[0]["device_id"].as_string() == "CONFAB");
  CHECK(logins(hs, ana)[0]["password"].as_string() == puts[0]["password"].as_string());
  CHECK(puts[0]["password"].as_string().size() >= 40);
  // Another process has the token from the store; when it dies, the password again, and the same device.
  Devices process(hs, store);
  CHECK(process.whoami(ana).wait().has_value());
  CHECK(logins(hs, ana).size() == 1);
  hs.kill_token(ana.str());
  CHECK(process.whoami(ana).wait().value().device_id() == DeviceId("CONFAB"));
  CHECK(logins(hs, ana).size() == 2);
  CHECK(hs.count("PUT", user_path) == 1);
  CHECK(hs.count("POST", login_as_path) == 0);
}

TEST_CASE("DeviceMint: a password that somebody changed is tried once, set anew, and nobody is logged out") {
  FakeMatrix hs;
  const MatrixUserId ana(hs.add_user("ana"));
  Devices process(hs);
  REQUIRE(process.whoami(ana).wait());
  hs.kill_token(ana.str());
  (void)hs.add_user("ana", "another");
  CHECK(process.whoami(ana).wait().has_value());
  CHECK(logins(hs, ana).size() == 3);  // the first, the refused one, the healed one
  const auto puts = bodies(hs, "PUT", user_path);
  REQUIRE(puts.size() == 2);
  CHECK(puts[1].as_object().size() == 2);
  CHECK(puts[1]["logout_devices"].as_bool(true) == false);
}

TEST_CASE("DeviceMint: an account that is not there is not made, and a closed one not opened") {
  FakeMatrix hs;
  Devices process(hs);
  CHECK(process.whoami(MatrixUserId("@nobody:hs.test")).wait().error().code() == Errc::not_found);
  CHECK(hs.count("PUT", user_path) == 0);
  const MatrixUserId ana(hs.add_user("ana"));
  hs.fail_next(1, "GET", user_path,
               Answer(200, R"({"name":"@ana:hs.test","deactivated":true,"admin":false,"displayname":"Ana"})"));
  CHECK(process.whoami(ana).wait().error().code() == Errc::account_deactivated);
  CHECK(hs.count("PUT", user_path) == 0);
  process.tokens->forget_refusal(ana);
  CHECK(process.whoami(ana).wait().has_value());
}

TEST_CASE("DeviceMint: a homeserver that refuses every password is asked twice, and then left alone") {
  FakeMatrix hs;
  const MatrixUserId ana(hs.add_user("ana"));
  Devices process(hs);
  REQUIRE(process.whoami(ana).wait());
  hs.kill_token(ana.str());
  hs.on("POST", login_path, Answer::error(403, "M_FORBIDDEN"));
  for (int i = 0; i < 5; ++i) CHECK(process.whoami(ana).wait().error().code() == Errc::session_expired);
  CHECK(logins(hs, ana).size() == 3);
}

TEST_CASE("DeviceMint: a password that was refused is not tried again while it cannot be set") {
  FakeMatrix hs;
  const MatrixUserId ana(hs.add_user("ana"));
  const SealedStore store;
  Devices process(hs, store);
  REQUIRE(process.whoami(ana).wait());
  hs.kill_token(ana.str());
  hs.set_password(ana.str(), "another");
  hs.on("PUT", user_path, Answer::error(404, "M_UNRECOGNIZED"));
  for (int i = 0; i < 4; ++i) CHECK(process.whoami(ana).wait().error().code() == Errc::unsupported);
  // Nor by another process.
  Devices other(hs, store);
  CHECK(other.whoami(ana).wait().error().code() == Errc::unsupported);
  CHECK(logins(hs, ana).size() == 2);
  hs.clear_scripts();
  process.tokens->forget_refusal(ana);
  CHECK(process.whoami(ana).wait().value().device_id() == DeviceId("CONFAB"));
  CHECK(logins(hs, ana).size() == 3);
}

TEST_CASE("DeviceMint: a locked account and a limited login start no recovery") {
  FakeMatrix hs;
  const MatrixUserId ana(hs.add_user("ana"));
  const SealedStore store;
  Devices process(hs, store);
  REQUIRE(process.whoami(ana).wait());
  hs.lock_user(ana.str(), true);
  CHECK(process.whoami(ana).wait().error().code() == Errc::account_locked);
  hs.lock_user(ana.str(), false);
  CHECK(process.whoami(ana).wait().has_value());
  CHECK(logins(hs, ana).size() == 1);
  hs.kill_token(ana.str());
  hs.on("POST", login_path, Answer::error(429, "M_LIMIT_EXCEEDED").header("Retry-After", "333"));
  for (int i = 0; i < 3; ++i) CHECK(process.whoami(ana).wait().error().code() == Errc::rate_limited);
  CHECK(logins(hs, ana).size() == 2);
  CHECK(hs.count("PUT", user_path) == 1);
  // What was held back afterwards was not tried, here and by another process.
  Devices other(hs, store);
  CHECK(other.whoami(ana).wait().error().code() == Errc::rate_limited);
  CHECK(other.token_store->counts().now().step(TokenStep::log_in).attempts() == 0);
  const TokenStepMetrics tried = process.token_store->counts().now().step(TokenStep::log_in);
  CHECK(tried.outcome(TokenOutcome::limited) == 1);
  CHECK(tried.attempts() == 2);
}

TEST_CASE("DeviceMint: the store failing at any step loses no password that the homeserver has") {
  for (const test::Fault fault : {test::Fault::before, test::Fault::after}) {
    bool reached_the_end = false;
    for (int failing = 0; !reached_the_end; ++failing) {
      CAPTURE(failing);
      REQUIRE(failing < 40);
      FakeMatrix hs;
      const MatrixUserId ana(hs.add_user("ana"));
      const SealedStore inner;
      auto faulty = std::make_shared<test::FaultyStore>(
          inner.store, Errc::store, [&](int n) { return n == failing ? fault : test::Fault::none; });
      SealedStore store(faulty);
      store.keys = inner.keys;
      {
        Devices process(hs, store);
        const auto answer = process.whoami(ana).wait();
        reached_the_end = faulty->operations() <= failing;
        if (!answer) CHECK(answer.error().code() == Errc::store);
      }
      Devices other(hs, inner);
      CHECK(other.whoami(ana).wait().has_value());
      // One password for ever: what was once set is what is kept.
      std::string only;
      for (const auto& put : bodies(hs, "PUT", user_path)) {
        if (only.empty()) only = put["password"].as_string();
        CHECK(put["password"].as_string() == only);
      }
    }
  }
}

TEST_CASE("DeviceMint: one group has devices, another is acted for") {
  FakeMatrix hs;
  const MatrixUserId ana(hs.add_user("ana"));
  const MatrixUserId ben(hs.add_user("ben"));
  Process process(hs);
  process.tokens->use_devices("own");
  const auto whoami = [&](const MatrixUserId& user, std::string group) {
    return test::run<matrix::WhoamiAnswer>(process.runtime, [&](net::CallContext context) {
      auto name = std::make_shared<const std::string>(group);
      return process.tokens->call(user, matrix::Whoami(), context.in_group(std::move(name)));
    });
  };
  CHECK(whoami(ana, "own").value().device_id() == DeviceId("CONFAB"));
  CHECK(whoami(ben, "acted-for").value().device_id() != DeviceId("CONFAB"));
  CHECK(logins(hs, ben).empty());
}

TEST_CASE("DeviceMint: a dead token is refreshed, without a login, and requests under way keep the old one") {
  FakeMatrix hs;
  const MatrixUserId ana(hs.add_user("ana"));
  const SealedStore store;
  Devices process(hs, store);
  REQUIRE(process.whoami(ana).wait());
  for (int round = 1; round <= 3; ++round) {
    hs.kill_access_token(ana.str());
    CHECK(process.whoami(ana).wait().value().device_id() == DeviceId("CONFAB"));
    CHECK(hs.count("POST", refresh_path) == static_cast<std::size_t>(round));
  }
  CHECK(logins(hs, ana).size() == 1);
  // Another process has the pair of the store, and refreshes that.
  Devices other(hs, store);
  hs.kill_access_token(ana.str());
  CHECK(other.whoami(ana).wait().has_value());
  CHECK(process.whoami(ana).wait().has_value());
  CHECK(hs.count("POST", refresh_path) == 4);
  CHECK(logins(hs, ana).size() == 1);
  CHECK(hs.count("PUT", user_path) == 1);
}

TEST_CASE("DeviceMint: a token is refreshed ahead of its end, once, however many processes use it") {
  FakeMatrix hs(FakeMatrix::MatrixOptions().refreshable_life(40s));
  const MatrixUserId ana(hs.add_user("ana"));
  const SealedStore store;
  Devices first(hs, store);
  REQUIRE(first.whoami(ana).wait());
  Devices second(hs, store);
  REQUIRE(second.whoami(ana).wait());
  CHECK(hs.count("POST", refresh_path) == 0);
  // What is left of it is not worth a start.
  const auto saved = test::run<credentials::StoredToken>(
      first.runtime, [&](net::CallContext context) { return shorten(first.token_store, ana, 2s, std::move(context)); });
  REQUIRE(saved.has_value());
  Devices third(hs, store);
  Devices fourth(hs, store);
  test::Together<matrix::WhoamiAnswer> calls;
  for (int i = 0; i < 5; ++i) {
    calls.start(third.whoami(ana));
    calls.start(fourth.whoami(ana));
  }
  for (const auto& answer : calls.all()) CHECK(answer.has_value());
  CHECK(hs.count("POST", refresh_path) == 1);
  // Nobody was refused: the token of before serves the others until its end.
  CHECK(first.whoami(ana).wait().has_value());
  CHECK(second.whoami(ana).wait().has_value());
  CHECK(hs.count("POST", refresh_path) == 1);
  CHECK(logins(hs, ana).size() == 1);
}

TEST_CASE("DeviceMint: a refresh that is lost or limited is repeated with the same token") {
  FakeMatrix hs;
  const MatrixUserId ana(hs.add_user("ana"));
  Devices process(hs);
  REQUIRE(process.whoami(ana).wait());
  const auto refreshes_after = [&](const Answer& answer, std::size_t times) {
    hs.forget_requests();
    hs.fail_next(times, "POST", refresh_path, answer);
    hs.kill_access_token(ana.str());
    CHECK(process.whoami(ana).wait().has_value());
    std::set<std::string> used;
    for (const auto& body : bodies(hs, "POST", refresh_path)) used.insert(body["refresh_token"].as_string());
    CHECK(used.size() == 1);
    CHECK(logins(hs, ana).empty());
    return hs.count("POST", refresh_path);
  };
  CHECK(refreshes_after(Answer::real().close_before_answer(), 2) == 3);
  CHECK(refreshes_after(Answer::error(429, "M_LIMIT_EXCEEDED").header("Retry-After", "1"), 1) == 2);
  CHECK(refreshes_after(Answer(503, "<html>"), 2) == 3);
  CHECK(refreshes_after(Answer::error(500, "M_UNKNOWN"), 3) == 4);
}

TEST_CASE("DeviceMint: a refresh token that is refused leads to one login on the same device") {
  for (const auto& refusal : std::vector<std::pair<int, const char*>>{
           {401, "M_UNKNOWN_TOKEN"}, {403, "M_FORBIDDEN"}, {404, "M_UNRECOGNIZED"}}) {
    CAPTURE(refusal.first);
    FakeMatrix hs;
    const MatrixUserId ana(hs.add_user("ana"));
    Devices process(hs);
    REQUIRE(process.whoami(ana).wait());
    hs.kill_access_token(ana.str());
    hs.fail_next(1, "POST", refresh_path, Answer::error(refusal.first, refusal.second));
    CHECK(process.whoami(ana).wait().value().device_id() == DeviceId("CONFAB"));
    CHECK(hs.count("POST", refresh_path) == 1);
    CHECK(logins(hs, ana).size() == 2);
    CHECK(hs.count("PUT", user_path) == 1);
  }
}

TEST_CASE("DeviceMint: an account that is locked while its token is refreshed is told so, and nothing climbs") {
  FakeMatrix hs;
  const MatrixUserId ana(hs.add_user("ana"));
  Devices process(hs);
  REQUIRE(process.whoami(ana).wait());
  hs.kill_access_token(ana.str());
  hs.fail_next(1, "POST", refresh_path, Answer::error(401, "M_USER_LOCKED"));
  CHECK(process.whoami(ana).wait().error().code() == Errc::account_locked);
  CHECK(logins(hs, ana).size() == 1);
  process.tokens->forget_refusal(ana);
  CHECK(process.whoami(ana).wait().has_value());
  CHECK(logins(hs, ana).size() == 1);
}
