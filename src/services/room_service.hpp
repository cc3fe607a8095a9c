// RoomService: rooms that are made at most once whoever asks, and membership that is true afterwards.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <confab/chat_provider.hpp>
#include <confab/ids.hpp>
#include <confab/result.hpp>

#include "credentials/user_tokens.hpp"
#include "matrix/endpoint.hpp"
#include "net/flights.hpp"
#include "net/record_store.hpp"
#include "services/room_records.hpp"
#include "store/lease.hpp"
#include "util/recently_used.hpp"

namespace confab::services {

class RoomService {
 public:
  // Without a store every process finds out for itself which rooms there are.
  RoomService(std::shared_ptr<credentials::UserTokens> tokens, std::string server_name,
              const std::optional<net::RecordStore>& records = std::nullopt)
      : tokens_(std::move(tokens)), server_name_(std::move(server_name)) {
    if (records) records_.emplace(*records, server_name_);
  }

  // The state event that says that a room was made whole; its absence is how a room that a crash left half made is
  // told. Its state key is our own user id, under which nobody else may write, and it names the alias: no other room
  // that somebody put under our alias can pass for ours.
  static constexpr const char* marker_type = "org.confab.room";
  // A room that the library's account cannot read is looked at as a whole, which may be large, when joins are refused
  // or it is asked for: of so many rooms, once in a while.
  static constexpr std::size_t most_looked_at = 1'000;
  static constexpr std::chrono::minutes look_pause{1};

  // By alias and marker, and never by a record: what it finds is what the record says afterwards.
  // One at a time for each alias in this process: who else asks meanwhile waits for the same room.
  [[nodiscard]] static Task<Result<MatrixRoomId>> ensure_room(std::shared_ptr<RoomService> self,
                                                              ProviderRoomRequest request, net::CallContext context);
  // By the record, if it is to be believed; else by the alias, which corrects the record. A room that was only begun
  // is not found: Errc::not_found.
  [[nodiscard]] static Task<Result<MatrixRoomId>> find_room(std::shared_ptr<RoomService> self,
                                                            std::string alias_localpart, net::CallContext context);
  // Forgets which rooms are behind the aliases that begin so; the next who asks looks them up. How many were
  // remembered.
  [[nodiscard]] static Task<Result<std::size_t>> forget_rooms(std::shared_ptr<RoomService> self,
                                                              std::string alias_prefix, net::CallContext context);
  // What the marker says; Errc::not_found where there is none that we could read.
  [[nodiscard]] static Task<Result<std::string>> room_alias(std::shared_ptr<RoomService> self, MatrixRoomId room,
                                                            net::CallContext context);
  // Join first; then invite and join; then the admin's join; what is true in between is read, never guessed from words.
  [[nodiscard]] static Task<Result<void>> join(std::shared_ptr<RoomService> self, MatrixRoomId room, MatrixUserId user,
                                               net::CallContext context);
  // Puts the user out; who is not in is success, decided by what the room says.
  [[nodiscard]] static Task<Result<void>> remove(std::shared_ptr<RoomService> self, MatrixRoomId room,
                                                 MatrixUserId user, net::CallContext context);
  // Everybody but the library's own account and those who left.
  [[nodiscard]] static Task<Result<std::vector<Member>>> members(std::shared_ptr<RoomService> self, MatrixRoomId room,
                                                                 net::CallContext context);

 private:
  enum class Whole { yes, no, unreadable };
  [[nodiscard]] RoomAlias alias(const std::string& localpart) const {
    return RoomAlias("#" + localpart + ":" + server_name_);
  }
  [[nodiscard]] static Task<Result<MatrixRoomId>> find_or_make_and_note(std::shared_ptr<RoomService> self,
                                                                        ProviderRoomRequest request,
                                                                        net::CallContext context);
  // What keeps other processes from making the room meanwhile: made once it is needed, and to be let go of.
  struct Making {
    std::shared_ptr<store::Lease> lease;
    bool without = false;  // the store cannot tell
  };
  [[nodiscard]] Task<Result<MatrixRoomId>> find_or_make(ProviderRoomRequest request, Making& making,
                                                        net::CallContext context);
  // Whether no other process makes this room, or takes its alias back, for as long as that may take.
  [[nodiscard]] Task<bool> may_make(std::string alias, Making& making, net::CallContext context);
  [[nodiscard]] Task<Result<Whole>> look(MatrixRoomId room, std::string alias, net::CallContext context);
  // Whether the room, which the library's account cannot read, is one of ours all the same: that account has left it,
  // or was another one. If so it is brought in, as far as that can be done. `alias`: of this name; empty: of any.
  enum class Ours { no, already, taken_up };  // already: as it was before
  [[nodiscard]] Task<Result<Ours>> take_up(MatrixRoomId room, std::string alias, net::CallContext context);
  [[nodiscard]] Task<Result<matrix::Done>> ask_in(MatrixUserId member, MatrixRoomId room, net::CallContext context);
  // Whether it makes sense to try that, with nothing but a join that was refused to go by.
  [[nodiscard]] bool may_be_out(const MatrixRoomId& room);
  // What was found out about a room that could not be taken up: it is ours all the same.
  [[nodiscard]] bool known_as_ours(const MatrixRoomId& room, const std::string& alias);
  void note_as_ours(const MatrixRoomId& room, const std::string& alias);
  [[nodiscard]] Task<Result<bool>> is_ours(MatrixRoomId room, std::string alias, Whole seen, net::CallContext context);
  // Whether what the alias leads to is a whole room of ours, taken up again if need be.
  [[nodiscard]] Task<Result<bool>> is_made(MatrixRoomId room, std::string alias, net::CallContext context);
  [[nodiscard]] Task<Result<bool>> is_administrator(MatrixUserId user, net::CallContext context);
  [[nodiscard]] static std::string marker(std::string_view alias);
  [[nodiscard]] Task<Result<std::optional<MatrixRoomId>>> resolve(RoomAlias alias, net::CallContext context);
  [[nodiscard]] Task<Result<MatrixRoomId>> create(ProviderRoomRequest request, net::CallContext context);
  [[nodiscard]] std::string service_members() const;
  [[nodiscard]] Task<Result<bool>> creator_is_above_levels(net::CallContext context);
  [[nodiscard]] Task<Result<std::string>> membership(MatrixRoomId room, MatrixUserId user, net::CallContext context);

  std::shared_ptr<credentials::UserTokens> tokens_;
  std::string server_name_;
  std::optional<RoomRecords> records_;
  std::mutex mutex_;
  std::shared_ptr<net::Flights<MatrixRoomId>> flights_ = std::make_shared<net::Flights<MatrixRoomId>>();  // by alias
  RecentlyUsed<net::TimePoint> looked_at_{most_looked_at};    // rooms, and when the last such try was made
  RecentlyUsed<net::TimePoint> ours_unread_{most_looked_at};  // by room and alias, and when that was found out
  std::optional<bool> above_levels_;  // whether the server's default room version is 12 or newer
};

}  // namespace confab::services
