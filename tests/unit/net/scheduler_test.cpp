#include "net/scheduler.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "net/retry_after.hpp"
#include "support/fake_homeserver.hpp"
#include "unit/net/on_runtime.hpp"

using namespace std::chrono_literals;
using namespace confab;
using namespace confab::net;
using confab::test::Answer;
using confab::test::FakeHomeserver;
using confab::test::Together;

namespace {

AttemptOutcome read_plainly(const HttpAnswer& answer) {
  AttemptOutcome outcome = AttemptOutcome::answer(answer.status());
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  outcome.retry_after(retry_after(answer.headers(), std::nullopt, now));
  return outcome;
}

struct Sending {
  explicit Sending(unsigned loops = 1)
      : runtime(RuntimeOptions().loop_threads(loops)),
        scheduler(
            std::make_shared<Scheduler>(runtime.core(), HttpClientOptions(Url::parse_base(server.url()).value()))) {}

  class To {
   public:
    explicit To(std::string path) : path_(std::move(path)) {}
    To& group(std::string name) { return group_ = std::move(name), *this; }
    To& flow(std::string name) { return flow_ = std::move(name), *this; }
    To& repeatable(Repeatable repeatable) { return repeatable_ = repeatable, *this; }
    To& lane(Lane lane) { return lane_ = lane, *this; }
    std::string path_;
    std::string group_ = "tenant";
    std::string flow_ = "flow";
    Repeatable repeatable_ = Repeatable::safe;
    Lane lane_ = Lane::interactive;
  };
  Pending<HttpAnswer> get(const To& to, CallOptions options = CallOptions(), const std::string& loop_of = "test") {
    auto group = std::make_shared<const std::string>(to.group_);
    return describe<HttpAnswer>(runtime.core(), loop_of, std::move(options),
                                [scheduler = scheduler, to, group](CallContext context) {
                                  return scheduler->perform(HttpRequest("GET", to.path_).lane(to.lane_), to.repeatable_,
                                                            &read_plainly, to.flow_, context.in_group(group));
                                });
  }
  FakeHomeserver server;
  Runtime runtime;
  std::shared_ptr<Scheduler> scheduler;
};
using To = Sending::To;

constexpr std::size_t most_in_flight = FairQueueLimits::default_in_flight;
constexpr std::size_t most_of_one_group = FairQueueLimits::default_in_flight_per_group;

}  // namespace

TEST_CASE("Scheduler: a failing homeserver is left alone, then tried by one request, then used again") {
  Sending s;
  s.server.on("GET", "/**", Answer(503));
  auto opened = std::chrono::steady_clock::now();
  for (int i = 0; i < 5; ++i, opened = std::chrono::steady_clock::now())
    CHECK(s.get(To("/failing").repeatable(Repeatable::once)).wait().error().code() == Errc::unavailable);
  // Open: nothing goes out, and the error says for how long.
  const std::size_t before = s.server.count();
  CHECK(before == 5);
  for (int i = 0; i < 10 && std::chrono::steady_clock::now() - opened < 300ms; ++i) {
    const Error held = s.get(To("/x"), CallOptions().within(50ms)).wait().error();
    CHECK(held.code() == Errc::unavailable);
    CHECK(held.retry_after().has_value());
  }
  if (std::chrono::steady_clock::now() - opened < 450ms)
    CHECK(s.server.count() == before);  // it is open for half a second or longer
  // Half open: of many that wait, one goes.
  s.server.on("GET", "/**", Answer().hold());
  Together<HttpAnswer> waiting;
  for (int i = 0; i < 20; ++i) waiting.start(s.get(To("/y")));
  REQUIRE(s.server.wait_for(before + 1, "GET", "/**", 10s));
  CHECK_FALSE(s.server.wait_for(before + 2, "GET", "/**", 600ms));
  s.server.on("GET", "/**", Answer());
  s.server.release();
  for (const auto& answer : waiting.all()) CHECK(answer.has_value());
  CHECK(waiting.ended() == 20);
}

TEST_CASE("Scheduler: a long poll that probes a homeserver which came back does not keep the others waiting") {
  Sending s;
  s.server.on("GET", "/failing", Answer(503));
  s.server.on("GET", "/poll", Answer().hold());
  s.server.on("GET", "/works", Answer());
  for (int i = 0; i < 5; ++i) (void)s.get(To("/failing").repeatable(Repeatable::once)).wait();
  Together<HttpAnswer> poll;
  poll.start(s.get(To("/poll").lane(Lane::long_poll)));
  REQUIRE(s.server.wait_for(1, "GET", "/poll", 10s));
  const auto begun = Clock::now();
  CHECK(s.get(To("/works")).wait().has_value());
  CHECK(Clock::now() - begun < 10s);
  CHECK(poll.ended() == 0);
  s.server.release();
  CHECK(poll.all().at(0).has_value());
}

