// No answer's header outgrows its bounds, loses count of its bytes, or smuggles a line break into a value.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/headers.hpp"
#include "net/retry_after.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  confab::net::Headers headers;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::size_t length = end == std::string_view::npos ? rest.size() : end + 1;
    (void)headers.add_line(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  std::size_t bytes = 0;
  confab::net::Headers rebuilt;
  for (const auto& field : headers.fields()) {
    bytes += field.name.size() + field.value.size();
    // What was received well-formed can be sent as it is.
    if (!rebuilt.add(field.name, field.value)) std::abort();
    if (!headers.get(field.name)) std::abort();
  }
  if (bytes != headers.bytes() || bytes > confab::net::max_header_bytes) std::abort();
  if (headers.fields().size() > confab::net::max_header_fields) std::abort();
  const auto now = std::chrono::sys_seconds(std::chrono::seconds(1'800'000'000));
  const auto wait = confab::net::retry_after(headers, static_cast<double>(size), now);
  if (!wait || wait->count() < 0 || *wait > confab::net::max_retry_after) std::abort();
  return 0;
}
