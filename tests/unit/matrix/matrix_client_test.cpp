#include "matrix/matrix_client.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "matrix/endpoints/account.hpp"
#include "matrix/endpoints/send.hpp"
#include "matrix/endpoints/sync.hpp"
#include "matrix/endpoints/versions.hpp"
#include "support/fake_homeserver.hpp"
#include "unit/net/on_runtime.hpp"

using namespace std::chrono_literals;
using namespace confab;
using confab::test::Answer;
using confab::test::FakeHomeserver;
using confab::test::run;

namespace {

constexpr const char* whoami_path = "/_matrix/client/v3/account/whoami";
constexpr const char* token = "syt_very_secret";

struct Calling {
  Result<matrix::WhoamiAnswer> whoami(CallOptions options = CallOptions(),
                                      std::optional<net::Repeatable> repeatable = std::nullopt) {
    return run<matrix::WhoamiAnswer>(
        runtime,
        [this, repeatable](net::CallContext context) {
          return client->call(matrix::Whoami(), Secret(token), "@ana:hs.test", std::move(context), repeatable);
        },
        std::move(options));
  }

  FakeHomeserver server;
  Runtime runtime;
  std::shared_ptr<matrix::MatrixClient> client =
      std::make_shared<matrix::MatrixClient>(std::make_shared<net::Scheduler>(
          runtime.core(), net::HttpClientOptions(net::Url::parse_base(server.url()).value())));
};

net::HttpAnswer http(int status, std::vector<std::pair<std::string, std::string>> headers, std::string body) {
  net::Headers list;
  for (const auto& [name, value] : headers) REQUIRE(list.add(name, value));
  return net::HttpAnswer(status, std::move(list), std::move(body));
}

}  // namespace

TEST_CASE("MatrixClient: the token goes into the header, never into the URL, and only where it is needed") {
  Calling c;
  c.server.on("GET", whoami_path, Answer(200, R"({"user_id":"@ana:hs.test"})"));
  c.server.on("GET", "/_matrix/client/versions", Answer(200, R"({"versions":["v1.1"]})"));
  CHECK(c.whoami().value().user_id().str() == "@ana:hs.test");
  const auto request = c.server.requests().at(0);
  CHECK(request.header("authorization") == std::string("Bearer ") + token);
  CHECK(request.target.find(token) == std::string::npos);
  CHECK(run<matrix::VersionsAnswer>(c.runtime, [&](net::CallContext context) {
          return c.client->call(matrix::GetVersions(), Secret(token), "", std::move(context));
        }).has_value());
  CHECK(c.server.requests().at(1).header("authorization").empty());
}

TEST_CASE("MatrixClient: what comes back is an answer, a Matrix error, or a hint that this is no homeserver") {
  struct Case {
    Answer answer;
    Errc code;
    int status;
    const char* errcode;
  };
  const std::vector<Case> cases = {
      {Answer::error(401, "M_UNKNOWN_TOKEN"), Errc::session_expired, 401, "M_UNKNOWN_TOKEN"},
      {Answer::error(401, "M_USER_LOCKED"), Errc::account_locked, 401, "M_USER_LOCKED"},
      {Answer::error(403, "M_FORBIDDEN"), Errc::forbidden, 403, "M_FORBIDDEN"},
      {Answer::error(404, "M_NOT_FOUND"), Errc::not_found, 404, "M_NOT_FOUND"},
      {Answer::error(400, "ORG.EXAMPLE.ODD"), Errc::invalid_argument, 400, "ORG.EXAMPLE.ODD"},
      {Answer(404, "<html>"), Errc::protocol, 404, ""},
      {Answer(200, "<html>"), Errc::protocol, 200, ""},
      {Answer(200, "[]"), Errc::protocol, 0, ""},
      {Answer(200, "{}"), Errc::protocol, 0, ""},
      {Answer(302, "").header("Location", "https://elsewhere.example/"), Errc::protocol, 302, ""},
  };
  for (const Case& each : cases) {
    CAPTURE(each.answer.parts().status);
    CAPTURE(each.answer.parts().body);
    Calling c;
    c.server.on("GET", whoami_path, each.answer);
    const Result<matrix::WhoamiAnswer> answer = c.whoami();
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code() == each.code);
    CHECK(answer.error().errcode() == each.errcode);
    if (each.status != 0) CHECK(answer.error().http_status() == each.status);
    CHECK(answer.error().message().find(token) == std::string_view::npos);
    CHECK(c.server.count() == 1);
  }
}

