#include "util/json.hpp"

namespace confab::json {

Reader::Reader(Value object) : object_(object) {
  if (!object_.is_object()) error_ = object_.wrong("an object");
}

void Reader::fail(Error error) {
  if (!error_) error_ = std::move(error);
}

template <class T>
T Reader::take(Result<T> result, T fallback) {
  if (result) return *std::move(result);
  fail(std::move(result).error());
  return fallback;
}

std::string_view Reader::string(std::string_view key) { return take<std::string_view>(object_.string(key), {}); }
std::string_view Reader::non_empty_string(std::string_view key) {
  const auto text = string(key);
  if (text.empty() && !error_) fail(object_.wrong(key, "a string that is not empty"));
  return text;
}
bool Reader::boolean(std::string_view key) { return take<bool>(object_.boolean(key), false); }
std::int64_t Reader::integer(std::string_view key, std::int64_t least, std::int64_t most) {
  return take<std::int64_t>(object_.integer(key, least, most), least);
}
Value Reader::array(std::string_view key) { return take<Value>(object_.array(key), {}); }
Value Reader::object(std::string_view key) { return take<Value>(object_.object(key), {}); }

std::optional<std::string_view> Reader::optional_string(std::string_view key) {
  const Value member = object_[key];
  if (!member || member.is_null()) return std::nullopt;
  return take<std::string_view>(member.string(), {});
}
std::optional<bool> Reader::optional_boolean(std::string_view key) {
  const Value member = object_[key];
  if (!member || member.is_null()) return std::nullopt;
  return take<bool>(member.boolean(), false);
}
std::optional<std::int64_t> Reader::optional_integer(std::string_view key, std::int64_t least, std::int64_t most) {
  const Value member = object_[key];
  if (!member || member.is_null()) return std::nullopt;
  return take<std::int64_t>(member.integer(least, most), least);
}
Value Reader::optional_array(std::string_view key) {
  const Value member = object_[key];
  if (!member || member.is_null()) return {};
  return take<Value>(member.array(), {});
}
Value Reader::optional_object(std::string_view key) {
  const Value member = object_[key];
  if (!member || member.is_null()) return {};
  return take<Value>(member.object(), {});
}

}  // namespace confab::json
