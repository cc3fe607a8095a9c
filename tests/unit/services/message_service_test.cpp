#include "services/message_service.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "unit/services/in_room.hpp"

using namespace std::chrono_literals;
using namespace confab;
using confab::test::Answer;
using confab::test::html;
using confab::test::InRoom;
using confab::test::messages_path;
using confab::test::send_path;
using confab::test::Together;

namespace {

Answer limited() { return Answer::error(429, "M_LIMIT_EXCEEDED"); }

// An HTTP date this far from now.
std::string http_date(std::chrono::seconds from_now) {
  const std::time_t when = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + from_now);
  std::tm parts{};
  gmtime_r(&when, &parts);
  char text[64];
  const std::size_t size = std::strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return std::string(text, size);
}

}  // namespace

TEST_CASE("MessageService: in the steady state a message is one request") {
  InRoom at;
  REQUIRE(at.send(at.message("first", "t0")).wait());
  at.hs.forget_requests();
  for (int i = 1; i <= 5; ++i) {
    const std::string id = "t" + std::to_string(i);
    CHECK(at.send(at.message("word " + id, id)).wait().has_value());
    CHECK(at.hs.count() == static_cast<std::size_t>(i));
  }
  const auto request = at.hs.requests().back();
  CHECK(request.method == "PUT");
  CHECK(request.segments.back() == "t5");
  CHECK(at.posted("word t5") == 1);
}

TEST_CASE("MessageService: a message whose answer was lost is found, not sent again") {
  InRoom at;
  at.hs.fail_next(1, "PUT", send_path, Answer::real().close_before_answer());
  const Result<EventId> sent = at.send(at.message("once", "t1")).wait();
  REQUIRE(sent);
  CHECK(at.posted("once") == 1);
  CHECK(at.hs.events(at.room.str()).back()["event_id"].as_string() == sent->str());
  CHECK(at.hs.count("PUT", send_path) == 1);
  CHECK(at.own_requests() == 2);
}

TEST_CASE("MessageService: posted once, whatever happens to the first request") {
  struct Case {
    const char* name;
    Answer answer;
  };
  const std::vector<Case> cases = {
      {"cut in the answer after the work", Answer::real().cut_after(5)},
      {"reset in the answer after the work", Answer::real().reset_after(3)},
      {"closed before the work", Answer().close_before_answer()},
      {"500 after the work", Answer::real().status_line("HTTP/1.1 500 Internal Server Error")},
      {"500 HTML", html(500)},
      {"502 HTML", html(502)},
      {"503 HTML", html(503)},
      {"504 HTML", html(504)},
      {"408 HTML", html(408)},
      {"502 after the work", Answer::real().status_line("HTTP/1.1 502 Bad Gateway")},
      {"200 that is no JSON", Answer(200, "<html>captive portal</html>")},
      {"200 without an event id", Answer(200, "{}")},
  };
  for (const Case& each : cases) {
    CAPTURE(each.name);
    InRoom at;
    at.hs.fail_next(1, "PUT", send_path, each.answer);
    CHECK(at.send(at.message("once", "t1")).wait().has_value());
    CHECK(at.posted("once") == 1);
    CHECK(at.own_requests() <= 4);
    for (const auto& request : at.hs.requests("PUT", send_path)) CHECK(request.segments.back() == "t1");
  }
}

TEST_CASE("MessageService: posted once though the homeserver restarts and forgets the transaction id") {
  InRoom at;
  at.hs.on("PUT", send_path)
      .then([&at](const test::Request&) {
        std::thread([&at] { at.hs.restart(); }).join();
        return Answer::real().close_before_answer();
      })
      .times(1);
  CHECK(at.send(at.message("once", "t1")).wait().has_value());
  CHECK(at.posted("once") == 1);

  // The restart between the lost answer and the look.
  at.hs.fail_next(1, "PUT", send_path, Answer::real().close_before_answer());
  at.hs.on("GET", messages_path)
      .then([&at](const test::Request&) {
        std::thread([&at] { at.hs.restart(); }).join();
        return html(503);
      })
      .times(1);
  CHECK(at.send(at.message("twice?", "t2")).wait().has_value());
  CHECK(at.posted("twice?") == 1);
}

