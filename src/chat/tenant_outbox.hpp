// TenantOutbox: the outbox in the words of one tenant: who may put a message into it, and how it goes out.
#pragma once

#include <memory>
#include <utility>

#include <confab/chat_service.hpp>
#include <confab/outbox.hpp>

#include "chat/outbox_news.hpp"
#include "chat/tenant_chat.hpp"
#include "services/outbox.hpp"

namespace confab::chat {

// A provider that keeps an outbox. A host's own provider may not.
class KeepsOutbox {
 public:
  KeepsOutbox() = default;
  KeepsOutbox(const KeepsOutbox&) = delete;
  KeepsOutbox& operator=(const KeepsOutbox&) = delete;
  virtual ~KeepsOutbox() = default;
  // The same each time; it lives as long as the provider.
  [[nodiscard]] virtual Result<std::shared_ptr<services::Outbox>> outbox() = 0;
  // Whether something may lie in it that an earlier process accepted.
  [[nodiscard]] virtual bool outlives_process() const noexcept = 0;
  // As services::OutboxRoute::hold.
  [[nodiscard]] virtual std::shared_ptr<const void> hold(MatrixUserId user, net::CallContext context) = 0;
};

class TenantOutbox {
 public:
  using Self = std::shared_ptr<TenantOutbox>;
  static constexpr std::size_t most_listed = 1000;

  explicit TenantOutbox(std::shared_ptr<TenantChat> chat);
  // Sends what earlier processes accepted, too.
  void begin();

  [[nodiscard]] static Task<Result<TransactionId>> accept(Self self, Message message, net::CallContext context);
  [[nodiscard]] static Task<Result<OutboxPage>> list(Self self, OutboxRequest request, net::CallContext context);
  [[nodiscard]] static Task<Result<OutboxMessage>> find(Self self, TransactionId id, net::CallContext context);
  [[nodiscard]] static Task<Result<void>> retry(Self self, TransactionId id, net::CallContext context);
  [[nodiscard]] static Task<Result<void>> drop(Self self, TransactionId id, net::CallContext context);
  // ResetRequest::restored: how many messages wait that may be in their rooms.
  [[nodiscard]] static Task<Result<std::size_t>> restored(Self self, net::CallContext context);
  [[nodiscard]] EventStream events() const { return OutboxNews::open(news_, chat_->core()); }

 private:
  class Route;
  [[nodiscard]] Result<std::shared_ptr<services::Outbox>> outbox();

  std::shared_ptr<TenantChat> chat_;
  KeepsOutbox* keeps_;  // the provider of chat_, or null
  std::shared_ptr<OutboxNews> news_ = std::make_shared<OutboxNews>();
  std::mutex mutex_;
  std::shared_ptr<services::Outbox> outbox_;
};

}  // namespace confab::chat
