#include <confab/ids.hpp>

#include <openssl/rand.h>

#include <array>
#include <atomic>
#include <chrono>

namespace confab {

TransactionId make_transaction_id() {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    // Uniqueness is what an id needs; unpredictability is not, so a clock and a counter stand in.
    static std::atomic<std::uint64_t> counter{0};
    std::uint64_t words[2] = {static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()),
                              counter.fetch_add(1)};
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(words[i / 8] >> (8 * (i % 8)));
  }
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(32);
  for (unsigned char byte : bytes) {
    text.push_back(digits[byte >> 4]);
    text.push_back(digits[byte & 15]);
  }
  return TransactionId(std::move(text));
}

}  // namespace confab
