// Is a result what capi/results.schema.json says it is? Stricter than the schema: a member that it does not describe is
// wrong, too.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace confab::test {

/// What is wrong with `json` as a result of this name; empty where nothing is.
[[nodiscard]] std::string fault_of_result(std::string_view name, std::string_view json);

/// The values that the schema names for a member of a definition.
[[nodiscard]] std::set<std::string> values_of_member(std::string_view name, std::string_view member);

}  // namespace confab::test
