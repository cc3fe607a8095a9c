// The ChatService of one tenant: describes each operation of TenantChat on the loop of the user it is about.
#include <fmt/format.h>

#include <memory>
#include <utility>
#include <vector>

#include <confab/chat_service.hpp>
#include <confab/homeserver.hpp>

#include "chat/directory_event_source.hpp"
#include "chat/matrix_reset.hpp"
#include "chat/slug.hpp"
#include "chat/tenant_chat.hpp"
#include "chat/tenant_names.hpp"
#include "chat/tenant_outbox.hpp"

namespace confab {
namespace {

using chat::TenantChat;
using chat::TenantOutbox;

class DirectoryChatService final : public ChatService {
 public:
  explicit DirectoryChatService(std::shared_ptr<TenantChat> chat)
      : chat_(std::move(chat)), outbox_(std::make_shared<TenantOutbox>(chat_)) {
    outbox_->begin();
  }

  Pending<Account> ensure_user(UserSlug user, std::string name, CallOptions options) override {
    const std::string flow = chat_->flow_of(user);
    return net::describe<Account>(
        chat_->core(), flow, std::move(options),
        [chat = chat_, user = std::move(user), name = std::move(name)](net::CallContext context) {
          return TenantChat::ensure_user(chat, user, name, std::move(context));
        });
  }

  Pending<Account> account(UserSlug user, CallOptions options) override {
    const std::string flow = chat_->flow_of(user);
    return net::describe<Account>(chat_->core(), flow, std::move(options),
                                  [chat = chat_, user = std::move(user)](net::CallContext context) {
                                    return TenantChat::account(chat, user, std::move(context));
                                  });
  }

  Pending<void> set_password(UserSlug user, Secret password, CallOptions options) override {
    const std::string flow = chat_->flow_of(user);
    return net::describe<void>(
        chat_->core(), flow, std::move(options),
        [chat = chat_, user = std::move(user), password = std::move(password)](net::CallContext context) {
          return TenantChat::set_password(chat, user, password, std::move(context));
        });
  }

  Pending<Room> ensure_room(RoomRequest request, CallOptions options) override {
    const std::string flow = chat_->flow_of(request.creator());
    return net::describe<Room>(chat_->core(), flow, std::move(options),
                               [chat = chat_, request = std::move(request)](net::CallContext context) {
                                 return TenantChat::ensure_room(chat, request, std::move(context));
                               });
  }

  Pending<Room> add_member(RoomRef room, UserSlug user, CallOptions options) override {
    const std::string flow = chat_->flow_of(user);
    return net::describe<Room>(
        chat_->core(), flow, std::move(options),
        [chat = chat_, room = std::move(room), user = std::move(user)](net::CallContext context) {
          return TenantChat::add_member(chat, room, user, std::move(context));
        });
  }

  Pending<Room> remove_member(RoomRef room, UserSlug user, CallOptions options) override {
    const std::string flow = chat_->flow_of(user);
    return net::describe<Room>(
        chat_->core(), flow, std::move(options),
        [chat = chat_, room = std::move(room), user = std::move(user)](net::CallContext context) {
          return TenantChat::remove_member(chat, room, user, std::move(context));
        });
  }

  Pending<std::vector<Member>> members(RoomRef room, CallOptions options) override {
    const std::string flow = chat::in_words(room);
    return net::describe<std::vector<Member>>(chat_->core(), flow, std::move(options),
                                              [chat = chat_, room = std::move(room)](net::CallContext context) {
                                                return TenantChat::members(chat, room, std::move(context));
                                              });
  }

  Pending<EventId> send(Message message, CallOptions options) override {
    const std::string flow = chat_->flow_of(message.sender());
    return net::describe<EventId>(chat_->core(), flow, std::move(options),
                                  [chat = chat_, message = std::move(message)](net::CallContext context) mutable {
                                    return TenantChat::send(chat, std::move(message), std::move(context));
                                  });
  }

  Pending<TransactionId> send_durably(Message message, CallOptions options) override {
    const std::string flow = chat_->flow_of(message.sender());
    return ask_outbox<TransactionId>(std::move(message), std::move(options), &TenantOutbox::accept, flow);
  }
  Pending<OutboxPage> outbox(OutboxRequest request, CallOptions options) override {
    return ask_outbox<OutboxPage>(std::move(request), std::move(options), &TenantOutbox::list);
  }
  Pending<OutboxMessage> outbox_message(TransactionId id, CallOptions options) override {
    return ask_outbox<OutboxMessage>(std::move(id), std::move(options), &TenantOutbox::find);
  }
  Pending<void> outbox_retry(TransactionId id, CallOptions options) override {
    return ask_outbox<void>(std::move(id), std::move(options), &TenantOutbox::retry);
  }
  Pending<void> outbox_drop(TransactionId id, CallOptions options) override {
    return ask_outbox<void>(std::move(id), std::move(options), &TenantOutbox::drop);
  }
  EventStream outbox_events() override { return outbox_->events(); }

  Pending<EventId> edit(Edit request, CallOptions options) override {
    const std::string flow = chat_->flow_of(request.user());
    return net::describe<EventId>(chat_->core(), flow, std::move(options),
                                  [chat = chat_, request = std::move(request)](net::CallContext context) {
                                    return TenantChat::edit(chat, request, std::move(context));
                                  });
  }

  Pending<EventId> redact(Redaction redaction, CallOptions options) override {
    const std::string flow = chat_->flow_of(redaction.user());
    return net::describe<EventId>(chat_->core(), flow, std::move(options),
                                  [chat = chat_, redaction = std::move(redaction)](net::CallContext context) {
                                    return TenantChat::redact(chat, redaction, std::move(context));
                                  });
  }

