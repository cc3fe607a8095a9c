#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "util/json.hpp"
#include "util/text.hpp"

namespace confab::json {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

// A message or the body of a request, mostly: growing to this step by step costs more than asking once.
constexpr std::size_t usual_bytes = 200;

void append_escaped(std::string& out, char c) {
  static constexpr std::string_view hex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += hex[byte >> 4U];
  out += hex[byte & 15U];
}

bool needs_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

// ASCII that stands in a string as it is: nearly all there is in names and identifiers, and most in texts.
constexpr std::array<bool, 256> plain = [] {
  std::array<bool, 256> table{};
  for (std::size_t byte = 0x20; byte < 0x80; ++byte) table[byte] = byte != '"' && byte != '\\';
  return table;
}();

void append_valid(std::string& out, std::string_view text) {
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!needs_escape(text[i])) continue;
    out.append(text, start, i - start);
    append_escaped(out, text[i]);
    start = i + 1;
  }
  out.append(text, start, std::string_view::npos);
}

template <class Number>
void append_number(std::string& out, Number number) {
  std::array<char, 40> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  out.append(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
}

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  const auto rest =
      std::find_if_not(text.begin(), text.end(), [](char c) { return plain[static_cast<unsigned char>(c)]; });
  out.append(text.begin(), rest);
  text.remove_prefix(static_cast<std::size_t>(rest - text.begin()));
  while (!text.empty()) {
    const std::size_t valid = text::valid_utf8_prefix(text);
    append_valid(out, text.substr(0, valid));
    if (valid == text.size()) break;
    out += replacement;
    text.remove_prefix(valid + 1);
  }
  out += '"';
}

void Writer::separate() {
  if (comma_) out_ += ',';
  comma_ = true;
}

Writer& Writer::object() {
  if (out_.empty()) out_.reserve(usual_bytes);
  separate();
  out_ += '{';
  open_ += '}';
  comma_ = false;
  return *this;
}
Writer& Writer::array() {
  separate();
  out_ += '[';
  open_ += ']';
  comma_ = false;
  return *this;
}
Writer& Writer::end() {
  if (open_.empty()) return *this;
  out_ += open_.back();
  open_.pop_back();
  comma_ = true;
  return *this;
}
Writer& Writer::key(std::string_view name) {
  separate();
  append_quoted(out_, name);
  out_ += ':';
  comma_ = false;
  return *this;
}
Writer& Writer::value(std::string_view text) {
  separate();
  append_quoted(out_, text);
  return *this;
}
Writer& Writer::value(bool truth) { return raw(truth ? "true" : "false"); }
Writer& Writer::value(std::int64_t number) {
  separate();
  append_number(out_, number);
  return *this;
}
Writer& Writer::value(std::uint64_t number) {
  separate();
  append_number(out_, number);
  return *this;
}
Writer& Writer::value(double number) {
  if (!std::isfinite(number)) return null();
  separate();
  append_number(out_, number);
  return *this;
}
Writer& Writer::null() { return raw("null"); }
Writer& Writer::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

// Recursion is bounded by the depth that parse() let through.
Writer& Writer::value(const Value& parsed) {
  switch (parsed.kind()) {
    case Kind::absent:
      return null();
    case Kind::string:
      return value(parsed.source());
    case Kind::object:
      object();
      for (const auto& [name, content] : parsed.members()) key(name).value(content);
      return end();
    case Kind::array:
      array();
      for (const Value element : parsed.elements()) value(element);
      return end();
    default:
      return raw(parsed.source());
  }
}

std::string Writer::finish() && {
  while (!open_.empty()) end();
  return std::move(out_);
}

}  // namespace confab::json