TEST_CASE("MessageService: a rate limit is waited out in each of its four forms") {
  struct Case {
    const char* name;
    Answer answer;
    std::chrono::milliseconds least;
  };
  const std::vector<Case> cases = {
      {"seconds", limited().header("Retry-After", "1"), 1000ms},
      {"date", limited().header("Retry-After", http_date(3s)).header("Date", http_date(2s)), 1000ms},
      {"retry_after_ms", Answer(429, R"({"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":700})"), 700ms},
      {"none", html(429), 500ms},
      {"the longest of two",
       Answer(429, R"({"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":1200})").header("Retry-After", "0"), 1200ms},
  };
  for (const Case& each : cases) {
    CAPTURE(each.name);
    InRoom at;
    at.hs.fail_next(1, "PUT", send_path, each.answer);
    const auto begun = net::Clock::now();
    CHECK(at.send(at.message("once", "t1")).wait().has_value());
    CHECK(net::Clock::now() - begun >= each.least);
    CHECK(at.posted("once") == 1);
    CHECK(at.own_requests() == 2);
  }
}

TEST_CASE("MessageService: a limit longer than the deadline is told at once, and nothing was posted") {
  InRoom at;
  at.hs.on("PUT", send_path, limited().header("Retry-After", "300"));
  const auto begun = net::Clock::now();
  const Error error = at.send(at.message("no", "t1"), CallOptions().within(20s)).wait().error();
  CHECK(error.code() == Errc::rate_limited);
  REQUIRE(error.retry_after());
  CHECK(*error.retry_after() >= 300s);
  CHECK(error.transaction_id() == "t1");
  CHECK(net::Clock::now() - begun < 10s);
  CHECK(at.posted("no") == 0);
}

TEST_CASE("MessageService: a token killed in the middle is replaced unnoticed, under the same transaction id") {
  InRoom at;
  REQUIRE(at.send(at.message("before", "t0")).wait());
  at.hs.forget_requests();
  at.hs.kill_token(at.ana.str());
  CHECK(at.send(at.message("once", "t1")).wait().has_value());
  CHECK(at.posted("once") == 1);
  CHECK(at.mints() == 1);
  const auto requests = at.hs.requests("PUT", send_path);
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].segments.back() == "t1");
  CHECK(requests[1].segments.back() == "t1");
  CHECK(requests[0].token() != requests[1].token());
}

TEST_CASE("MessageService: fifty sends of one user across a killed token are posted once each, by one new token") {
  for (const bool admin_too : {false, true}) {
    CAPTURE(admin_too);
    InRoom at(2);
    REQUIRE(at.send(at.message("before", "t")).wait());
    at.hs.forget_requests();
    at.hs.kill_token(at.ana.str());
    if (admin_too) at.hs.kill_token(at.admin->user().str());
    Together<EventId> sends;
    for (int i = 0; i < 50; ++i) sends.start(at.send(at.message("word " + std::to_string(i), "t" + std::to_string(i))));
    for (const auto& sent : sends.all()) CHECK(sent.has_value());
    CHECK(sends.ended() == 50);
    for (int i = 0; i < 50; ++i) CHECK(at.posted("word " + std::to_string(i)) == 1);
    CHECK(at.mints() == 1);  // the look at the account meets the dead admin token
    CHECK(at.logins() == (admin_too ? 1 : 0));
  }
}

TEST_CASE("MessageService: the token dies and the answer is lost, and still once") {
  InRoom at;
  REQUIRE(at.send(at.message("before", "t0")).wait());
  at.hs.forget_requests();
  at.hs.on("PUT", send_path)
      .then([&at](const test::Request&) {
        at.hs.kill_token(at.ana.str());
        return Answer::error(502, "M_UNKNOWN").close_before_answer();
      })
      .times(1);
  CHECK(at.send(at.message("once", "t1")).wait().has_value());
  CHECK(at.posted("once") == 1);
  CHECK(at.own_requests() <= 4);
}

