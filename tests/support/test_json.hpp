// A JSON value for the fakes and the tests: small, strict, not fast. The library has its own.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace confab::test {

class TestJson {
 public:
  using Array = std::vector<TestJson>;
  using Object = std::map<std::string, TestJson, std::less<>>;

  TestJson() = default;  // null
  TestJson(bool value) : value_(value) {}
  TestJson(int value) : value_(std::int64_t{value}) {}
  TestJson(std::int64_t value) : value_(value) {}
  TestJson(double value) : value_(value) {}
  TestJson(const char* value) : value_(std::string(value)) {}
  TestJson(std::string_view value) : value_(std::string(value)) {}
  TestJson(std::string value) : value_(std::move(value)) {}
  TestJson(Array value) : value_(std::move(value)) {}
  TestJson(Object value) : value_(std::move(value)) {}

  /// No value for anything that is not one whole JSON text in valid UTF-8, at most 100 levels deep.
  static std::optional<TestJson> parse(std::string_view text);
  /// Without spaces, keys in order of their bytes: the canonical form where all numbers are integers.
  [[nodiscard]] std::string dump() const;

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  [[nodiscard]] bool is_bool() const { return std::holds_alternative<bool>(value_); }
  [[nodiscard]] bool is_integer() const { return std::holds_alternative<std::int64_t>(value_); }
  [[nodiscard]] bool is_string() const { return std::holds_alternative<std::string>(value_); }
  [[nodiscard]] bool is_array() const { return std::holds_alternative<Array>(value_); }
  [[nodiscard]] bool is_object() const { return std::holds_alternative<Object>(value_); }
  /// Whether a number with a fraction or exponent is anywhere inside, which Matrix events must not have.
  [[nodiscard]] bool has_float() const;

  /// Neutral values where the kind is another.
  [[nodiscard]] bool as_bool(bool otherwise = false) const;
  [[nodiscard]] std::int64_t as_integer(std::int64_t otherwise = 0) const;
  [[nodiscard]] double as_double(double otherwise = 0) const;
  [[nodiscard]] const std::string& as_string() const;
  [[nodiscard]] const Array& as_array() const;
  [[nodiscard]] const Object& as_object() const;

  /// The member, or null.
  const TestJson& operator[](std::string_view key) const;
  [[nodiscard]] bool contains(std::string_view key) const { return as_object().find(key) != as_object().end(); }
  /// Makes this an object or array if it is not one.
  TestJson& set(std::string_view key, TestJson value);
  TestJson& push(TestJson value);

  bool operator==(const TestJson& other) const { return dump() == other.dump(); }

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

}  // namespace confab::test
