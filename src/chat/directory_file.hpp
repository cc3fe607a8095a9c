// Is this text a directory of users, events and groups that fit together?
#pragma once

#include <memory>
#include <string>

#include <confab/result.hpp>

#include "chat/directory_index.hpp"

namespace confab::chat {

// As read_directory(), for those who compare and change it.
[[nodiscard]] Result<std::shared_ptr<DirectoryIndex>> read_directory_index(std::string json);

}  // namespace confab::chat
