#include "credentials/token_slot.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "unit/net/on_runtime.hpp"

using namespace std::chrono_literals;
using namespace confab;
using confab::credentials::MintedToken;
using confab::credentials::Token;
using confab::credentials::TokenSlot;
using confab::test::run;
using confab::test::Together;

namespace {

// Makes tokens "token-1", "token-2", ..., in the way the test says.
struct Mints {
  std::atomic<int> begun{0};
  std::atomic<std::uint64_t> made{0};
  std::mutex mutex;
  std::shared_ptr<net::SharedResult<int>> gate;  // while set, a mint waits for it
  std::deque<Error> failures;
  std::vector<credentials::Need> needs;  // of each flight
  bool throws = false;
  std::chrono::milliseconds life{0};
  std::atomic<int> acted{0};  // so many of the first are the admin's
  std::atomic<std::uint64_t> dice{0};
  std::atomic<int> drawn{0};

  std::shared_ptr<net::SharedResult<int>> hold() {
    const std::lock_guard lock(mutex);
    return gate = std::make_shared<net::SharedResult<int>>();
  }
};

Task<Result<MintedToken>> mint(std::shared_ptr<Mints> mints, net::CallContext context) {
  const int number = ++mints->begun;
  std::shared_ptr<net::SharedResult<int>> gate;
  std::optional<Error> failure;
  bool throws = false;
  {
    const std::lock_guard lock(mints->mutex);
    gate = mints->gate;
    throws = std::exchange(mints->throws, false);
    if (!mints->failures.empty()) {
      failure = mints->failures.front();
      mints->failures.pop_front();
    }
  }
  if (gate) {
    Result<int> opened = co_await net::SharedResult<int>::wait(gate, context);
    if (!opened) co_return std::move(opened).error();
  }
  if (throws) throw std::runtime_error("made up");
  if (failure) co_return std::move(*failure);
  MintedToken token(Secret("token-" + std::to_string(number)));
  token.generation(++mints->made).acted(number <= mints->acted);
  if (mints->life > 0ms)
    token.lives_until(net::Clock::now() + mints->life).renew_at(net::Clock::now() + mints->life / 2);
  co_return token;
}

struct Slot {
  explicit Slot(unsigned loops = 1, std::chrono::milliseconds first_refusal = credentials::RefusalPause::first_refusal)
      : first(first_refusal), runtime(RuntimeOptions().loop_threads(loops)) {}
  Result<Token> get(CallOptions options = CallOptions()) {
    return run<Token>(
        runtime, [slot = slot](net::CallContext context) { return TokenSlot::get(slot, std::move(context)); },
        std::move(options));
  }
  auto replacing(std::uint64_t dead) {
    return [slot = slot, dead](net::CallContext context) { return TokenSlot::replace(slot, dead, std::move(context)); };
  }
  Result<Token> replace(std::uint64_t dead, CallOptions options = CallOptions()) {
    return run<Token>(runtime, replacing(dead), std::move(options));
  }

  std::chrono::milliseconds first;
  Runtime runtime;
  std::shared_ptr<Mints> mints = std::make_shared<Mints>();
  std::shared_ptr<TokenSlot> slot = std::make_shared<TokenSlot>(
      [mints = mints](std::uint64_t, credentials::Need need, net::CallContext context) {
        {
          const std::lock_guard lock(mints->mutex);
          mints->needs.push_back(need);
        }
        return mint(mints, std::move(context));
      },
      std::make_shared<const net::RandomSource>([mints = mints] {
        ++mints->drawn;
        return mints->dice.load();
      }),
      first);
};

}  // namespace

TEST_CASE("TokenSlot: a token is minted once and kept") {
  Slot s;
  CHECK(s.get().value().secret().reveal() == "token-1");
  CHECK(s.get().value().generation() == 1);
  CHECK(s.mints->begun == 1);
}

