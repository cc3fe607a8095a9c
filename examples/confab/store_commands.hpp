// The commands that look after a store: they need its configuration, and no homeserver.
#pragma once

#include <string>

#include "session.hpp"

namespace program {

[[nodiscard]] int rotate_keys(const Settings& settings, bool retire);
[[nodiscard]] int check_store(const Settings& settings);
// To standard output.
[[nodiscard]] int export_store(const Settings& settings);
// From standard input.
[[nodiscard]] int import_store(const Settings& settings, bool replace);

}  // namespace program
