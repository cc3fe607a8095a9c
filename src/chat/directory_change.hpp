// DirectoryChange: what one revision of a directory changes, said once for each entry; made from a batch, or from what
// tells two directories apart.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <confab/directory_batch.hpp>
#include <confab/result.hpp>

#include "chat/directory_index.hpp"

namespace confab::chat {

inline constexpr std::size_t most_directory_steps = 1'000'000;
inline constexpr std::size_t longest_user_id = 100;
inline constexpr std::size_t longest_directory_name = 255;  // Synapse takes 256 characters as a display name
inline constexpr std::size_t longest_directory_word = 64;
inline constexpr std::size_t most_permissions = 64;

struct RoomHead {
  std::string name;
  bool is_public = false;
  UserSlug creator;
};

struct RoomChange {
  explicit RoomChange(RoomRef which) : ref(std::move(which)) {}
  RoomRef ref;
  bool gone = false;             // with everybody in it; a head beside it makes a new one
  std::optional<RoomHead> head;  // nothing: as it is
  std::vector<std::variant<DirectoryMember, UserSlug>> members;  // written, or removed; in this order
};

struct DirectoryChange {
  std::vector<std::string> gone_users;  // ids
  std::vector<DirectoryUser> users;
  std::vector<RoomChange> rooms;

  [[nodiscard]] bool empty() const { return gone_users.empty() && users.empty() && rooms.empty(); }
};

// What the batch comes to, without what is so already. Errc::invalid_argument or too_large.
[[nodiscard]] Result<DirectoryChange> change_of(const DirectoryBatch& batch, const DirectoryIndex& index);

// What makes `from` say what `to` says. `to` is known to fit together.
[[nodiscard]] DirectoryChange difference(const DirectoryIndex& from, const DirectoryIndex& to);

// What the change does to this index. It trusts the change, and passes over what makes no sense.
[[nodiscard]] DirectoryEdit edit_of(const DirectoryChange& change, const DirectoryIndex& index);

}  // namespace confab::chat
