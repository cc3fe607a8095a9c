// Secrets in a store's file: none is in plain, and keys that do not fit are noticed at the start.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "contract/backends.hpp"
#include "store/base64.hpp"
#include "store/key_check.hpp"
#include "store/record_rules.hpp"
#include "store/sealed_text.hpp"

using namespace confab;
using namespace confab::test;
using namespace confab::store;

namespace {

std::shared_ptr<const SealingKeys> keys(const std::vector<std::pair<std::string, char>>& list) {
  std::vector<SealingKey> made;
  for (const auto& [id, fill] : list) made.emplace_back(id, Secret(std::string(32, fill)));
  return std::make_shared<const SealingKeys>(*SealingKeys::of(std::move(made)));
}
Result<void> check(const std::shared_ptr<Store>& store, const std::shared_ptr<const SealingKeys>& with) {
  return finish<void>([&](auto done) { check_sealing_keys(store, with, std::move(done)); });
}
Result<void> retire(const std::shared_ptr<Store>& store, const std::string& id) {
  return finish<void>([&](auto done) { retire_sealing_key(store, id, std::move(done)); });
}

}  // namespace

TEST_CASE("sqlite: no secret and no key is in any file in plain, nor as base64") {
  const SqliteBackend backend;
  const auto with = keys({{"a", 'K'}});
  const std::string token = "syt_YW5h_hunter2hunter2_0AbCdE";
  const std::string password = "correct horse battery staple";
  REQUIRE(check(backend.store, with));
  const StoreClient c = backend.client();
  StoreVersion version = 0;
  for (int i = 0; i < 50; ++i) {
    const std::string key = "t/user/ana";
    json::Writer record;
    record.object()
        .member("user", "@ana:example.org")
        .key("token")
        .raw(*seal(*with, SealedPlace(key, "token"), Secret(token)));
    record.key("password").raw(*seal(*with, SealedPlace(key, "password"), Secret(password))).end();
    version = *c.put(key, version, std::move(record).finish());
  }
  const auto record = c.get("t/user/ana");
  const auto parsed = parse(**record);
  REQUIRE(parsed);
  CHECK(unseal(*with, SealedPlace("t/user/ana", "token"), parsed->root()["token"])->reveal() == token);
  CHECK(unseal(*with, SealedPlace("t/user/ana", "password"), parsed->root()["password"])->reveal() == password);

  std::size_t bytes = 0;
  bool person_can_read = false;
  for (const auto& entry : std::filesystem::directory_iterator(backend.folder.path())) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(in), {}};
    bytes += content.size();
    person_can_read = person_can_read || content.find("@ana:example.org") != std::string::npos;
    for (const std::string& secret : {token, password, std::string(32, 'K'), std::string("hunter2")}) {
      CHECK(content.find(secret) == std::string::npos);
      CHECK(content.find(to_base64(secret).substr(0, secret.size() / 3 * 4)) == std::string::npos);
    }
  }
  CHECK(bytes > 50'000);
  CHECK(person_can_read);
}

CONTRACT(keys_fit, "the first keys fit, and fit again") {
  if (backend.tries > 1) return;  // asked once only: a store that is often busy says so
  CHECK(outcome(check(backend.store, keys({{"a", 'x'}}))) == "ok");
  CHECK(outcome(check(backend.store, keys({{"a", 'x'}}))) == "ok");
}
CONTRACT(keys_wrong, "a wrong key, a missing key and a key retired are told at the start") {
  if (backend.tries > 1) return;
  REQUIRE(check(backend.store, keys({{"a", 'x'}})));
  const auto wrong = check(backend.store, keys({{"a", 'y'}}));
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code() == Errc::store);
  CHECK(wrong.error().subject() == "store.key_file");
  const auto lost = check(backend.store, keys({{"b", 'y'}}));
  REQUIRE_FALSE(lost);
  CHECK(lost.error().subject() == "store.key_file");
  CHECK(lost.error().message().find("\"a\"") != std::string_view::npos);
  // Nothing was written for the key that came alone.
  CHECK(backend.client().keys("confab/keys/") == std::vector<std::string>{"confab/keys/a"});

  CHECK(outcome(check(backend.store, keys({{"b", 'y'}, {"a", 'x'}}))) == "ok");
  CHECK(outcome(check(backend.store, keys({{"b", 'y'}}))) == "store");
  CHECK(outcome(retire(backend.store, "a")) == "ok");
  CHECK(outcome(retire(backend.store, "a")) == "ok");
  CHECK(outcome(check(backend.store, keys({{"b", 'y'}}))) == "ok");
}
