// RoomRecords: which room is behind an alias, remembered in the store for the next process.
//
// A record spares a look-up and is never the truth: it is written when the room has been made or found with its marker,
// and corrected by whoever looks its alias up. A store that fails or does not answer costs that look-up, no more.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <confab/ids.hpp>
#include <confab/store.hpp>

#include "net/call_context.hpp"
#include "net/record_store.hpp"
#include "util/recently_used.hpp"
#include "util/task.hpp"

namespace confab::services {

class RoomRecords {
 public:
  // An alias may be given to another room, of which the old one's members hear nothing: looked up again after this.
  static constexpr std::chrono::hours trusted_for{24};
  // Of others a record may be believed twice.
  static constexpr std::size_t most_asked = 10'000;
  // A store that hangs holds nobody up for longer.
  static constexpr std::chrono::milliseconds store_patience{500};

  RoomRecords(net::RecordStore records, std::string_view server_name);

  class Remembered {
   public:
    Remembered(MatrixRoomId room, bool believed) : room_(std::move(room)), believed_(believed) {}
    [[nodiscard]] const MatrixRoomId& room() const { return room_; }
    // Not old, and this process has neither asked for it before nor looked the alias up: who asks again has found wrong
    // what it was told, or has forgotten it.
    [[nodiscard]] bool believed() const { return believed_; }

   private:
    MatrixRoomId room_;
    bool believed_;
  };
  // A damaged record is none.
  [[nodiscard]] Task<std::optional<Remembered>> find(std::string alias_localpart, net::CallContext context);
  // The alias has just been looked up, and the room has its marker.
  [[nodiscard]] Task<void> put(std::string alias_localpart, MatrixRoomId room, net::CallContext context);
  // Only while it names `room`: somebody else may have corrected it meanwhile.
  [[nodiscard]] Task<void> forget(std::string alias_localpart, MatrixRoomId room, net::CallContext context);

 private:
  [[nodiscard]] std::string key(std::string_view alias_localpart) const;

  net::RecordStore records_;
  std::string prefix_;
  RecentlyUsed<bool> asked_{most_asked};  // by alias
};

}  // namespace confab::services
