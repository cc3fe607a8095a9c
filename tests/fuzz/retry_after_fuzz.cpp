// No Retry-After makes anybody wait for a negative time or longer than the bound.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/retry_after.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto now = std::chrono::sys_seconds(std::chrono::seconds(1'800'000'000));
  const auto wait = confab::net::parse_retry_after(text, now);
  if (wait && (wait->count() < 0 || *wait > confab::net::max_retry_after)) std::abort();
  (void)confab::net::parse_http_date(text, now);
  return 0;
}
