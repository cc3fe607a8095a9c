// Users who come to devices of their own one by one, while the admin acts for them: UserTokens::use_both() against a
// homeserver with Synapse's login limits.
#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "contract/store_client.hpp"
#include "credentials/login_allowance.hpp"
#include "matrix/endpoints/synapse_admin_users.hpp"
#include "unit/credentials/at_homeserver.hpp"

using namespace confab;
using namespace std::chrono_literals;
using confab::test::Answer;
using confab::test::FakeMatrix;
using confab::test::login_as_path;
using confab::test::login_path;
using confab::test::Process;
using confab::test::SealedStore;

namespace {

using credentials::PasswordOwner;
using Haste = credentials::LoginBudget::Haste;

struct BothWays : Process {
  explicit BothWays(FakeMatrix& homeserver, const SealedStore& sealed = SealedStore(),
                    const std::shared_ptr<const Secret>& key = nullptr)
      : Process(homeserver, sealed) {
    tokens = std::make_shared<credentials::UserTokens>(admin, token_store, 0ms, key);
    tokens->use_both("");  // the group of these calls
  }
  [[nodiscard]] std::uint64_t made(TokenReason reason) const { return token_store->counts().now().made(reason); }
  [[nodiscard]] bool has_device(const MatrixUserId& user) const {
    const auto answer = whoami(user).wait();
    CHECK(answer.has_value());
    return answer && answer->device_id().has_value();
  }
  // Calls for all users until so many act by a device.
  bool until_moved(const std::vector<MatrixUserId>& users, std::uint64_t count) {
    const auto until = net::Clock::now() + 20s;
    while (net::Clock::now() < until) {
      std::uint64_t moved = 0;
      for (const MatrixUserId& user : users) moved += has_device(user) ? 1 : 0;
      if (moved >= count) return true;
    }
    return false;
  }
  // For what is sent as the user, until it is let go of.
  [[nodiscard]] std::shared_ptr<const credentials::TokenSlot::Hold> hold(const MatrixUserId& user) {
    using Held = std::shared_ptr<const credentials::TokenSlot::Hold>;
    return test::run<Held>(
               runtime,
               [this, user](net::CallContext context) -> Task<Result<Held>> { co_return tokens->hold(user, context); })
        .value();
  }
};

Result<credentials::LoginAllowance::Wait> take(Process& process, Haste haste) {
  using Wait = credentials::LoginAllowance::Wait;
  return test::run<Wait>(process.runtime, [&process, haste](net::CallContext context) {
    return credentials::LoginAllowance::take(process.token_store->logins(), "hs.test", haste, std::move(context));
  });
}

void note(Process& process, const MatrixUserId& user, PasswordOwner owner) {
  REQUIRE(test::run<void>(process.runtime, [&process, &user, owner](net::CallContext context) {
            return credentials::UserTokens::note_password_owner(process.tokens, user, owner, std::move(context));
          }).has_value());
}

std::vector<MatrixUserId> add(Process& process, int count, PasswordOwner owner = PasswordOwner::library) {
  std::vector<MatrixUserId> users;
  for (int i = 0; i < count; ++i) users.emplace_back(process.hs.add_user("u" + std::to_string(i)));
  for (const MatrixUserId& user : users) note(process, user, owner);
  return users;
}

constexpr const char* account_path = "/_synapse/admin/v2/users/*";
constexpr std::uint64_t first_moves = credentials::LoginBudget::burst - credentials::LoginBudget::reserve - 1;

}  // namespace

TEST_CASE("UserTokens in turn: all begin by the admin, and as many move as the homeserver's limit allows") {
  FakeMatrix hs;
  BothWays process(hs);
  const std::vector<MatrixUserId> users = add(process, 10);
  for (const MatrixUserId& user : users) CHECK(process.whoami(user).wait().value().user_id() == user);
  CHECK(process.mints() == users.size());
  REQUIRE(process.until_moved(users, first_moves));
  // One login was the admin's, and one is kept for those who cannot wait.
  for (int round = 0; round < 3; ++round) {
    for (const MatrixUserId& user : users) CHECK(process.whoami(user).wait().has_value());
  }
  CHECK(process.made(TokenReason::move) == first_moves);
  CHECK(process.logins() == first_moves + 1);
  CHECK(process.mints() == users.size());
  CHECK(process.made(TokenReason::recovery) == 0);
}

