// Runs a fuzz target on every file of a folder, where libFuzzer is not linked. No file at all is a failure.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
// Where a target says what its seeds are for: whether this one still is good for that.
extern "C" [[gnu::weak]] bool seed_serves(const char* name, const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  int count = 0;
  std::error_code failure;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[1], failure)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const auto* const data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    LLVMFuzzerTestOneInput(data, bytes.size());
    if (seed_serves != nullptr && !seed_serves(entry.path().filename().c_str(), data, bytes.size())) {
      std::printf("%s does not do what it is named after\n", entry.path().c_str());
      return 1;
    }
    ++count;
  }
  std::printf("%d seeds\n", count);
  return count > 0 ? 0 : 1;
}
