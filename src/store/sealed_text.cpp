#include "store/sealed_text.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <memory>
#include <utility>

#include "store/base64.hpp"

namespace confab::store {
namespace {
constexpr int nonce_bytes = 12;
constexpr int tag_bytes = 16;
constexpr std::size_t most_secret_bytes = 65536;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char* in(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* out(std::string& text, int at = 0) { return reinterpret_cast<unsigned char*>(text.data()) + at; }
int size_of(std::string_view text) { return static_cast<int>(text.size()); }

// nonce, ciphertext, tag; empty if OpenSSL fails
std::string encrypt(const Secret& key, const std::string& place, std::string_view plain) {
  std::string sealed(static_cast<std::size_t>(nonce_bytes + tag_bytes) + plain.size(), '\0');
  const Context context(EVP_CIPHER_CTX_new());
  int written = 0;
  int ended = 0;
  const int length = size_of(plain);
  const bool good =
      context != nullptr && RAND_bytes(out(sealed), nonce_bytes) == 1 &&
      EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, in(key.reveal()), out(sealed)) == 1 &&
      EVP_EncryptUpdate(context.get(), nullptr, &written, in(place), size_of(place)) == 1 &&
      EVP_EncryptUpdate(context.get(), out(sealed, nonce_bytes), &written, in(plain), length) == 1 &&
      EVP_EncryptFinal_ex(context.get(), out(sealed, nonce_bytes + written), &ended) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, out(sealed, nonce_bytes + length)) == 1;
  return good ? sealed : std::string();
}

std::optional<Secret> decrypt(const Secret& key, const std::string& place, std::string_view sealed) {
  if (sealed.size() < static_cast<std::size_t>(nonce_bytes + tag_bytes)) return {};
  const int length = size_of(sealed) - nonce_bytes - tag_bytes;
  const std::string_view body = sealed.substr(nonce_bytes, static_cast<std::size_t>(length));
  std::string tag(sealed.substr(static_cast<std::size_t>(nonce_bytes + length)));
  std::string plain(static_cast<std::size_t>(length) + 1, '\0');
  const Context context(EVP_CIPHER_CTX_new());
  int written = 0;
  int ended = 0;
  const bool good = context != nullptr &&
                    EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, in(key.reveal()), in(sealed)) == 1 &&
                    EVP_DecryptUpdate(context.get(), nullptr, &written, in(place), size_of(place)) == 1 &&
                    EVP_DecryptUpdate(context.get(), out(plain), &written, in(body), length) == 1 &&
                    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) == 1 &&
                    EVP_DecryptFinal_ex(context.get(), out(plain, written), &ended) == 1;
  // Into a Secret in any case: what was deciphered before the tag turned out wrong is to be wiped too.
  Secret held(std::move(plain));
  if (!good) return {};
  return Secret(std::string(held.reveal().substr(0, static_cast<std::size_t>(length))));
}

}  // namespace

Result<std::string> seal(const SealingKeys& keys, const SealedPlace& place, const Secret& secret) {
  if (secret.reveal().size() > most_secret_bytes) {
    return Error(Errc::too_large, fmt::format("a secret has at most {} bytes", most_secret_bytes));
  }
  const std::string sealed = encrypt(keys.sealing().bytes(), place.text(), secret.reveal());
  if (sealed.empty()) return Error(Errc::internal, "OpenSSL could not seal a secret");
  json::Writer writer;
  writer.object().member("sealed", to_base64(sealed)).member("key", keys.sealing().id()).end();
  return std::move(writer).finish();
}

Result<Secret> unseal(const SealingKeys& keys, const SealedPlace& place, const json::Value& sealed) {
  json::Reader read(sealed);
  const std::string_view text = read.string("sealed");
  const std::string_view id = read.string("key");
  if (read.failed() || id.size() > 64) {
    return Error(Errc::store, "a sealed value of the store is none: it was changed by hand or damaged")
        .with_subject("store.path");
  }
  const SealingKey* key = keys.find(id);
  if (key == nullptr) {
    return key_fault(fmt::format("the key \"{}\" is missing, under which this store was sealed: put it back", id));
  }
  const auto bytes = from_base64(text);
  auto secret = bytes ? decrypt(key->bytes(), place.text(), bytes->reveal()) : std::nullopt;
  if (!secret) {
    return key_fault(
        fmt::format("the key \"{}\" does not open what was sealed under its name: it is another key, or the record was "
                    "changed",
                    id));
  }
  return std::move(*secret);
}

bool wants_resealing(const SealingKeys& keys, const json::Value& sealed) {
  return sealed["key"].string_or("") != keys.sealing().id();
}

}  // namespace confab::store