TEST_CASE("UserTokens in turn: when all tokens die at once nobody waits for a login") {
  FakeMatrix hs;
  BothWays process(hs);
  const std::vector<MatrixUserId> users = add(process, 10);
  REQUIRE(process.until_moved(users, first_moves));
  const std::size_t logins = process.logins();
  for (const MatrixUserId& user : users) hs.kill_token(user.str());
  for (const MatrixUserId& user : users) CHECK(process.whoami(user, CallOptions().within(5s)).wait().has_value());
  CHECK(process.made(TokenReason::recovery) == users.size());
  // The refresh tokens are dead too, and no login was left: those with a device are acted for.
  CHECK(process.logins() == logins);
  CHECK(process.made(TokenReason::move) == first_moves);
}

TEST_CASE("UserTokens in turn: a device's dead token is refreshed, whatever is left of the logins") {
  FakeMatrix hs;
  BothWays process(hs);
  const std::vector<MatrixUserId> users = add(process, 1);
  REQUIRE(process.until_moved(users, 1));
  const std::size_t mints = process.mints();
  for (int i = 0; i < 5; ++i) {
    hs.kill_access_token(users[0].str());
    CHECK(process.whoami(users[0]).wait().has_value());
  }
  CHECK(process.mints() == mints);
  CHECK(process.made(TokenReason::recovery) == 5);
  CHECK(process.token_store->counts().now().step(TokenStep::refresh).outcome(TokenOutcome::succeeded) == 5);
}

TEST_CASE("UserTokens in turn: a refused login costs one request, and holds back all processes") {
  FakeMatrix hs;
  const SealedStore store;
  BothWays first(hs, store);
  BothWays second(hs, store);
  const std::vector<MatrixUserId> users = add(first, 4);
  REQUIRE(first.whoami(users[0]).wait());
  const std::size_t logins = first.logins();
  hs.on("POST", login_path, Answer::error(429, "M_LIMIT_EXCEEDED").header("Retry-After", "331"));
  const auto until = net::Clock::now() + 20s;
  while (first.logins() == logins && net::Clock::now() < until) CHECK(first.whoami(users[0]).wait().has_value());
  for (int round = 0; round < 3; ++round) {
    for (const MatrixUserId& user : users) {
      CHECK(first.whoami(user).wait().has_value());
      CHECK(second.whoami(user).wait().has_value());
    }
  }
  CHECK(first.logins() == logins + 1);
  for (Process* each : {static_cast<Process*>(&first), static_cast<Process*>(&second)}) {
    const auto wait = take(*each, Haste::at_once);
    REQUIRE(wait.has_value());
    REQUIRE(wait->has_value());
    CHECK(**wait > 300s);
    CHECK(**wait <= 331s);
  }
  CHECK(first.made(TokenReason::move) == 0);
}

TEST_CASE("UserTokens in turn: what a dead device could not have at once it has again at its turn") {
  FakeMatrix hs;
  const SealedStore store;
  std::vector<MatrixUserId> users;
  {
    BothWays process(hs, store);
    users = add(process, 1);
    REQUIRE(process.until_moved(users, 1));
    while (take(process, Haste::waits).value() == std::nullopt) {
    }
    hs.kill_token(users[0].str());
    const std::size_t logins = process.logins();
    CHECK(process.whoami(users[0]).wait().has_value());
    CHECK(process.logins() == logins);
    CHECK(process.mints() == 2);
  }
  // By then the budget is another.
  const test::StoreClient client(store.store);
  REQUIRE(client.erase("logins/hs.test", client.version("logins/hs.test")).has_value());
  BothWays later(hs, store);
  REQUIRE(later.until_moved(users, 1));
  const auto logins = hs.requests("POST", login_path);
  CHECK(logins.back().body.find("CONFAB") != std::string::npos);
  CHECK(logins.back().body.find(users[0].str()) != std::string::npos);
}

