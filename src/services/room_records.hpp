// RoomRecords: which room is behind an alias, remembered in the store for the next process.
//
// A record spares a look-up and is never the truth: it is written when the room has been made or found with its marker,
// and corrected by whoever looks its alias up. A store that fails or does not answer costs that look-up, no more.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <confab/ids.hpp>
#include <confab/store.hpp>

#include "net/call_context.hpp"
#include "net/record_store.hpp"
#include "store/lease.hpp"
#include "util/recently_used.hpp"
#include "util/task.hpp"

namespace confab::services {

// What one of them says.
class RoomRecord {
 public:
  // `looked_up`: seconds since 1970.
  RoomRecord(MatrixRoomId room, std::int64_t looked_up) : room_(std::move(room)), looked_up_(looked_up) {}
  [[nodiscard]] const MatrixRoomId& room() const noexcept { return room_; }
  [[nodiscard]] std::int64_t looked_up() const noexcept { return looked_up_; }

  [[nodiscard]] std::string write(std::string_view alias_localpart) const;
  // Nothing where it is damaged, or of another alias.
  [[nodiscard]] static std::optional<RoomRecord> read(const StoreRecord& record, std::string_view alias_localpart);

 private:
  MatrixRoomId room_;
  std::int64_t looked_up_;
};

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

  // All whose aliases begin so. How many it were.
  [[nodiscard]] Task<Result<std::size_t>> forget_all(std::string alias_prefix, net::CallContext context);
  // Of who makes the room or takes its alias back: a process that dies at it keeps others from it for as long.
  static constexpr std::chrono::milliseconds lease_length{20'000};
  [[nodiscard]] Result<std::shared_ptr<store::Lease>> lease(std::string_view alias_localpart) const;

 private:
  [[nodiscard]] std::string key(std::string_view alias_localpart) const;

  net::RecordStore records_;
  std::string prefix_;
  RecentlyUsed<bool> asked_{most_asked};  // by alias
};

}  // namespace confab::services
