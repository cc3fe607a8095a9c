#include "matrix/endpoints/synapse_flag.hpp"

namespace confab::matrix {

bool synapse_flag(json::Reader& read, std::string_view key) {
  const json::Value value = read.value()[key];
  if (!value || value.is_null()) return false;
  if (value.kind() == json::Kind::boolean) return value.boolean_or(false);
  if (const auto number = value.integer(0, 1)) return *number == 1;
  read.fail(value.wrong("true or false"));
  return false;
}

}  // namespace confab::matrix
