// `confab completion bash`: what makes a shell complete the commands, options and words of `confab`.
#pragma once

#include <string>

#include "command_tree.hpp"

namespace program {

[[nodiscard]] std::string bash_completion(const CommandNode& tree);

}  // namespace program
