// How a send ends that cannot be settled, or is not allowed to: deadlines, cancellation, failures all the way.
#include <doctest/doctest.h>

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "services/message_service.hpp"
#include "unit/services/in_room.hpp"

using namespace std::chrono_literals;
using namespace confab;
using confab::test::Answer;
using confab::test::html;
using confab::test::InRoom;
using confab::test::login_as_path;
using confab::test::messages_path;
using confab::test::send_path;
using confab::test::Together;

TEST_CASE("MessageService: what cannot be settled ends open, with the transaction id and at most four requests") {
  SUBCASE("the homeserver fails throughout") {
    InRoom at;
    at.hs.on("PUT", send_path, Answer::real().close_before_answer());
    at.hs.on("GET", messages_path, html(502));
    const Error error = at.send(at.message("maybe", "t1")).wait().error();
    CHECK(error.code() == Errc::outcome_unknown);
    CHECK(error.transaction_id() == "t1");
    CHECK(error.retriable());
    CHECK(at.own_requests() <= 4);
    CHECK(at.posted("maybe") == 1);
    // Repeated as told, when the homeserver is well again.
    at.hs.clear_scripts();
    CHECK(at.send(at.message("maybe", "t1").repeated(true)).wait().has_value());
    CHECK(at.posted("maybe") == 1);
  }
  SUBCASE("every send is lost before its work") {
    InRoom at;
    at.hs.on("PUT", send_path, html(502));
    const Error error = at.send(at.message("never", "t1")).wait().error();
    // The last request of the four was a look: it says for certain that nothing is there, but not that nothing comes.
    CHECK(error.code() == Errc::outcome_unknown);
    CHECK(at.own_requests() == 4);
    CHECK(at.hs.count("PUT", send_path) == 2);
    CHECK(at.posted("never") == 0);
  }
  SUBCASE("more was said since its first attempt than is read") {
    InRoom at;
    const auto now = std::chrono::system_clock::now();
    const std::string stamp =
        std::to_string(std::chrono::ceil<std::chrono::milliseconds>(now.time_since_epoch()).count());
    at.hs.on("GET", messages_path,
             Answer(200, R"({"chunk":[{"type":"m.room.message","event_id":"$e","room_id":"!r:hs.test","content":{},)"
                         R"("sender":"@ana:hs.test","origin_server_ts":)" +
                             stamp + R"(}],"start":"a","end":"b"})"));
    const Error error = at.send(at.message("far back", "t1").repeated(true).first_tried(now)).wait().error();
    CHECK(error.code() == Errc::outcome_unknown);
    CHECK(error.transaction_id() == "t1");
    CHECK(at.hs.count("GET", messages_path) == 20);
    CHECK(at.hs.count("PUT", send_path) == 0);
  }
  SUBCASE("the room cannot be read any more") {
    InRoom at;
    at.hs.fail_next(1, "PUT", send_path, Answer::real().close_before_answer());
    at.hs.on("GET", messages_path, Answer::error(403, "M_FORBIDDEN"));
    const Error error = at.send(at.message("maybe", "t1")).wait().error();
    CHECK(error.code() == Errc::outcome_unknown);
    CHECK(error.transaction_id() == "t1");
    CHECK(error.errcode() == "M_FORBIDDEN");
    CHECK_FALSE(error.retriable());
    CHECK(at.hs.count("PUT", send_path) == 1);
  }
}

TEST_CASE("MessageService: a clock that is ahead of the homeserver's by minutes hides no earlier attempt") {
  InRoom at;
  REQUIRE(at.send(at.message("once", "t1")).wait().has_value());
  // More than one look reads.
  for (int i = 0; i < 100; ++i) REQUIRE(at.send(at.message("later", "x" + std::to_string(i))).wait().has_value());
  at.hs.forget_requests();
  const auto repeated = [&](std::chrono::minutes ahead) {
    const auto first = std::chrono::system_clock::now() + ahead;
    return at.send(at.message("once", "t1").repeated(true).first_tried(first)).wait().has_value();
  };
  CHECK(repeated(9min));
  CHECK(at.hs.count("GET", messages_path) == 2);
  CHECK(at.posted("once") == 1);
  // The bound that is documented: beyond it only the newest hundred are looked through.
  at.hs.forget_requests();
  CHECK(repeated(11min));
  CHECK(at.hs.count("GET", messages_path) == 1);
}

