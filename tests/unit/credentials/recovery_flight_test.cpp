#include "credentials/recovery_flight.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <string>
#include <vector>

#include "contract/store_client.hpp"
#include "support/temporary_directory.hpp"
#include "unit/credentials/at_homeserver.hpp"

using namespace std::chrono_literals;
using namespace confab;
using confab::test::Answer;
using confab::test::FakeMatrix;
using confab::test::login_as_path;
using confab::test::login_path;
using confab::test::Process;
using confab::test::SealedStore;
using confab::test::Together;

namespace {

// Two processes on one store, all tokens of whose users and admin die at once, and ten calls of each process and user.
void heal_once(const SealedStore& store, bool devices) {
  FakeMatrix hs;
  std::vector<MatrixUserId> users;
  for (int i = 0; i < 5; ++i) users.emplace_back(hs.add_user("user" + std::to_string(i)));
  Process first(hs, store);
  Process second(hs, store);
  for (Process* process : {&first, &second}) {
    if (devices) process->tokens->use_devices("");
  }
  for (const auto& user : users) {
    REQUIRE(first.whoami(user).wait());
    REQUIRE(second.whoami(user).wait());
  }
  const std::string dead_admin = hs.requests("POST", "/_synapse/admin/**").back().token();
  hs.forget_requests();
  hs.kill_all_tokens();
  Together<matrix::WhoamiAnswer> calls;
  for (int i = 0; i < 10; ++i) {
    for (const auto& user : users) {
      calls.start(first.whoami(user, CallOptions(), user.str()));
      calls.start(second.whoami(user, CallOptions(), user.str()));
    }
  }
  for (const auto& answer : calls.all()) CHECK(answer.has_value());
  CHECK(calls.ended() == 20 * users.size());
  // One token for each account. What was asked with the admin's dead one made none.
  const auto mints = hs.requests("POST", login_as_path);
  const auto made = std::count_if(mints.begin(), mints.end(),
                                  [&](const test::Request& request) { return request.token() != dead_admin; });
  CHECK(made == static_cast<std::ptrdiff_t>(devices ? 0 : users.size()));
  CHECK(hs.count("POST", login_path) == (devices ? users.size() + 1 : 1));
  // What they agreed on lives, and is found by a third.
  hs.forget_requests();
  Process third(hs, store);
  for (const auto& user : users) CHECK(third.whoami(user).wait().has_value());
  CHECK(hs.count("POST", login_as_path) + hs.count("POST", login_path) == 0);
}

// What a killed process leaves behind: its lease.
void leave_lease(const SealedStore& store, const MatrixUserId& account) {
  const auto lease = std::make_shared<store::Lease>(
      store.store, store::LeaseMachine(credentials::TokenStore::record_key(account), "killed", store.lease_length));
  std::promise<store::LeaseMachine::Outcome> outcome;
  REQUIRE(lease->ask([&](store::LeaseMachine::Outcome held) { outcome.set_value(held); }));
  REQUIRE(outcome.get_future().get() == store::LeaseMachine::Outcome::held);
}

}  // namespace

TEST_CASE(
    "recovery: tokens that end together are renewed in the second half of their life, each at a moment of its own") {
  constexpr auto life = 1h;
  credentials::StoredToken stored(credentials::StoredToken::Kind::device);
  const auto renewed = [&](std::uint64_t drawn) {
    const auto now = net::Clock::now();
    stored.token(Secret("token"), std::chrono::system_clock::now() + life);
    const credentials::MintedToken token = credentials::minted_of(stored, true, true, [drawn] { return drawn; });
    CHECK(token.end() - now > life - 10s);
    return token.renew_at() - now;
  };
  const auto earliest = renewed(0);
  const auto between = renewed(std::uint64_t{1} << 63U);
  const auto latest = renewed(~std::uint64_t{0});
  CHECK(earliest > life / 2 - 10s);
  // What it took to ask is not what tells them apart.
  CHECK(between - earliest > 3min);
  CHECK(latest - between > 3min);
  CHECK(latest < life);
  // One that has no end is never renewed.
  stored.token(Secret("token"), std::nullopt);
  CHECK(credentials::minted_of(stored, true, true, [] { return std::uint64_t{0}; }).renew_at() ==
        net::TimePoint::max());
}

