#include "store/random_secret.hpp"

#include <openssl/rand.h>

#include <string>

#include "store/base64.hpp"

namespace confab::store {

Result<Secret> random_secret() {
  constexpr int bytes = 32;
  std::string text(static_cast<std::size_t>(bytes), '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(text.data()), bytes) != 1) {
    return Error(Errc::store, "the system gives no random bytes for a secret");
  }
  const Secret raw(std::move(text));
  return Secret(to_base64(raw.reveal()));
}

}  // namespace confab::store