TEST_CASE("MessageService: failures on the way to a token leave nothing open") {
  struct Case {
    const char* name;
    Answer answer;
    Errc code;
  };
  const std::vector<Case> cases = {
      {"502", html(502), Errc::unavailable},
      {"lost answers", Answer::real().close_before_answer(), Errc::unavailable},
      {"no Matrix", Answer(200, "<html>"), Errc::protocol},
      {"not allowed", Answer::error(403, "M_FORBIDDEN"), Errc::admin_unavailable},
  };
  for (const Case& each : cases) {
    for (const bool killed : {false, true}) {
      CAPTURE(each.name);
      CAPTURE(killed);
      InRoom at;
      const MatrixUserId cat = at.add("cat");
      if (killed) {
        REQUIRE(at.join(at.room, cat).wait());
        at.hs.kill_token(cat.str());
      }
      at.hs.on("POST", login_as_path, each.answer);
      const Error error = at.send(ProviderMessage(at.room, cat, "no", TransactionId("t1"))).wait().error();
      CHECK(error.code() == each.code);
      CHECK(error.transaction_id() == "t1");
      CHECK(at.hs.count("GET", messages_path) == 0);
      CHECK(at.posted("no") == 0);
    }
  }
}

TEST_CASE("MessageService: what is too large for an event is refused before anything is sent") {
  InRoom at;
  const Error error = at.send(at.message(std::string(70'000, 'x'), "t1")).wait().error();
  CHECK(error.code() == Errc::too_large);
  CHECK(at.hs.count("PUT", send_path) == 0);
  CHECK(at.hs.count("GET", messages_path) == 0);
}

TEST_CASE("MessageService: an answer over its bound may belong to a message that arrived") {
  InRoom at;
  at.hs.fail_next(1, "PUT", send_path, Answer(200, "").huge(64ULL << 20U));
  CHECK(at.send(at.message("once", "t1")).wait().has_value());
  CHECK(at.posted("once") == 1);
  CHECK(at.hs.count("GET", messages_path) == 1);
}

TEST_CASE("MessageService: deadline and cancellation, before and after the first byte") {
  InRoom at;
  REQUIRE(at.send(at.message("warm", "t0")).wait());
  SUBCASE("deadline that has passed") {
    const Error error = at.send(at.message("no", "t1"), CallOptions().within(0ns)).wait().error();
    CHECK(error.code() == Errc::timed_out);
    CHECK(at.posted("no") == 0);
  }
  SUBCASE("stopped before it began") {
    std::stop_source stop;
    stop.request_stop();
    const Error error = at.send(at.message("no", "t1"), CallOptions().stop(stop.get_token())).wait().error();
    CHECK(error.code() == Errc::cancelled);
    CHECK(at.posted("no") == 0);
  }
  SUBCASE("deadline while the answer is awaited") {
    at.hs.on("PUT", send_path, Answer::real().hold());
    const Error error = at.send(at.message("maybe", "t1"), CallOptions().within(2s)).wait().error();
    CHECK(error.code() == Errc::outcome_unknown);
    CHECK(error.transaction_id() == "t1");
    at.hs.clear_scripts();
    CHECK(at.send(at.message("maybe", "t1").repeated(true)).wait().has_value());
    CHECK(at.posted("maybe") == 1);
  }
  SUBCASE("cancelled while the answer is awaited") {
    at.hs.on("PUT", send_path, Answer::real().hold());
    at.hs.forget_requests();
    Together<EventId> sends;
    const Operation operation = sends.start(at.send(at.message("maybe", "t1")));
    REQUIRE(at.hs.wait_for(1, "PUT", send_path, 5s));
    operation.cancel();
    const Error error = sends.all().at(0).error();
    CHECK(error.code() == Errc::outcome_unknown);
    CHECK(error.transaction_id() == "t1");
  }
  SUBCASE("cancelled while waiting to look") {
    at.hs.fail_next(1, "PUT", send_path, Answer::real().close_before_answer());
    at.hs.on("GET", messages_path, Answer().hold());
    at.hs.forget_requests();
    Together<EventId> sends;
    const Operation operation = sends.start(at.send(at.message("maybe", "t1")));
    REQUIRE(at.hs.wait_for(1, "GET", messages_path, 5s));
    operation.cancel();
    const Error error = sends.all().at(0).error();
    CHECK(error.code() == Errc::outcome_unknown);
    CHECK(error.transaction_id() == "t1");
    CHECK(error.retriable());
  }
  SUBCASE("cancelled while a limit is waited out: refused, so certain") {
    at.hs.on("PUT", send_path, Answer::error(429, "M_LIMIT_EXCEEDED").header("Retry-After", "60"));
    // The first learns of the limit, which is longer than its time; the next knows it and sends nothing.
    CHECK(at.send(at.message("no", "t0"), CallOptions().within(10s)).wait().error().code() == Errc::rate_limited);
    at.hs.forget_requests();
    Together<EventId> sends;
    const Operation operation = sends.start(at.send(at.message("no", "t1"), CallOptions().within(300s)));
    operation.cancel();
    CHECK(sends.all().at(0).error().code() == Errc::cancelled);
    CHECK(at.hs.count("PUT", send_path) == 0);
  }
}

TEST_CASE("MessageService: sends of one user in flight when the Runtime ends are all answered, with their ids") {
  Together<EventId> sends;
  {
    InRoom at(2);
    REQUIRE(at.send(at.message("warm", "t0")).wait());
    at.hs.on("PUT", send_path, Answer::real().hold());
    at.hs.forget_requests();
    for (int i = 0; i < 10; ++i) sends.start(at.send(at.message("maybe", "t" + std::to_string(i))));
    REQUIRE(at.hs.wait_for(10, "PUT", send_path, 5s));
  }
  const auto results = sends.all();
  REQUIRE(results.size() == 10);
  for (const auto& result : results) {
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code() == Errc::outcome_unknown);
    CHECK_FALSE(result.error().transaction_id().empty());
  }
}

TEST_CASE("MessageService: history is a page of messages, oldest page last, without what is no message") {
  InRoom at;
  for (int i = 0; i < 5; ++i) REQUIRE(at.send(at.message("word " + std::to_string(i), "t" + std::to_string(i))).wait());
  const auto page = [&](std::size_t limit, const PageToken& from) {
    return test::run<MessagePage>(at.runtime, [&](net::CallContext context) {
      return services::MessageService::history(
          at.messages, ProviderHistoryRequest(at.room, at.ben).limit(limit).from(from), std::move(context));
    });
  };
  const MessagePage newest = page(2, PageToken()).value();
  REQUIRE(newest.messages().size() == 2);
  REQUIRE_FALSE(newest.end().empty());
  const MessagePage older = page(2, newest.end()).value();
  REQUIRE(older.messages().size() == 2);
  CHECK(older.messages()[0].id() != newest.messages()[0].id());
  const MatrixUserId stranger = at.add("cat");
  const auto refused = test::run<MessagePage>(at.runtime, [&](net::CallContext context) {
    return services::MessageService::history(at.messages, ProviderHistoryRequest(at.room, stranger).limit(5),
                                             std::move(context));
  });
  CHECK(refused.error().code() == Errc::forbidden);
}
