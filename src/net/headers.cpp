#include "net/headers.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "util/ascii.hpp"
#include "util/text.hpp"

namespace confab::net {

namespace {

// Every byte of every answer's header is looked at, so by one look into a table.
using Bytes = std::array<bool, 256>;

// RFC 9110, 5.6.2.
constexpr Bytes token_bytes = [] {
  Bytes good{};
  for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"))
    good[static_cast<unsigned char>(c)] = true;
  return good;
}();
// RFC 9110, 5.5: visible characters, space, tab, and bytes above 0x7f as they come.
constexpr Bytes value_bytes = [] {
  Bytes good{};
  for (std::size_t byte = 0x20; byte < good.size(); ++byte) good[byte] = byte != 0x7F;
  good['\t'] = true;
  return good;
}();

bool all_of(std::string_view text, const Bytes& good) {
  return std::all_of(text.begin(), text.end(), [&](char c) { return good[static_cast<unsigned char>(c)]; });
}
bool is_token(std::string_view text) { return !text.empty() && all_of(text, token_bytes); }
bool is_field_value(std::string_view text) { return all_of(text, value_bytes); }

// "HTTP/1.1 200 OK" or "HTTP/2 200"; 0 for anything else.
int status_of(std::string_view line) {
  if (line.substr(0, 5) != "HTTP/") return 0;
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || line.size() < space + 4) return 0;
  const std::string_view digits = line.substr(space + 1, 3);
  if (line.size() > space + 4 && line[space + 4] != ' ') return 0;
  int status = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return 0;
    status = status * 10 + (c - '0');
  }
  return status;
}

Error over_bound(Errc code) {
  return Error(code, "The header is over " + std::to_string(max_header_fields) + " fields or " +
                         std::to_string(max_header_bytes) + " bytes.");
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return ascii::lower(x) == ascii::lower(y); });
}

bool Headers::fits(std::size_t more_bytes, std::size_t more_fields) const noexcept {
  return places_.size() + more_fields <= max_header_fields && more_bytes <= max_header_bytes - text_.size();
}

HeaderField Headers::field(const Place& place) const noexcept {
  const std::string_view text = text_;
  return {text.substr(place.at, place.name), text.substr(place.at + place.name, place.value)};
}

std::vector<HeaderField> Headers::fields() const {
  std::vector<HeaderField> all;
  all.reserve(places_.size());
  for (const Place& place : places_) all.push_back(field(place));
  return all;
}

// What is appended may be a part of the text itself.
void Headers::append(std::string_view name, std::string_view value) {
  const Place place{static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(name.size()),
                    static_cast<std::uint32_t>(value.size())};
  if (places_.empty()) {
    places_.reserve(12);
    text_.reserve(512);
  }
  if (text_.capacity() - text_.size() < name.size() + value.size()) {
    std::string grown;
    grown.reserve(2 * (text_.size() + name.size() + value.size()));
    text_ = std::move(grown.append(text_).append(name).append(value));
  } else {
    text_.append(name).append(value);
  }
  places_.push_back(place);
}

Result<void> Headers::add(std::string_view name, std::string_view value) {
  if (!is_token(name)) return Error(Errc::invalid_argument, "The name of a header field is not a token.");
  if (!is_field_value(value)) {
    return Error(Errc::invalid_argument, "The value of a header field holds a line break or another control character.")
        .with_subject(name);
  }
  value = text::trim(value);
  if (!fits(name.size() + value.size(), 1)) return over_bound(Errc::too_large);
  append(name, value);
  last_line_stored_ = false;
  return {};
}

Result<void> Headers::set(std::string_view name, std::string_view value) {
  // Into a copy first, so that a refused value leaves the old one in place; the text may be ours as well.
  Headers copy = *this;
  copy.remove(name);
  if (auto added = copy.add(name, value); !added) return added;
  *this = std::move(copy);
  return {};
}

Result<HeaderLine> Headers::add_line(std::string_view raw) {
  if (!raw.empty() && raw.back() == '\n') raw.remove_suffix(1);
  if (!raw.empty() && raw.back() == '\r') raw.remove_suffix(1);
  if (raw.empty()) {
    last_line_stored_ = false;
    return HeaderLine::end;
  }
  if (const int status = status_of(raw); status != 0) {
    clear();
    status_ = status;
    return HeaderLine::status;
  }
  if (raw.front() == ' ' || raw.front() == '\t') return continue_last(raw);
  const std::size_t colon = raw.find(':');
  const std::string_view name = raw.substr(0, colon);
  const std::string_view value =
      colon == std::string_view::npos ? std::string_view() : text::trim(raw.substr(colon + 1));
  last_line_stored_ = false;
  if (colon == std::string_view::npos || !is_token(name) || !is_field_value(value)) return HeaderLine::ignored;
  if (!fits(name.size() + value.size(), 1)) return over_bound(Errc::protocol);
  append(name, value);
  last_line_stored_ = true;
  return HeaderLine::field;
}

// Obsolete folding (RFC 9112, 5.2): to be read as one space.
Result<HeaderLine> Headers::continue_last(std::string_view line) {
  line = text::trim(line);
  if (!last_line_stored_ || !is_field_value(line)) return HeaderLine::ignored;
  if (!fits(line.size() + 1, 0)) return over_bound(Errc::protocol);
  if (line.empty()) return HeaderLine::field;
  Place& last = places_.back();  // its value ends the text
  if (last.value != 0) text_ += ' ';
  text_ += line;
  last.value = static_cast<std::uint32_t>(text_.size() - last.at - last.name);
  return HeaderLine::field;
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
  for (const Place& place : places_) {
    if (place.name != name.size()) continue;
    const HeaderField found = field(place);
    if (equal_ignoring_case(found.name, name)) return found.value;
  }
  return std::nullopt;
}

std::size_t Headers::remove(std::string_view name) {
  Headers kept;
  for (const Place& place : places_) {
    const HeaderField each = field(place);
    if (!equal_ignoring_case(each.name, name)) kept.append(each.name, each.value);
  }
  const std::size_t removed = places_.size() - kept.places_.size();
  text_ = std::move(kept.text_);
  places_ = std::move(kept.places_);
  last_line_stored_ = false;
  return removed;
}

void Headers::clear() {
  places_.clear();
  text_.clear();
  status_ = 0;
  last_line_stored_ = false;
}

}  // namespace confab::net