TEST_CASE("UserTokens in turn: while a send is undecided the user goes on by the token it was sent with") {
  FakeMatrix hs;
  BothWays process(hs);
  const std::vector<MatrixUserId> users = add(process, 2);
  for (const MatrixUserId& user : users) CHECK_FALSE(process.has_device(user));
  std::shared_ptr<const credentials::TokenSlot::Hold> first = process.hold(users[0]);
  std::shared_ptr<const credentials::TokenSlot::Hold> second = process.hold(users[0]);
  const auto until = net::Clock::now() + 20s;
  while (process.made(TokenReason::move) < 2 && net::Clock::now() < until) {
    CHECK_FALSE(process.has_device(users[0]));
    (void)process.has_device(users[1]);
  }
  REQUIRE(process.made(TokenReason::move) == 2);
  first.reset();
  CHECK_FALSE(process.has_device(users[0]));
  SUBCASE("until it is decided") {
    second.reset();
    CHECK(process.until_moved({users[0]}, 1));
  }
  SUBCASE("until the homeserver ends it") {
    const std::size_t logins = process.logins();
    // Every token but those that are refreshed.
    REQUIRE(process.until_moved({users[1]}, 1));
    hs.kill_access_token(users[0].str());
    CHECK(process.until_moved({users[0]}, 1));
    CHECK(process.logins() == logins);
  }
  CHECK(process.mints() == users.size());
}

TEST_CASE("UserTokens in turn: of two processes one moves a user, and the other one spends nothing") {
  FakeMatrix hs;
  const SealedStore store;
  BothWays first(hs, store);
  const std::vector<MatrixUserId> users = add(first, 2);
  BothWays second(hs, store);
  for (const MatrixUserId& user : users) CHECK_FALSE(second.has_device(user));
  const std::size_t mints = second.mints();
  REQUIRE(first.until_moved(users, 2));
  REQUIRE(second.until_moved(users, 2));
  CHECK(first.made(TokenReason::move) + second.made(TokenReason::move) == 2);
  CHECK(first.logins() == 3);
  CHECK(second.mints() == mints);
  CHECK_FALSE(take(first, Haste::waits).value().has_value());
  CHECK(take(first, Haste::waits).value().has_value());
}

TEST_CASE("UserTokens in turn: only who has no password of their own is moved") {
  FakeMatrix hs;
  BothWays process(hs);
  const MatrixUserId own = add(process, 1, PasswordOwner::user)[0];
  const MatrixUserId old(hs.add_user("old"));  // was there before the library
  const MatrixUserId made(hs.add_user("made"));
  note(process, made, PasswordOwner::library);
  for (const MatrixUserId& user : {own, old, made}) CHECK_FALSE(process.has_device(user));
  REQUIRE(process.until_moved({own, old, made}, 1));
  CHECK(process.has_device(made));
  const auto wait = take(process, Haste::waits);  // there are logins left for others
  CHECK((wait && !wait->has_value()));
  CHECK(process.made(TokenReason::move) == 1);
  CHECK_FALSE(process.has_device(own));
  CHECK_FALSE(process.has_device(old));
  CHECK(hs.count("PUT", account_path) == 1);
}

TEST_CASE("UserTokens in turn: a password that is set while the user waits for a device keeps them from it") {
  FakeMatrix hs;
  BothWays process(hs);
  const std::vector<MatrixUserId> users = add(process, 2);
  for (const MatrixUserId& user : users) {
    const auto hold = process.hold(user);
    note(process, users[0], PasswordOwner::user);
    CHECK_FALSE(process.has_device(user));
  }
  REQUIRE(process.until_moved(users, 1));
  CHECK(process.has_device(users[1]));
  CHECK_FALSE(process.has_device(users[0]));
  CHECK(process.made(TokenReason::move) == 1);
  // Noted again by whoever makes accounts: it stays the user's.
  note(process, users[0], PasswordOwner::library);
  hs.kill_token(users[0].str());
  CHECK_FALSE(process.has_device(users[0]));
  CHECK(hs.count("PUT", account_path) == 1);
}

