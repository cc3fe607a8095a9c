// A directory that exists for one test and is removed with everything in it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace confab::test {

class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(std::string_view prefix = "confab-test") {
    std::string pattern = (std::filesystem::temp_directory_path() / std::string(prefix)).string() + ".XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) {
      throw std::runtime_error("cannot make a temporary directory: " + pattern);
    }
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// The path of a file in the directory, whether it exists or not.
  [[nodiscard]] std::string file(std::string_view name) const { return (path_ / std::string(name)).string(); }

  /// Writes a file and gives its path.
  std::string write(std::string_view name, std::string_view content) const {
    const std::string target = file(name);
    std::ofstream out(target, std::ios::binary | std::ios::trunc);
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
    out.close();
    if (!out) {
      throw std::runtime_error("cannot write " + target);
    }
    return target;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace confab::test