TEST_CASE("MatrixClient: HTML in the place of JSON names the setting that is wrong") {
  Calling c;
  c.server.on("GET", whoami_path, Answer(200, "<html>captive portal</html>"));
  CHECK(c.whoami().error().subject() == "homeserver.url");
}

TEST_CASE(
    "MatrixClient: reads are repeated, and what the caller says of repeating goes before what the endpoint says") {
  Calling c;
  c.server.on("GET", whoami_path)
      .then(Answer().close_before_answer())
      .times(1)
      .then(Answer(200, R"({"user_id":"@ana:hs.test"})"));
  CHECK(c.whoami().has_value());
  CHECK(c.server.count() == 2);
  c.server.on("GET", whoami_path, Answer().close_before_answer());
  CHECK(c.whoami(CallOptions(), net::Repeatable::once).error().code() == Errc::outcome_unknown);
  CHECK(c.server.count() == 3);
}

TEST_CASE("MatrixClient: what cannot be encoded is refused without a request") {
  Calling c;
  const auto sent = run<matrix::EventIdAnswer>(c.runtime, [&](net::CallContext context) {
    return c.client->call(matrix::SendEvent(MatrixRoomId("no room"), "m.room.message", TransactionId("t"), "{}"),
                          Secret(token), "@ana:hs.test", std::move(context));
  });
  CHECK(sent.error().code() == Errc::invalid_argument);
  CHECK(c.server.count() == 0);
}

TEST_CASE("MatrixClient: a limit on one kind of request leaves the others of the account alone") {
  Calling c;
  c.server.on("GET", whoami_path, Answer::error(429, "M_LIMIT_EXCEEDED").header("Retry-After", "60"));
  CHECK(c.whoami(CallOptions().within(5s)).error().code() == Errc::rate_limited);
  c.server.on("GET", "/_matrix/client/versions", Answer(200, R"({"versions":["v1.1"]})"));
  CHECK(run<matrix::VersionsAnswer>(c.runtime, [&](net::CallContext context) {
          return c.client->call(matrix::GetVersions(), Secret(), "@ana:hs.test", std::move(context));
        }).has_value());
  CHECK(c.whoami(CallOptions().within(5s)).error().code() == Errc::rate_limited);
  CHECK(c.server.count("GET", whoami_path) == 1);
}

TEST_CASE("MatrixClient: a long poll keeps nobody waiting, and asks the homeserver to answer in time") {
  Calling c;
  c.server.on("GET", "/_matrix/client/v3/sync", Answer(200, R"({"next_batch":"s1"})").hold());
  c.server.on("GET", whoami_path, Answer(200, R"({"user_id":"@ana:hs.test"})"));
  test::Together<matrix::SyncAnswer> polls;
  for (int i = 0; i < 80; ++i) {
    polls.start(c.runtime, [&c](net::CallContext context) {
      matrix::SyncRequest request;
      request.since(PageToken("s0")).timeout(20s);
      return c.client->call(std::move(request), Secret(token), "@ana:hs.test", std::move(context));
    });
  }
  REQUIRE(c.server.wait_for(80, "GET", "/_matrix/client/v3/sync", 10s));
  CHECK(c.server.requests("GET", "/_matrix/client/v3/sync").at(0).parameter("timeout").value_or("") == "20000");
  CHECK(c.whoami().has_value());
  c.server.release();
  for (const auto& answer : polls.all()) CHECK(answer.has_value());
}

TEST_CASE("read_answer: the scheduler learns the wait, and the error of what it may have to repeat") {
  CHECK(matrix::read_answer(http(200, {}, "{}")).status() == 200);
  CHECK_FALSE(matrix::read_answer(http(403, {}, R"({"errcode":"M_FORBIDDEN"})")).error().has_value());
  const auto limited =
      matrix::read_answer(http(429, {{"Retry-After", "2"}}, R"({"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":3500})"));
  REQUIRE(limited.retry_after().has_value());
  CHECK(*limited.retry_after() == 3500ms);
  CHECK(limited.error()->errcode() == "M_LIMIT_EXCEEDED");
  CHECK_FALSE(matrix::read_answer(http(429, {}, "<html>")).retry_after().has_value());
  const auto failing = matrix::read_answer(http(503, {{"Retry-After", "7"}}, "<html>"));
  CHECK(failing.error()->code() == Errc::unavailable);
  CHECK(*failing.retry_after() == 7s);
}
