// RoomService: rooms that are made at most once whoever asks, and membership that is true afterwards.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <confab/chat_provider.hpp>
#include <confab/ids.hpp>
#include <confab/result.hpp>

#include "credentials/user_tokens.hpp"
#include "net/flights.hpp"
#include "net/record_store.hpp"
#include "services/room_records.hpp"

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
  // told. Its state key is our own user id, under which nobody else may write: a room that somebody put under our alias
  // cannot pass for one of ours.
  static constexpr const char* marker_type = "org.confab.room";

  // By alias and marker, and never by a record: what it finds is what the record says afterwards.
  // One at a time for each alias in this process: who else asks meanwhile waits for the same room.
  [[nodiscard]] static Task<Result<MatrixRoomId>> ensure_room(std::shared_ptr<RoomService> self,
                                                              ProviderRoomRequest request, net::CallContext context);
  // By the record, if it is to be believed; else by the alias, which corrects the record.
  [[nodiscard]] static Task<Result<MatrixRoomId>> find_room(std::shared_ptr<RoomService> self,
                                                            std::string alias_localpart, net::CallContext context);
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
  [[nodiscard]] Task<Result<MatrixRoomId>> find_or_make(ProviderRoomRequest request, net::CallContext context);
  [[nodiscard]] Task<Result<Whole>> look(MatrixRoomId room, net::CallContext context);
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
  std::optional<bool> above_levels_;  // whether the server's default room version is 12 or newer
};

}  // namespace confab::services
