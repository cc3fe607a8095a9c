// Canonical JSON is a fixed point: encoding what was encoded changes nothing, and the value stays readable.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "util/canonical_json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed =
      confab::json::parse(std::string(reinterpret_cast<const char*>(data), size), confab::json::Limits().depth(64));
  if (!parsed) return 0;
  const auto once = confab::canonical_json(parsed->root());
  if (!once) return 0;
  const auto again = confab::json::parse(*once);
  if (!again) std::abort();
  const auto twice = confab::canonical_json(again->root());
  if (!twice || *twice != *once) std::abort();
  return 0;
}
