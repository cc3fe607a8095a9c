#include "chat/faults.hpp"

#include <fmt/format.h>

namespace confab::chat {

std::string member_path(std::string_view object, std::string_view key) {
  return object.empty() ? std::string(key) : fmt::format("{}.{}", object, key);
}

void Faults::add(const std::string& path, std::string_view text) {
  if (count_++ == 0) first_path_ = path;
  if (told_.size() < most_told) told_.push_back(path.empty() ? std::string(text) : fmt::format("{} {}", path, text));
}

void Faults::add(const json::Value& at, std::string_view text) {
  if (told_.size() < most_told) return add(at.path(), text);
  ++count_;
}

void Faults::add(const json::Value& object, std::string_view key, std::string_view text) {
  if (told_.size() < most_told) return add(member_path(object.path(), key), text);
  ++count_;
}

void Faults::add(const std::string& path, const Error& error) {
  if (count_++ == 0) first_path_ = path;
  if (told_.size() < most_told) told_.push_back(fmt::format("{}: {}", path, error.message()));
}

Error Faults::error() const {
  std::string text = source_.empty() ? std::string() : source_ + ": ";
  text += fmt::format("{}", fmt::join(told_, "; "));
  if (count_ > told_.size()) text += fmt::format("; and {} more", count_ - told_.size());
  return Error(Errc::config, std::move(text)).with_subject(first_path_);
}

}  // namespace confab::chat
