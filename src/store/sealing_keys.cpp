#include "store/sealing_keys.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "store/base64.hpp"

namespace confab::store {
namespace {
constexpr std::size_t most_file_bytes = 16384;

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

// Judged on the open descriptor, so that what was judged is what is read.
Result<Secret> read_own_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) {
    return key_fault(fmt::format("the key file {} cannot be {}", path,
                                 errno == ENOENT ? "found: put it back, or make one as docs/store.md says"
                                                 : "read: check its owner and permissions"));
  }
  struct stat about {};
  if (::fstat(file.number(), &about) != 0 || !S_ISREG(about.st_mode)) {
    return key_fault(fmt::format("the key file {} is no regular file", path));
  }
  if ((about.st_mode & 0077U) != 0) {
    return key_fault(fmt::format("the key file {} is open to others: give it mode 0600", path));
  }
  if (about.st_uid != ::geteuid() && about.st_uid != 0) {
    return key_fault(fmt::format("the key file {} belongs to another user", path));
  }
  std::string text(most_file_bytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.number(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return key_fault(fmt::format("the key file {} could not be read: check its disk", path));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > most_file_bytes) return key_fault(fmt::format("the key file {} is too large to be one", path));
  text.resize(size);
  return Secret(std::move(text));
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace

Error key_fault(std::string message) { return Error(Errc::store, std::move(message)).with_subject("store.key_file"); }

Result<SealingKeys> SealingKeys::of(std::vector<SealingKey> keys) {
  const auto wrong = [](std::string message) {
    return Error(Errc::config, std::move(message)).with_subject("store.key_file");
  };
  if (keys.empty() || keys.size() > most_sealing_keys) {
    return wrong(fmt::format("from 1 to {} keys can seal and open", most_sealing_keys));
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!is_id(keys[i].id())) return wrong("the id of a key is 1 to 64 letters, digits, dots, dashes or underscores");
    if (keys[i].bytes().reveal().size() != sealing_key_bytes) {
      return wrong(fmt::format("the key {} must have {} bytes", keys[i].id(), sealing_key_bytes));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (keys[i].id() == keys[j].id()) return wrong(fmt::format("there are two keys with the id {}", keys[i].id()));
    }
  }
  return SealingKeys(std::move(keys));
}

// No line is ever quoted: a line that is wrong may be a key all the same.
Result<SealingKeys> SealingKeys::read(const Secret& text, const std::string& name) {
  std::vector<SealingKey> keys;
  std::string_view rest = text.reveal();
  for (int number = 1; !rest.empty(); ++number) {
    const auto end = rest.find('\n');
    const std::string_view line = trimmed(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (line.empty() || line.front() == '#') continue;
    const auto space = line.find_first_of(" \t");
    auto bytes = space == std::string_view::npos ? std::nullopt : from_base64(trimmed(line.substr(space)));
    if (!bytes || bytes->reveal().size() != sealing_key_bytes || !is_id(line.substr(0, space))) {
      return key_fault(
          fmt::format("line {} of {} is not \"<id> <base64 of {} bytes>\"", number, name, sealing_key_bytes));
    }
    keys.emplace_back(std::string(line.substr(0, space)), std::move(*bytes));
  }
  auto checked = of(std::move(keys));
  if (!checked) return key_fault(fmt::format("{}: {}", name, checked.error().message()));
  return checked;
}

Result<SealingKeys> SealingKeys::from_file(const std::string& path) {
  const auto content = read_own_file(path);
  if (!content) return content.error();
  return read(*content, fmt::format("the key file {}", path));
}

Result<SealingKeys> SealingKeys::from_text(const Secret& text) {
  if (text.reveal().size() > most_file_bytes) return key_fault("the text of the keys is too large to be one");
  return read(text, "the text of the keys");
}

const SealingKey* SealingKeys::find(std::string_view id) const {
  for (const SealingKey& key : keys_) {
    if (key.id() == id) return &key;
  }
  return nullptr;
}

}  // namespace confab::store
