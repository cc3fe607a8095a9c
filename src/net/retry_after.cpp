#include "net/retry_after.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "util/ascii.hpp"
#include "util/text.hpp"

namespace confab::net {

using std::chrono::milliseconds;
using std::chrono::sys_seconds;

namespace {

// Reads a date from left to right; after the first mismatch everything fails.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : text_(text) {}

  void skip(std::string_view literal) {
    if (text_.substr(0, literal.size()) != literal) return fail();
    text_.remove_prefix(literal.size());
  }
  int number(std::size_t digits) {
    int value = 0;
    if (text_.size() < digits) fail();
    for (std::size_t i = 0; ok_ && i < digits; ++i) {
      if (!ascii::is_digit(text_[i])) fail();
      value = value * 10 + (text_[i] - '0');
      if (!ok_) return 0;
    }
    if (!ok_) return 0;
    text_.remove_prefix(digits);
    return value;
  }
  // The day of asctime's form: "06" or " 6".
  int padded_day() {
    if (!text_.empty() && text_.front() == ' ') {
      text_.remove_prefix(1);
      return number(1);
    }
    return number(2);
  }
  template <std::size_t n>
  unsigned name(const std::array<std::string_view, n>& names) {
    for (std::size_t i = 0; ok_ && i < n; ++i) {
      if (text_.substr(0, names[i].size()) == names[i]) {
        text_.remove_prefix(names[i].size());
        return static_cast<unsigned>(i + 1);
      }
    }
    fail();
    return 0;
  }
  void time() {
    hour_ = number(2);
    skip(":");
    minute_ = number(2);
    skip(":");
    second_ = number(2);
  }
  // A leap second (60) is read as the second after.
  [[nodiscard]] std::optional<sys_seconds> at(int year, unsigned month, int day) const {
    using namespace std::chrono;
    if (!ok_ || !text_.empty() || hour_ > 23 || minute_ > 59 || second_ > 60) return std::nullopt;
    const year_month_day date{std::chrono::year(year), std::chrono::month(month),
                              std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok()) return std::nullopt;
    return sys_seconds(sys_days(date)) + hours(hour_) + minutes(minute_) + seconds(second_);
  }

 private:
  void fail() { ok_ = false; }
  std::string_view text_;
  bool ok_ = true;
  int hour_ = 0;
  int minute_ = 0;
  int second_ = 0;
};

using std::literals::operator""sv;
// The name of the day is read and not compared with the date: RFC 9110 gives it no say.
constexpr std::array days{"Mon"sv, "Tue"sv, "Wed"sv, "Thu"sv, "Fri"sv, "Sat"sv, "Sun"sv};
constexpr std::array long_days{"Monday"sv, "Tuesday"sv,  "Wednesday"sv, "Thursday"sv,
                               "Friday"sv, "Saturday"sv, "Sunday"sv};
constexpr std::array months{"Jan"sv, "Feb"sv, "Mar"sv, "Apr"sv, "May"sv, "Jun"sv,
                            "Jul"sv, "Aug"sv, "Sep"sv, "Oct"sv, "Nov"sv, "Dec"sv};

std::optional<sys_seconds> imf_date(std::string_view text) {
  DateReader in(text);
  in.name(days);
  in.skip(", ");
  const int day = in.number(2);
  in.skip(" ");
  const unsigned month = in.name(months);
  in.skip(" ");
  const int year = in.number(4);
  in.skip(" ");
  in.time();
  in.skip(" GMT");
  return in.at(year, month, day);
}

std::optional<sys_seconds> rfc850_date(std::string_view text, sys_seconds now) {
  using namespace std::chrono;
  DateReader in(text);
  in.name(long_days);
  in.skip(", ");
  const int day = in.number(2);
  in.skip("-");
  const unsigned month = in.name(months);
  in.skip("-");
  const int two_digits = in.number(2);
  in.skip(" ");
  in.time();
  in.skip(" GMT");
  // RFC 9110, 5.6.7: what seems more than 50 years ahead lies in the past century.
  const int this_year = static_cast<int>(year_month_day(floor<std::chrono::days>(now)).year());
  int year = this_year - this_year % 100 + two_digits;
  if (year > this_year + 50) year -= 100;
  return in.at(year, month, day);
}

std::optional<sys_seconds> asctime_date(std::string_view text) {
  DateReader in(text);
  in.name(days);
  in.skip(" ");
  const unsigned month = in.name(months);
  in.skip(" ");
  const int day = in.padded_day();
  in.skip(" ");
  in.time();
  in.skip(" ");
  const int year = in.number(4);
  return in.at(year, month, day);
}

std::optional<milliseconds> parse_seconds(std::string_view value) {
  if (value.empty() || !ascii::is_digit(value.front())) return std::nullopt;
  constexpr std::int64_t most = std::chrono::duration_cast<std::chrono::seconds>(max_retry_after).count();
  std::int64_t seconds = 0;
  while (!value.empty() && ascii::is_digit(value.front())) {
    seconds = std::min(most, seconds * 10 + (value.front() - '0'));
    value.remove_prefix(1);
  }
  if (!value.empty()) {
    if (value.front() != '.' || value.size() == 1) return std::nullopt;
    value.remove_prefix(1);
    if (!std::all_of(value.begin(), value.end(), ascii::is_digit)) return std::nullopt;
    if (value.find_first_not_of('0') != std::string_view::npos) seconds = std::min(most, seconds + 1);
  }
  return std::chrono::seconds(seconds);
}

}  // namespace

std::optional<sys_seconds> parse_http_date(std::string_view text, sys_seconds wall_now) {
  // asctime has no comma, and the long day names put it further right: no need to try all three.
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos) return asctime_date(text);
  return comma == 3 ? imf_date(text) : rfc850_date(text, wall_now);
}

std::optional<milliseconds> parse_retry_after(std::string_view value, sys_seconds wall_now) {
  value = text::trim(value);
  if (const auto seconds = parse_seconds(value)) return seconds;
  const auto date = parse_http_date(value, wall_now);
  if (!date) return std::nullopt;
  // Clamped while still in seconds: a date in the year 9999 is out of range for finer units.
  const auto wait = std::clamp<std::chrono::seconds>(*date - wall_now, std::chrono::seconds(0),
                                                     std::chrono::duration_cast<std::chrono::seconds>(max_retry_after));
  return wait;
}

std::optional<milliseconds> retry_after(const Headers& headers, std::optional<double> retry_after_ms,
                                        sys_seconds wall_now) {
  if (const auto date = headers.get("date")) wall_now = parse_http_date(*date, wall_now).value_or(wall_now);
  std::optional<milliseconds> longest;
  for (const HeaderField& field : headers.fields()) {
    if (!equal_ignoring_case(field.name, "retry-after")) continue;
    if (const auto wait = parse_retry_after(field.value, wall_now)) longest = std::max(longest.value_or(*wait), *wait);
  }
  // Not finite and negative are garbage; the upper bound is applied to the double, before it could overflow an integer.
  if (retry_after_ms && std::isfinite(*retry_after_ms) && *retry_after_ms >= 0) {
    const double bounded = std::min(std::ceil(*retry_after_ms), static_cast<double>(max_retry_after.count()));
    const milliseconds wait(static_cast<std::int64_t>(bounded));
    longest = std::max(longest.value_or(wait), wait);
  }
  return longest;
}

}  // namespace confab::net
