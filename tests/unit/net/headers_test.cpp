#include "net/headers.hpp"

#include <doctest/doctest.h>

#include <string>

using confab::Errc;
using confab::net::HeaderLine;
using confab::net::Headers;

TEST_CASE("headers: names compare without case, the first value wins, order is kept") {
  Headers headers;
  REQUIRE(headers.add("Content-Type", "  text/plain\t").has_value());
  REQUIRE(headers.add("X-A", "1").has_value());
  REQUIRE(headers.add("x-a", "2").has_value());
  CHECK(headers.get("content-type") == "text/plain");
  CHECK(headers.get("X-a") == "1");
  CHECK_FALSE(headers.get("X-B").has_value());
  CHECK_FALSE(headers.get("").has_value());
  REQUIRE(headers.set("x-A", "3").has_value());
  CHECK(headers.get("x-a") == "3");
  CHECK(headers.fields().size() == 2);
  CHECK(headers.remove(headers.fields()[0].name) == 1);
  CHECK(headers.remove("x-a") == 1);
  CHECK(headers.empty());
  CHECK(headers.bytes() == 0);
}

TEST_CASE("headers: nothing can be smuggled into a second field") {
  for (int byte = 0; byte < 256; ++byte) {
    Headers headers;
    const char c = static_cast<char>(byte);
    const bool token = std::string("!#$%&'*+-.^_`|~").find(c) != std::string::npos || (c >= '0' && c <= '9') ||
                       (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool control = (byte < 0x20 && byte != '\t') || byte == 0x7F;
    CAPTURE(byte);
    CHECK(headers.add(std::string{'a', c}, "v").has_value() == (token && c != '\0'));
    CHECK(headers.add("b", std::string{'v', c, 'w'}).has_value() == !control);
  }
  Headers headers;
  CHECK(headers.add("Authorization", "Bearer x\r\nX-Evil: 1").error().code() == Errc::invalid_argument);
  CHECK(headers.add("", "v").error().code() == Errc::invalid_argument);
  CHECK(headers.empty());
  REQUIRE(headers.add("Authorization", "Bearer kept").has_value());
  const auto refused = headers.set("Authorization", "sesame\n");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message().find("sesame") == std::string_view::npos);
  CHECK(headers.get("authorization") == "Bearer kept");
}

TEST_CASE("headers: lines of an answer") {
  Headers headers;
  CHECK(headers.add_line("HTTP/1.1 100 Continue\r\n").value() == HeaderLine::status);
  CHECK(headers.add_line("X-Early: 1\r\n").value() == HeaderLine::field);
  CHECK(headers.add_line("\r\n").value() == HeaderLine::end);
  CHECK(headers.add_line("HTTP/2 429\r\n").value() == HeaderLine::status);
  CHECK(headers.status() == 429);
  CHECK_FALSE(headers.get("x-early").has_value());
  CHECK(headers.add_line("Retry-After:5\n").value() == HeaderLine::field);
  CHECK(headers.get("retry-after") == "5");
  CHECK(headers.add_line("X-Empty:").value() == HeaderLine::field);
  CHECK(headers.get("x-empty") == "");
  CHECK(headers.add_line("\tfolded\r\n").value() == HeaderLine::field);
  CHECK(headers.add_line("  again \r\n").value() == HeaderLine::field);
  CHECK(headers.get("x-empty") == "folded again");
  CHECK(headers.bytes() == std::string("Retry-After5X-Emptyfolded again").size());
  for (const char* malformed :
       {"no colon\r\n", "bad name: x\r\n", ": x\r\n", "Name : x\r\n", "X: a\x01\r\n", "HTTP/1.1 20\r\n"}) {
    CAPTURE(malformed);
    CHECK(headers.add_line(malformed).value() == HeaderLine::ignored);
    // A continuation of what was ignored must not be glued to the field before it.
    CHECK(headers.add_line(" more\r\n").value() == HeaderLine::ignored);
  }
  CHECK(headers.get("x-empty") == "folded again");
}

TEST_CASE("headers: both bounds hold, for building and for receiving") {
  Headers many;
  for (std::size_t i = 0; i < confab::net::max_header_fields; ++i) REQUIRE(many.add("A", "").has_value());
  CHECK(many.add("A", "").error().code() == Errc::too_large);
  CHECK(many.add_line("A: b").error().code() == Errc::protocol);
  CHECK(many.fields().size() == confab::net::max_header_fields);

  Headers big;
  REQUIRE(big.add("A", std::string(confab::net::max_header_bytes - 1, 'x')).has_value());
  CHECK(big.bytes() == confab::net::max_header_bytes);
  CHECK(big.add("B", "").error().code() == Errc::too_large);
  CHECK(big.add_line("B:").error().code() == Errc::protocol);
  REQUIRE(big.set("a", "small").has_value());
  CHECK(big.bytes() == 6);

  Headers folded;
  REQUIRE(folded.add_line("A: b").has_value());
  const std::string chunk = " " + std::string(9999, 'x');
  int taken = 0;
  while (folded.add_line(chunk).has_value()) ++taken;
  CHECK(taken == 6);
  CHECK(folded.bytes() <= confab::net::max_header_bytes);
}

TEST_CASE("headers: a field may be made of others") {
  Headers headers;
  REQUIRE(headers.add("First", "one").has_value());
  for (int i = 0; i < 60; ++i) {
    const auto field = headers.fields().back();
    REQUIRE(headers.add(field.name, field.value).has_value());  // the list grows, and what it is given points into it
  }
  CHECK(headers.fields().back().name == "First");
  CHECK(headers.fields().back().value == "one");
  CHECK(headers.remove("first") == 61);
  CHECK(headers.bytes() == 0);
}