TEST_CASE("TokenSlot: a thousand failures of one generation cause one mint, also over two loops") {
  for (const unsigned loops : {1U, 2U}) {
    CAPTURE(loops);
    Slot s(loops);
    REQUIRE(s.get().value().generation() == 1);
    const auto gate = s.mints->hold();
    Together<Token> calls;
    for (int i = 0; i < 1000; ++i) calls.start(s.runtime, s.replacing(1), CallOptions(), "user-" + std::to_string(i));
    gate->set(0);
    const auto results = calls.all();
    REQUIRE(results.size() == 1000);
    for (const auto& token : results) {
      REQUIRE(token.has_value());
      REQUIRE(token->generation() == 2);
      REQUIRE(token->secret().reveal() == "token-2");
    }
    CHECK(s.mints->begun == 2);
    // One that comes late with the old generation learns of the new token, and costs nothing.
    CHECK(s.replace(1).value().generation() == 2);
    CHECK(s.mints->begun == 2);
  }
}

TEST_CASE("TokenSlot: many who waited for a token go on one after the other, soon, and not as in another process") {
  std::chrono::milliseconds last{249};
  Slot s;
  SUBCASE("the one") {}
  SUBCASE("the other") {
    s.mints->dice = ~std::uint64_t{0};
    last += 50ms;
  }
  REQUIRE(s.get().value().generation() == 1);
  const auto gate = s.mints->hold();
  Together<Token> calls;
  for (int i = 0; i < 300; ++i) calls.start(s.runtime, s.replacing(1));
  // Behind them on the same loop: once it has run, all of them wait.
  CHECK(run<int>(s.runtime, [](net::CallContext /*context*/) -> Task<Result<int>> { co_return 0; }).has_value());
  const auto released = net::Clock::now();
  gate->set(0);
  for (const auto& token : calls.all()) CHECK(token.value().generation() == 2);
  const auto took = net::Clock::now() - released;
  CHECK(took >= last);
  CHECK(took < 10s);
  // Each for itself, but for the one who began the flight.
  CHECK(s.mints->drawn == 299);
}

TEST_CASE("TokenSlot: a token of the admin's that is held serves until it is let go of, dead or at its end") {
  Slot s;
  s.mints->acted = 1;
  const auto move = [&s] {
    return run<bool>(s.runtime,
                     [slot = s.slot](net::CallContext context) -> Task<Result<bool>> {
                       co_return co_await TokenSlot::move(slot, std::move(context));
                     })
        .value();
  };
  std::optional<TokenSlot::Hold> hold(s.slot);
  SUBCASE("let go of") {
    REQUIRE(s.get().value().generation() == 1);
    CHECK(s.slot->is_acted());
    CHECK(move());
    CHECK_FALSE(s.slot->is_acted());
    CHECK(s.get().value().generation() == 1);
    CHECK(s.slot->at_hand()->generation() == 1);
    std::optional<TokenSlot::Hold> another(s.slot);
    hold.reset();
    CHECK(s.slot->at_hand()->generation() == 1);
    another.reset();
    CHECK(s.slot->at_hand()->generation() == 2);
  }
  SUBCASE("dead") {
    REQUIRE(s.get().value().generation() == 1);
    CHECK(move());
    const Token next = s.replace(1).value();
    CHECK(next.generation() == 2);
    CHECK_FALSE(next.is_fresh());
    CHECK(s.replace(1).value().generation() == 2);
  }
  SUBCASE("at its end") {
    s.mints->life = 500ms;
    REQUIRE(s.get().value().generation() == 1);
    const auto end = net::Clock::now() + 500ms;
    s.mints->life = 0ms;
    CHECK(move());
    while (net::Clock::now() < end) {
    }
    CHECK(s.get().value().generation() == 2);
  }
  SUBCASE("forgotten") {
    REQUIRE(s.get().value().generation() == 1);
    CHECK(move());
    CHECK(s.slot->drop(0));
    CHECK(s.get().value().generation() == 3);
    CHECK(s.mints->begun == 3);
    return;
  }
  CHECK(s.mints->begun == 2);
}

TEST_CASE("TokenSlot: a token that dies during a move that comes to nothing is replaced all the same") {
  Slot s;
  s.mints->acted = 2;
  REQUIRE(s.get().value().generation() == 1);
  const auto gate = s.mints->hold();
  s.mints->failures.emplace_back(Error(Errc::rate_limited, "made up").with_retry_after(331s));
  Together<bool> moves;
  moves.start(s.runtime, [slot = s.slot](net::CallContext context) -> Task<Result<bool>> {
    co_return co_await TokenSlot::move(slot, std::move(context));
  });
  while (s.mints->begun < 2) std::this_thread::yield();
  Together<Token> calls;
  calls.start(s.runtime, s.replacing(1));
  while (s.slot->at_hand()) std::this_thread::yield();  // from here it waits for the move, which is all there is
  gate->set(0);
  CHECK(calls.all().front().value().generation() == 2);
  CHECK(moves.all().front().value() == false);
  CHECK(s.mints->begun == 3);
}

