#include "chat/text_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>

namespace confab::chat {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  int number_;
};

Error refused(const std::string& path, std::string_view why) {
  return Error(Errc::config, fmt::format("{} {}", path, why));
}

Error system_refused(const std::string& path, int code) {
  return refused(path, fmt::format("cannot be read: {}", std::generic_category().message(code)));
}

// Reads through the descriptor that was examined, so that nobody can exchange the file in between. Room for a whole
// secret is made at once: growing would leave copies of it behind.
Result<std::string> read_all(const std::string& path, std::size_t longest, mode_t forbidden) {
  // Without O_NONBLOCK a pipe that nobody writes to would be waited for.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) return system_refused(path, errno);
  struct stat about {};
  if (::fstat(file.number(), &about) != 0) return system_refused(path, errno);
  if (!S_ISREG(about.st_mode)) return refused(path, "is no regular file");
  if ((about.st_mode & forbidden) != 0) {
    return refused(path, "may be read or written by everybody: take that away with chmod o-rwx");
  }
  const std::size_t expected =
      std::clamp<std::size_t>(static_cast<std::size_t>(about.st_size), longest_secret, longest);
  std::string text(expected + 1, '\0');
  std::size_t size = 0;
  while (size <= longest) {
    if (size == text.size()) text.resize(std::min(2 * size, longest + 1));  // it has grown meanwhile
    const ssize_t got = ::read(file.number(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_refused(path, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > longest) return refused(path, fmt::format("is longer than {} bytes", longest));
  text.resize(size);
  return text;
}

}  // namespace

Result<std::string> read_text_file(const std::string& path, std::size_t longest) { return read_all(path, longest, 0); }

Result<Secret> read_private_file(const std::string& path, std::size_t longest) {
  auto text = read_all(path, longest, S_IRWXO);
  if (!text) return std::move(text).error();
  return Secret(std::move(*text));
}

Result<Secret> read_secret_file(const std::string& path) {
  auto text = read_all(path, longest_secret, S_IRWXO);
  if (!text) return std::move(text).error();
  if (!text->empty() && text->back() == '\n') text->pop_back();
  if (!text->empty() && text->back() == '\r') text->pop_back();
  if (text->empty()) return refused(path, "is empty: write the secret into it, on one line");
  const bool one_line = text->find_first_of(std::string_view("\n\r\0", 3)) == std::string::npos;
  Secret secret(std::move(*text));
  if (!one_line) return refused(path, "must hold one line and no more");
  return secret;
}

}  // namespace confab::chat
