// What does a small file hold: a configuration, a directory, a secret?
#pragma once

#include <cstddef>
#include <string>

#include <confab/result.hpp>
#include <confab/secret.hpp>

namespace confab::chat {

// Longest secret that a file may hold.
inline constexpr std::size_t longest_secret = 4096;
inline constexpr std::size_t longest_directory_file = std::size_t{64} << 20U;

// The whole file. Errc::config: cannot be read, is no regular file, or is longer than `longest` bytes. The message
// begins with the path.
[[nodiscard]] Result<std::string> read_text_file(const std::string& path, std::size_t longest);

// The same of a file that holds secrets. Errc::config as above, and when others than its owner and group may read it.
[[nodiscard]] Result<Secret> read_private_file(const std::string& path, std::size_t longest);

// The one line of a file that only its owner and group may read. Errc::config as above, and when others may read it,
// when it is empty or when it holds more than a line.
[[nodiscard]] Result<Secret> read_secret_file(const std::string& path);

}  // namespace confab::chat
