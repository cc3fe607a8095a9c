// What do a directory's records look like? JSON that a person can read: a list of entries, each with what it is first.
//
//   {"user":"7","slug":"ana","name":"Ana"}                          {"user":"7","gone":true}
//   {"event":"picnic","name":"Picnic","visibility":"public","creator":"ana"}   {"event":"picnic","gone":true}
//   {"event":"picnic","put":[{"user":"ben","role":"guest","permissions":["ManageEvent"]}],"remove":["cem"]}
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <confab/result.hpp>

#include "chat/directory_change.hpp"
#include "util/json.hpp"

namespace confab::chat {

inline constexpr std::size_t most_part_bytes = std::size_t{192} << 10U;  // of the 256 KiB of a stored value

// Lists of entries, as many as are needed to keep each of them short. No change gives none.
[[nodiscard]] std::vector<std::string> encode(const DirectoryChange& change);

// Adds the entries of one list. Errc::protocol for what is none.
[[nodiscard]] Result<void> decode(const json::Value& entries, DirectoryChange& change);

}  // namespace confab::chat
