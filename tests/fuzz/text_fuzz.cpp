// Text helpers agree with each other on any bytes, and a cut never splits a character.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "util/text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace text = confab::text;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (text::is_valid_utf8(bytes) != (text::valid_utf8_prefix(bytes) == size)) std::abort();
  const auto prefix = bytes.substr(0, text::valid_utf8_prefix(bytes));
  for (std::size_t most = 0; most <= prefix.size() && most < 8; ++most) {
    const auto cut = text::cut_utf8(prefix, most);
    if (cut.size() > most || !text::is_valid_utf8(cut)) std::abort();
  }
  if (text::percent_encode(bytes).size() > 3 * size) std::abort();
  (void)text::base64url(bytes);
  return 0;
}