TEST_CASE("TokenSlot: a token of a device is replaced, held or not") {
  Slot s;
  REQUIRE(s.get().value().generation() == 1);
  const TokenSlot::Hold hold(s.slot);
  CHECK(s.replace(1).value().generation() == 2);
  CHECK(s.slot->at_hand()->generation() == 2);
}

TEST_CASE("TokenSlot: who gives up waiting leaves the flight and the others alone") {
  Slot s;
  const auto gate = s.mints->hold();
  Together<Token> others;
  others.start(s.runtime,
               [slot = s.slot](net::CallContext context) { return TokenSlot::get(slot, std::move(context)); });
  CHECK(s.get(CallOptions().within(20ms)).error().code() == Errc::timed_out);
  std::stop_source stop;
  stop.request_stop();
  CHECK(s.get(CallOptions().stop(stop.get_token())).error().code() == Errc::cancelled);
  CHECK(s.slot->busy());
  CHECK(others.ended() == 0);
  gate->set(0);
  CHECK(others.all().at(0).value().generation() == 1);
  CHECK(s.mints->begun == 1);
}

TEST_CASE("TokenSlot: the one who started the flight may give up too") {
  Slot s;
  const auto gate = s.mints->hold();
  CHECK(s.get(CallOptions().within(20ms)).error().code() == Errc::timed_out);
  gate->set(0);
  CHECK(s.get().value().generation() == 1);
  CHECK(s.mints->begun == 1);
}

TEST_CASE("TokenSlot: once it is time a token is renewed behind the caller's back") {
  Slot s;
  s.mints->life = 4s;
  const auto begun = net::Clock::now();
  REQUIRE(s.get().value().generation() == 1);
  const auto gate = s.mints->hold();
  // The renewal waits at the gate, and nobody waits for it.
  while (s.mints->begun == 1 && net::Clock::now() - begun < 3s) REQUIRE(s.get().value().generation() == 1);
  CHECK(net::Clock::now() - begun >= 2s);
  CHECK(s.mints->begun == 2);
  CHECK(s.get().value().generation() == 1);
  gate->set(0);
  while (s.get().value().generation() == 1 && net::Clock::now() - begun < 20s) {
  }
  CHECK(s.get().value().secret().reveal() == "token-2");
  CHECK(s.mints->begun == 2);
}

TEST_CASE("TokenSlot: a renewal that fails leaves the living token in use, and is not tried with every call") {
  Slot s;
  s.mints->life = 1s;
  const auto begun = net::Clock::now();
  REQUIRE(s.get().value().generation() == 1);
  for (int i = 0; i < 100; ++i) s.mints->failures.emplace_back(Errc::unreachable, "made up");
  while (s.mints->begun == 1 && net::Clock::now() - begun < 900ms) (void)s.get();
  REQUIRE(s.mints->begun == 2);
  for (int i = 0; i < 50 && net::Clock::now() - begun < 950ms; ++i) CHECK(s.get().has_value());
  CHECK(s.mints->begun == 2);
}

TEST_CASE("TokenSlot: a token past its end is not handed out again, not even to who knows it by its generation") {
  Slot s;
  s.mints->life = 1ms;
  REQUIRE(s.get().value().generation() == 1);
  const auto begun = net::Clock::now();
  while (net::Clock::now() - begun < 2ms) {
  }
  s.mints->life = 0ms;
  CHECK(s.replace(0).value().generation() == 2);
}

