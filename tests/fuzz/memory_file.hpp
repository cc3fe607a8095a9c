// A file that exists in memory alone, under a path, for decoders that open what they read.
#pragma once

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace confab::fuzz {

class MemoryFile {
 public:
  /// `number`: its descriptor, so that a file that is read may name it. Mode 0600.
  explicit MemoryFile(int number) : number_(number) {
    const int file = ::memfd_create("fuzz", 0);
    if (file < 0 || ::dup2(file, number) != number || ::fchmod(number, 0600) != 0) std::abort();
    if (file != number) ::close(file);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { ::close(number_); }
  void write(std::string_view text) const {
    if (::ftruncate(number_, 0) != 0) std::abort();
    while (!text.empty()) {
      const ssize_t done = ::pwrite(number_, text.data(), text.size(), ::lseek(number_, 0, SEEK_END));
      if (done <= 0) std::abort();
      text.remove_prefix(static_cast<std::size_t>(done));
    }
  }
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(number_); }

 private:
  int number_;
};

}  // namespace confab::fuzz