TEST_CASE("UserTokens in turn: a password that somebody changed is theirs, and the admin acts for them") {
  FakeMatrix hs;
  BothWays process(hs);
  const std::vector<MatrixUserId> users = add(process, 1);
  REQUIRE(process.until_moved(users, 1));
  hs.set_password(users[0].str(), "changed in another client");
  hs.kill_token(users[0].str());
  const std::size_t logins = process.logins();
  CHECK_FALSE(process.has_device(users[0]));
  CHECK(process.logins() == logins + 1);
  for (int death = 0; death < 3; ++death) {
    hs.kill_token(users[0].str());
    CHECK_FALSE(process.has_device(users[0]));
  }
  // Tried once, and never again.
  CHECK(process.logins() == logins + 1);
  CHECK(hs.count("PUT", account_path) == 1);
}

TEST_CASE("LoginAllowance: many logins of one process at the same time are all counted, and none is turned away") {
  using Wait = credentials::LoginAllowance::Wait;
  FakeMatrix hs;
  Process process(hs);
  test::Together<Wait> logins;
  constexpr std::size_t many = 64;  // as many flights as are under way at once
  for (std::size_t i = 0; i < many; ++i) {
    logins.start(process.runtime, [&process](net::CallContext context) {
      return credentials::LoginAllowance::take(process.token_store->logins(), "hs.test", Haste::at_once,
                                               std::move(context));
    });
  }
  const auto results = logins.all();
  CHECK(results.size() == many);
  for (const auto& result : results) CHECK_FALSE(result.value().has_value());
  CHECK(take(process, Haste::waits).value().has_value());
}

TEST_CASE("UserTokens in turn: nobody acts for a closed account, and it is told as such") {
  FakeMatrix hs;
  const SealedStore store;
  BothWays process(hs, store);
  const std::vector<MatrixUserId> users = add(process, 2);
  REQUIRE(process.until_moved({users[0]}, 1));
  REQUIRE(process.whoami(users[1]).wait());
  for (const MatrixUserId& user : users) {
    REQUIRE(test::run<matrix::AdminUserAnswer>(process.runtime, [&](net::CallContext context) {
              return process.admin->call(matrix::AdminPutUser(user).deactivated(true), std::move(context));
            }).has_value());
    hs.kill_token(user.str());
  }
  hs.forget_requests();
  for (int round = 0; round < 2; ++round) {
    for (const MatrixUserId& user : users) {
      const Error error = process.whoami(user).wait().error();
      CHECK(error.code() == Errc::account_deactivated);
      CHECK_FALSE(error.retriable());
    }
  }
  CHECK(process.mints() == 0);
  CHECK(hs.count("PUT", account_path) == 0);
  // The login that was refused does not tell of a password of the user's own: who is let in again has the device again.
  const auto record =
      test::run<std::optional<credentials::StoredToken>>(process.runtime, [&](net::CallContext context) {
        return credentials::TokenStore::load(process.token_store, users[0], std::move(context));
      });
  REQUIRE(record.has_value());
  REQUIRE(record->has_value());
  CHECK((*record)->password_owner() == PasswordOwner::library);
}

TEST_CASE("UserTokens with devices: who has a password of their own is acted for") {
  FakeMatrix hs;
  Process process(hs);
  process.tokens->use_devices("");  // the group of these calls
  const MatrixUserId user = add(process, 1, PasswordOwner::user)[0];
  for (int death = 0; death < 2; ++death) {
    const auto answer = process.whoami(user).wait();
    REQUIRE(answer.has_value());
    CHECK_FALSE(answer->device_id().has_value());
    hs.kill_token(user.str());
  }
  CHECK(process.logins() == 1);  // the admin's
  CHECK(hs.count("PUT", account_path) == 0);
}