TEST_CASE("TokenSlot: a token that dies while its successor is on the way is not handed out") {
  Slot s;
  s.mints->life = 200ms;
  REQUIRE(s.get().value().generation() == 1);
  const auto gate = s.mints->hold();
  const auto begun = net::Clock::now();
  while (s.mints->begun == 1 && net::Clock::now() - begun < 190ms) (void)s.get(CallOptions().within(50ms));
  s.mints->life = 0ms;
  Together<Token> calls;
  calls.start(s.runtime, s.replacing(1));
  calls.start(s.runtime,
              [slot = s.slot](net::CallContext context) { return TokenSlot::get(slot, std::move(context)); });
  gate->set(0);
  for (const auto& token : calls.all()) CHECK(token.value().generation() == 2);
  CHECK(s.mints->begun == 2);
}

TEST_CASE("TokenSlot: a failure is answered to all who wait, and tried anew by the next") {
  Slot s;
  s.mints->failures.emplace_back(Errc::unavailable, "made up");
  CHECK(s.get().error().code() == Errc::unavailable);
  CHECK(s.get().value().generation() == 1);
  CHECK(s.mints->begun == 2);
}

TEST_CASE("TokenSlot: what follows a dead token is a recovery, also where the first flight failed") {
  using Needs = std::vector<credentials::Need>;
  constexpr auto ends = credentials::Need::ends;
  constexpr auto dead = credentials::Need::dead;
  Slot s;
  REQUIRE(s.get().value().generation() == 1);
  s.mints->failures.emplace_back(Errc::unavailable, "made up");
  CHECK(s.replace(1).error().code() == Errc::unavailable);
  SUBCASE("by who comes next") {
    CHECK(s.get().value().generation() == 2);
    CHECK(s.mints->needs == Needs{ends, dead, dead});
    CHECK(s.slot->drop(2));
    CHECK(s.get().value().generation() == 3);
    CHECK(s.mints->needs == Needs{ends, dead, dead, ends});
  }
  SUBCASE("but not once it was dropped") {
    CHECK_FALSE(s.slot->drop(1));
    CHECK(s.get().value().generation() == 2);
    CHECK(s.mints->needs == Needs{ends, dead, ends});
  }
}

TEST_CASE("TokenSlot: a refusal that repeating makes worse is remembered") {
  Slot s;
  SUBCASE("a wait that the homeserver named") {
    s.mints->failures.push_back(Error(Errc::rate_limited, "made up").with_retry_after(5min));
    CHECK(s.get().error().code() == Errc::rate_limited);
    const Error again = s.get().error();
    CHECK(again.code() == Errc::rate_limited);
    REQUIRE(again.retry_after().has_value());
    CHECK(*again.retry_after() <= 5min);
    CHECK(*again.retry_after() > 4min);
    CHECK(s.mints->begun == 1);
  }
  SUBCASE("a short one only for its time") {
    s.mints->failures.push_back(Error(Errc::rate_limited, "made up").with_retry_after(30ms));
    CHECK(s.get().error().code() == Errc::rate_limited);
    Result<Token> token = s.get();
    const auto begun = net::Clock::now();
    while (!token && net::Clock::now() - begun < 10s) token = s.get();
    CHECK(token.has_value());
    CHECK(s.mints->begun == 2);
  }
  SUBCASE("a wrong password") {
    s.mints->failures.push_back(Error(Errc::admin_unavailable, "made up").with_retriable(false));
    CHECK(s.get().error().code() == Errc::admin_unavailable);
    for (int i = 0; i < 20; ++i) CHECK(s.get().error().code() == Errc::admin_unavailable);
    CHECK(s.mints->begun == 1);
  }
}

TEST_CASE("TokenSlot: refusals are believed for longer each time, until one is let in") {
  constexpr int refusals = 11;
  Slot s(1, 1ms);
  for (int i = 0; i < refusals; ++i) s.mints->failures.emplace_back(Errc::account_suspended, "made up");
  const auto begun = net::Clock::now();
  while (s.mints->begun < refusals && net::Clock::now() - begun < 20s) {
    CHECK(s.get().error().code() == Errc::account_suspended);
  }
  // 2 to the 10th milliseconds, and some are over.
  const Error told = s.get().error();
  CHECK(told.code() == Errc::account_suspended);
  REQUIRE(told.retry_after().has_value());
  CHECK(*told.retry_after() > 100ms);
  CHECK(*told.retry_after() <= 1024ms);
  Result<Token> token = s.get();
  while (!token && net::Clock::now() - begun < 20s) token = s.get();
  REQUIRE(token.has_value());
  CHECK(s.mints->begun == refusals + 1);
  // The next one is the first of a row again.
  CHECK(s.slot->drop(0));
  s.mints->failures.emplace_back(Errc::account_suspended, "made up");
  CHECK(s.get().error().code() == Errc::account_suspended);
  token = s.get();
  if (!token) CHECK(*token.error().retry_after() <= 1ms);
}

