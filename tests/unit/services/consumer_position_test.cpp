#include "services/consumer_position.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>

#include "contract/faulty_store.hpp"
#include "net/record_store.hpp"
#include "store/memory_store.hpp"
#include "unit/net/on_runtime.hpp"

using namespace confab;
using namespace confab::test;
using services::ConsumerPosition;

namespace {

struct StoredPositions {
  std::shared_ptr<ConsumerPosition> at(const std::string& consumer = "bridge", const std::string& server = "hs.test",
                                       const std::string& group = "park") {
    return std::make_shared<ConsumerPosition>(net::RecordStore(store), group, MatrixUserId("@park_1:" + server),
                                              consumer, server);
  }
  Result<ConsumerPosition::Claim> claim(const std::shared_ptr<ConsumerPosition>& place) {
    return run<ConsumerPosition::Claim>(
        runtime, [place](net::CallContext context) { return ConsumerPosition::claim(place, std::move(context)); });
  }
  Result<void> save(const std::shared_ptr<ConsumerPosition>& place, const std::string& token) {
    matrix::SyncPosition position{PageToken(token)};
    position.recent({EventId("$1")});
    return run<void>(runtime, [place, position](net::CallContext context) {
      return ConsumerPosition::save(place, position, std::move(context));
    });
  }
  std::string value_of(const std::string& key) {
    return run<std::string>(runtime, [this, key](const net::CallContext& context) { return get(store, key, context); })
        .value();
  }
  void put(const std::string& key, const std::string& value) {
    REQUIRE(run<void>(runtime,
                      [this, key, value](const net::CallContext& context) { return set(store, key, value, context); }));
  }
  static Task<Result<std::string>> get(std::shared_ptr<Store> from, std::string key, net::CallContext context) {
    const net::RecordStore records(std::move(from));
    Result<std::optional<StoreRecord>> found = co_await records.get(context, key);
    if (!found) co_return std::move(found).error();
    co_return found.value() ? (*found)->value() : std::string();
  }
  static Task<Result<void>> set(std::shared_ptr<Store> to, std::string key, std::string value,
                                net::CallContext context) {
    const net::RecordStore records(std::move(to));
    Result<std::optional<StoreRecord>> found = co_await records.get(context, key);
    const StoreVersion before = found.value() ? (*found)->version() : 0;
    StoreWrite write = value.empty() ? StoreWrite::erase(key, before) : StoreWrite::put(key, before, value);
    Result<StoreVersion> written = co_await records.put_if(context, std::move(write), Durability::relaxed);
    if (!written) co_return std::move(written).error();
    co_return Result<void>();
  }

  std::shared_ptr<Store> store = store::make_memory_store();
  Runtime runtime;
};

// Two positions of a user in the group "park", and two in none.
void put_all(StoredPositions& stored, const std::string& localpart) {
  for (const char* group : {"park", ""}) {
    for (const char* consumer : {"bridge", "bot"}) {
      const auto place = std::make_shared<ConsumerPosition>(
          net::RecordStore(stored.store), group, MatrixUserId("@" + localpart + ":hs.test"), consumer, "hs.test");
      REQUIRE(stored.claim(place));
    }
  }
}

constexpr const char* key = "events/park/park_1/bridge";

}  // namespace

TEST_CASE("consumer position: what was saved is found by the next reader, apart for each group, user and name") {
  StoredPositions at;
  const auto first = at.at();
  auto claim = at.claim(first);
  REQUIRE(claim);
  CHECK(claim->usable());
  CHECK(claim->position().token().empty());
  REQUIRE(at.save(first, "s1"));
  REQUIRE(at.save(first, "s2"));
  const auto next = at.at();
  claim = at.claim(next);
  REQUIRE(claim);
  CHECK(claim->position().token().str() == "s2");
  CHECK(claim->position().recent().size() == 1);
  CHECK(at.claim(at.at("other"))->position().token().empty());
  CHECK(at.claim(at.at("bridge", "hs.test", "meadow"))->position().token().empty());
  CHECK(at.claim(at.at("bridge", "hs.test", ""))->position().token().empty());
  CHECK(at.value_of(key).find("\"s2\"") != std::string::npos);
}

TEST_CASE("consumer position: who claims it last has it, the one before finds out with its next write") {
  StoredPositions at;
  const auto first = at.at();
  REQUIRE(at.claim(first));
  REQUIRE(at.save(first, "s1"));
  const auto second = at.at();
  CHECK(at.claim(second)->position().token().str() == "s1");
  CHECK(at.save(first, "s2").error().code() == Errc::conflict);
  CHECK(at.save(first, "s2").error().code() == Errc::conflict);
  REQUIRE(at.save(second, "s3"));
  CHECK(at.claim(at.at())->position().token().str() == "s3");
}

