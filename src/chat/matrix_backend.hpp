// MatrixBackend: everything that one homeserver's providers share: its client, the admin session, tokens and services.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "chat/opened_store.hpp"
#include "chat/tenant_names.hpp"
#include "credentials/token_store.hpp"
#include "credentials/user_tokens.hpp"
#include "net/record_store.hpp"
#include "net/runtime_core.hpp"
#include "services/message_service.hpp"
#include "services/outbox.hpp"
#include "services/room_service.hpp"
#include "services/user_service.hpp"

namespace confab::detail {

class MatrixBackend {
 public:
  MatrixBackend(std::shared_ptr<net::Scheduler> scheduler, std::string server_name, MatrixUserId admin,
                std::shared_ptr<credentials::AdminPassword> password, const std::shared_ptr<const Secret>& jwt_key,
                chat::OpenedStore store)
      : core_(scheduler->runtime()),
        store_(std::move(store)),
        server_name_(std::move(server_name)),
        client_(std::make_shared<matrix::MatrixClient>(std::move(scheduler))),
        stored_(std::make_shared<credentials::TokenStore>(store_.records(), store_.keys())),
        tokens_(std::make_shared<credentials::UserTokens>(
            std::make_shared<credentials::AdminSession>(client_, std::move(admin), std::move(password), stored_),
            stored_, credentials::UserTokens::first_move_after, jwt_key)),
        users_(std::make_shared<services::UserService>(tokens_)),
        rooms_(std::make_shared<services::RoomService>(tokens_, server_name_, store_.records())),
        messages_(std::make_shared<services::MessageService>(tokens_)),
        outbox_(std::make_shared<services::Outbox>(core_, store_.records())) {}

  [[nodiscard]] const std::shared_ptr<net::RuntimeCore>& core() const noexcept { return core_; }
  [[nodiscard]] const std::string& server_name() const noexcept { return server_name_; }
  // What is remembered; docs/store.md says which keys are whose.
  [[nodiscard]] const net::RecordStore& records() const noexcept { return store_.records(); }
  [[nodiscard]] const chat::OpenedStore& store() const noexcept { return store_; }
  [[nodiscard]] const std::shared_ptr<matrix::MatrixClient>& client() const noexcept { return client_; }
  [[nodiscard]] const std::shared_ptr<credentials::UserTokens>& tokens() const noexcept { return tokens_; }
  [[nodiscard]] const std::shared_ptr<credentials::TokenStore>& stored_tokens() const noexcept { return stored_; }
  [[nodiscard]] const std::shared_ptr<services::UserService>& users() const noexcept { return users_; }
  [[nodiscard]] const std::shared_ptr<services::RoomService>& rooms() const noexcept { return rooms_; }
  [[nodiscard]] const std::shared_ptr<services::MessageService>& messages() const noexcept { return messages_; }
  [[nodiscard]] const std::shared_ptr<services::Outbox>& outbox() const noexcept { return outbox_; }
  [[nodiscard]] chat::TenantNames& tenant_names() noexcept { return tenant_names_; }

 private:
  std::shared_ptr<net::RuntimeCore> core_;
  chat::OpenedStore store_;
  std::string server_name_;
  std::shared_ptr<matrix::MatrixClient> client_;
  std::shared_ptr<credentials::TokenStore> stored_;
  std::shared_ptr<credentials::UserTokens> tokens_;
  std::shared_ptr<services::UserService> users_;
  std::shared_ptr<services::RoomService> rooms_;
  std::shared_ptr<services::MessageService> messages_;
  std::shared_ptr<services::Outbox> outbox_;
  chat::TenantNames tenant_names_;
};

}  // namespace confab::detail
