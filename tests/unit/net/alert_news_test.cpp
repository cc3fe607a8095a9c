#include "net/alert_news.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "unit/net/on_runtime.hpp"

using namespace std::chrono_literals;
using namespace confab;

namespace {

void say(const Runtime& runtime, const char* code, LogLevel level = LogLevel::warning, std::string text = "text") {
  runtime.core()->log().write(level, "credentials", code, text, "@admin:hs.test");
}

// What a handler was told, in its order.
struct Heard {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Alert> alerts;

  void take(const Alert& alert) {
    const std::lock_guard lock(mutex);
    alerts.push_back(alert);
    changed.notify_all();
  }
  [[nodiscard]] bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 10s, [&] { return alerts.size() >= count; });
  }
};

}  // namespace

TEST_CASE("alerts: the handler is told, on the executor and whole, whatever is logged") {
  for (const bool logs : {false, true}) {
    CAPTURE(logs);
    Heard heard;
    std::vector<std::string> lines;
    RuntimeOptions options;
    options.alerts([&](const Alert& alert) {
      CHECK(detail::on_library_thread());
      heard.take(alert);
    });
    if (logs) {
      options.log([&](const LogRecord& line) { lines.emplace_back(line.code()); }, LogLevel::error);
    }
    const Runtime runtime(options);
    const auto before = std::chrono::system_clock::now();
    say(runtime, "admin.refused");
    say(runtime, "matrix.admin.token.updated", LogLevel::info);
    say(runtime, "admin.back", LogLevel::info);
    say(runtime, "something.else", LogLevel::error);
    REQUIRE(heard.wait_for(3));
    const std::lock_guard lock(heard.mutex);
    const Alert& first = heard.alerts.front();
    CHECK(first.kind() == AlertKind::admin_refused);
    CHECK(first.level() == LogLevel::warning);
    CHECK(first.component() == "credentials");
    CHECK(first.code() == "admin.refused");
    CHECK(first.message() == "text");
    CHECK(first.subject() == "@admin:hs.test");
    CHECK(first.time() >= before);
    CHECK(first.dropped() == 0);
    CHECK(heard.alerts.at(1).kind() == AlertKind::admin_back);
    CHECK(heard.alerts.at(2).kind() == AlertKind::failure);
    CHECK(lines == (logs ? std::vector<std::string>{"something.else"} : std::vector<std::string>()));
  }
}

TEST_CASE("alerts: no line of one holds a token") {
  Heard heard;
  const Runtime runtime(RuntimeOptions().alerts([&](const Alert& alert) { heard.take(alert); }));
  say(runtime, "admin.refused", LogLevel::warning, "GET /x?access_token=syt_c2VjcmV0_abcdef");
  REQUIRE(heard.wait_for(1));
  CHECK(heard.alerts.front().message().find("c2VjcmV0") == std::string::npos);
}

TEST_CASE("alerts: a handler that is behind loses the newest, and is told how many") {
  Heard heard;
  std::promise<void> inside;
  std::promise<void> go;
  std::shared_future<void> may_go = go.get_future().share();
  bool first = true;
  const Runtime runtime(RuntimeOptions().alerts([&](const Alert& alert) {
    if (std::exchange(first, false)) {
      inside.set_value();
      may_go.wait();
    }
    heard.take(alert);
  }));
  say(runtime, "admin.refused");
  inside.get_future().wait();
  for (std::size_t i = 0; i < net::AlertNews::most_alerts + 7; ++i) say(runtime, "admin.refused");
  go.set_value();
  REQUIRE(heard.wait_for(1 + net::AlertNews::most_alerts));
  say(runtime, "admin.back", LogLevel::info);
  REQUIRE(heard.wait_for(2 + net::AlertNews::most_alerts));
  const std::lock_guard lock(heard.mutex);
  CHECK(heard.alerts.size() == 2 + net::AlertNews::most_alerts);
  CHECK(heard.alerts.at(heard.alerts.size() - 2).dropped() == 0);
  CHECK(heard.alerts.back().kind() == AlertKind::admin_back);
  CHECK(heard.alerts.back().dropped() == 7);
}

TEST_CASE("alerts: a handler that throws is told the next one, and not of what it threw") {
  Heard heard;
  const Runtime runtime(RuntimeOptions().alerts([&](const Alert& alert) {
    heard.take(alert);
    throw std::runtime_error("from a handler");
  }));
  say(runtime, "admin.refused");
  say(runtime, "admin.back", LogLevel::info);
  REQUIRE(heard.wait_for(2));
  const std::lock_guard lock(heard.mutex);
  CHECK(heard.alerts.size() == 2);
}

