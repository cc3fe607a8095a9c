// MatrixProvider: the ChatProvider that speaks to a homeserver.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <confab/chat_provider.hpp>

#include "chat/matrix_backend.hpp"
#include "chat/matrix_reset.hpp"
#include "chat/tenant_outbox.hpp"
#include "net/shared_result.hpp"

namespace confab {

class MatrixProvider final : public ChatProvider,
                             public chat::SharesNames,
                             public chat::KeepsOutbox,
                             public chat::FinishesResets {
 public:
  MatrixProvider(std::shared_ptr<detail::MatrixBackend> backend, std::string group);

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
  [[nodiscard]] EventStream events(MatrixUserId user, EventsOptions options) override;
  [[nodiscard]] Pending<ResetCounts> reset(ProviderReset request, CallOptions options) override;
  void finish_reset(ProviderReset request, std::function<void()> forgotten) override;
  [[nodiscard]] Pending<ResetCounts> finishing(ProviderReset request);
  [[nodiscard]] chat::TenantNames& tenant_names() noexcept override { return backend_->tenant_names(); }
  [[nodiscard]] Result<std::shared_ptr<services::Outbox>> outbox() override { return backend_->outbox(); }
  [[nodiscard]] bool outlives_process() const noexcept override { return backend_->store().outlives_process(); }
  [[nodiscard]] std::shared_ptr<const void> hold(MatrixUserId user, net::CallContext context) override;

 private:
  // An operation of the message service on its user's loop.
  template <class T, class Request>
  [[nodiscard]] Pending<T> describe(const MatrixUserId& user, Request request, CallOptions options,
                                    Task<Result<T>> (*operation)(std::shared_ptr<services::MessageService>, Request,
                                                                 net::CallContext)) const;

  std::shared_ptr<detail::MatrixBackend> backend_;
  std::shared_ptr<const std::string> group_;
  std::mutex mutex_;
  std::shared_ptr<net::SharedResult<int>> finishing_;  // of a reset; null: nothing was asked to be finished
};

}  // namespace confab
