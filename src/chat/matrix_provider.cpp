#include "chat/matrix_provider.hpp"

#include <utility>

#include "services/user_events.hpp"

namespace confab {

using chat::wrong_user;
using net::CallContext;
using services::MessageService;

namespace {

Task<Result<void>> provision(std::shared_ptr<detail::MatrixBackend> backend, MatrixUserId user, std::string name,
                             CallContext context) {
  if (std::optional<Error> wrong = wrong_user(user, *backend)) co_return std::move(*wrong);
  co_return co_await services::UserService::ensure_account(backend->users(), std::move(user), std::move(name),
                                                           std::move(context));
}

Task<Result<void>> reopen(std::shared_ptr<detail::MatrixBackend> backend, MatrixUserId user, CallContext context) {
  if (std::optional<Error> wrong = wrong_user(user, *backend)) co_return std::move(*wrong);
  co_return co_await services::UserService::reactivate(backend->users(), std::move(user), std::move(context));
}

Task<Result<Account>> read_account(std::shared_ptr<detail::MatrixBackend> backend, MatrixUserId user,
                                   CallContext context) {
  if (std::optional<Error> wrong = wrong_user(user, *backend)) co_return std::move(*wrong);
  co_return co_await services::UserService::account(backend->users(), std::move(user), std::move(context));
}

Task<Result<void>> reset_password(std::shared_ptr<detail::MatrixBackend> backend, MatrixUserId user, Secret password,
                                  CallContext context) {
  if (std::optional<Error> wrong = wrong_user(user, *backend)) co_return std::move(*wrong);
  co_return co_await services::UserService::set_password(backend->users(), std::move(user), std::move(password),
                                                         std::move(context));
}

Task<Result<void>> removal(std::shared_ptr<detail::MatrixBackend> backend, MatrixRoomId room, MatrixUserId user,
                           CallContext context) {
  if (std::optional<Error> wrong = wrong_user(user, *backend)) co_return std::move(*wrong);
  co_return co_await services::RoomService::remove(backend->rooms(), std::move(room), std::move(user),
                                                   std::move(context));
}

Task<Result<void>> membership(std::shared_ptr<detail::MatrixBackend> backend, MatrixRoomId room, MatrixUserId user,
                              CallContext context) {
  if (std::optional<Error> wrong = wrong_user(user, *backend)) co_return std::move(*wrong);
  co_return co_await services::RoomService::join(backend->rooms(), std::move(room), std::move(user),
                                                 std::move(context));
}

}  // namespace

MatrixProvider::MatrixProvider(std::shared_ptr<detail::MatrixBackend> backend, std::string group)
    : backend_(std::move(backend)), group_(std::make_shared<const std::string>(std::move(group))) {}

const std::string& MatrixProvider::server_name() const noexcept { return backend_->server_name(); }

Pending<void> MatrixProvider::ensure_account(MatrixUserId user, std::string display_name, CallOptions options) {
  const std::string key = user.str();
  return net::describe<void>(
      backend_->core(), key, std::move(options),
      [backend = backend_, group = group_, user = std::move(user), name = std::move(display_name)](
          CallContext context) { return provision(backend, user, name, context.in_group(group)); });
}

Pending<void> MatrixProvider::reactivate_account(MatrixUserId user, CallOptions options) {
  const std::string key = user.str();
  return net::describe<void>(backend_->core(), key, std::move(options),
                             [backend = backend_, group = group_, user = std::move(user)](CallContext context) {
                               return reopen(backend, user, context.in_group(group));
                             });
}

Pending<Account> MatrixProvider::account(MatrixUserId user, CallOptions options) {
  const std::string key = user.str();
  return net::describe<Account>(backend_->core(), key, std::move(options),
                                [backend = backend_, group = group_, user = std::move(user)](CallContext context) {
                                  return read_account(backend, user, context.in_group(group));
                                });
}

std::shared_ptr<const void> MatrixProvider::hold(MatrixUserId user, net::CallContext context) {
  net::CallContext within = std::move(context).in_group(group_);
  return backend_->tokens()->hold(user, within);
}

Pending<void> MatrixProvider::set_password(MatrixUserId user, Secret password, CallOptions options) {
  const std::string key = user.str();
  return net::describe<void>(
      backend_->core(), key, std::move(options),
      [backend = backend_, group = group_, user = std::move(user), password = std::move(password)](
          CallContext context) { return reset_password(backend, user, password, context.in_group(group)); });
}

Pending<MatrixRoomId> MatrixProvider::ensure_room(ProviderRoomRequest request, CallOptions options) {
  const std::string key = request.creator().str();
  return net::describe<MatrixRoomId>(
      backend_->core(), key, std::move(options),
      [backend = backend_, group = group_, request = std::move(request)](CallContext context) {
        return services::RoomService::ensure_room(backend->rooms(), request, context.in_group(group));
      });
}

Pending<MatrixRoomId> MatrixProvider::find_room(std::string alias_localpart, CallOptions options) {
  const std::string key = alias_localpart;
  return net::describe<MatrixRoomId>(
      backend_->core(), key, std::move(options),
      [backend = backend_, group = group_, alias = std::move(alias_localpart)](CallContext context) {
        return services::RoomService::find_room(backend->rooms(), alias, context.in_group(group));
      });
}

Pending<std::string> MatrixProvider::room_alias(MatrixRoomId room, CallOptions options) {
  const std::string key = room.str();
  return net::describe<std::string>(backend_->core(), key, std::move(options),
                                    [backend = backend_, group = group_, room = std::move(room)](CallContext context) {
                                      return services::RoomService::room_alias(backend->rooms(), room,
                                                                               context.in_group(group));
                                    });
}

Pending<void> MatrixProvider::join(MatrixRoomId room, MatrixUserId user, CallOptions options) {
  const std::string key = user.str();
  return net::describe<void>(
      backend_->core(), key, std::move(options),
      [backend = backend_, group = group_, room = std::move(room), user = std::move(user)](CallContext context) {
        return membership(backend, room, user, context.in_group(group));
      });
}

Pending<void> MatrixProvider::remove(MatrixRoomId room, MatrixUserId user, CallOptions options) {
  const std::string key = user.str();
  return net::describe<void>(
      backend_->core(), key, std::move(options),
      [backend = backend_, group = group_, room = std::move(room), user = std::move(user)](CallContext context) {
        return removal(backend, room, user, context.in_group(group));
      });
}

Pending<std::vector<Member>> MatrixProvider::members(MatrixRoomId room, CallOptions options) {
  const std::string key = room.str();
  return net::describe<std::vector<Member>>(
      backend_->core(), key, std::move(options),
      [backend = backend_, group = group_, room = std::move(room)](CallContext context) {
        return services::RoomService::members(backend->rooms(), room, context.in_group(group));
      });
}

template <class T, class Request>
Pending<T> MatrixProvider::describe(const MatrixUserId& user, Request request, CallOptions options,
                                    Task<Result<T>> (*operation)(std::shared_ptr<services::MessageService>, Request,
                                                                 CallContext)) const {
  const std::string key = user.str();
  return net::describe<T>(
      backend_->core(), key, std::move(options),
      [backend = backend_, group = group_, operation, request = std::move(request)](CallContext context) mutable {
        // Once: an operation runs once.
        return operation(backend->messages(), std::move(request), context.in_group(group));
      });
}

Pending<EventId> MatrixProvider::send(ProviderMessage message, CallOptions options) {
  const MatrixUserId user = message.sender();
  return describe<EventId>(user, std::move(message), std::move(options), &MessageService::send);
}

Pending<EventId> MatrixProvider::edit(ProviderEdit edit, CallOptions options) {
  const MatrixUserId user = edit.user();
  return describe<EventId>(user, std::move(edit), std::move(options), &MessageService::edit);
}

Pending<EventId> MatrixProvider::redact(ProviderRedaction redaction, CallOptions options) {
  const MatrixUserId user = redaction.user();
  return describe<EventId>(user, std::move(redaction), std::move(options), &MessageService::redact);
}

Pending<EventId> MatrixProvider::react(ProviderReaction reaction, CallOptions options) {
  const MatrixUserId user = reaction.user();
  return describe<EventId>(user, std::move(reaction), std::move(options), &MessageService::react);
}

Pending<void> MatrixProvider::typing(ProviderTypingNotice notice, CallOptions options) {
  const MatrixUserId user = notice.user();
  return describe<void>(user, std::move(notice), std::move(options), &MessageService::typing);
}

Pending<void> MatrixProvider::mark_read(ProviderReadMark mark, CallOptions options) {
  const MatrixUserId user = mark.user();
  return describe<void>(user, std::move(mark), std::move(options), &MessageService::mark_read);
}

Pending<Unread> MatrixProvider::unread(MatrixRoomId room, MatrixUserId user, CallOptions options) {
  const std::string key = user.str();
  return net::describe<Unread>(
      backend_->core(), key, std::move(options),
      [backend = backend_, group = group_, room = std::move(room), user = std::move(user)](CallContext context) {
        return MessageService::unread(backend->messages(), room, user, context.in_group(group));
      });
}

Pending<MessagePage> MatrixProvider::history(ProviderHistoryRequest request, CallOptions options) {
  const MatrixUserId user = request.reader();
  return describe<MessagePage>(user, std::move(request), std::move(options), &MessageService::history);
}

EventStream MatrixProvider::events(MatrixUserId user, EventsOptions options) {
  std::shared_ptr<services::ConsumerPosition> place;
  if (!options.consumer().empty()) {
    place = std::make_shared<services::ConsumerPosition>(backend_->records(), *group_, user, options.consumer(),
                                                         backend_->server_name());
    const std::lock_guard lock(mutex_);
    place->after(finishing_);
  }
  return EventStream(services::UserEvents::open(backend_->core(), backend_->tokens(), std::move(user), group_,
                                                backend_->messages()->encryption(), std::move(place)));
}

Pending<ResetCounts> MatrixProvider::reset(ProviderReset request, CallOptions options) {
  const std::string key = request.user().empty() ? "reset" : request.user().str();
  return net::describe<ResetCounts>(
      backend_->core(), key, std::move(options),
      [backend = backend_, group = group_, request = std::move(request)](CallContext context) {
        return chat::forget(backend, request, context.in_group(group));
      });
}

Pending<ResetCounts> MatrixProvider::finishing(ProviderReset request) {
  return net::describe<ResetCounts>(
      backend_->core(), "reset", CallOptions().within(chat::finishing_limit),
      [backend = backend_, group = group_, request = std::move(request)](CallContext context) {
        return chat::finish_reset(backend, request, context.in_group(group));
      });
}

void MatrixProvider::finish_reset(ProviderReset request, std::function<void()> forgotten) {
  auto ended = std::make_shared<net::SharedResult<int>>();
  {
    const std::lock_guard lock(mutex_);
    finishing_ = ended;
  }
  // What fails is left to the next process.
  (void)finishing(std::move(request)).start([ended, forgotten = std::move(forgotten)](const Result<ResetCounts>& done) {
    if (done && done->users() + done->positions() + done->rooms() > 0) forgotten();
    ended->set(0);
  });
}

}  // namespace confab
