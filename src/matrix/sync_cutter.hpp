// SyncCutter: cuts a /sync answer into raw pieces, one per room, while it arrives.
//
// It is fed chunks of any size and hands over each room as soon as it is whole. What nobody here reads (presence,
// account data, devices, rooms knocked on, the state of joined rooms but for memberships) is checked and passed over,
// never kept. Pieces
// count only when finish() says that the whole answer came well: until then their reader has to be able to meet them
// again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <confab/error.hpp>
#include <confab/ids.hpp>
#include <confab/result.hpp>

#include "matrix/room_piece.hpp"
#include "util/json_scan.hpp"

namespace confab::matrix {

/// One room in one answer. Over it: Errc::too_large.
inline constexpr std::size_t max_piece_bytes = std::size_t{32} << 20U;
/// Of the memberships beside one room's timeline so much is kept; further ones are passed over.
inline constexpr std::size_t max_member_bytes = std::size_t{256} << 10U;
/// Up to this a room's events share its text, where they are half of it at least: an event that waits for its reader
/// keeps little beside itself. Of other rooms each event has a copy.
inline constexpr std::size_t largest_shared_text = std::size_t{32} << 10U;
/// A token or a room id in an answer, as it is written. Over it: Errc::protocol.
inline constexpr std::size_t max_sync_token_bytes = 4096;

class SyncCutter {
 public:
  using Take = std::function<void(RoomPiece)>;
  explicit SyncCutter(Take take) : take_(std::move(take)), scan_(*this) {}
  SyncCutter(const SyncCutter&) = delete;
  SyncCutter& operator=(const SyncCutter&) = delete;

  /// False: error() says why, and nothing more is taken.
  [[nodiscard]] bool feed(std::string_view chunk);
  /// The end of the answer: where the next /sync goes on, or Errc::protocol.
  [[nodiscard]] Result<PageToken> finish();
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  friend class json::Scan<SyncCutter>;
  // What a container is, by its place in the answer.
  enum class Role : std::uint8_t { top, root, rooms, part, room, section, events, other };
  // Members that matter.
  enum class Name : std::uint8_t {
    other,
    next_batch,
    rooms,
    join,
    invite,
    leave,
    timeline,
    ephemeral,
    state,
    invite_state,
    events,
    limited,
    prev_batch,
  };
  static constexpr std::size_t depth_of_events = 6;

  // What the scan tells.
  void opened(const char* at, bool object, std::size_t depth);
  void closed(const char* end, std::size_t depth);
  void string_began(const char* at, bool key, std::size_t depth);
  void string_ended(const char* end, bool key, std::size_t depth);
  void scalar(char first, std::size_t depth);
  void scalar_ended(const char* end, std::size_t depth);
  [[nodiscard]] std::size_t watched() const { return watched_; }
  [[nodiscard]] bool failed() const { return error_.has_value(); }

  [[nodiscard]] Role role_of_opened(bool object, std::size_t depth);
  void named(std::string name, std::size_t depth);
  void took_string(std::size_t depth);
  void begin_room();
  void end_room();
  [[nodiscard]] std::size_t place(const char* at) const;
  void keep(const char* end);
  void end_state_event(const char* end);
  void must_be(std::string_view kind);
  void fail(Error error);
  [[nodiscard]] std::string path() const;

  Take take_;
  json::Scan<SyncCutter> scan_;
  std::optional<Error> error_;
  Role roles_[depth_of_events + 2] = {Role::top};
  Name name_ = Name::other;     // of the member that is read now
  Name section_ = Name::other;  // of a room, that is open
  std::size_t watched_ = 0;
  unsigned names_met_[depth_of_events + 1] = {};  // bits, per open object: which names it has had

  std::string text_;  // of a string that is being read, where it matters
  const char* text_from_ = nullptr;
  bool text_open_ = false;

  PageToken next_batch_;
  std::string part_name_;
  RoomPiece piece_;
  std::string kept_;  // the piece's text so far
  const char* kept_from_ = nullptr;
  bool keeping_ = false;
  std::size_t element_at_ = 0;
  std::size_t events_at_ = 0;
  std::size_t member_bytes_ = 0;
};

}  // namespace confab::matrix
