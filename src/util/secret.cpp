#include <confab/secret.hpp>

#include <openssl/crypto.h>

#include <utility>

namespace confab {

namespace {

// Up to the capacity: a moved-from short string keeps its characters behind a size of zero.
void overwrite(std::string& text) noexcept {
  text.resize(text.capacity());
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

// A long text changes its owner and leaves nothing; a short one is copied, and its source would keep the characters.
void move_text(std::string& from, std::string& to) noexcept {
  const char* const where = from.data();
  to = std::move(from);
  if (to.data() != where) overwrite(from);
}

}  // namespace

// What is empty has been overwritten, or never held anything: a token passes through many hands, most of them empty
// when they go.
Secret::Secret() noexcept = default;
Secret::Secret(std::string text) noexcept {
  move_text(text, text_);
  if (text_.empty()) wipe();
}
Secret::Secret(const Secret& other) = default;
Secret::Secret(Secret&& other) noexcept { move_text(other.text_, text_); }
Secret& Secret::operator=(Secret other) noexcept {
  wipe();
  move_text(other.text_, text_);
  return *this;
}
Secret::~Secret() {
  if (!text_.empty()) wipe();
}

std::string_view Secret::reveal() const noexcept { return text_; }
bool Secret::empty() const noexcept { return text_.empty(); }

void Secret::wipe() noexcept { overwrite(text_); }

bool operator==(const Secret& a, const Secret& b) noexcept {
  return a.text_.size() == b.text_.size() && CRYPTO_memcmp(a.text_.data(), b.text_.data(), a.text_.size()) == 0;
}

}  // namespace confab
