// A URL that is accepted says the same when it is read again, and no reference leads out of its bounds.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/url.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using confab::net::Url;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto url = Url::parse(text)) {
    const auto again = Url::parse(url->text());
    if (!again || again->text() != url->text() || !again->same_origin(*url)) std::abort();
  }
  const auto base = Url::parse_base("https://confab.test/base");
  if (const auto next = base->resolve(text); next && next->text().size() > confab::net::max_url_bytes) std::abort();
  if (base->check_target(text)) {
    const auto whole = Url::parse(base->text() + std::string(text));
    if (!whole || !whole->path().starts_with("/base/")) std::abort();
  }
  return 0;
}
