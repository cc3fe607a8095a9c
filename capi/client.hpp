// confab_client and confab_tenant: a configuration at work.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include <confab/chat_service.hpp>
#include <confab/configuration.hpp>
#include <confab/homeserver.hpp>

#include "capi/handle.hpp"
#include "capi/runtime.hpp"

struct confab_client : confab::capi::HandleOf<confab::capi::Kind::client> {
  confab_client(confab::capi::Ref<confab_runtime> its_runtime, confab::Configuration its_configuration,
                confab::Homeserver its_homeserver)
      : runtime(std::move(its_runtime)),
        configuration(std::move(its_configuration)),
        homeserver(std::move(its_homeserver)) {}

  /// One for each tenant, whoever asks.
  [[nodiscard]] std::shared_ptr<confab::ChatService> chat(const confab::TenantConfiguration& tenant);

  const confab::capi::Ref<confab_runtime> runtime;  // first: it goes last
  const confab::Configuration configuration;
  const confab::Homeserver homeserver;

 private:
  std::mutex mutex_;
  std::map<confab::TenantId, std::shared_ptr<confab::ChatService>> chats_;
};

struct confab_tenant : confab::capi::HandleOf<confab::capi::Kind::tenant> {
  confab_tenant(confab::capi::Ref<confab_client> its_client, std::shared_ptr<confab::ChatService> its_chat)
      : client(std::move(its_client)), chat(std::move(its_chat)) {}

  const confab::capi::Ref<confab_client> client;  // first: it goes last
  const std::shared_ptr<confab::ChatService> chat;
};
