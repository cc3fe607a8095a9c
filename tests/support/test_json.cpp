#include "test_json.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

namespace confab::test {
namespace {

constexpr int max_depth = 100;

std::optional<TestJson> convert(const rapidjson::Value& from, int depth) {
  if (depth > max_depth) return std::nullopt;
  if (from.IsBool()) return TestJson(from.GetBool());
  if (from.IsInt64()) return TestJson(static_cast<std::int64_t>(from.GetInt64()));
  if (from.IsNumber()) return TestJson(from.GetDouble());
  if (from.IsString()) return TestJson(std::string(from.GetString(), from.GetStringLength()));
  if (from.IsArray()) {
    TestJson::Array out;
    for (const auto& element : from.GetArray()) {
      auto value = convert(element, depth + 1);
      if (!value) return std::nullopt;
      out.push_back(std::move(*value));
    }
    return TestJson(std::move(out));
  }
  if (from.IsObject()) {
    TestJson::Object out;
    for (const auto& member : from.GetObject()) {
      auto value = convert(member.value, depth + 1);
      if (!value) return std::nullopt;
      out.insert_or_assign(std::string(member.name.GetString(), member.name.GetStringLength()), std::move(*value));
    }
    return TestJson(std::move(out));
  }
  return TestJson();
}

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void write(Writer& writer, const TestJson& value) {
  if (value.is_bool()) {
    writer.Bool(value.as_bool());
  } else if (value.is_integer()) {
    writer.Int64(value.as_integer());
  } else if (value.is_string()) {
    writer.String(value.as_string().data(), static_cast<rapidjson::SizeType>(value.as_string().size()));
  } else if (value.is_array()) {
    writer.StartArray();
    for (const auto& element : value.as_array()) write(writer, element);
    writer.EndArray();
  } else if (value.is_object()) {
    writer.StartObject();
    for (const auto& [key, member] : value.as_object()) {
      writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
      write(writer, member);
    }
    writer.EndObject();
  } else if (value.is_null()) {
    writer.Null();
  } else {
    writer.Double(value.as_double());
  }
}

template <class Kind>
const Kind& neutral() {
  static const Kind value;
  return value;
}

}  // namespace

std::optional<TestJson> TestJson::parse(std::string_view text) {
  rapidjson::Document document;
  constexpr unsigned flags = rapidjson::kParseValidateEncodingFlag | rapidjson::kParseIterativeFlag;
  document.Parse<flags>(text.data(), text.size());
  if (document.HasParseError()) return std::nullopt;
  return convert(document, 0);
}

std::string TestJson::dump() const {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  write(writer, *this);
  return {buffer.GetString(), buffer.GetSize()};
}

bool TestJson::has_float() const {
  const auto floating = [](const TestJson& value) { return value.has_float(); };
  if (is_array()) return std::any_of(as_array().begin(), as_array().end(), floating);
  if (is_object()) {
    return std::any_of(as_object().begin(), as_object().end(),
                       [&](const auto& member) { return floating(member.second); });
  }
  return std::holds_alternative<double>(value_);
}

bool TestJson::as_bool(bool otherwise) const { return is_bool() ? std::get<bool>(value_) : otherwise; }
std::int64_t TestJson::as_integer(std::int64_t otherwise) const {
  return is_integer() ? std::get<std::int64_t>(value_) : otherwise;
}
double TestJson::as_double(double otherwise) const {
  const double* const number = std::get_if<double>(&value_);
  return number != nullptr ? *number : otherwise;
}
const std::string& TestJson::as_string() const {
  return is_string() ? std::get<std::string>(value_) : neutral<std::string>();
}
const TestJson::Array& TestJson::as_array() const { return is_array() ? std::get<Array>(value_) : neutral<Array>(); }
const TestJson::Object& TestJson::as_object() const {
  return is_object() ? std::get<Object>(value_) : neutral<Object>();
}

const TestJson& TestJson::operator[](std::string_view key) const {
  const auto found = as_object().find(key);
  return found == as_object().end() ? neutral<TestJson>() : found->second;
}

TestJson& TestJson::set(std::string_view key, TestJson value) {
  if (!is_object()) value_ = Object();
  std::get<Object>(value_).insert_or_assign(std::string(key), std::move(value));
  return *this;
}

TestJson& TestJson::push(TestJson value) {
  if (!is_array()) value_ = Array();
  std::get<Array>(value_).push_back(std::move(value));
  return *this;
}

}  // namespace confab::test
