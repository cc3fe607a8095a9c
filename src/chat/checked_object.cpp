#include "chat/checked_object.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bitset>

#include "chat/nearest_word.hpp"
#include "util/text.hpp"

namespace confab::chat {
namespace {

constexpr std::size_t most_known_keys = 16;

// A key as somebody wrote it, fit for a message.
std::string shown(std::string_view key) { return std::string(text::cut_utf8(key, 64)); }

}  // namespace

CheckedObject::CheckedObject(json::Value value, std::span<const std::string_view> known, Faults& faults)
    : value_(value), faults_(&faults) {
  if (!value_.is_object()) {
    const std::string path = value_.path();
    faults.add(path, path.empty() ? "the file must hold a JSON object" : "must be an object");
    return;
  }
  std::bitset<most_known_keys> seen;
  for (const auto& [key, member] : value_.members()) {
    const auto at = std::find(known.begin(), known.end(), key);
    if (at == known.end()) {
      const std::string_view meant = nearest_word(key, known);
      fault(shown(key), meant.empty() ? fmt::format("is no known key; known are {}", fmt::join(known, ", "))
                                      : fmt::format("is no known key; was \"{}\" meant?", meant));
      continue;
    }
    const auto index = static_cast<std::size_t>(at - known.begin());
    if (seen[index]) fault(key, "is given twice");
    seen.set(index);
  }
}

std::string_view CheckedObject::checked(std::string_view key, const json::Value& value, std::size_t longest) {
  if (!value.is_string()) {
    fault(key, "must be a text");
    return {};
  }
  const std::string_view text = value.string_or({});
  if (text.empty()) fault(key, "must not be empty");
  if (text.size() > longest) {
    fault(key, fmt::format("is longer than {} bytes", longest));
    return {};
  }
  // A null character would end a path or a header early, somewhere below.
  if (text.find('\0') != std::string_view::npos) {
    fault(key, "must not hold a null character");
    return {};
  }
  return text;
}

std::string_view CheckedObject::text(std::string_view key, std::size_t longest) {
  if (!value_.is_object()) return {};
  if (const json::Value value = value_[key]) return checked(key, value, longest);
  fault(key, "is missing");
  return {};
}

std::string_view CheckedObject::optional_text(std::string_view key, std::size_t longest) {
  const json::Value value = value_[key];
  return value ? checked(key, value, longest) : std::string_view();
}

json::Value CheckedObject::array(std::string_view key) {
  if (!value_.is_object()) return {};
  if (value_[key]) return optional_array(key);
  fault(key, "is missing");
  return {};
}

json::Value CheckedObject::optional_array(std::string_view key) {
  const json::Value value = value_[key];
  if (!value || value.is_array()) return value;
  fault(key, "must be a list");
  return {};
}

json::Value CheckedObject::object(std::string_view key) {
  if (!value_.is_object()) return {};
  const json::Value value = value_[key];
  if (!value)
    fault(key, "is missing");
  else if (!value.is_object())
    fault(key, "must be an object");
  else
    return value;
  return {};
}

}  // namespace confab::chat
