#include "capi/result_schema.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <utility>

#include "support/test_json.hpp"

namespace confab::test {
namespace {

const TestJson& definitions() {
  static const TestJson schema = [] {
    std::ifstream file(CONFAB_RESULTS_SCHEMA, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    auto parsed = TestJson::parse(text);
    if (!parsed) throw std::runtime_error("cannot read " CONFAB_RESULTS_SCHEMA);
    return std::move(*parsed);
  }();
  return schema["$defs"];
}

bool is_type(const TestJson& value, const std::string& type) {
  return (type == "object" && value.is_object()) || (type == "array" && value.is_array()) ||
         (type == "string" && value.is_string()) || (type == "integer" && value.is_integer()) ||
         (type == "boolean" && value.is_bool());
}

std::string lacking(const TestJson& value, const TestJson& required, const std::string& path) {
  for (const TestJson& name : required.as_array()) {
    if (!value.contains(name.as_string())) return path + " has no " + name.as_string();
  }
  return {};
}

// Whether a condition holds: members that have to be of one value.
bool holds(const TestJson& value, const TestJson& condition) {
  const auto& members = condition["properties"].as_object();
  return std::all_of(members.begin(), members.end(),
                     [&](const auto& each) { return value[each.first] == each.second["const"]; });
}

std::string fault(const TestJson& value, const TestJson& schema, const std::string& path) {
  static const std::set<std::string, std::less<>> known{
      "$ref",       "type",     "description", "enum",  "minimum",
      "properties", "required", "items",       "allOf", "additionalProperties"};
  for (const auto& [keyword, unused] : schema.as_object()) {
    if (known.count(keyword) == 0) return path + ": the test does not know the keyword " + keyword;
  }
  if (schema.contains("$ref")) {
    return fault(value, definitions()[schema["$ref"].as_string().substr(std::string_view("#/$defs/").size())], path);
  }
  if (!is_type(value, schema["type"].as_string())) return path + " is no " + schema["type"].as_string();
  if (schema.contains("enum")) {
    const auto& values = schema["enum"].as_array();
    if (std::find(values.begin(), values.end(), value) == values.end()) return path + " is none of its values";
  }
  if (schema.contains("minimum") && value.as_integer() < schema["minimum"].as_integer()) return path + " is too small";
  if (std::string wrong = lacking(value, schema["required"], path); !wrong.empty()) return wrong;
  for (const TestJson& rule : schema["allOf"].as_array()) {
    if (!holds(value, rule["if"])) continue;
    if (std::string wrong = lacking(value, rule["then"]["required"], path); !wrong.empty()) return wrong;
  }
  if (schema["additionalProperties"].as_bool()) return {};
  for (const auto& [name, member] : value.as_object()) {
    if (!schema["properties"].contains(name)) return path + " has a member that is not described: " + name;
    if (std::string wrong = fault(member, schema["properties"][name], path + "/" + name); !wrong.empty()) return wrong;
  }
  for (const TestJson& element : value.as_array()) {
    if (std::string wrong = fault(element, schema["items"], path + "/-"); !wrong.empty()) return wrong;
  }
  return {};
}

}  // namespace

std::string fault_of_result(std::string_view name, std::string_view json) {
  if (!definitions().contains(name)) return "the schema has no " + std::string(name);
  const auto value = TestJson::parse(json);
  if (!value) return "no JSON: " + std::string(json);
  return fault(*value, definitions()[name], std::string(name));
}

std::set<std::string> values_of_member(std::string_view name, std::string_view member) {
  std::set<std::string> values;
  for (const TestJson& value : definitions()[name]["properties"][member]["enum"].as_array()) {
    values.insert(value.as_string());
  }
  return values;
}

}  // namespace confab::test
