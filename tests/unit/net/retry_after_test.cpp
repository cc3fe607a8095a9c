#include "net/retry_after.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

using confab::net::Headers;
using confab::net::max_retry_after;
using confab::net::parse_http_date;
using confab::net::parse_retry_after;
using confab::net::retry_after;
using namespace std::chrono;

namespace {
constexpr sys_seconds now = sys_days(year(2026) / 3 / 1) + hours(12);
constexpr sys_seconds sample = sys_days(year(1994) / 11 / 6) + hours(8) + minutes(49) + seconds(37);
}  // namespace

TEST_CASE("retry_after: the three date forms of RFC 9110") {
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", now) == sample);
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now) == sample);
  CHECK(parse_http_date("Sun Nov  6 08:49:37 1994", now) == sample);
  CHECK(parse_http_date("Tue Nov 16 08:49:37 1994", now) == sample + days(10));
  // Two digits: at most 50 years ahead, otherwise the past.
  CHECK(parse_http_date("Friday, 01-Mar-76 00:00:00 GMT", now) == sys_days(year(2076) / 3 / 1));
  CHECK(parse_http_date("Friday, 01-Mar-77 00:00:00 GMT", now) == sys_days(year(1977) / 3 / 1));
  CHECK(parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT", now) == sys_days(year(2017) / 1 / 1));
  CHECK(parse_http_date("Thu, 29 Feb 2024 00:00:00 GMT", now).has_value());
}

TEST_CASE("retry_after: every proper prefix and every one-byte corruption of a date is refused or read, never both") {
  for (const std::string date :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    for (std::size_t end = 0; end < date.size(); ++end) {
      CAPTURE(date.substr(0, end));
      CHECK_FALSE(parse_http_date(date.substr(0, end), now).has_value());
    }
    CHECK_FALSE(parse_http_date(date + " ", now).has_value());
    for (std::size_t at = 0; at < date.size(); ++at) {
      std::string broken = date;
      broken[at] = '\x7f';
      CAPTURE(broken);
      CHECK_FALSE(parse_http_date(broken, now).has_value());
    }
  }
  for (const char* text :
       {"Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET",
        "Thu, 29 Feb 2023 00:00:00 GMT", "sun, 06 nov 1994 08:49:37 gmt", ",", ",,,"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_http_date(text, now).has_value());
  }
}

TEST_CASE("retry_after: one header value") {
  struct Row {
    std::string value;
    std::optional<milliseconds> wait;
  };
  for (const Row& row : std::vector<Row>{
           {"0", 0ms},
           {"5", 5s},
           {" 5\t", 5s},
           {"0005", 5s},
           {"331", 331s},
           {"1.0", 1s},
           {"1.2", 2s},
           {"3600", 1h},
           {"3601", 1h},
           {"3600.5", 1h},
           {std::string(400, '9'), 1h},
           {"Sun, 01 Mar 2026 12:00:30 GMT", 30s},
           {"Sun, 01 Mar 2026 11:59:59 GMT", 0ms},
           {"Fri, 31 Dec 9999 23:59:59 GMT", 1h},
           {"Fri, 01 Jan 0000 00:00:00 GMT", 0ms},
           {"", std::nullopt},
           {"-1", std::nullopt},
           {"+1", std::nullopt},
           {"1.", std::nullopt},
           {".5", std::nullopt},
           {"1e3", std::nullopt},
           {"0x10", std::nullopt},
           {"5 s", std::nullopt},
           {"5, 6", std::nullopt},
           {"soon", std::nullopt},
           {"NaN", std::nullopt},
       }) {
    CAPTURE(row.value);
    CHECK(parse_retry_after(row.value, now) == row.wait);
  }
}

TEST_CASE("retry_after: the longest of what an answer says") {
  Headers none;
  CHECK(retry_after(none, std::nullopt, now) == std::nullopt);
  CHECK(retry_after(none, 1500.0, now) == 1500ms);
  CHECK(retry_after(none, 0.2, now) == 1ms);
  CHECK(retry_after(none, 0.0, now) == 0ms);
  CHECK(retry_after(none, -0.0, now) == 0ms);
  CHECK(retry_after(none, -1.0, now) == std::nullopt);
  CHECK(retry_after(none, 1e300, now) == max_retry_after);
  CHECK(retry_after(none, std::numeric_limits<double>::infinity(), now) == std::nullopt);
  CHECK(retry_after(none, std::numeric_limits<double>::quiet_NaN(), now) == std::nullopt);

  Headers headers;
  REQUIRE(headers.add("Retry-After", "2").has_value());
  CHECK(retry_after(headers, std::nullopt, now) == 2s);
  CHECK(retry_after(headers, 1500.0, now) == 2s);
  CHECK(retry_after(headers, 2500.0, now) == 2500ms);
  REQUIRE(headers.add("retry-after", "garbage").has_value());
  REQUIRE(headers.add("RETRY-AFTER", "7").has_value());
  CHECK(retry_after(headers, 2500.0, now) == 7s);
}

TEST_CASE("retry_after: a date is measured from the answer's own clock") {
  Headers headers;
  REQUIRE(headers.add("Retry-After", "Sun, 01 Mar 2026 12:00:30 GMT").has_value());
  CHECK(retry_after(headers, std::nullopt, now - hours(9)) == max_retry_after);
  REQUIRE(headers.add("Date", "Sun, 01 Mar 2026 12:00:20 GMT").has_value());
  CHECK(retry_after(headers, std::nullopt, now - hours(9)) == 10s);
  CHECK(retry_after(headers, std::nullopt, now + hours(9)) == 10s);
  REQUIRE(headers.set("Date", "yesterday").has_value());
  CHECK(retry_after(headers, std::nullopt, now) == 30s);
}