TEST_CASE(
    "consumer position: damaged, too new, or of another homeserver is not used, until something better is saved") {
  StoredPositions at;
  for (const char* wrong :
       {R"({})", R"([])", R"({"version":2,"server_name":"hs.test","position":"s1","anchors":[],"recent":[]})",
        R"({"version":1,"server_name":"old.test","position":"s1","anchors":[],"recent":[]})",
        R"({"version":1,"server_name":"hs.test","position":7,"anchors":[],"recent":[]})"}) {
    CAPTURE(wrong);
    at.put(key, wrong);
    const auto place = at.at();
    auto claim = at.claim(place);
    REQUIRE(claim);
    CHECK_FALSE(claim->usable());
    // Its reader may die before anybody heard of it: then the next one has to.
    const auto again = at.at();
    claim = at.claim(again);
    REQUIRE(claim);
    CHECK_FALSE(claim->usable());
    REQUIRE(at.save(again, "s5"));
    CHECK(at.claim(at.at())->position().token().str() == "s5");
  }
}

TEST_CASE("consumer position: a failure of the store is told, and never taken for another reader") {
  for (const Fault fault : {Fault::before, Fault::after}) {
    StoredPositions at;
    const std::shared_ptr<Store> whole = at.store;
    const auto place = [&](int fails) {
      return std::make_shared<ConsumerPosition>(
          net::RecordStore(std::make_shared<FaultyStore>(
              whole, Errc::store, [fault, fails](int n) { return n == fails ? fault : Fault::none; })),
          "park", MatrixUserId("@park_1:hs.test"), "bridge", "hs.test");
    };
    for (const int step : {0, 1}) {
      const auto failing = place(step);
      CHECK(at.claim(failing).error().code() == Errc::store);
      REQUIRE(at.claim(failing));
      REQUIRE(at.save(failing, "s1"));
    }
    const auto failing = place(3);
    REQUIRE(at.claim(failing));
    REQUIRE(at.save(failing, "s2"));
    CHECK(at.save(failing, "s3").error().code() == Errc::store);
    REQUIRE(at.save(failing, "s4"));
    CHECK(at.claim(at.at())->position().token().str() == "s4");
    CHECK(at.save(failing, "s5").error().code() == Errc::conflict);
  }
}

TEST_CASE("consumer position: a record that was removed is written anew") {
  StoredPositions at;
  const auto place = at.at();
  REQUIRE(at.claim(place));
  REQUIRE(at.save(place, "s1"));
  at.put(key, "");
  REQUIRE(at.save(place, "s2"));
  CHECK(at.claim(at.at())->position().token().str() == "s2");
}

TEST_CASE("consumer position: names that are none are refused before the store is asked") {
  StoredPositions at;
  for (const std::string& name :
       {std::string("a/b"), std::string("a b"), std::string(65, 'x'), std::string("\xC3\xA4")}) {
    const auto claim = at.claim(at.at(name));
    REQUIRE_FALSE(claim);
    CHECK(claim.error().code() == Errc::invalid_argument);
    CHECK(claim.error().subject() == "consumer");
  }
  CHECK(at.claim(at.at(std::string(64, 'x'))));
}

TEST_CASE("consumer position: positions are forgotten for those who are meant, of this group alone") {
  StoredPositions stored;
  for (const char* user : {"park_1", "park_2", "park_1=3d", "zoo_1"}) {
    put_all(stored, user);
  }
  const auto forget = [&](const std::string& group, const std::string& user) {
    return run<std::size_t>(stored.runtime,
                            [&](net::CallContext context) {
                              return ConsumerPosition::forget(
                                  net::RecordStore(stored.store), group, MatrixUserId(user),
                                  [](const std::string& localpart) { return localpart.starts_with("park_"); },
                                  std::move(context));
                            })
        .value();
  };
  CHECK(forget("park", "@park_1:hs.test") == 2);
  CHECK(stored.value_of("events/park/park_1/bridge").empty());
  CHECK(forget("park", "@park_1:hs.test") == 0);
  CHECK(forget("", "") == 6);  // without a group there is no other: those of "park" are left alone
  CHECK(forget("park", "") == 4);
  CHECK(forget("park", "") == 0);
  CHECK(!stored.value_of("events/park/zoo_1/bridge").empty());
}
