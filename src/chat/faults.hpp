// Faults: everything that is wrong with a file, each with its path, told in one error so that one look mends it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <confab/error.hpp>

#include "util/json.hpp"

namespace confab::chat {

class Faults {
 public:
  // At most this many are told; the rest are counted. Finding a path is a search, so this also bounds the work.
  static constexpr std::size_t most_told = 8;

  // `source`: the file's name, put before everything; may be empty.
  explicit Faults(std::string source = {}) : source_(std::move(source)) {}

  // "PATH TEXT", for example "tenants[0].id" "is missing".
  void add(const std::string& path, std::string_view text);
  // The same for a value that was read, and for a member of one.
  void add(const json::Value& at, std::string_view text);
  void add(const json::Value& object, std::string_view key, std::string_view text);
  // An error of a part of its own (a file that is named here), which has its own words.
  void add(const std::string& path, const Error& error);

  [[nodiscard]] bool any() const noexcept { return count_ != 0; }
  // Errc::config; subject() is the first path. Precondition: any().
  [[nodiscard]] Error error() const;

 private:
  std::string source_;
  std::vector<std::string> told_;
  std::string first_path_;
  std::size_t count_ = 0;
};

// "homeserver" and "url" give "homeserver.url"; the root's path is empty.
[[nodiscard]] std::string member_path(std::string_view object, std::string_view key);

}  // namespace confab::chat
