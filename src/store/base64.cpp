#include "store/base64.hpp"

#include <openssl/evp.h>

#include <utility>

namespace confab::store {

std::string to_base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL ends it with NUL
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::optional<Secret> from_base64(std::string_view text) {
  // OpenSSL counts padding as bytes, and skips spaces: those are found below.
  if (text.empty() || text.size() % 4 != 0 || text.size() > 1'000'000) return {};
  const std::size_t padding = text.ends_with("==") ? 2 : (text.ends_with('=') ? 1 : 0);
  std::string out(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  const bool whole = size == static_cast<int>(out.size());
  Secret bytes(std::move(out));
  if (!whole) return {};
  Secret exact(std::string(bytes.reveal().substr(0, bytes.reveal().size() - padding)));
  // One text for one value: the bits that padding leaves unused must be zero.
  const Secret again(to_base64(exact.reveal()));
  if (again.reveal() != text) return {};
  return exact;
}

}  // namespace confab::store