TEST_CASE("Scheduler: what a breaker or a rate limit holds back here costs the call no request") {
  Sending s;
  s.server.on("GET", "/failing", Answer(503));
  s.server.on("GET", "/works").then(Answer(503)).times(1).then(Answer());
  for (int i = 0; i < 5; ++i) (void)s.get(To("/failing").repeatable(Repeatable::once)).wait();
  // Held by the breaker, then a failing probe, then held again, longer, then served.
  const auto answer = s.get(To("/works"), CallOptions().within(30s)).wait();
  CHECK(answer.has_value());
  CHECK(s.server.count("GET", "/works") == 2);
}

TEST_CASE("Scheduler: so many in flight, of one group and of all") {
  Sending s;
  s.server.on("GET", "/**", Answer().hold());
  Together<HttpAnswer> calls;
  for (int i = 0; i < 100; ++i) calls.start(s.get(To("/a").group("a")));
  REQUIRE(s.server.wait_for(most_of_one_group, "GET", "/a", 10s));
  for (int i = 0; i < 100; ++i) calls.start(s.get(To("/b").group("b")));
  REQUIRE(s.server.wait_for(most_in_flight - most_of_one_group, "GET", "/b", 10s));
  CHECK_FALSE(s.server.wait_for(most_in_flight + 1, "GET", "/**", 300ms));
  CHECK(s.server.count("GET", "/a") == most_of_one_group);
  s.server.on("GET", "/**", Answer());
  s.server.release();
  for (const auto& answer : calls.all()) CHECK(answer.has_value());
  CHECK(calls.ended() == 200);
}

TEST_CASE("Scheduler: a group that floods does not keep another waiting") {
  Sending s(2);
  s.server.on("GET", "/**", Answer().after(10ms));
  Together<HttpAnswer> flood;
  for (int i = 0; i < 1000; ++i) flood.start(s.get(To("/flood").group("loud"), CallOptions(), std::to_string(i)));
  REQUIRE(s.server.wait_for(most_of_one_group, "GET", "/flood", 10s));
  Together<HttpAnswer> quiet;
  for (int i = 0; i < 20; ++i) quiet.start(s.get(To("/quiet").group("quiet")));
  for (const auto& answer : quiet.all()) CHECK(answer.has_value());
  CHECK(quiet.ended() == 20);
  CHECK(flood.ended() < 900);
  for (const auto& answer : flood.all()) CHECK(answer.has_value());
}

TEST_CASE("Scheduler: at its bound a group is told busy, and others are not") {
  Sending s;
  s.server.on("GET", "/**", Answer().hold());
  Together<HttpAnswer> calls;
  const std::size_t fit = most_of_one_group + FairQueueLimits::default_waiting_per_group;
  for (std::size_t i = 0; i < fit; ++i) calls.start(s.get(To("/a").group("a")));
  REQUIRE(s.server.wait_for(most_of_one_group, "GET", "/a", 10s));
  const Error busy = s.get(To("/a").group("a")).wait().error();
  CHECK(busy.code() == Errc::busy);
  CHECK(busy.retriable());
  s.server.on("GET", "/b", Answer());
  CHECK(s.get(To("/b").group("b")).wait().has_value());
  s.server.on("GET", "/a", Answer());
  s.server.release();
  std::size_t served = 0;
  for (const auto& answer : calls.all()) served += answer.has_value() ? 1 : 0;
  CHECK(served == fit);
}

TEST_CASE("Scheduler: a limit holds back its own flow, without sending, until its time") {
  Sending s;
  s.server.on("GET", "/limited").then(Answer(429).header("Retry-After", "2")).times(1).then(Answer());
  s.server.on("GET", "/free", Answer());
  const auto begun = Clock::now();
  Together<HttpAnswer> limited;
  limited.start(s.get(To("/limited").flow("ana send")));
  REQUIRE(s.server.wait_for(1, "GET", "/limited", 5s));
  CHECK(s.get(To("/free").flow("ben send")).wait().has_value());
  CHECK(s.get(To("/free").flow("ana join")).wait().has_value());
  CHECK(Clock::now() - begun < 2s);
  // Others of the flow do not go and find out for themselves; who cannot wait is told how long it is.
  for (int i = 0; i < 5; ++i) limited.start(s.get(To("/limited").flow("ana send")));
  const Error held = s.get(To("/limited").flow("ana send"), CallOptions().within(100ms)).wait().error();
  CHECK(held.code() == Errc::rate_limited);
  CHECK(held.retry_after().has_value());
  CHECK(s.server.count("GET", "/limited") == 1);
  for (const auto& answer : limited.all()) CHECK(answer.has_value());
  CHECK(Clock::now() - begun >= 2s);
  CHECK(s.server.count("GET", "/limited") == 7);
}

