#include "matrix/error_answer.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace confab;
using namespace confab::matrix;
using namespace std::chrono_literals;

TEST_CASE("error answers: the errcode decides, then the status") {
  struct {
    int status;
    std::string_view errcode;
    Errc code;
    bool retriable;
  } cases[] = {
      {403, "M_FORBIDDEN", Errc::forbidden, false},
      {404, "M_NOT_FOUND", Errc::not_found, false},
      {429, "M_LIMIT_EXCEEDED", Errc::rate_limited, true},
      {401, "M_UNKNOWN_TOKEN", Errc::session_expired, false},
      {401, "M_MISSING_TOKEN", Errc::session_expired, false},
      {401, "M_USER_LOCKED", Errc::account_locked, false},
      {403, "M_USER_SUSPENDED", Errc::account_suspended, false},
      {403, "M_USER_DEACTIVATED", Errc::account_deactivated, false},
      {413, "M_TOO_LARGE", Errc::too_large, false},
      {400, "M_BAD_JSON", Errc::invalid_argument, false},
      {400, "M_NOT_JSON", Errc::invalid_argument, false},
      {400, "M_INVALID_PARAM", Errc::invalid_argument, false},
      {400, "M_INVALID_USERNAME", Errc::invalid_argument, false},
      {400, "M_ROOM_IN_USE", Errc::conflict, false},
      {400, "M_USER_IN_USE", Errc::conflict, false},
      {404, "M_UNRECOGNIZED", Errc::unsupported, false},
      {405, "M_UNRECOGNIZED", Errc::unsupported, false},
      {400, "M_UNSUPPORTED_ROOM_VERSION", Errc::unsupported, false},
      {400, "M_UNKNOWN", Errc::invalid_argument, false},
      {403, "M_UNKNOWN", Errc::forbidden, false},
      {404, "M_UNKNOWN", Errc::not_found, false},
      {409, "M_UNKNOWN", Errc::conflict, false},
      {429, "M_UNKNOWN", Errc::rate_limited, true},
      {500, "M_UNKNOWN", Errc::unavailable, true},
      {503, "M_UNKNOWN", Errc::unavailable, true},
      {418, "M_UNKNOWN", Errc::unknown, false},
      {403, "COM.EXAMPLE_CUSTOM", Errc::forbidden, false},
      {400, "COM.EXAMPLE_CUSTOM", Errc::invalid_argument, false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.errcode);
    CAPTURE(c.status);
    const ErrorAnswer answer(c.status, "{\"errcode\":\"" + std::string(c.errcode) + "\",\"error\":\"Some words\"}");
    CHECK(answer.is_matrix());
    CHECK(answer.error().code() == c.code);
    CHECK(answer.error().http_status() == c.status);
    CHECK(answer.error().errcode() == c.errcode);
    CHECK(answer.error().server_message() == "Some words");
    CHECK(answer.error().message().find("Some words") == std::string_view::npos);
    CHECK(answer.error().retriable() == c.retriable);
    CHECK_FALSE(answer.error().message().empty());
  }
}

TEST_CASE("error answers: what is no Matrix") {
  struct {
    int status;
    std::string_view body;
    Errc code;
  } cases[] = {
      {404, "<html>not found</html>", Errc::protocol},
      {403, "", Errc::protocol},
      {400, "{}", Errc::protocol},
      {400, "[]", Errc::protocol},
      {400, "{\"errcode\":5}", Errc::protocol},
      {400, "{\"errcode\":\"\"}", Errc::protocol},
      {400, "{\"errcode\":\"has spaces and\\nlines\"}", Errc::protocol},
      {401, "{\"error\":\"x\"}", Errc::protocol},
      {302, "", Errc::protocol},
      {407, "<html>", Errc::protocol},
      {413, "<html>413 Request Entity Too Large</html>", Errc::too_large},
      {429, "<html>", Errc::rate_limited},
      {408, "", Errc::unavailable},
      {500, "", Errc::unavailable},
      {502, "<html>Bad Gateway</html>", Errc::unavailable},
      {504, "{\"errcode\":", Errc::unavailable},
      {501, "", Errc::unsupported},
  };
  for (const auto& c : cases) {
    CAPTURE(c.status);
    CAPTURE(c.body);
    const ErrorAnswer answer(c.status, c.body);
    CHECK_FALSE(answer.is_matrix());
    CHECK(answer.error().code() == c.code);
    CHECK(answer.error().http_status() == c.status);
    CHECK(answer.error().errcode().empty());
  }
  CHECK(error_from_answer(400, std::string(200'000, '[')).code() == Errc::protocol);
}

TEST_CASE("error answers: soft logout") {
  CHECK(ErrorAnswer(401, R"({"errcode":"M_UNKNOWN_TOKEN","soft_logout":true})").soft_logout());
  CHECK_FALSE(ErrorAnswer(401, R"({"errcode":"M_UNKNOWN_TOKEN","soft_logout":false})").soft_logout());
  CHECK_FALSE(ErrorAnswer(401, R"({"errcode":"M_UNKNOWN_TOKEN"})").soft_logout());
  CHECK_FALSE(ErrorAnswer(401, R"({"errcode":"M_UNKNOWN_TOKEN","soft_logout":"true"})").soft_logout());
  CHECK(ErrorAnswer(401, R"({"errcode":"M_USER_LOCKED","soft_logout":true})").soft_logout());
  CHECK_FALSE(ErrorAnswer(403, R"({"errcode":"M_FORBIDDEN","soft_logout":true})").soft_logout());
}

TEST_CASE("error answers: 401 that asks for a password is no dead token") {
  const ErrorAnswer answer(401, R"({"flows":[{"stages":["m.login.password"]}],"params":{},"session":"abc"})");
  CHECK(answer.wants_interactive_auth());
  CHECK(answer.error().code() == Errc::forbidden);
}

TEST_CASE("error answers: retry_after_ms is passed on, bounded") {
  const auto wait = [](std::string_view value) {
    return ErrorAnswer(429, "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":" + std::string(value) + "}");
  };
  CHECK(wait("1500").error().retry_after() == 1500ms);
  CHECK(wait("1500").retry_after_ms() == 1500.0);
  CHECK(wait("12.5").retry_after_ms() == 12.5);
  CHECK(wait("-1").error().retry_after() == 0ms);
  CHECK(wait("1e300").error().retry_after() == 1h);
  CHECK(wait("99999999999999999999").error().retry_after() == 1h);
  CHECK_FALSE(wait("\"5\"").retry_after_ms());
  CHECK_FALSE(wait("null").error().retry_after());
  CHECK_FALSE(ErrorAnswer(403, R"({"errcode":"M_FORBIDDEN","retry_after_ms":5})").error().retry_after());
}
