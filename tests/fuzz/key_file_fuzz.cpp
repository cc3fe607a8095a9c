// Any key file: 1 to 16 whole keys, or Errc::store that quotes no key of it.
#include <cstdint>

#include "memory_file.hpp"
#include "store/sealing_keys.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace confab;
  using namespace confab::store;
  static const fuzz::MemoryFile file(900);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
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
  // Any row of letters as long as a key, behind the id where one stands.
  constexpr std::size_t letters_of_a_key = 40;
  for (std::size_t space = text.find_first_of(" \t"); space != std::string_view::npos;
       space = text.find_first_of(" \t", space + 1)) {
    const std::string_view word = text.substr(space + 1, text.find_first_of(" \t\r\n", space + 1) - space - 1);
    if (word.size() >= letters_of_a_key && keys.error().message().find(word) != std::string_view::npos) std::abort();
  }
  return 0;
}
