// Resets: tokens that are forgotten in the store and in the process, and made anew by the next use.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "contract/faulty_store.hpp"
#include "contract/store_client.hpp"
#include "unit/credentials/at_homeserver.hpp"

using namespace confab;
using confab::credentials::UserTokens;
using confab::test::Answer;
using confab::test::AtHomeserver;
using confab::test::FakeMatrix;
using confab::test::login_as_path;
using confab::test::login_path;
using confab::test::Process;
using confab::test::run;
using confab::test::SealedStore;
using confab::test::StoreClient;
using confab::test::Together;

namespace {

Result<bool> forget(Process& process, const MatrixUserId& user) {
  return run<bool>(process.runtime, [&](net::CallContext context) {
    return UserTokens::forget(process.tokens, user, std::move(context));
  });
}

Result<UserTokens::Counts> forget_all(Process& process, const UserTokens::Whose& whose) {
  return run<UserTokens::Counts>(process.runtime, [&](net::CallContext context) {
    return UserTokens::forget_all(process.tokens, whose, std::move(context));
  });
}

bool everybody(const MatrixUserId& /*user*/) { return true; }

}  // namespace

TEST_CASE("reset: a user's token is gone from the store and the process, once, and the next use heals") {
  FakeMatrix hs;
  const SealedStore store;
  const StoreClient records(store.store);
  const MatrixUserId ana(hs.add_user("ana"));
  Process process(hs, store);
  CHECK(forget(process, ana).value() == false);
  REQUIRE(process.whoami(ana).wait());
  CHECK(forget(process, ana).value() == true);
  CHECK(records.value("token/@ana:hs.test") == "-");
  CHECK(forget(process, ana).value() == false);
  CHECK(process.whoami(ana).wait().value().user_id() == ana);
  CHECK(process.mints() == 2);
  CHECK(process.logins() == 1);  // the admin's own was not touched
  CHECK(forget(process, process.admin->user()).error().code() == Errc::forbidden);
}

TEST_CASE("reset: that the homeserver refused a user is forgotten too, also of who never had a token") {
  AtHomeserver at;
  const MatrixUserId ana = at.add("ana");
  const MatrixUserId ben = at.add("ben");
  at.hs.on("POST", login_as_path, Answer::error(404, "M_UNRECOGNIZED"));
  for (int i = 0; i < 5; ++i) {
    for (const MatrixUserId& user : {ana, ben}) CHECK(at.whoami(user).wait().error().code() == Errc::unsupported);
  }
  CHECK(at.mints() == 2);
  at.hs.clear_scripts();
  SUBCASE("of one user") {
    CHECK(forget(at, ana).value() == false);
    CHECK(at.whoami(ana).wait().has_value());
    CHECK(at.whoami(ben).wait().error().code() == Errc::unsupported);
  }
  SUBCASE("of all") {
    CHECK(forget_all(at, &everybody).value().tokens() == 0);
    CHECK(at.whoami(ana).wait().has_value());
    CHECK(at.whoami(ben).wait().has_value());
  }
}

TEST_CASE("reset: all are those who are said to be meant, over many pages, never the library's own account") {
  AtHomeserver at;
  std::vector<MatrixUserId> users;
  for (int i = 0; i < 5; ++i) users.push_back(at.add("park_" + std::to_string(i)));
  const MatrixUserId other = at.add("zoo_1");
  for (const MatrixUserId& user : users) REQUIRE(at.whoami(user).wait());
  REQUIRE(at.whoami(other).wait());
  const UserTokens::Whose park = [](const MatrixUserId& user) { return user.str().starts_with("@park_"); };
  const auto counts = forget_all(at, park).value();
  CHECK(counts.users() == 5);
  CHECK(counts.tokens() == 5);
  CHECK(forget_all(at, park).value().tokens() == 0);
  REQUIRE(at.whoami(other).wait());
  CHECK(at.mints() == 6);
  for (const MatrixUserId& user : users) CHECK(at.whoami(user).wait().has_value());
  CHECK(at.mints() == 11);
  CHECK(forget_all(at, &everybody).value().tokens() == 6);
  CHECK(at.logins() == 1);
}

TEST_CASE("reset: more users than a page has") {
  FakeMatrix hs;
  const SealedStore store;
  StoreClient records(store.store);
  Process process(hs, store);
  for (int i = 0; i < 450; ++i) {
    REQUIRE(run<credentials::StoredToken>(process.runtime, [&](net::CallContext context) {
      credentials::StoredToken token(credentials::StoredToken::Kind::puppet);
      token.token(Secret("t"), std::nullopt);
      return credentials::TokenStore::save(process.token_store, MatrixUserId("@u" + std::to_string(i) + ":hs.test"),
                                           std::move(token), std::move(context));
    }));
  }
  CHECK(forget_all(process, &everybody).value().tokens() == 450);
  CHECK(records.keys("token/").empty());
}

TEST_CASE("reset: a user's device stays, with its password: one login, no new password") {
  FakeMatrix hs;
  const SealedStore store;
  const MatrixUserId ana(hs.add_user("ana"));
  Process process(hs, store);
  process.tokens->use_devices("");
  REQUIRE(process.whoami(ana).wait().value().device_id() == DeviceId("CONFAB"));
  REQUIRE(hs.count("PUT", "/_synapse/admin/v2/users/*") == 1);
  CHECK(forget(process, ana).value() == true);
  CHECK(StoreClient(store.store).value("token/@ana:hs.test").find("password") != std::string::npos);
  CHECK(forget(process, ana).value() == false);
  CHECK(process.whoami(ana).wait().value().device_id() == DeviceId("CONFAB"));
  CHECK(process.logins() == 3);  // the admin's and two of the user
  CHECK(hs.count("PUT", "/_synapse/admin/v2/users/*") == 1);
}

TEST_CASE("reset: a record that does not open goes, and the user is healed") {
  FakeMatrix hs;
  const SealedStore store;
  const StoreClient records(store.store);
  const MatrixUserId ana(hs.add_user("ana"));
  {
    Process process(hs, store);
    REQUIRE(process.whoami(ana).wait());
  }
  const std::string key = "token/@ana:hs.test";
  REQUIRE(test::finish<StoreVersion>([&](StoreHandler<StoreVersion> done) {
    store.store->put_if(StoreWrite::put(key, records.version(key), "{\"kind\":\"nonsense\"}"), Durability::relaxed,
                        std::move(done));
  }));
  Process process(hs, store);
  REQUIRE(process.whoami(ana).wait().error().code() == Errc::store);
  CHECK(forget(process, ana).value() == true);
  CHECK(process.whoami(ana).wait().has_value());
}

TEST_CASE("reset: calls beside resets all get through, by whichever token") {
  AtHomeserver at(std::string(FakeMatrix::admin_password), 2);
  const MatrixUserId ana = at.add("ana");
  Together<matrix::WhoamiAnswer> calls;
  for (int i = 0; i < 40; ++i) {
    calls.start(at.whoami(ana, CallOptions(), std::to_string(i)));
    if (i % 4 == 0) CHECK(forget(at, ana).has_value());
  }
  for (const auto& answer : calls.all()) CHECK(answer.has_value());
  CHECK(at.logins() == 1);
  const std::size_t before = at.mints();
  (void)forget(at, ana);
  CHECK(at.whoami(ana).wait().has_value());
  CHECK(at.mints() == before + 1);
}
