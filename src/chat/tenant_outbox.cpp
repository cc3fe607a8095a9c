#include "chat/tenant_outbox.hpp"

#include <optional>
#include <string>

#include "chat/outgoing_record.hpp"

namespace confab::chat {
namespace {

using services::Outbox;
using services::OutboxEntry;
using services::OutboxLane;
using services::OutboxRecords;

OutboxMessage message_of_entry(const OutboxEntry& entry) {
  OutboxState state = entry.tried() ? OutboxState::undecided : OutboxState::waiting;
  if (entry.reason()) state = OutboxState::dead;
  OutboxMessage out(entry.id(), state);
  const UserSlug sender(entry.lane().user());
  if (const Result<Message> message = outgoing_message(entry.content(), sender))
    out.said(sender, message->room(), message->body());
  out.accepted(entry.accepted()).reason(entry.reason());
  return out;
}

// Whether the store had taken it when the call was given up, nobody knows.
Error not_accepted(const Error& error, const TransactionId& id) {
  if (error.code() != Errc::timed_out && error.code() != Errc::cancelled) return error.with_transaction_id(id.str());
  return error.with_code(Errc::outcome_unknown)
      .with_message("the message may have been accepted; repeat the call with the same transaction id")
      .with_transaction_id(id.str());
}

}  // namespace

// It keeps nobody's chat alive: what was accepted waits for the next who opens the tenant.
class TenantOutbox::Route final : public services::OutboxRoute {
 public:
  Route(std::weak_ptr<TenantChat> chat, KeepsOutbox* keeps, std::shared_ptr<OutboxNews> news)
      : chat_(std::move(chat)), keeps_(keeps), news_(std::move(news)) {}

  [[nodiscard]] bool is_open() const override { return !chat_.expired(); }
  [[nodiscard]] std::string flow_of(const std::string& user) const override {
    const auto chat = chat_.lock();
    return chat ? chat->flow_of(UserSlug(user)) : user;
  }
  [[nodiscard]] std::shared_ptr<const void> hold(const std::string& user, net::CallContext context) override {
    const auto chat = chat_.lock();
    if (!chat) return nullptr;
    const auto known = chat->find_user(UserSlug(user));
    return known ? keeps_->hold(known->id(), std::move(context)) : nullptr;
  }
  [[nodiscard]] Task<Result<EventId>> send(OutboxEntry entry, bool repeated, net::CallContext context) override {
    const auto chat = chat_.lock();
    if (!chat) co_return Error(Errc::closed, "the chat of this tenant was closed");
    Result<Message> message = outgoing_message(entry.content(), UserSlug(entry.lane().user()));
    if (!message) co_return std::move(message).error().with_code(Errc::invalid_argument);
    message->transaction_id(entry.id()).repeated(repeated);
    std::optional<TenantChat::WallTime> first_tried;
    if (repeated) first_tried = entry.tried();
    co_return co_await TenantChat::deliver(chat, std::move(*message), first_tried, std::move(context));
  }
  void ended(const OutboxEntry& entry, const EventId& event) override {
    ChatEvent told(event.empty() ? EventKind::given_up : EventKind::sent, MatrixRoomId());
    told.id(event).transaction_id(entry.id());
    if (const auto chat = chat_.lock()) told.user(MatrixUserId(chat->flow_of(UserSlug(entry.lane().user()))));
    if (event.empty() && entry.reason()) told.reason(std::string(errc_name(entry.reason()->code())));
    news_->tell(told);
  }

