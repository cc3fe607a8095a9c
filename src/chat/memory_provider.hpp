// MemoryProvider: the ChatProvider over a MemoryHomeserver: no network, the same completions.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <confab/chat_provider.hpp>

#include "chat/memory_homeserver.hpp"
#include "chat/tenant_names.hpp"
#include "chat/tenant_outbox.hpp"
#include "net/runtime_core.hpp"

namespace confab {

class MemoryProvider final : public ChatProvider, public chat::SharesNames, public chat::KeepsOutbox {
 public:
  MemoryProvider(std::shared_ptr<net::RuntimeCore> core, std::string server_name);

  [[nodiscard]] const std::string& server_name() const noexcept override;
  [[nodiscard]] Pending<void> ensure_account(MatrixUserId user, std::string display_name, CallOptions options) override;
  [[nodiscard]] Pending<void> reactivate_account(MatrixUserId user, CallOptions options) override;
  [[nodiscard]] Pending<Account> account(MatrixUserId user, CallOptions options) override;
  [[nodiscard]] Pending<void> set_password(MatrixUserId user, Secret password, CallOptions options) override;
  [[nodiscard]] Pending<MatrixRoomId> ensure_room(ProviderRoomRequest request, CallOptions options) override;
  [[nodiscard]] Pending<MatrixRoomId> find_room(std::string alias_localpart, CallOptions options) override;
  [[nodiscard]] Pending<std::string> room_alias(MatrixRoomId room, CallOptions options) override;
  [[nodiscard]] Pending<void> join(MatrixRoomId room, MatrixUserId user, CallOptions options) override;
  [[nodiscard]] Pending<void> remove(MatrixRoomId room, MatrixUserId user, CallOptions options) override;
  [[nodiscard]] Pending<std::vector<Member>> members(MatrixRoomId room, CallOptions options) override;
  [[nodiscard]] Pending<EventId> send(ProviderMessage message, CallOptions options) override;
  [[nodiscard]] Pending<EventId> edit(ProviderEdit edit, CallOptions options) override;
  [[nodiscard]] Pending<EventId> redact(ProviderRedaction redaction, CallOptions options) override;
  [[nodiscard]] Pending<EventId> react(ProviderReaction reaction, CallOptions options) override;
  [[nodiscard]] Pending<void> typing(ProviderTypingNotice notice, CallOptions options) override;
  [[nodiscard]] Pending<void> mark_read(ProviderReadMark mark, CallOptions options) override;
  [[nodiscard]] Pending<Unread> unread(MatrixRoomId room, MatrixUserId user, CallOptions options) override;
  [[nodiscard]] Pending<MessagePage> history(ProviderHistoryRequest request, CallOptions options) override;
  [[nodiscard]] Pending<ResetCounts> reset(ProviderReset request, CallOptions options) override;
  [[nodiscard]] EventStream events(MatrixUserId user, EventsOptions options) override;
  [[nodiscard]] chat::TenantNames& tenant_names() noexcept override { return names_; }
  [[nodiscard]] Result<std::shared_ptr<services::Outbox>> outbox() override;
  [[nodiscard]] bool outlives_process() const noexcept override { return false; }
  [[nodiscard]] std::shared_ptr<const void> hold(MatrixUserId, net::CallContext) override { return nullptr; }

 private:
  // Looked up on the loop of `flow`, which is where it completes as well.
  template <class T, class Look>
  [[nodiscard]] Pending<T> answer(const std::string& flow, CallOptions options, Look look) const;

  std::shared_ptr<net::RuntimeCore> core_;
  std::shared_ptr<chat::MemoryHomeserver> homeserver_;
  chat::TenantNames names_;
  std::mutex outbox_mutex_;
  std::shared_ptr<services::Outbox> outbox_;
};

}  // namespace confab
