// Who is called how in a room? Display names as m.room.member events say them, the latest one counts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include <confab/ids.hpp>

#include "matrix/event.hpp"

namespace confab::matrix {

/// As many names as the events that it is told: those of one answer, so it needs no bound of its own.
class MemberNames {
 public:
  /// Longer names are cut: homeservers take no longer ones (256 characters).
  static constexpr std::size_t longest_member_name = 1024;

  /// Every other event than a membership changes nothing.
  void note(const RoomEvent& event);
  /// The same of text that is known to be JSON.
  void note(std::string_view event);
  /// Empty where none is known, or they have none.
  [[nodiscard]] std::string_view of(const MatrixUserId& user) const;

 private:
  void note(MatrixUserId user, std::string_view membership, std::string_view name);

  std::unordered_map<MatrixUserId, std::string> names_;
};

}  // namespace confab::matrix
