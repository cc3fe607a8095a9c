#include "services/html_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "util/ascii.hpp"

namespace confab::services {
namespace {

constexpr std::size_t longest_reference = 34;  // "CounterClockwiseContourIntegral" and its marks
constexpr std::size_t most_code_digits = 8;

// Of ASCII, but for what lays out a text.
bool is_control_point(std::uint32_t c) {
  return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7F && c < 0xA0);
}

// Names that could hide a scheme or a border from who looks at the raw value.
constexpr std::array<std::pair<std::string_view, char>, 22> names = {
    {{"amp", '&'},   {"AMP", '&'},    {"apos", '\''},    {"ast", '*'}, {"bsol", '\\'},  {"colon", ':'},
     {"comma", ','}, {"equals", '='}, {"gt", '>'},       {"GT", '>'},  {"lowbar", '_'}, {"lpar", '('},
     {"lt", '<'},    {"LT", '<'},     {"NewLine", '\n'}, {"num", '#'}, {"period", '.'}, {"quot", '"'},
     {"QUOT", '"'},  {"rpar", ')'},   {"sol", '/'},      {"Tab", '\t'}}};

class Reference {
 public:
  Reference(std::size_t length, std::optional<std::uint32_t> code) : length_(length), code_(code) {}
  // Bytes from "&" to ";".
  [[nodiscard]] std::size_t length() const { return length_; }
  // Of a number; none for a name.
  [[nodiscard]] std::optional<std::uint32_t> code() const { return code_; }

 private:
  std::size_t length_;
  std::optional<std::uint32_t> code_;
};

std::optional<std::uint32_t> number_of(std::string_view digits) {
  std::uint32_t base = 10;
  if (digits.starts_with('x') || digits.starts_with('X')) {
    base = 16;
    digits.remove_prefix(1);
  }
  if (digits.empty() || digits.size() > most_code_digits) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : digits) {
    std::uint32_t digit = 16;
    if (ascii::is_digit(c)) digit = static_cast<std::uint32_t>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') digit = static_cast<std::uint32_t>(c - 'A' + 10);
    if (digit >= base) return std::nullopt;
    value = value * base + digit;
  }
  return value > 0xFFFFFFFFU ? 0xFFFFFFFFU : static_cast<std::uint32_t>(value);
}

// At "&": a complete reference by its form.
std::optional<Reference> read_reference(std::string_view text) {
  const std::size_t end = text.substr(0, longest_reference).find(';');
  if (end == std::string_view::npos || end < 2) return std::nullopt;
  const std::string_view inside = text.substr(1, end - 1);
  if (inside.front() == '#') {
    const std::optional<std::uint32_t> code = number_of(inside.substr(1));
    if (!code) return std::nullopt;
    return Reference(end + 1, code);
  }
  const bool is_name = ascii::is_letter(inside.front()) && std::all_of(inside.begin(), inside.end(), [](char c) {
                         return ascii::is_letter(c) || ascii::is_digit(c);
                       });
  if (!is_name) return std::nullopt;
  return Reference(end + 1, std::nullopt);
}

bool is_character(std::uint32_t code) {
  return !is_control_point(code) && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF) && (code & 0xFFFEU) != 0xFFFEU;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto byte = [&out](std::uint32_t value) { out += static_cast<char>(static_cast<unsigned char>(value)); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) {
    byte(0xC0U | (code >> 6U));
  } else if (code < 0x10000) {
    byte(0xE0U | (code >> 12U));
    byte(0x80U | ((code >> 6U) & 0x3FU));
  } else {
    byte(0xF0U | (code >> 18U));
    byte(0x80U | ((code >> 12U) & 0x3FU));
    byte(0x80U | ((code >> 6U) & 0x3FU));
  }
  byte(0x80U | (code & 0x3FU));
}

}  // namespace

void append_html_text(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const char c = text.front();
    std::size_t taken = 1;
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      const std::optional<Reference> reference = read_reference(text);
      if (!reference) {
        out += "&amp;";
      } else {
        taken = reference->length();
        if (!reference->code() || is_character(*reference->code())) out += text.substr(0, taken);
      }
    } else if (static_cast<unsigned char>(c) >= 0x80 || !is_control_point(static_cast<unsigned char>(c))) {
      out += c;
    }
    text.remove_prefix(taken);
  }
}

void append_html_value(std::string& out, std::string_view value) {
  for (const char c : value) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        if (static_cast<unsigned char>(c) >= 0x80 || !is_control_point(static_cast<unsigned char>(c))) out += c;
    }
  }
}

std::string resolved_references(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  while (!value.empty()) {
    std::size_t taken = 1;
    const std::optional<Reference> reference = value.front() == '&' ? read_reference(value) : std::nullopt;
    if (!reference) {
      out += value.front();
    } else {
      taken = reference->length();
      const std::string_view name = value.substr(1, taken - 2);
      const auto* const known =
          std::find_if(names.begin(), names.end(), [name](const auto& entry) { return entry.first == name; });
      if (reference->code()) {
        // What is no character is kept out of the value's way, but seen: no link may hold it.
        append_utf8(out, *reference->code() <= 0x10FFFF && (*reference->code() < 0xD800 || *reference->code() > 0xDFFF)
                             ? *reference->code()
                             : 0xFFFDU);
      } else if (known != names.end()) {
        out += known->second;
      } else {
        out += value.substr(0, taken);
      }
    }
    value.remove_prefix(taken);
  }
  return out;
}

}  // namespace confab::services
