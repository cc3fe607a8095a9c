#include "credentials/token_store.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "contract/faulty_store.hpp"
#include "contract/store_client.hpp"
#include "support/temporary_directory.hpp"
#include "unit/credentials/at_homeserver.hpp"

using namespace std::chrono_literals;
using namespace confab;
using confab::test::Answer;
using confab::test::FakeMatrix;
using confab::test::Process;
using confab::test::SealedStore;
using confab::test::Together;

namespace {

// All tokens with which somebody asked who they are.
std::set<std::string> used(const FakeMatrix& hs) {
  std::set<std::string> tokens;
  for (const auto& request : hs.requests("GET", test::whoami_path)) tokens.insert(request.token());
  return tokens;
}

}  // namespace

TEST_CASE("TokenStore: processes one after the other log the admin in once, and mint one token for a user") {
  FakeMatrix hs;
  const SealedStore store;
  const MatrixUserId ana(hs.add_user("ana"));
  for (int i = 0; i < 10; ++i) {
    Process process(hs, store);
    CHECK(process.whoami(ana).wait().value().user_id() == ana);
  }
  CHECK(hs.count("POST", test::login_path) == 1);
  CHECK(hs.count("POST", test::login_as_path) == 1);
  CHECK(hs.count("POST", "/_synapse/admin/v1/users/*/override_ratelimit") == 1);
  CHECK(used(hs).size() == 1);
}

TEST_CASE("TokenStore: what one process has healed, the other one takes from the store") {
  FakeMatrix hs;
  const SealedStore store;
  const MatrixUserId ana(hs.add_user("ana"));
  Process first(hs, store);
  Process second(hs, store);
  REQUIRE(first.whoami(ana).wait());
  REQUIRE(second.whoami(ana).wait());
  hs.kill_token(ana.str());
  CHECK(first.whoami(ana).wait().has_value());
  CHECK(second.whoami(ana).wait().has_value());
  CHECK(hs.count("POST", test::login_as_path) == 2);
  // The successor that is found may be dead as well: then a new one is made, unnoticed.
  hs.kill_token(ana.str());
  CHECK(first.whoami(ana).wait().has_value());
  hs.kill_token(ana.str());
  CHECK(second.whoami(ana).wait().has_value());
  CHECK(hs.count("POST", test::login_as_path) == 4);
  CHECK(hs.count("POST", test::login_path) == 1);
}

TEST_CASE("TokenStore: no token is used that is not in the store, and each failure of the store is told and survived") {
  FakeMatrix hs;
  const MatrixUserId ana(hs.add_user("ana"));
  for (const test::Fault fault : {test::Fault::before, test::Fault::after}) {
    bool reached_the_end = false;
    for (int failing = 0; !reached_the_end; ++failing) {
      CAPTURE(failing);
      REQUIRE(failing < 40);
      const SealedStore inner;
      auto faulty = std::make_shared<test::FaultyStore>(
          inner.store, Errc::store, [&](int n) { return n == failing ? fault : test::Fault::none; });
      SealedStore store(faulty);
      store.keys = inner.keys;
      hs.forget_requests();
      Process process(hs, store);
      const auto answer = process.whoami(ana).wait();
      reached_the_end = faulty->operations() <= failing;
      if (!answer) {
        CHECK(answer.error().code() == Errc::store);
        CHECK(used(hs).empty());
      }
      CHECK(process.whoami(ana).wait().has_value());
      // What was used is what lies in the store: another process uses the same.
      Process other(hs, inner);
      CHECK(other.whoami(ana).wait().has_value());
      CHECK(used(hs).size() == 1);
    }
  }
}

TEST_CASE("TokenStore: a store that fails from now on leaves living tokens in use") {
  FakeMatrix hs;
  const MatrixUserId ana(hs.add_user("ana"));
  const MatrixUserId ben(hs.add_user("ben"));
  std::atomic<bool> broken{false};
  const SealedStore store(std::make_shared<test::FaultyStore>(
      make_memory_store().value(), Errc::store, [&](int) { return broken ? test::Fault::before : test::Fault::none; }));
  Process process(hs, store);
  REQUIRE(process.whoami(ana).wait());
  broken = true;
  CHECK(process.whoami(ana).wait().has_value());
  CHECK(process.whoami(ben).wait().error().code() == Errc::store);
  hs.kill_token(ana.str());
  CHECK(process.whoami(ana).wait().error().code() == Errc::store);
  broken = false;
  CHECK(process.whoami(ana).wait().has_value());
  CHECK(process.whoami(ben).wait().has_value());
}

