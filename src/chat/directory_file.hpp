// Is this text a directory of users, events and groups that fit together?
#pragma once

#include <memory>
#include <string>

#include <confab/result.hpp>

#include "chat/directory_index.hpp"
#include "util/json.hpp"

namespace confab::chat {

// The JSON of a directory, or of a batch, within the bounds of both. Errc::config.
[[nodiscard]] Result<json::Document> parse_directory(std::string json);

// As read_directory(), for those who compare and change it.
[[nodiscard]] Result<std::shared_ptr<DirectoryIndex>> read_directory_index(std::string json);

}  // namespace confab::chat
