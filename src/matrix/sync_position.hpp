// Where is a reader in a user's events, and is the homeserver still the one that said so? A position is a token of
// /sync with what proves it: the newest events that lie before it, and the ids of those delivered last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <confab/ids.hpp>
#include <confab/result.hpp>

#include "util/json.hpp"

namespace confab::matrix {

/// An event that lies before a position: a homeserver that does not know it is not the one, or not the same any more.
class SyncAnchor {
 public:
  SyncAnchor(MatrixRoomId room, EventId event, std::int64_t time)
      : room_(std::move(room)), event_(std::move(event)), time_(time) {}
  [[nodiscard]] const MatrixRoomId& room_id() const { return room_; }
  [[nodiscard]] const EventId& event_id() const { return event_; }
  [[nodiscard]] std::int64_t time() const { return time_; }  ///< origin_server_ts; what a server claims, no more.

 private:
  MatrixRoomId room_;
  EventId event_;
  std::int64_t time_;
};

/// The newest anchors of different rooms, newest first.
class SyncAnchors {
 public:
  static constexpr std::size_t most = 2;
  /// It replaces that of its room, or the oldest.
  void note(SyncAnchor anchor);
  /// Those of `older` stand behind, as far as there is room.
  void follow_with(const SyncAnchors& older);
  void clear() { list_.clear(); }
  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] const std::vector<SyncAnchor>& list() const { return list_; }

 private:
  std::vector<SyncAnchor> list_;
};

class SyncPosition {
 public:
  /// Delivered last: known ground for what comes again around the seam of two processes.
  static constexpr std::size_t most_recent_ids = 64;
  static constexpr std::size_t most_token_bytes = 4096;

  SyncPosition() = default;
  explicit SyncPosition(PageToken token) : token_(std::move(token)) {}
  SyncPosition& anchors(SyncAnchors anchors) { return anchors_ = std::move(anchors), *this; }
  SyncPosition& recent(std::vector<EventId> ids) { return recent_ = std::move(ids), *this; }

  /// Empty: none yet.
  [[nodiscard]] const PageToken& token() const { return token_; }
  [[nodiscard]] const SyncAnchors& anchors() const { return anchors_; }
  [[nodiscard]] const std::vector<EventId>& recent() const { return recent_; }  ///< Oldest first.

  void write(json::Writer& w) const;
  /// Errc::protocol for anything that write() cannot have written.
  [[nodiscard]] static Result<SyncPosition> read(const json::Value& object);

 private:
  PageToken token_;
  SyncAnchors anchors_;
  std::vector<EventId> recent_;
};

/// Whether a homeserver went back in time. Tokens are opaque, but those of Synapse and its kin begin with the number of
/// the newest event they know ("s1234_..."); for others the answer is no. A position of the future is otherwise
/// answered in silence, and what happens until it is reached would never be told.
[[nodiscard]] bool went_back(const PageToken& before, const PageToken& now);

}  // namespace confab::matrix
