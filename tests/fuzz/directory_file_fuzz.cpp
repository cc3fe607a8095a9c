// Any directory file: read whole, or Errc::config that says where.
#include <confab/configuration.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace confab;
  const auto read = read_directory(std::string(reinterpret_cast<const char*>(data), size));
  if (read) {
    if (*read == nullptr) std::abort();
  } else if (read.error().code() != Errc::config || read.error().message().empty()) {
    std::abort();
  }
  return 0;
}
