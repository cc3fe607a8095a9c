// Which events lie between two answers? Pages of history, collected backwards until known ground is reached.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include <confab/ids.hpp>

#include "matrix/endpoints/messages.hpp"
#include "matrix/event.hpp"
#include "matrix/member_names.hpp"
#include "matrix/seen_events.hpp"

namespace confab::matrix {

/// How much of a gap is held in memory before it is given up; pages are the newest part first.
class GapBounds {
 public:
  GapBounds() = default;
  GapBounds& events(std::size_t most) { return events_ = most, *this; }
  GapBounds& bytes(std::size_t most) { return bytes_ = most, *this; }
  GapBounds& pages(std::size_t most) { return pages_ = most, *this; }
  [[nodiscard]] std::size_t events() const { return events_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t pages() const { return pages_; }

 private:
  std::size_t events_ = 10'000;
  std::size_t bytes_ = std::size_t{16} << 20U;
  std::size_t pages_ = 500;
};

class GapFill {
 public:
  GapFill(MatrixRoomId room, PageToken from, PageToken to, GapBounds bounds)
      : room_(std::move(room)), from_(std::move(from)), to_(std::move(to)), bounds_(bounds) {}

  [[nodiscard]] const MatrixRoomId& room_id() const { return room_; }
  [[nodiscard]] const PageToken& from() const { return from_; }
  [[nodiscard]] const PageToken& to() const { return to_; }

  enum class State { more, complete, over_bounds };
  /// Take one page, newest first.
  [[nodiscard]] State add(MessagesAnswer page, const SeenEvents& seen);
  /// What was collected, oldest first.
  [[nodiscard]] std::vector<RoomEvent> take();
  /// What those who sent it were called, as far as it was told: as the oldest page that names them says.
  [[nodiscard]] const MemberNames& names() const { return names_; }

 private:
  MatrixRoomId room_;
  PageToken from_;
  PageToken to_;
  GapBounds bounds_;
  std::vector<RoomEvent> newest_first_;
  MemberNames names_;
  std::size_t bytes_ = 0;
  std::size_t pages_ = 0;
};

}  // namespace confab::matrix