TEST_CASE("TokenStore: a token that is soon to end is not taken from the store") {
  FakeMatrix hs;
  const SealedStore store;
  const MatrixUserId ana(hs.add_user("ana"));
  Process process(hs, store);
  const auto saved = test::run<credentials::StoredToken>(process.runtime, [&](net::CallContext context) {
    credentials::StoredToken token(credentials::StoredToken::Kind::puppet);
    token.token(Secret("of-yesterday"), std::chrono::system_clock::now() + 5s);
    return credentials::TokenStore::save(process.token_store, ana, std::move(token), std::move(context));
  });
  REQUIRE(saved.has_value());
  CHECK(process.whoami(ana).wait().has_value());
  CHECK(used(hs).count("of-yesterday") == 0);
}

TEST_CASE("TokenStore: a record that does not open is an error, and is not written over") {
  FakeMatrix hs;
  const SealedStore store;
  const MatrixUserId ana(hs.add_user("ana"));
  const MatrixUserId ben(hs.add_user("ben"));
  const test::StoreClient client(store.store);
  {
    Process process(hs, store);
    REQUIRE(process.whoami(ana).wait());
  }
  const auto key = [](const MatrixUserId& user) { return credentials::TokenStore::record_key(user); };
  REQUIRE(client.put(key(ben), 0, client.value(key(ana))).has_value());  // moved to another user
  Process process(hs, store);
  CHECK(process.whoami(ben).wait().error().code() == Errc::store);
  CHECK(process.whoami(ana).wait().has_value());
  CHECK(used(hs).size() == 1);
  // Nothing was written over it; erased, it is made anew.
  CHECK(client.version(key(ben)) != 0);
  REQUIRE(client.erase(key(ben), client.version(key(ben))).has_value());
  CHECK(process.whoami(ben).wait().has_value());
}

TEST_CASE("TokenStore: keys that are not the store's are noticed before anything is asked of the homeserver") {
  FakeMatrix hs;
  SealedStore store;
  const MatrixUserId ana(hs.add_user("ana"));
  {
    Process process(hs, store);
    REQUIRE(process.whoami(ana).wait());
  }
  hs.forget_requests();
  store.keys = StoreKeys::make().value();
  Process process(hs, store);
  const Error error = process.whoami(ana).wait().error();
  CHECK(error.code() == Errc::store);
  CHECK(error.subject() == "store.key_file");
  CHECK(hs.count() == 0);
}

#if CONFAB_HAS_SQLITE
TEST_CASE("TokenStore: no token and no password lies in the store's files in plain") {
  FakeMatrix hs;
  test::TemporaryDirectory folder;
  const MatrixUserId ana(hs.add_user("ana"));
  const SealedStore store(open_sqlite_store(folder.file("store.db")).value());
  Process process(hs, store);
  process.tokens->use_devices("");  // the group of these calls
  REQUIRE(process.whoami(ana).wait());
  std::vector<std::string> secrets{std::string(FakeMatrix::admin_password)};
  for (const auto& request : hs.requests()) {
    if (!request.token().empty()) secrets.push_back(request.token());
    if (request.body.find("password") == std::string::npos) continue;
    const auto body = test::TestJson::parse(request.body);
    REQUIRE(body.has_value());
    if ((*body)["password"].is_string()) secrets.push_back((*body)["password"].as_string());
  }
  CHECK(secrets.size() > 5);
  int files = 0;
  bool sealed = false;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    ++files;
    sealed = sealed || bytes.find("password_known") != std::string::npos;
    for (const auto& secret : secrets) CHECK(bytes.find(secret) == std::string::npos);
  }
  CHECK(files >= 2);  // the file and its log
  CHECK(sealed);
}
#endif
