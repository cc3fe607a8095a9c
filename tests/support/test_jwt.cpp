#include "test_jwt.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <string>

namespace confab::test {
namespace {

std::optional<std::string> from_base64_url(std::string_view text) {
  std::string bytes;
  unsigned bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    unsigned value = 0;
    if (c >= 'A' && c <= 'Z')
      value = static_cast<unsigned>(c - 'A');
    else if (c >= 'a' && c <= 'z')
      value = static_cast<unsigned>(c - 'a') + 26;
    else if (c >= '0' && c <= '9')
      value = static_cast<unsigned>(c - '0') + 52;
    else if (c == '-')
      value = 62;
    else if (c == '_')
      value = 63;
    else
      return std::nullopt;
    bits = bits << 6U | value;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> held & 0xffU);
  }
  return bytes;
}

}  // namespace

std::optional<TestJson> signed_claims(std::string_view token, std::string_view key) {
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  const auto header = from_base64_url(token.substr(0, first));
  const auto claims = from_base64_url(token.substr(first + 1, last - first - 1));
  const auto signature = from_base64_url(token.substr(last + 1));
  if (!header || !claims || !signature) return std::nullopt;
  const auto read = TestJson::parse(*header);
  if (!read || (*read)["alg"].as_string() != "HS256") return std::nullopt;
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(token.data()),
       last, mac.data(), &size);
  if (*signature != std::string_view(reinterpret_cast<const char*>(mac.data()), size)) return std::nullopt;
  const auto said = TestJson::parse(*claims);
  if (!said) return std::nullopt;
  return *said;
}

}  // namespace confab::test
