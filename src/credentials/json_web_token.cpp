#include "credentials/json_web_token.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "store/base64.hpp"
#include "util/json.hpp"

namespace confab::credentials {

namespace {

using std::chrono::seconds;

constexpr seconds life{60};
// A clock of the homeserver's that is behind ours takes the token all the same.
constexpr seconds leeway{30};

// RFC 4648, section 5, without padding.
std::string base64_url(std::string_view bytes) {
  std::string text = store::to_base64(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

std::int64_t seconds_of(std::chrono::system_clock::time_point when) {
  return std::chrono::duration_cast<seconds>(when.time_since_epoch()).count();
}

}  // namespace

Result<Secret> sign_login(const Secret& key, std::string_view localpart, std::chrono::system_clock::time_point now) {
  json::Writer claims;
  claims.object().member("sub", localpart);
  claims.key("iat").value(seconds_of(now - leeway));
  claims.key("exp").value(seconds_of(now + life)).end();
  std::string token = base64_url(R"({"alg":"HS256","typ":"JWT"})") + "." + base64_url(std::move(claims).finish());
  const std::string_view secret = key.reveal();
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(token.data()), token.size(), mac.data(), &size) == nullptr) {
    return Error(Errc::internal, "OpenSSL signs nothing: it has no SHA-256");
  }
  token += '.';
  token += base64_url(std::string_view(reinterpret_cast<const char*>(mac.data()), size));
  return Secret(std::move(token));
}

}  // namespace confab::credentials
