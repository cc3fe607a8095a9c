// How does Synapse write yes and no? In its admin API, by its version and database: false and true, or 0 and 1.
#pragma once

#include <string_view>

#include "util/json.hpp"

namespace confab::matrix {

/// A flag of an answer; missing and null are no.
[[nodiscard]] bool synapse_flag(json::Reader& read, std::string_view key);

}  // namespace confab::matrix
