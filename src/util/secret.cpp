#include <confab/secret.hpp>

#include <openssl/crypto.h>

#include <utility>

namespace confab {

Secret::Secret() noexcept = default;
Secret::Secret(std::string text) noexcept : text_(std::move(text)) {
  // A short string is copied by the move, and its source would keep the characters.
  text.resize(text.capacity());
  OPENSSL_cleanse(text.data(), text.size());
}
Secret::Secret(const Secret& other) = default;
Secret::Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
Secret& Secret::operator=(Secret other) noexcept {
  text_.swap(other.text_);
  return *this;
}
Secret::~Secret() { wipe(); }

std::string_view Secret::reveal() const noexcept { return text_; }
bool Secret::empty() const noexcept { return text_.empty(); }

void Secret::wipe() noexcept {
  // Up to the capacity: a moved-from short string keeps its characters behind a size of zero.
  text_.resize(text_.capacity());
  OPENSSL_cleanse(text_.data(), text_.size());
  text_.clear();
}

bool operator==(const Secret& a, const Secret& b) noexcept {
  return a.text_.size() == b.text_.size() && CRYPTO_memcmp(a.text_.data(), b.text_.data(), a.text_.size()) == 0;
}

}  // namespace confab