TEST_CASE("TokenSlot: a refusal that is to be forgotten is, also that of a flight which is under way") {
  Slot s;
  s.mints->failures.assign(2, Error(Errc::protocol, "made up"));
  CHECK(s.get().error().code() == Errc::protocol);
  for (int i = 0; i < 20; ++i) CHECK(s.get().error().code() == Errc::protocol);
  CHECK(s.mints->begun == 1);
  s.slot->forget_refusal();
  const auto gate = s.mints->hold();
  Together<Token> waiting;
  waiting.start(s.runtime,
                [slot = s.slot](net::CallContext context) { return TokenSlot::get(slot, std::move(context)); });
  while (s.mints->begun < 2) std::this_thread::yield();
  SUBCASE("by whoever did something about it") { s.slot->forget_refusal(); }
  SUBCASE("by a reset") { CHECK_FALSE(s.slot->drop(0)); }
  gate->set(0);
  CHECK(waiting.all().at(0).error().code() == Errc::protocol);
  CHECK(s.get().has_value());
  CHECK(s.mints->begun == 3);
}

TEST_CASE("TokenSlot: a wait that the homeserver named outlasts what is done about a refusal") {
  Slot s;
  s.mints->failures.push_back(Error(Errc::rate_limited, "made up").with_retry_after(5min));
  CHECK(s.get().error().code() == Errc::rate_limited);
  s.slot->forget_refusal();
  CHECK(s.get().error().code() == Errc::rate_limited);
  CHECK(s.mints->begun == 1);
}

TEST_CASE("TokenSlot: an exception in the mint ends the flight with an error, and the slot lives on") {
  Slot s;
  s.mints->throws = true;
  CHECK(s.get().error().code() == Errc::internal);
  CHECK_FALSE(s.slot->busy());
  CHECK(s.get().value().generation() == 1);
}

TEST_CASE("TokenSlot: the end of the Runtime answers those who wait") {
  Together<Token> calls;
  std::shared_ptr<net::SharedResult<int>> gate;
  {
    Slot s(2);
    gate = s.mints->hold();
    for (int i = 0; i < 20; ++i) {
      calls.start(
          s.runtime, [slot = s.slot](net::CallContext context) { return TokenSlot::get(slot, std::move(context)); },
          CallOptions(), "user-" + std::to_string(i));
    }
  }
  for (const auto& token : calls.all()) {
    REQUIRE_FALSE(token.has_value());
    CHECK(token.error().code() == Errc::closed);
  }
  CHECK(calls.ended() == 20);
}

TEST_CASE("TokenSlot: a dropped token is made anew, one of a later generation stays") {
  Slot s;
  CHECK_FALSE(s.slot->drop(0));
  REQUIRE(s.get().value().generation() == 1);
  CHECK(s.slot->drop(1));
  CHECK_FALSE(s.slot->at_hand().has_value());
  CHECK_FALSE(s.slot->drop(1));
  REQUIRE(s.get().value().generation() == 2);
  CHECK_FALSE(s.slot->drop(1));
  CHECK(s.get().value().generation() == 2);
  CHECK(s.slot->drop(0));
  CHECK(s.get().value().generation() == 3);
}

TEST_CASE("TokenSlot: a flight that brings what was dropped meanwhile answers those who wait, and keeps nothing") {
  Slot s;
  const auto gate = s.mints->hold();
  Together<Token> waiting;
  waiting.start(s.runtime,
                [slot = s.slot](net::CallContext context) { return TokenSlot::get(slot, std::move(context)); });
  while (!s.slot->busy()) std::this_thread::yield();
  CHECK_FALSE(s.slot->drop(1));
  gate->set(0);
  const auto got = waiting.all();
  REQUIRE(got.size() == 1);
  CHECK(got[0].value().generation() == 1);
  CHECK_FALSE(s.slot->at_hand().has_value());
  CHECK(s.get().value().generation() == 2);
}
