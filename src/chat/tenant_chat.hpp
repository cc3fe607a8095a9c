// TenantChat: what does the host mean by "say this there", and may they? The rules of one tenant, as coroutines; each
// decides by the directory first and asks the transport only then.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <confab/chat_provider.hpp>
#include <confab/chat_service.hpp>
#include <confab/host_directory.hpp>

#include "chat/matrix_names.hpp"
#include "chat/membership_cache.hpp"
#include "chat/open_accounts.hpp"
#include "chat/room_cache.hpp"
#include "chat/room_names.hpp"
#include "net/runtime_core.hpp"
#include "util/task.hpp"

namespace confab::chat {

// An operation of the transport ends with the one that it is a part of.
[[nodiscard]] inline CallOptions options_of(const net::CallContext& context) {
  return CallOptions().until(context.deadline());
}

// What people see of a room that nobody gave another name.
[[nodiscard]] std::string default_name(const RoomRef& ref);

// A user of the directory with their name on the homeserver.
class KnownUser {
 public:
  KnownUser(DirectoryUser user, MatrixUserId id) : user_(std::move(user)), id_(std::move(id)) {}
  [[nodiscard]] const DirectoryUser& user() const noexcept { return user_; }
  [[nodiscard]] const MatrixUserId& id() const noexcept { return id_; }

 private:
  DirectoryUser user_;
  MatrixUserId id_;
};

class TenantChat {
 public:
  using Self = std::shared_ptr<TenantChat>;

  TenantChat(std::shared_ptr<net::RuntimeCore> core, std::shared_ptr<ChatProvider> provider, TenantId tenant,
             LocalpartTemplate names, std::shared_ptr<HostDirectory> directory,
             bool plain_text_in_encrypted_rooms = false, bool reactivate_accounts = false)
      : core_(std::move(core)),
        provider_(std::move(provider)),
        tenant_(std::move(tenant)),
        names_(std::move(names)),
        directory_(std::move(directory)),
        plain_text_in_encrypted_rooms_(plain_text_in_encrypted_rooms),
        reactivate_accounts_(reactivate_accounts) {}

  [[nodiscard]] static Task<Result<Account>> ensure_user(Self self, UserSlug slug, std::string name,
                                                         net::CallContext context);
  [[nodiscard]] static Task<Result<Account>> account(Self self, UserSlug slug, net::CallContext context);
  [[nodiscard]] static Task<Result<void>> set_password(Self self, UserSlug slug, Secret password,
                                                       net::CallContext context);
  [[nodiscard]] static Task<Result<Room>> ensure_room(Self self, RoomRequest request, net::CallContext context);
  [[nodiscard]] static Task<Result<Room>> add_member(Self self, RoomRef ref, UserSlug slug, net::CallContext context);
  [[nodiscard]] static Task<Result<Room>> remove_member(Self self, RoomRef ref, UserSlug slug,
                                                        net::CallContext context);
  [[nodiscard]] static Task<Result<std::vector<Member>>> members(Self self, RoomRef ref, net::CallContext context);
  [[nodiscard]] static Task<Result<EventId>> send(Self self, Message message, net::CallContext context);
  // What send() does once the message has a transaction id. `first_tried`: when a process before this one may have sent
  // it.
  using WallTime = std::chrono::system_clock::time_point;
  [[nodiscard]] static Task<Result<EventId>> deliver(Self self, Message message, std::optional<WallTime> first_tried,
                                                     net::CallContext context);
  [[nodiscard]] static Task<Result<MessagePage>> history(Self self, HistoryRequest request, net::CallContext context);
  [[nodiscard]] static Task<Result<EventId>> edit(Self self, Edit edit, net::CallContext context);
  [[nodiscard]] static Task<Result<EventId>> redact(Self self, Redaction redaction, net::CallContext context);
  [[nodiscard]] static Task<Result<EventId>> react(Self self, Reaction reaction, net::CallContext context);
  [[nodiscard]] static Task<Result<void>> typing(Self self, TypingNotice notice, net::CallContext context);
  [[nodiscard]] static Task<Result<void>> mark_read(Self self, ReadMark mark, net::CallContext context);
  [[nodiscard]] static Task<Result<Unread>> unread(Self self, RoomRef ref, UserSlug user, net::CallContext context);
  // The full one of all users of the tenant, as the transport is asked for it.
  [[nodiscard]] static ProviderReset reset_of_all(Self self);
  // Which rooms there are and who is in them: looked up anew. How many there were.
  std::size_t forget_rooms();
  [[nodiscard]] static Task<Result<ResetCounts>> reset(Self self, ResetRequest request, net::CallContext context);
  // Reopens it where the tenant has that.
  [[nodiscard]] static Task<Result<void>> make_account(Self self, KnownUser user, net::CallContext context);
  // Whether make_account() may help.
  [[nodiscard]] bool lacks_account(const Error& error) const {
    return error.code() == Errc::not_found || (reactivate_accounts_ && error.code() == Errc::account_deactivated);
  }

