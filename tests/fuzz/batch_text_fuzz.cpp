// Any text as a batch of a directory: read whole, or Errc::invalid_argument that says where.
#include <confab/directory_batch.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace confab;
  const auto read = read_directory_batch(std::string(reinterpret_cast<const char*>(data), size));
  if (!read && (read.error().code() != Errc::invalid_argument || read.error().message().empty())) std::abort();
  return 0;
}
