// The library up to its services at a Matrix homeserver in this process, with two users in one room.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "services/message_service.hpp"
#include "services/room_service.hpp"
#include "services/user_service.hpp"
#include "unit/credentials/at_homeserver.hpp"

namespace confab::test {

inline constexpr const char* send_path = "/_matrix/client/v3/rooms/*/send/*/*";
inline constexpr const char* event_path = "/_matrix/client/v3/rooms/*/event/*";
inline constexpr const char* sync_path = "/_matrix/client/v3/sync";
inline constexpr const char* messages_path = "/_matrix/client/v3/rooms/*/messages";
inline constexpr const char* create_path = "/_matrix/client/v3/createRoom";
inline constexpr const char* alias_path = "/_matrix/client/v3/directory/room/*";
inline constexpr const char* state_path = "/_matrix/client/v3/rooms/*/state/**";

/// What a proxy says in the homeserver's place.
inline Answer html(int status) { return Answer(status, "<html><body>gateway</body></html>").content_type("text/html"); }

struct Services : AtHomeserver {
  explicit Services(unsigned loops = 1, FakeMatrix::MatrixOptions options = FakeMatrix::MatrixOptions())
      : AtHomeserver(std::string(FakeMatrix::admin_password), loops, std::move(options)) {}

  Pending<MatrixRoomId> ensure_room(const ProviderRoomRequest& request, CallOptions options = CallOptions(),
                                    const std::string& loop_of = "test") {
    return net::describe<MatrixRoomId>(runtime.core(), loop_of, std::move(options),
                                       [rooms = rooms, request](net::CallContext context) {
                                         return services::RoomService::ensure_room(rooms, request, std::move(context));
                                       });
  }
  Pending<void> join(const MatrixRoomId& room, const MatrixUserId& user, CallOptions options = CallOptions()) {
    return net::describe<void>(runtime.core(), user.str(), std::move(options),
                               [rooms = rooms, room, user](net::CallContext context) {
                                 return services::RoomService::join(rooms, room, user, std::move(context));
                               });
  }
  Pending<void> ensure_account(const MatrixUserId& user, const std::string& name, CallOptions options = CallOptions()) {
    return net::describe<void>(runtime.core(), user.str(), std::move(options),
                               [users = users, user, name](net::CallContext context) {
                                 return services::UserService::ensure_account(users, user, name, std::move(context));
                               });
  }
  Pending<EventId> send(const ProviderMessage& message, CallOptions options = CallOptions()) {
    return net::describe<EventId>(runtime.core(), message.sender().str(), std::move(options),
                                  [messages = messages, message](net::CallContext context) {
                                    return services::MessageService::send(messages, message, std::move(context));
                                  });
  }

  /// An operation of the message service, as the provider describes it.
  template <class T, class Request>
  Pending<T> ask(Request request,
                 Task<Result<T>> (*operation)(std::shared_ptr<services::MessageService>, Request, net::CallContext)) {
    return net::describe<T>(runtime.core(), "test", CallOptions(),
                            [messages = messages, request, operation](net::CallContext context) {
                              return operation(messages, request, std::move(context));
                            });
  }

  std::shared_ptr<services::RoomService> rooms = std::make_shared<services::RoomService>(tokens, hs.server_name());
  std::shared_ptr<services::UserService> users = std::make_shared<services::UserService>(tokens);
  std::shared_ptr<services::MessageService> messages = std::make_shared<services::MessageService>(tokens);
};

struct InRoom : Services {
  explicit InRoom(unsigned loops = 1, FakeMatrix::MatrixOptions options = FakeMatrix::MatrixOptions())
      : Services(loops, std::move(options)) {
    room = ensure_room(ProviderRoomRequest("room", ana)).wait().value();
    join(room, ana).wait().value();
    join(room, ben).wait().value();
    messages->encryption()->note(room, false, std::chrono::steady_clock::now());
    hs.forget_requests();
  }
  [[nodiscard]] ProviderMessage message(const std::string& body, const std::string& id) const {
    return ProviderMessage(room, ana, body, TransactionId(id));
  }
  /// How often the text was posted.
  [[nodiscard]] std::size_t posted(const std::string& body) const {
    const auto bodies = hs.bodies(room.str());
    return static_cast<std::size_t>(std::count(bodies.begin(), bodies.end(), body));
  }
  /// Requests but for those of flights that fetch tokens: what one call may cause at most four of.
  [[nodiscard]] std::size_t own_requests() const { return hs.count("*", "/_matrix/client/v3/rooms/**"); }

  MatrixUserId ana = add("ana");
  MatrixUserId ben = add("ben");
  MatrixRoomId room;
};

}  // namespace confab::test