 private:
  std::weak_ptr<TenantChat> chat_;
  KeepsOutbox* keeps_;  // the provider of chat_
  std::shared_ptr<OutboxNews> news_;
};

TenantOutbox::TenantOutbox(std::shared_ptr<TenantChat> chat)
    : chat_(std::move(chat)), keeps_(dynamic_cast<KeepsOutbox*>(chat_->provider().get())) {}

void TenantOutbox::begin() {
  if (keeps_ != nullptr && keeps_->outlives_process()) (void)outbox();
}

Result<std::shared_ptr<Outbox>> TenantOutbox::outbox() {
  const std::lock_guard lock(mutex_);
  if (outbox_) return outbox_;
  if (keeps_ == nullptr) return Error(Errc::unsupported, "this transport keeps no outbox: send without it");
  Result<std::shared_ptr<Outbox>> made = keeps_->outbox();
  if (!made) return made;
  (*made)->serve(chat_->tenant().str(), std::make_shared<Route>(chat_, keeps_, news_));
  outbox_ = *made;  // not before: what it accepts would go nowhere
  return outbox_;
}

Task<Result<TransactionId>> TenantOutbox::accept(Self self, Message message, net::CallContext context) {
  Result<std::shared_ptr<Outbox>> outbox = self->outbox();
  if (!outbox) co_return std::move(outbox).error();
  const OutboxLane lane(self->chat_->tenant().str(), message.sender().str(), room_text(message.room()));
  if (auto checked = self->chat_->may_send(message); !checked) co_return std::move(checked).error();
  TransactionId id = lane.id_of(message.transaction_id());
  message.transaction_id(id);
  // With what stands behind the id it may be too large.
  if (auto checked = self->chat_->may_send(message); !checked) co_return std::move(checked).error();
  OutboxEntry entry(lane, id, outgoing_record(message), std::chrono::system_clock::now());
  Result<void> accepted = co_await Outbox::accept(*outbox, std::move(entry), context);
  if (!accepted) co_return not_accepted(accepted.error(), id);
  co_return id;
}

Task<Result<OutboxPage>> TenantOutbox::list(Self self, OutboxRequest request, net::CallContext context) {
  Result<std::shared_ptr<Outbox>> outbox = self->outbox();
  if (!outbox) co_return std::move(outbox).error();
  if (request.limit() < 1 || request.limit() > most_listed)
    co_return Error(Errc::invalid_argument, "the limit must be 1 to 1000").with_subject("limit");
  Result<OutboxRecords::Page> page = co_await OutboxRecords::list(
      (*outbox)->records(), self->chat_->tenant().str(), request.is_dead(), request.from(), request.limit(), context);
  if (!page) co_return std::move(page).error();
  std::vector<OutboxMessage> messages;
  for (const OutboxEntry& entry : page->entries()) messages.push_back(message_of_entry(entry));
  co_return OutboxPage(std::move(messages), page->cursor());
}

Task<Result<OutboxMessage>> TenantOutbox::find(Self self, TransactionId id, net::CallContext context) {
  Result<std::shared_ptr<Outbox>> outbox = self->outbox();
  if (!outbox) co_return std::move(outbox).error();
  const std::string tenant = self->chat_->tenant().str();
  Result<OutboxRecords::Found> found = co_await OutboxRecords::find((*outbox)->records(), tenant, id, context);
  if (!found) co_return std::move(found).error();
  if (found->entry()) co_return message_of_entry(*found->entry());
  OutboxMessage sent(id, OutboxState::sent);
  sent.event(found->event());
  co_return sent;
}

Task<Result<void>> TenantOutbox::retry(Self self, TransactionId id, net::CallContext context) {
  Result<std::shared_ptr<Outbox>> outbox = self->outbox();
  if (!outbox) co_return std::move(outbox).error();
  const std::string tenant = self->chat_->tenant().str();
  co_return co_await Outbox::retry(*outbox, tenant, std::move(id), std::move(context));
}

Task<Result<std::size_t>> TenantOutbox::restored(Self self, net::CallContext context) {
  if (self->keeps_ == nullptr || !self->keeps_->outlives_process()) co_return std::size_t{0};
  Result<std::shared_ptr<Outbox>> outbox = self->outbox();
  if (!outbox) co_return std::move(outbox).error();
  const std::string tenant = self->chat_->tenant().str();
  co_return co_await OutboxRecords::restored((*outbox)->records(), tenant, std::chrono::system_clock::now(),
                                             std::move(context));
}

Task<Result<void>> TenantOutbox::drop(Self self, TransactionId id, net::CallContext context) {
  Result<std::shared_ptr<Outbox>> outbox = self->outbox();
  if (!outbox) co_return std::move(outbox).error();
  const std::string tenant = self->chat_->tenant().str();
  co_return co_await OutboxRecords::drop((*outbox)->records(), tenant, std::move(id), std::move(context));
}

}  // namespace confab::chat