TEST_CASE("MessageService: what is no dead token starts no recovery, and is refused for certain") {
  struct Case {
    const char* name;
    Answer answer;
    Errc code;
  };
  const std::vector<Case> cases = {
      {"locked", Answer::error(401, "M_USER_LOCKED"), Errc::account_locked},
      {"forbidden", Answer::error(403, "M_FORBIDDEN"), Errc::forbidden},
      {"suspended", Answer::error(403, "M_USER_SUSPENDED"), Errc::account_suspended},
      {"closed", Answer::error(403, "M_USER_DEACTIVATED"), Errc::account_deactivated},
      {"asks for a password", Answer(401, R"({"flows":[{"stages":["m.login.password"]}]})"), Errc::forbidden},
      {"too large", Answer::error(413, "M_TOO_LARGE"), Errc::too_large},
      {"bad", Answer::error(400, "M_BAD_JSON"), Errc::invalid_argument},
  };
  for (const Case& each : cases) {
    CAPTURE(each.name);
    InRoom at;
    at.hs.on("PUT", send_path, each.answer);
    const Error error = at.send(at.message("no", "t1")).wait().error();
    CHECK(error.code() == each.code);
    CHECK(error.transaction_id() == "t1");
    CHECK(at.hs.count() == 1);
  }
}

TEST_CASE("MessageService: connections that break start no recovery, whatever becomes of the message") {
  InRoom at;
  REQUIRE(at.send(at.message("before", "t0")).wait());
  const std::size_t mints = at.mints();
  const std::size_t logins = at.logins();
  at.hs.on("*", "/_matrix/client/v3/rooms/**", Answer().close_before_answer());
  const Error error = at.send(at.message("once", "t1"), CallOptions().within(3s)).wait().error();
  CHECK(error.code() == Errc::outcome_unknown);
  CHECK(error.transaction_id() == "t1");
  at.hs.clear_scripts();
  CHECK(at.send(at.message("once", "t1").repeated(true)).wait().has_value());
  CHECK(at.posted("once") == 1);
  CHECK(at.hs.count("*", "/_matrix/client/v3/refresh") == 0);
  CHECK(at.mints() == mints);
  CHECK(at.logins() == logins);
}

TEST_CASE("MessageService: a repeated message is looked for first") {
  InRoom at;
  const Result<EventId> first = at.send(at.message("once", "t1")).wait();
  REQUIRE(first);
  REQUIRE(at.send(at.message("later", "t2")).wait());
  at.hs.restart();
  at.hs.forget_requests();
  CHECK(at.send(at.message("once", "t1").repeated(true)).wait().value() == *first);
  CHECK(at.posted("once") == 1);
  CHECK(at.hs.count("PUT", send_path) == 0);
  // One that did not arrive is sent.
  CHECK(at.send(at.message("new", "t3").repeated(true)).wait().has_value());
  CHECK(at.posted("new") == 1);
}

TEST_CASE("MessageService: another user's message with the same id in it is not taken for one's own") {
  InRoom at;
  REQUIRE(at.send(ProviderMessage(at.room, at.ben, "of ben", TransactionId("t1"))).wait());
  const Result<EventId> own = at.send(at.message("of ana", "t1").repeated(true)).wait();
  REQUIRE(own);
  CHECK(at.posted("of ana") == 1);
}

TEST_CASE("MessageService: two users of an application service may choose one transaction id") {
  InRoom at;
  at.hs.register_appservice("as-token");
  at.tokens->set_appservice(std::make_shared<credentials::Appservice>(at.client, Secret("as-token")));
  at.tokens->use_appservice("");
  const Result<EventId> first = at.send(at.message("of ana", "t1")).wait();
  const Result<EventId> second = at.send(ProviderMessage(at.room, at.ben, "of ben", TransactionId("t1"))).wait();
  REQUIRE(first.has_value());
  REQUIRE(second.has_value());
  CHECK(*first != *second);
  CHECK(at.posted("of ana") == 1);
  CHECK(at.posted("of ben") == 1);
  CHECK(at.send(at.message("of ana", "t1").repeated(true)).wait().value() == *first);
}
