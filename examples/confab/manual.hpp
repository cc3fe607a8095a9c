// `confab manual`: the manual page, for man(1).
#pragma once

#include <string>

#include "command_tree.hpp"

namespace program {

[[nodiscard]] std::string manual_page(const CommandNode& tree, const std::string& version);

}  // namespace program