TEST_CASE("recovery: processes that heal at the same time make one token for each account") {
  for (const bool devices : {false, true}) {
    CAPTURE(devices);
    heal_once(SealedStore(), devices);
#if CONFAB_HAS_SQLITE
    test::TemporaryDirectory folder;
    heal_once(SealedStore(open_sqlite_store(folder.file("store.db")).value()), devices);
#endif
  }
}

#if CONFAB_HAS_SQLITE
TEST_CASE("recovery: two stores on one file heal once each time, as two programs do") {
  FakeMatrix hs;
  test::TemporaryDirectory folder;
  const MatrixUserId ana(hs.add_user("ana"));
  const SealedStore one(open_sqlite_store(folder.file("store.db")).value());
  SealedStore two(open_sqlite_store(folder.file("store.db")).value());
  two.keys = one.keys;
  Process first(hs, one);
  Process second(hs, two);
  REQUIRE(first.whoami(ana).wait());
  REQUIRE(second.whoami(ana).wait());
  for (std::size_t round = 1; round <= 5; ++round) {
    hs.kill_token(ana.str());
    Together<matrix::WhoamiAnswer> calls;
    for (int i = 0; i < 10; ++i) {
      calls.start(first.whoami(ana));
      calls.start(second.whoami(ana));
    }
    for (const auto& answer : calls.all()) CHECK(answer.has_value());
    CHECK(hs.count("POST", login_as_path) == 1 + round);
  }
}
#endif

TEST_CASE("recovery: a process that was killed while it held the lease delays others by the lease, and no more") {
  FakeMatrix hs;
  SealedStore store;
  store.lease_length = 4s;
  const MatrixUserId ana(hs.add_user("ana"));
  Process process(hs, store);
  REQUIRE(process.whoami(ana).wait());
  const auto begun = net::Clock::now();
  leave_lease(store, ana);
  hs.kill_token(ana.str());
  CHECK(process.whoami(ana).wait().has_value());
  const auto took = net::Clock::now() - begun;
  CHECK(took >= store.lease_length);
  CHECK(took < store.lease_length + 20s);
  CHECK(hs.count("POST", login_as_path) == 2);
}

TEST_CASE("recovery: who waits for another's lease may give up, and the flight goes on") {
  FakeMatrix hs;
  SealedStore store;
  store.lease_length = 4s;
  const MatrixUserId ana(hs.add_user("ana"));
  Process process(hs, store);
  REQUIRE(process.whoami(ana).wait());
  leave_lease(store, ana);
  hs.kill_token(ana.str());
  CHECK(process.whoami(ana, CallOptions().within(100ms)).wait().error().code() == Errc::timed_out);
  CHECK(process.whoami(ana).wait().has_value());
  CHECK(hs.count("POST", login_as_path) == 2);
}

TEST_CASE("recovery: a process that ends in the middle gives its lease back") {
  FakeMatrix hs;
  const SealedStore store;
  const MatrixUserId ana(hs.add_user("ana"));
  Together<matrix::WhoamiAnswer> calls;
  hs.on("POST", login_as_path).then(Answer().hold()).times(1);
  {
    Process ends(hs, store);
    calls.start(ends.whoami(ana));
    REQUIRE(hs.wait_for(1, "POST", login_as_path, 10s));
  }
  CHECK(calls.all().at(0).error().code() == Errc::closed);
  CHECK(test::StoreClient(store.store).keys("lease/").empty());
  Process next(hs, store);
  CHECK(next.whoami(ana).wait().has_value());
}

TEST_CASE("recovery: nothing of a flight stays in the store but the token and the fence") {
  FakeMatrix hs;
  const SealedStore store;
  const test::StoreClient records(store.store);
  Process process(hs, store);
  REQUIRE(process.whoami(MatrixUserId(hs.add_user("ana"))).wait());
  CHECK(process.whoami(MatrixUserId("@nobody:hs.test")).wait().error().code() == Errc::not_found);
  CHECK(records.keys("lease/").empty());
  CHECK(records.keys("token/") == std::vector<std::string>{"token/@admin:hs.test", "token/@ana:hs.test"});
  CHECK(records.value("token/@ana:hs.test").find("intent") == std::string::npos);
}
