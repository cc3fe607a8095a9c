// Any key file: 1 to 16 whole keys, or Errc::store that quotes no line of it.
#include <algorithm>
#include <cstdint>

#include "memory_file.hpp"
#include "store/sealing_keys.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace confab;
  using namespace confab::store;
  static const fuzz::MemoryFile file(900);
  std::string_view text(reinterpret_cast<const char*>(data), size);
  file.write(text);
  const auto keys = SealingKeys::from_file(file.path());
  if (keys) {
    if (keys->all().empty() || keys->all().size() > most_sealing_keys) std::abort();
    for (const SealingKey& key : keys->all()) {
      if (key.bytes().reveal().size() != sealing_key_bytes || keys->find(key.id()) != &key) std::abort();
    }
    return 0;
  }
  if (keys.error().code() != Errc::store || keys.error().subject() != "store.key_file") std::abort();
  constexpr std::size_t surely_a_key = 40;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end >= surely_a_key && keys.error().message().find(text.substr(0, end)) != std::string_view::npos) std::abort();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return 0;
}
