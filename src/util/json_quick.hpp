// Ordinary JSON, read quickly: what a homeserver writes, but for fractions and surrogate pairs. RapidJSON reads all
// else.
#pragma once

#include "util/json.hpp"
#include "util/json_storage.hpp"

namespace confab::json {

/// Builds the nodes of storage.text, which is UTF-8 and has nothing built yet; its root is set then. False for all that
/// is not ordinary, JSON or not, and what is over a limit: whoever reads it next finds out which.
[[nodiscard]] bool read_quickly(detail::Storage& storage, const Limits& limits);

}  // namespace confab::json
