// Tokens over the store: another slot on the same store stands for another process, or for this one started again.
#include "credentials/token_records.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include <confab/open_store.hpp>

#include "contract/faulty_store.hpp"
#include "contract/store_client.hpp"
#include "credentials/token_slot.hpp"
#include "unit/net/on_runtime.hpp"

using namespace std::chrono_literals;
using namespace confab;
using confab::credentials::MintedToken;
using confab::credentials::Token;
using confab::credentials::TokenRecords;
using confab::credentials::TokenSlot;
using confab::test::Fault;
using confab::test::FaultyStore;
using confab::test::run;
using confab::test::StoreClient;

namespace {

const MatrixUserId ana("@ana:hs.test");
const std::string record_key = "credentials/hs.test/@ana:hs.test";

struct Homeserver {
  std::atomic<int> mints{0};
  std::chrono::milliseconds life{0};
};

Task<Result<MintedToken>> mint(std::shared_ptr<Homeserver> hs, net::CallContext /*context*/) {
  MintedToken token(Secret("syt_secret_" + std::to_string(++hs->mints)));
  if (hs->life > 0ms) token.lives_until(net::Clock::now() + hs->life);
  token.device(DeviceId("DEVICE"));
  co_return token;
}

struct Processes {
  Runtime runtime;
  std::shared_ptr<Homeserver> hs = std::make_shared<Homeserver>();
  std::shared_ptr<Store> store = make_memory_store().value();
  StoreKeys keys = StoreKeys::make().value();

  std::shared_ptr<TokenSlot> process(std::shared_ptr<Store> over) const {
    auto records = std::make_shared<TokenRecords>(net::RecordStore(std::move(over)), keys.keys(), "hs.test");
    return std::make_shared<TokenSlot>([hs = hs](net::CallContext context) { return mint(hs, std::move(context)); },
                                       std::move(records), ana);
  }
  std::shared_ptr<TokenSlot> process() const { return process(store); }
  Result<Token> get(const std::shared_ptr<TokenSlot>& slot) {
    return run<Token>(runtime, [slot](net::CallContext context) { return TokenSlot::get(slot, std::move(context)); });
  }
  Result<Token> replace(const std::shared_ptr<TokenSlot>& slot, std::uint64_t dead) {
    return run<Token>(
        runtime, [slot, dead](net::CallContext context) { return TokenSlot::replace(slot, dead, std::move(context)); });
  }
  std::string stored() const { return StoreClient(store).value(record_key); }
};

}  // namespace

TEST_CASE("TokenRecords: a token outlives its process, sealed") {
  Processes p;
  CHECK(p.get(p.process()).value().secret().reveal() == "syt_secret_1");
  const Token again = p.get(p.process()).value();
  CHECK(again.secret().reveal() == "syt_secret_1");
  CHECK(again.generation() == 1);
  CHECK(p.hs->mints == 1);
  CHECK(p.stored().find("syt_secret") == std::string::npos);
  CHECK(p.stored().find(R"("generation":1,"device_id":"DEVICE")") != std::string::npos);
}

TEST_CASE("TokenRecords: a token that one process replaced is replaced for all") {
  Processes p;
  const auto one = p.process();
  const auto other = p.process();
  REQUIRE(p.get(one).value().generation() == 1);
  REQUIRE(p.get(other).value().generation() == 1);
  CHECK(p.replace(one, 1).value().generation() == 2);
  const Token theirs = p.replace(other, 1).value();
  CHECK(theirs.generation() == 2);
  CHECK(theirs.secret().reveal() == "syt_secret_2");
  CHECK(p.hs->mints == 2);
  // Dead again: the one that noticed mints, under a generation that nobody has had.
  CHECK(p.replace(other, 2).value().generation() == 3);
  CHECK(p.replace(one, 2).value().generation() == 3);
  CHECK(p.hs->mints == 3);
}

TEST_CASE("TokenRecords: an expired token is not taken from the store, a living one keeps its end") {
  Processes p;
  p.hs->life = 1h;
  REQUIRE(p.get(p.process()).value().generation() == 1);
  REQUIRE(p.get(p.process()).value().generation() == 1);
  CHECK(p.stored().find("expires_ms") != std::string::npos);
  StoreClient client(p.store);
  std::string value = p.stored();
  const std::size_t at = value.find("\"expires_ms\":") + 13;
  value.replace(at, value.find(',', at) - at, "1000");
  REQUIRE(test::finish<StoreVersion>([&](auto done) {
            p.store->put_if(StoreWrite::put(record_key, client.version(record_key), value), Durability::relaxed,
                            std::move(done));
          }).has_value());
  CHECK(p.get(p.process()).value().generation() == 2);
  CHECK(p.hs->mints == 2);
}

TEST_CASE("TokenRecords: what cannot be read or opened is worth a new token, under a new generation") {
  const std::string of_others = R"({"generation":7,"token":{"sealed":"AAAA","key":"lost"}})";
  for (const std::string& value : {std::string("[]"), std::string(R"({"generation":-4})"), of_others}) {
    CAPTURE(value);
    Processes p;
    REQUIRE(test::finish<StoreVersion>([&](auto done) {
              p.store->put_if(StoreWrite::put(record_key, 0, value), Durability::relaxed, std::move(done));
            }).has_value());
    const Token token = p.get(p.process()).value();
    CHECK(token.generation() == (value == of_others ? 8 : 1));
    CHECK(p.get(p.process()).value().generation() == token.generation());
    CHECK(p.hs->mints == 1);
  }
}

TEST_CASE("TokenRecords: no token is used that is not in the store, whichever of its operations fails") {
  for (const Fault fault : {Fault::before, Fault::after}) {
    for (int failing = 0; failing < 6; ++failing) {
      CAPTURE(static_cast<int>(fault));
      CAPTURE(failing);
      Processes p;
      auto faulty = std::make_shared<FaultyStore>(p.store, Errc::store,
                                                  [=](int n) { return n == failing ? fault : Fault::none; });
      const auto slot = p.process(faulty);
      std::uint64_t dead = 0;
      int failures = 0;
      // Three tokens, each used and found dead; a failed call is repeated, as a host would.
      for (int used = 0; used < 3;) {
        const Result<Token> token = dead == 0 ? p.get(slot) : p.replace(slot, dead);
        if (!token) {
          REQUIRE(token.error().code() == Errc::store);
          REQUIRE(++failures == 1);
          continue;
        }
        REQUIRE(token->generation() > dead);
        const Token stored = p.get(p.process()).value();
        CHECK(stored.generation() == token->generation());
        CHECK(stored.secret().reveal() == token->secret().reveal());
        dead = token->generation();
        ++used;
      }
      CHECK(failures == 1);
    }
  }
}

TEST_CASE("TokenRecords: two processes that mint at once agree on one token") {
  Processes p;
  for (int round = 0; round < 20; ++round) {
    CAPTURE(round);
    const auto one = p.process();
    const auto other = p.process();
    test::Together<Token> both;
    const std::uint64_t dead = p.get(one).value().generation();
    REQUIRE(p.get(other).value().generation() == dead);
    for (const auto& slot : {one, other}) {
      both.start(p.runtime,
                 [slot, dead](net::CallContext context) { return TokenSlot::replace(slot, dead, std::move(context)); });
    }
    const auto tokens = both.all();
    REQUIRE(tokens.size() == 2);
    REQUIRE(tokens[0].has_value());
    REQUIRE(tokens[1].has_value());
    CHECK(tokens[0]->secret().reveal() == tokens[1]->secret().reveal());
    CHECK(tokens[0]->generation() == dead + 1);
  }
}
