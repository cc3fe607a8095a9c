#include "chat/memory_provider.hpp"

#include <confab/memory_provider.hpp>
#include <confab/open_store.hpp>

#include <new>
#include <utility>

#include "chat/memory_event_source.hpp"
#include "matrix/identifiers.hpp"
#include "util/no_memory.hpp"

namespace confab {

using chat::MemoryHomeserver;

MemoryProvider::MemoryProvider(std::shared_ptr<net::RuntimeCore> core, std::string server_name)
    : core_(std::move(core)), homeserver_(std::make_shared<MemoryHomeserver>(std::move(server_name))) {}

template <class T, class Look>
Pending<T> MemoryProvider::answer(const std::string& flow, CallOptions options, Look look) const {
  return net::describe<T>(
      core_, flow, std::move(options),
      [homeserver = homeserver_, look = std::move(look)](net::CallContext context) -> Task<Result<T>> {
        if (context.stop().stop_requested() || net::Clock::now() >= context.deadline())
          co_return net::stopped_error(context);
        co_return look(*homeserver);
      });
}

// Made with its first use, for it has a store with a thread of its own.
Result<std::shared_ptr<services::Outbox>> MemoryProvider::outbox() {
  const std::lock_guard lock(outbox_mutex_);
  if (outbox_) return outbox_;
  Result<std::shared_ptr<Store>> store = make_memory_store();
  if (!store) return std::move(store).error();
  outbox_ = std::make_shared<services::Outbox>(core_, net::RecordStore(*store));
  return outbox_;
}

const std::string& MemoryProvider::server_name() const noexcept { return homeserver_->server_name(); }

Pending<void> MemoryProvider::ensure_account(MatrixUserId user, std::string display_name, CallOptions options) {
  const std::string flow = user.str();
  return answer<void>(flow, std::move(options),
                      [user = std::move(user), display_name = std::move(display_name)](MemoryHomeserver& homeserver) {
                        return homeserver.ensure_account(user, display_name);
                      });
}

// No account is ever closed here.
Pending<void> MemoryProvider::reactivate_account(MatrixUserId user, CallOptions options) {
  const std::string flow = user.str();
  return answer<void>(flow, std::move(options), [user = std::move(user)](MemoryHomeserver& homeserver) -> Result<void> {
    const Result<Account> found = homeserver.account(user);
    if (!found) return found.error();
    return Result<void>();
  });
}

Pending<Account> MemoryProvider::account(MatrixUserId user, CallOptions options) {
  const std::string flow = user.str();
  return answer<Account>(flow, std::move(options),
                         [user = std::move(user)](MemoryHomeserver& homeserver) { return homeserver.account(user); });
}

Pending<void> MemoryProvider::set_password(MatrixUserId user, Secret password, CallOptions options) {
  const std::string flow = user.str();
  return answer<void>(flow, std::move(options),
                      [user = std::move(user), password = std::move(password)](MemoryHomeserver& homeserver) {
                        return homeserver.set_password(user, password);
                      });
}

Pending<MatrixRoomId> MemoryProvider::ensure_room(ProviderRoomRequest request, CallOptions options) {
  const std::string flow = request.creator().str();
  return answer<MatrixRoomId>(flow, std::move(options), [request = std::move(request)](MemoryHomeserver& homeserver) {
    return homeserver.ensure_room(request);
  });
}

Pending<MatrixRoomId> MemoryProvider::find_room(std::string alias_localpart, CallOptions options) {
  const std::string flow = alias_localpart;
  return answer<MatrixRoomId>(flow, std::move(options),
                              [alias_localpart = std::move(alias_localpart)](MemoryHomeserver& homeserver) {
                                return homeserver.find_room(alias_localpart);
                              });
}

Pending<std::string> MemoryProvider::room_alias(MatrixRoomId room, CallOptions options) {
  const std::string flow = room.str();
  return answer<std::string>(flow, std::move(options), [room = std::move(room)](MemoryHomeserver& homeserver) {
    return homeserver.room_alias(room);
  });
}

Pending<void> MemoryProvider::join(MatrixRoomId room, MatrixUserId user, CallOptions options) {
  const std::string flow = user.str();
  return answer<void>(flow, std::move(options),
                      [room = std::move(room), user = std::move(user)](MemoryHomeserver& homeserver) {
                        return homeserver.join(room, user);
                      });
}

Pending<void> MemoryProvider::remove(MatrixRoomId room, MatrixUserId user, CallOptions options) {
  const std::string flow = user.str();
  return answer<void>(flow, std::move(options),
                      [room = std::move(room), user = std::move(user)](MemoryHomeserver& homeserver) {
                        return homeserver.remove(room, user);
                      });
}

Pending<std::vector<Member>> MemoryProvider::members(MatrixRoomId room, CallOptions options) {
  const std::string flow = room.str();
  return answer<std::vector<Member>>(flow, std::move(options), [room = std::move(room)](MemoryHomeserver& homeserver) {
    return homeserver.members(room);
  });
}

Pending<EventId> MemoryProvider::send(ProviderMessage message, CallOptions options) {
  const std::string flow = message.sender().str();
  return answer<EventId>(flow, std::move(options), [message = std::move(message)](MemoryHomeserver& homeserver) {
    return homeserver.send(message);
  });
}

Pending<EventId> MemoryProvider::edit(ProviderEdit edit, CallOptions options) {
  const std::string flow = edit.user().str();
  return answer<EventId>(flow, std::move(options),
                         [edit = std::move(edit)](MemoryHomeserver& homeserver) { return homeserver.edit(edit); });
}

Pending<EventId> MemoryProvider::redact(ProviderRedaction redaction, CallOptions options) {
  const std::string flow = redaction.user().str();
  return answer<EventId>(flow, std::move(options), [redaction = std::move(redaction)](MemoryHomeserver& homeserver) {
    return homeserver.redact(redaction);
  });
}

Pending<EventId> MemoryProvider::react(ProviderReaction reaction, CallOptions options) {
  const std::string flow = reaction.user().str();
  return answer<EventId>(flow, std::move(options), [reaction = std::move(reaction)](MemoryHomeserver& homeserver) {
    return homeserver.react(reaction);
  });
}

Pending<void> MemoryProvider::typing(ProviderTypingNotice notice, CallOptions options) {
  const std::string flow = notice.user().str();
  return answer<void>(flow, std::move(options),
                      [notice = std::move(notice)](MemoryHomeserver& homeserver) { return homeserver.typing(notice); });
}

Pending<void> MemoryProvider::mark_read(ProviderReadMark mark, CallOptions options) {
  const std::string flow = mark.user().str();
  return answer<void>(flow, std::move(options),
                      [mark = std::move(mark)](MemoryHomeserver& homeserver) { return homeserver.mark_read(mark); });
}

Pending<Unread> MemoryProvider::unread(MatrixRoomId room, MatrixUserId user, CallOptions options) {
  const std::string flow = user.str();
  return answer<Unread>(flow, std::move(options),
                        [room = std::move(room), user = std::move(user)](MemoryHomeserver& homeserver) {
                          return homeserver.unread(room, user);
                        });
}

Pending<MessagePage> MemoryProvider::history(ProviderHistoryRequest request, CallOptions options) {
  const std::string flow = request.reader().str();
  return answer<MessagePage>(flow, std::move(options), [request = std::move(request)](MemoryHomeserver& homeserver) {
    return homeserver.history(request);
  });
}

Pending<ResetCounts> MemoryProvider::reset(ProviderReset request, CallOptions options) {
  const std::string flow = request.user().empty() ? "reset" : request.user().str();
  return answer<ResetCounts>(flow, std::move(options), [request = std::move(request)](MemoryHomeserver& homeserver) {
    return homeserver.reset(request);
  });
}

EventStream MemoryProvider::events(MatrixUserId user, EventsOptions options) {
  return EventStream(
      std::make_shared<chat::MemoryEventSource>(core_, homeserver_, std::move(user), options.consumer()));
}

Result<std::shared_ptr<ChatProvider>> make_memory_provider(Runtime& runtime, std::string server_name) try {
  if (Result<void> legal = matrix::check_server_name(server_name); !legal) return legal.error();
  std::shared_ptr<ChatProvider> provider = std::make_shared<MemoryProvider>(runtime.core(), std::move(server_name));
  return provider;
} catch (const std::bad_alloc&) {
  return no_memory();
}

}  // namespace confab