  // Whether this message may be said there, by all that is known without asking anybody.
  [[nodiscard]] Result<KnownUser> may_send(const Message& message) const;
  // Errc::invalid_argument or not_found.
  [[nodiscard]] Result<KnownUser> find_user(const UserSlug& slug) const;
  // What everything of one user is ordered by: their name on the homeserver, as in the layers below.
  [[nodiscard]] std::string flow_of(const UserSlug& slug) const;
  // The rooms of events, and to what each belongs.
  using EventRooms = std::unordered_set<MatrixRoomId>;
  using Named = std::unordered_map<MatrixRoomId, RoomNames::Name>;
  // Nothing is asked for rooms that are known.
  [[nodiscard]] static Task<Result<Named>> rooms_of(Self self, EventRooms rooms, net::CallContext context);
  // Leaves of a batch what the directory grants to the user now; all of its rooms are named. Where it throws, the batch
  // is as it was.
  void keep_granted(const Named& named, const KnownUser& user, EventBatch& batch) const;
  // What a stream said of somebody.
  void heard(const ChatEvent& event);
  [[nodiscard]] EventStream open_stream(const MatrixUserId& user, const EventsOptions& options) const {
    return provider_->events(user, options);
  }
  [[nodiscard]] const std::shared_ptr<net::RuntimeCore>& core() const noexcept { return core_; }
  [[nodiscard]] const std::shared_ptr<ChatProvider>& provider() const noexcept { return provider_; }
  [[nodiscard]] const TenantId& tenant() const noexcept { return tenant_; }

 private:
  // How a request as a user to a room is to be made, and which remedies have been used up.
  class Way {
   public:
    explicit Way(MatrixRoomId at) : room(std::move(at)) {}
    MatrixRoomId room;
    bool joined = false;
    bool renewed = false;
    bool makes = false;  // a direct room that is not there is made
  };

  [[nodiscard]] static Task<Result<void>> ensure_account(Self self, MatrixUserId user, std::string name,
                                                         net::CallContext context);
  [[nodiscard]] Result<DirectoryRoom> find_room(const RoomRef& ref) const;
  [[nodiscard]] static Result<void> admit(const DirectoryRoom& room, const UserSlug& user);
  // The local part of the room's alias; Errc::invalid_argument where it is too long for one.
  [[nodiscard]] Result<std::string> alias(const RoomRef& ref) const;
  // Whether asking for the room anew may help; what was remembered of it is forgotten then.
  [[nodiscard]] bool forget_room(const RoomRef& ref, const MatrixRoomId& room, const Error& error);
  [[nodiscard]] std::size_t longest_alias() const;
  void remember(const RoomRef& ref, const std::string& alias, const MatrixRoomId& room);
  [[nodiscard]] bool grants(const RoomName& name, const KnownUser& user) const;
  [[nodiscard]] static Task<Result<RoomNames::Name>> room_name(Self self, MatrixRoomId room, net::CallContext context);
  [[nodiscard]] static Task<Result<RoomNames::Name>> pair_in(Self self, MatrixRoomId room, std::string alias,
                                                             net::CallContext context);
  // The host's id of somebody who is called as this tenant's users are.
  [[nodiscard]] std::optional<std::string> id_of(const MatrixUserId& user) const;
  // Nothing where nobody of the directory is called so.
  [[nodiscard]] UserSlug slug_of(const MatrixUserId& user) const;

  // Of an event or group, where nobody has to be asked.
  [[nodiscard]] std::optional<MatrixRoomId> room_at_hand(const RoomRef& ref);
  [[nodiscard]] static Task<Result<MatrixRoomId>> room_id(Self self, RoomRef ref, net::CallContext context);
  // The room for somebody who is about to write: a direct one is made where it was not, and the other user is in it.
  [[nodiscard]] static Task<Result<MatrixRoomId>> reach(Self self, RoomRef ref, KnownUser user,
                                                        net::CallContext context);
  [[nodiscard]] static Task<Result<MatrixRoomId>> make_direct(Self self, RoomRef ref, KnownUser user, KnownUser other,
                                                              net::CallContext context);
  [[nodiscard]] static Task<Result<Room>> ensure_direct(Self self, RoomRequest request, net::CallContext context);
  [[nodiscard]] static Task<Result<void>> still_open(Self self, KnownUser user, net::CallContext context);
  [[nodiscard]] static Task<Result<void>> enter(Self self, MatrixRoomId room, KnownUser user, net::CallContext context);
  // A request of the transport as a user to a room.
  template <class T>
  using Attempt = std::function<Pending<T>(ChatProvider&, const MatrixRoomId&, const MatrixUserId&, CallOptions)>;
  template <class T>
  [[nodiscard]] static Task<Result<T>> as_member(Self self, RoomRef ref, UserSlug slug, Attempt<T> attempt,
                                                 net::CallContext context);
  [[nodiscard]] static Task<Result<Way>> mend(Self self, Way way, Error error, KnownUser user, RoomRef ref,
                                              net::CallContext context);

  std::shared_ptr<net::RuntimeCore> core_;
  std::shared_ptr<ChatProvider> provider_;
  TenantId tenant_;
  LocalpartTemplate names_;
  std::shared_ptr<HostDirectory> directory_;
  bool plain_text_in_encrypted_rooms_;
  bool reactivate_accounts_;
  RoomCache rooms_;
  RoomNames names_of_rooms_;
  MembershipCache memberships_;
  OpenAccounts open_;
};

}  // namespace confab::chat
