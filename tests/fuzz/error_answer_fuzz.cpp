// Whatever a failing answer holds, there is an error for it that can be logged. The first two bytes are the status.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "matrix/error_answer.hpp"
#include "util/text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace confab;
  if (size < 2) return 0;
  const int status = 300 + (data[0] * 256 + data[1]) % 300;
  const matrix::ErrorAnswer answer(status, std::string_view(reinterpret_cast<const char*>(data) + 2, size - 2));
  const Error& error = answer.error();
  const auto printable = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  };
  if (error.message().empty() || !printable(error.message()) || !printable(error.errcode())) std::abort();
  if (error.http_status() != status || answer.is_matrix() == error.errcode().empty()) std::abort();
  if (error.server_message().size() > 512 || !text::is_valid_utf8(error.server_message())) std::abort();
  if (error.retry_after() && (error.retry_after()->count() < 0 || error.retry_after()->count() > 3'600'000))
    std::abort();
  return 0;
}
