// Redacting is done once and for all, and a secret in a member of a telling name never survives it.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "util/json.hpp"
#include "util/redact.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string once = confab::redact(text);
  if (confab::redact(once) != once) std::abort();
  // The input as a password between two markers: between them nothing but stars may be left.
  confab::json::Writer w;
  w.object().member("password", "<<<" + text + ">>>").member("after", 1);
  const std::string scrubbed = confab::redact(std::move(w).finish());
  if (scrubbed != R"({"password":"***","after":1})") std::abort();
  return 0;
}
