#include <confab/ids.hpp>

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>

namespace confab {

namespace {

constexpr std::size_t id_bytes = 16;

// Random bytes for many ids at a time: asking OpenSSL costs the same for one as for many, a tenth of a whole send.
bool random_id(std::array<unsigned char, id_bytes>& id) {
  thread_local std::array<unsigned char, 32 * id_bytes> stock;
  thread_local std::size_t used = stock.size();
  if (used == stock.size()) {
    if (RAND_bytes(stock.data(), static_cast<int>(stock.size())) != 1) return false;
    used = 0;
  }
  std::copy_n(stock.begin() + static_cast<std::ptrdiff_t>(used), id.size(), id.begin());
  used += id.size();
  return true;
}

}  // namespace

const char* room_kind_name(RoomKind kind) noexcept {
  switch (kind) {
    case RoomKind::event:
      return "event";
    case RoomKind::group:
      return "group";
    case RoomKind::direct:
      break;
  }
  return "direct";
}

TransactionId make_transaction_id() {
  std::array<unsigned char, id_bytes> bytes{};
  if (!random_id(bytes)) {
    // Uniqueness is what an id needs; unpredictability is not, so a clock and a counter stand in.
    static std::atomic<std::uint64_t> counter{0};
    std::uint64_t words[2] = {static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()),
                              counter.fetch_add(1)};
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(words[i / 8] >> (8 * (i % 8)));
  }
  static constexpr char digits[] = "0123456789abcdef";
  std::string text(2 * id_bytes, '0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    text[2 * i] = digits[bytes[i] >> 4];
    text[2 * i + 1] = digits[bytes[i] & 15];
  }
  return TransactionId(std::move(text));
}

}  // namespace confab