TEST_CASE("Scheduler: who waits for a limit takes no place in flight") {
  Sending s;
  s.server.on("GET", "/limited", Answer(429).header("Retry-After", "20"));
  s.server.on("GET", "/free", Answer());
  Together<HttpAnswer> limited;
  for (std::size_t i = 0; i < most_in_flight * 2; ++i)
    limited.start(s.get(To("/limited").flow(std::to_string(i)), CallOptions().within(25s)));
  REQUIRE(s.server.wait_for(most_in_flight * 2, "GET", "/limited", 10s));
  const auto begun = Clock::now();
  CHECK(s.get(To("/free")).wait().has_value());
  CHECK(Clock::now() - begun < 5s);
}

TEST_CASE("Scheduler: who gives up in the queue never goes, and leaves its place to others") {
  Sending s;
  s.server.on("GET", "/hold", Answer().hold());
  Together<HttpAnswer> holding;
  for (std::size_t i = 0; i < most_of_one_group; ++i) holding.start(s.get(To("/hold")));
  REQUIRE(s.server.wait_for(most_of_one_group, "GET", "/hold", 10s));
  s.server.on("GET", "/queued", Answer());
  Together<HttpAnswer> cancelled;
  const Operation operation = cancelled.start(s.get(To("/cancelled")));
  CHECK(s.get(To("/late"), CallOptions().within(30ms)).wait().error().code() == Errc::timed_out);
  Together<HttpAnswer> queued;
  for (int i = 0; i < 10; ++i) queued.start(s.get(To("/queued")));
  operation.cancel();
  CHECK(cancelled.all().at(0).error().code() == Errc::cancelled);
  CHECK(queued.ended() == 0);
  s.server.on("GET", "/hold", Answer());
  s.server.release();
  for (const auto& answer : queued.all()) CHECK(answer.has_value());
  for (const auto& answer : holding.all()) CHECK(answer.has_value());
  CHECK(s.server.count("GET", "/cancelled") == 0);
  CHECK(s.server.count("GET", "/late") == 0);
}

TEST_CASE("Scheduler: a call causes four requests at most, and one when it may not be repeated") {
  Sending s;
  s.server.on("GET", "/cut", Answer().close_before_answer());
  CHECK(s.get(To("/cut")).wait().error().code() == Errc::unavailable);
  CHECK(s.server.count("GET", "/cut") == 4);
  const Error open = s.get(To("/cut").repeatable(Repeatable::once)).wait().error();
  CHECK(open.code() == Errc::outcome_unknown);
  CHECK(s.server.count("GET", "/cut") == 5);
}

TEST_CASE("Scheduler: let go of while its requests are in flight, it lives until they end") {
  Sending s(2);
  s.server.on("GET", "/**", Answer().hold());
  Together<HttpAnswer> calls;
  for (int i = 0; i < 10; ++i) calls.start(s.get(To("/x"), CallOptions(), std::to_string(i)));
  REQUIRE(s.server.wait_for(10, "GET", "/x", 10s));
  const std::weak_ptr<Scheduler> alive = s.scheduler;
  s.scheduler.reset();
  CHECK_FALSE(alive.expired());
  s.server.on("GET", "/**", Answer());
  s.server.release();
  for (const auto& answer : calls.all()) CHECK(answer.has_value());
  CHECK(calls.ended() == 10);
}

TEST_CASE("Scheduler: the end of the Runtime ends what is in flight, queued and held") {
  Together<HttpAnswer> calls;
  std::shared_ptr<Scheduler> outlives;
  {
    Sending s(2);
    outlives = s.scheduler;
    s.server.on("GET", "/**", Answer().hold());
    s.server.on("GET", "/limited", Answer(429).header("Retry-After", "20"));
    for (int i = 0; i < 100; ++i) calls.start(s.get(To("/x"), CallOptions(), std::to_string(i)));
    calls.start(s.get(To("/limited").group("other")));
    REQUIRE(s.server.wait_for(most_of_one_group, "GET", "/x", 10s));
    REQUIRE(s.server.wait_for(1, "GET", "/limited", 10s));
  }
  const auto results = calls.all();
  REQUIRE(results.size() == 101);
  for (const auto& result : results) {
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code() == Errc::closed);
  }
}