  Pending<EventId> react(Reaction reaction, CallOptions options) override {
    const std::string flow = chat_->flow_of(reaction.user());
    return net::describe<EventId>(chat_->core(), flow, std::move(options),
                                  [chat = chat_, reaction = std::move(reaction)](net::CallContext context) {
                                    return TenantChat::react(chat, reaction, std::move(context));
                                  });
  }

  Pending<void> typing(TypingNotice notice, CallOptions options) override {
    const std::string flow = chat_->flow_of(notice.user());
    return net::describe<void>(chat_->core(), flow, std::move(options),
                               [chat = chat_, notice = std::move(notice)](net::CallContext context) {
                                 return TenantChat::typing(chat, notice, std::move(context));
                               });
  }

  Pending<void> mark_read(ReadMark mark, CallOptions options) override {
    const std::string flow = chat_->flow_of(mark.user());
    return net::describe<void>(chat_->core(), flow, std::move(options),
                               [chat = chat_, mark = std::move(mark)](net::CallContext context) {
                                 return TenantChat::mark_read(chat, mark, std::move(context));
                               });
  }

  Pending<Unread> unread(RoomRef room, UserSlug user, CallOptions options) override {
    const std::string flow = chat_->flow_of(user);
    return net::describe<Unread>(
        chat_->core(), flow, std::move(options),
        [chat = chat_, room = std::move(room), user = std::move(user)](net::CallContext context) {
          return TenantChat::unread(chat, room, user, std::move(context));
        });
  }

  Pending<MessagePage> history(HistoryRequest request, CallOptions options) override {
    const std::string flow = chat_->flow_of(request.reader());
    return net::describe<MessagePage>(chat_->core(), flow, std::move(options),
                                      [chat = chat_, request = std::move(request)](net::CallContext context) {
                                        return TenantChat::history(chat, request, std::move(context));
                                      });
  }

  Pending<ResetCounts> reset(ResetRequest request, CallOptions options) override {
    const std::string flow = request.user().empty() ? "reset" : chat_->flow_of(request.user());
    return net::describe<ResetCounts>(chat_->core(), flow, std::move(options),
                                      [chat = chat_, outbox = outbox_, request = std::move(request)](
                                          net::CallContext context) { return forget(chat, outbox, request, context); });
  }

  EventStream events(UserSlug user, EventsOptions options) override {
    return EventStream(std::make_shared<chat::DirectoryEventSource>(chat_, std::move(user), std::move(options)));
  }

 private:
  // The outbox first: what it is told keeps a message from being sent twice.
  static Task<Result<ResetCounts>> forget(TenantChat::Self chat, TenantOutbox::Self outbox, ResetRequest request,
                                          net::CallContext context) {
    std::size_t messages = 0;
    if (request.is_restored()) {
      if (!request.user().empty()) {
        co_return Error(Errc::invalid_argument, "a store is put back for all of a tenant's users, not for one")
            .with_subject("user");
      }
      Result<std::size_t> waiting = co_await TenantOutbox::restored(outbox, context);
      if (!waiting) co_return std::move(waiting).error();
      messages = *waiting;
    }
    Result<ResetCounts> counts = co_await TenantChat::reset(std::move(chat), std::move(request), std::move(context));
    if (counts) counts->messages(messages);
    co_return counts;
  }

  // An operation of the outbox; nobody's in particular but for sends.
  template <class T, class Request>
  Pending<T> ask_outbox(Request request, CallOptions options,
                        Task<Result<T>> (*operation)(TenantOutbox::Self, Request, net::CallContext),
                        const std::string& flow = "outbox") {
    return net::describe<T>(chat_->core(), flow, std::move(options),
                            [outbox = outbox_, request = std::move(request), operation](net::CallContext context) {
                              return operation(outbox, request, std::move(context));
                            });
  }

  std::shared_ptr<TenantChat> chat_;  // operations share it, so they go on without the service
  std::shared_ptr<TenantOutbox> outbox_;
};

}  // namespace

Result<std::shared_ptr<ChatService>> make_chat_service(Runtime& runtime, std::shared_ptr<ChatProvider> provider,
                                                       TenantOptions tenant, std::shared_ptr<HostDirectory> directory) {
  if (!provider || !directory) return Error(Errc::invalid_argument, "a transport and a directory are needed");
  if (!chat::is_tenant_id(tenant.id().str())) {
    return Error(Errc::config, "tenants[].id must be 1 to 64 letters, digits or . _ ~ - of ASCII")
        .with_subject("tenants[].id");
  }
  auto names = chat::LocalpartTemplate::parse(tenant.localpart(), tenant.id().str());
  if (!names) {
    return Error(Errc::config, fmt::format("tenants[].localpart {}", names.error().message()))
        .with_subject("tenants[].localpart");
  }
  // Tenants that were put on this homeserver before, by whatever configuration.
  if (auto* shares = dynamic_cast<chat::SharesNames*>(provider.get())) {
    if (auto claimed = shares->tenant_names().claim(tenant.id(), *names); !claimed) return std::move(claimed).error();
  }
  auto shared =
      std::make_shared<TenantChat>(runtime.core(), provider, tenant.id(), std::move(*names), std::move(directory),
                                   tenant.plain_text_in_encrypted_rooms(), tenant.reactivate_accounts());
  if (auto* finishes = dynamic_cast<chat::FinishesResets*>(provider.get())) {
    finishes->finish_reset(TenantChat::reset_of_all(shared), [chat = shared] { (void)chat->forget_rooms(); });
  }
  return std::shared_ptr<ChatService>(std::make_shared<DirectoryChatService>(std::move(shared)));
}

}  // namespace confab
