// Whatever lies in a store where a sealed secret should: it does not open. And what was sealed opens, there alone.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "store/sealed_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace confab;
  using namespace confab::store;
  const std::string text(reinterpret_cast<const char*>(data), size);
  static const SealingKeys keys = [] {
    std::vector<SealingKey> list;
    list.emplace_back("new", Secret(std::string(sealing_key_bytes, 'k')));
    list.emplace_back("old", Secret(std::string(sealing_key_bytes, 'o')));
    return *SealingKeys::of(std::move(list));
  }();
  const SealedPlace place("acme/user/1", "token");
  if (const auto found = json::parse(text)) {
    const auto opened = unseal(keys, place, found->root());
    if (opened || opened.error().code() != Errc::store) std::abort();
    (void)wants_resealing(keys, found->root());
  }
  if (const auto sealed = seal(keys, place, Secret(text))) {
    if (size > 20 && sealed->find(text) != std::string::npos) std::abort();
    const auto document = json::parse(*sealed);
    if (!document) std::abort();
    const auto opened = unseal(keys, place, document->root());
    if (!opened || opened->reveal() != text) std::abort();
    if (unseal(keys, SealedPlace("acme/user/2", "token"), document->root())) std::abort();
  }
  return 0;
}
