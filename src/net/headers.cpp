#include "net/headers.hpp"

#include <algorithm>
#include <utility>

namespace confab::net {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

// RFC 9110, 5.5: visible characters, space, tab, and bytes above 0x7f as they come.
bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
  });
}

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

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
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

bool Headers::fits(std::size_t more_bytes, std::size_t more_fields) const noexcept {
  return fields_.size() + more_fields <= max_header_fields && more_bytes <= max_header_bytes - bytes_;
}

Result<void> Headers::add(std::string_view name, std::string_view value) {
  if (!is_token(name)) return Error(Errc::invalid_argument, "The name of a header field is not a token.");
  if (!is_field_value(value)) {
    return Error(Errc::invalid_argument, "The value of a header field holds a line break or another control character.")
        .with_subject(name);
  }
  value = trim(value);
  if (!fits(name.size() + value.size(), 1)) return over_bound(Errc::too_large);
  fields_.push_back({std::string(name), std::string(value)});
  bytes_ += name.size() + value.size();
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
  const std::string_view value = colon == std::string_view::npos ? std::string_view() : trim(raw.substr(colon + 1));
  last_line_stored_ = false;
  if (colon == std::string_view::npos || !is_token(name) || !is_field_value(value)) return HeaderLine::ignored;
  if (!fits(name.size() + value.size(), 1)) return over_bound(Errc::protocol);
  if (fields_.empty()) fields_.reserve(8);
  fields_.push_back({std::string(name), std::string(value)});
  bytes_ += name.size() + value.size();
  last_line_stored_ = true;
  return HeaderLine::field;
}

// Obsolete folding (RFC 9112, 5.2): to be read as one space.
Result<HeaderLine> Headers::continue_last(std::string_view line) {
  line = trim(line);
  if (!last_line_stored_ || !is_field_value(line)) return HeaderLine::ignored;
  if (!fits(line.size() + 1, 0)) return over_bound(Errc::protocol);
  if (line.empty()) return HeaderLine::field;
  std::string& value = fields_.back().value;
  if (!value.empty()) {
    value += ' ';
    bytes_ += 1;
  }
  value += line;
  bytes_ += line.size();
  return HeaderLine::field;
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
  for (const HeaderField& field : fields_) {
    if (equal_ignoring_case(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::size_t Headers::remove(std::string_view name) {
  const std::size_t before = fields_.size();
  const std::string wanted(name);  // The view may point into a field that is about to go.
  std::erase_if(fields_, [&](const HeaderField& field) {
    if (!equal_ignoring_case(field.name, wanted)) return false;
    bytes_ -= field.name.size() + field.value.size();
    return true;
  });
  last_line_stored_ = false;
  return before - fields_.size();
}

void Headers::clear() {
  fields_.clear();
  bytes_ = 0;
  status_ = 0;
  last_line_stored_ = false;
}

}  // namespace confab::net
