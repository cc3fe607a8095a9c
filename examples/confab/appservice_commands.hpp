// The command that registers an application service: it needs its configuration, and no homeserver.
#pragma once

#include <string>

#include "session.hpp"

namespace program {

// An empty id: the library's own word.
[[nodiscard]] int register_appservice(const Settings& settings, const std::string& id, bool replace);

}  // namespace program