TEST_CASE("UserTokens in turn: by a key of the homeserver's all may move, and no password is touched") {
  FakeMatrix hs;
  const auto key = std::make_shared<const Secret>("a key of thirty-two bytes, or more");
  hs.accept_jwt(key->reveal());
  BothWays process(hs, SealedStore(), key);
  const std::vector<MatrixUserId> users = {add(process, 1, PasswordOwner::user)[0],
                                           MatrixUserId(hs.add_user("old", "a password of their own"))};
  REQUIRE(process.until_moved(users, 2));
  CHECK(hs.count("PUT", account_path) == 0);
  for (const MatrixUserId& user : users) hs.kill_access_token(user.str());
  for (const MatrixUserId& user : users) CHECK(process.has_device(user));  // refreshed
  for (const MatrixUserId& user : users) hs.kill_token(user.str());
  // A login is left for one of them at most; nobody waits.
  for (const MatrixUserId& user : users) CHECK(process.whoami(user).wait().has_value());
  CHECK(hs.count("PUT", account_path) == 0);
  CHECK(process.made(TokenReason::move) == 2);
}

TEST_CASE("UserTokens in turn: a key that the homeserver does not know leaves all to the admin") {
  FakeMatrix hs;
  BothWays process(hs, SealedStore(), std::make_shared<const Secret>("a key of thirty-two bytes, or more"));
  SUBCASE("no such logins") {}
  SUBCASE("another key") { hs.accept_jwt("another key of thirty-two bytes."); }
  const std::vector<MatrixUserId> users = add(process, 2);
  const std::size_t logins = process.logins() + 2;  // the admin's, and one that is refused
  const auto until = net::Clock::now() + 20s;
  while (process.logins() < logins && net::Clock::now() < until) {
    for (const MatrixUserId& user : users) CHECK_FALSE(process.has_device(user));
  }
  for (const MatrixUserId& user : users) {
    hs.kill_token(user.str());
    CHECK_FALSE(process.has_device(user));
  }
  CHECK(process.logins() == logins);
  // Who asks for a device is told.
  Process other(hs);
  other.tokens = std::make_shared<credentials::UserTokens>(
      other.admin, other.token_store, 0ms, std::make_shared<const Secret>("a key of thirty-two bytes, or more"));
  other.tokens->use_devices("");
  const auto refused = other.whoami(users[0]).wait();
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code() == Errc::config);
  CHECK(refused.error().subject() == "homeserver.jwt_secret");
}

TEST_CASE("UserTokens by a key: a homeserver that is broken has not refused it") {
  FakeMatrix hs;
  const auto key = std::make_shared<const Secret>("a key of thirty-two bytes, or more");
  hs.accept_jwt(key->reveal());
  Process process(hs);
  process.tokens = std::make_shared<credentials::UserTokens>(process.admin, process.token_store, 0ms, key);
  process.tokens->use_devices("");
  const MatrixUserId user = process.add("ana");
  for (const char* path : {login_path, login_as_path}) {
    hs.fail_next(1000, "POST", path, Answer::error(500, "M_UNKNOWN"));
  }
  const auto broken = process.whoami(user, CallOptions().within(1s)).wait();
  REQUIRE_FALSE(broken.has_value());
  CHECK(broken.error().code() != Errc::config);
  CHECK(broken.error().subject().empty());
}

TEST_CASE("LoginAllowance: processes share one budget, and each login is spent once") {
  FakeMatrix hs;
  const SealedStore store;
  Process first(hs, store);
  Process second(hs, store);
  int spent = 0;
  for (int i = 0; i < 10; ++i) {
    for (Process* each : {&first, &second}) {
      const auto wait = take(*each, Haste::waits);
      REQUIRE(wait.has_value());
      if (!*wait) ++spent;
    }
  }
  CHECK(spent == credentials::LoginBudget::burst - credentials::LoginBudget::reserve);
}
