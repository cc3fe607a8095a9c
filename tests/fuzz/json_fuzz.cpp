// Whatever parses can be walked and written, holds UTF-8 only, and what was written parses again to the same text.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "util/canonical_json.hpp"
#include "util/json.hpp"
#include "util/text.hpp"

namespace {
void walk(const confab::json::Value& value) {
  if (!confab::text::is_valid_utf8(value.string_or(""))) std::abort();
  (void)value.integer_or(0);
  (void)value.boolean_or(false);
  (void)value["content"]["body"].string();
  for (const auto& element : value.elements()) walk(element);
  for (const auto& [key, member] : value.members()) {
    if (!confab::text::is_valid_utf8(key)) std::abort();
    walk(member);
  }
}
bool alike(const confab::json::Value& one, const confab::json::Value& other) {
  if (one.kind() != other.kind() || one.size() != other.size() || one.source() != other.source()) return false;
  if (one.string_or("") != other.string_or("") || one.integer_or(0) != other.integer_or(0)) return false;
  if (one.boolean_or(false) != other.boolean_or(false)) return false;
  for (std::size_t at = 0; one.is_array() && at < one.size(); ++at) {
    if (!alike(one[at], other[at])) return false;
  }
  auto twin = other.members().begin();
  for (const auto& [key, member] : one.members()) {
    const auto [its_key, its_member] = *twin;
    if (key != its_key || !alike(member, its_member)) return false;
    ++twin;
  }
  return true;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto parsed = confab::json::parse(text, confab::json::Limits().bytes(1 << 16).depth(64).values(1 << 14));
  if (!parsed) return 0;
  walk(parsed->root());
  const std::string once = parsed->root().to_json();
  const auto again = confab::json::parse(once);
  if (!again || again->root().to_json() != once) std::abort();
  // With a fraction beside it, the text is none that is read quickly: both readers say the same.
  const auto beside = confab::json::parse("[" + text + ",0.5]");
  if (!beside || !alike(parsed->root(), beside->root()[std::size_t{0}])) std::abort();
  return 0;
}
