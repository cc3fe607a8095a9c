// CheckedObject: reads one JSON object of a file that people write: unknown and repeated keys are faults, and so is
// everything missing or of another kind. Reading goes on after a fault, so that all of them are told at once.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "chat/faults.hpp"
#include "util/json.hpp"

namespace confab::chat {

class CheckedObject {
 public:
  // Texts that people write are bounded; what may be longer says so.
  static constexpr std::size_t longest_text = 4096;

  CheckedObject(json::Value value, std::span<const std::string_view> known, Faults& faults);

  [[nodiscard]] bool is_object() const { return value_.is_object(); }
  [[nodiscard]] bool has(std::string_view key) const { return static_cast<bool>(value_[key]); }
  [[nodiscard]] const json::Value& value() const { return value_; }

  // A text that is not empty; empty is returned with a fault noted (or, for optional_text, when it is absent).
  [[nodiscard]] std::string_view text(std::string_view key, std::size_t longest = longest_text);
  [[nodiscard]] std::string_view optional_text(std::string_view key, std::size_t longest = longest_text);
  // Absent Values when missing or of another kind; missing ones of the optional kind are no fault.
  [[nodiscard]] json::Value array(std::string_view key);
  [[nodiscard]] json::Value optional_array(std::string_view key);
  [[nodiscard]] json::Value object(std::string_view key);

  void fault(std::string_view key, std::string_view text) { faults_->add(value_, key, text); }

 private:
  [[nodiscard]] std::string_view checked(std::string_view key, const json::Value& value, std::size_t longest);
  json::Value value_;
  Faults* faults_;
};

}  // namespace confab::chat
