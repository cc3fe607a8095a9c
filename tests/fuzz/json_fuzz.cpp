// Whatever parses can be walked and written, holds UTF-8 only, and what was written parses again to the same text.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "support/json_alike.hpp"
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
  if (!beside || !confab::test::alike(parsed->root(), beside->root()[std::size_t{0}])) std::abort();
  return 0;
}