TEST_CASE("alerts: a handler of the host that throws is an alert") {
  Heard heard;
  Runtime runtime(RuntimeOptions().alerts([&](const Alert& alert) { heard.take(alert); }));
  const Operation operation =
      net::describe<void>(runtime.core(), "ana", CallOptions(), [](net::CallContext) -> Task<Result<void>> {
        co_return Result<void>();
      }).start([](const Result<void>&) { throw std::runtime_error("from a handler"); });
  REQUIRE(heard.wait_for(1));
  CHECK(heard.alerts.front().kind() == AlertKind::failure);
  CHECK(heard.alerts.front().code() == "handler.threw");
}

TEST_CASE("alerts: each stream is told what came after it was opened") {
  const Runtime runtime;
  say(runtime, "admin.refused");
  AlertStream one = runtime.alerts();
  say(runtime, "breaker.open");
  AlertStream two = runtime.alerts();
  say(runtime, "breaker.closed", LogLevel::info);
  const auto both = one.next().wait();
  REQUIRE(both);
  REQUIRE(both->size() == 2);
  CHECK(both->at(0).kind() == AlertKind::homeserver_failing);
  CHECK(both->at(1).kind() == AlertKind::homeserver_back);
  const auto last = two.next().wait();
  REQUIRE(last);
  REQUIRE(last->size() == 1);
  CHECK(last->at(0).kind() == AlertKind::homeserver_back);
  CHECK(one.next(CallOptions().within(0ms)).wait().error().code() == Errc::timed_out);
}

TEST_CASE("alerts: a stream that is waited on wakes, one that is closed says so, and one next() at a time") {
  const Runtime runtime;
  AlertStream stream = runtime.alerts();
  test::Together<AlertBatch> waiting;
  waiting.start(stream.next());
  CHECK(stream.next().wait().error().code() == Errc::busy);
  say(runtime, "admin.refused");
  REQUIRE(waiting.wait_for(1));
  CHECK(waiting.all().at(0)->front().kind() == AlertKind::admin_refused);
  waiting.start(stream.next());
  stream.close();
  CHECK(waiting.all().at(1).error().code() == Errc::closed);
  say(runtime, "admin.back", LogLevel::info);
  CHECK(stream.next().wait().error().code() == Errc::closed);
}

TEST_CASE("alerts: a stream that nobody pulls forgets the oldest, and says how many") {
  const Runtime runtime;
  AlertStream stream = runtime.alerts();
  for (std::size_t i = 0; i < net::AlertNews::most_alerts + 3; ++i) {
    say(runtime, i % 2 == 0 ? "admin.refused" : "admin.back", LogLevel::info);
  }
  const auto batch = stream.next().wait();
  REQUIRE(batch);
  CHECK(batch->size() == net::AlertNews::most_alerts);
  CHECK(batch->front().dropped() == 3);
  CHECK(batch->front().kind() == AlertKind::admin_back);
  CHECK(batch->at(1).dropped() == 0);
  say(runtime, "admin.refused");
  CHECK(stream.next().wait()->front().dropped() == 0);
}

TEST_CASE("alerts: a stream and a wait on it outlive their Runtime") {
  auto runtime = std::make_unique<Runtime>();
  AlertStream stream = runtime->alerts();
  test::Together<AlertBatch> waiting;
  waiting.start(stream.next());
  runtime.reset();
  CHECK(waiting.all().at(0).error().code() == Errc::closed);
  CHECK(stream.next().wait().error().code() == Errc::closed);
  stream.close();
}

TEST_CASE("alerts: what is told while the Runtime goes away has been told when it is gone") {
  Heard heard;
  {
    const Runtime runtime(RuntimeOptions().alerts([&](const Alert& alert) { heard.take(alert); }));
    for (int i = 0; i < 50; ++i) say(runtime, "admin.refused");
  }
  CHECK(heard.alerts.size() == 50);
}

TEST_CASE("alerts: every kind has a name, and a line's code tells its kind") {
  const AlertKind kinds[] = {
      AlertKind::homeserver_failing, AlertKind::homeserver_back, AlertKind::admin_refused, AlertKind::admin_back,
      AlertKind::appservice_refused, AlertKind::appservice_back, AlertKind::failure};
  std::vector<std::string> names;
  for (const AlertKind kind : kinds) names.emplace_back(alert_kind_name(kind));
  CHECK(names == std::vector<std::string>{"homeserver_failing", "homeserver_back", "admin_refused", "admin_back",
                                          "appservice_refused", "appservice_back", "failure"});
  CHECK(alert_kind_of(LogLevel::warning, "appservice.refused") == AlertKind::appservice_refused);
  CHECK(alert_kind_of(LogLevel::info, "appservice.back") == AlertKind::appservice_back);
  CHECK(alert_kind_of(LogLevel::error, "anything") == AlertKind::failure);
  CHECK(!alert_kind_of(LogLevel::warning, "executor.threw"));
}
