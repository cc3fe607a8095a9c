// confab_client and confab_tenant: a configuration at work.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include <confab/chat_service.hpp>
#include <confab/configuration.hpp>
#include <confab/homeserver.hpp>
#include <confab/stored_directory.hpp>

#include "capi/asked_directory.hpp"
#include "capi/handle.hpp"
#include "capi/question.hpp"
#include "capi/runtime.hpp"

struct confab_client : confab::capi::HandleOf<confab::capi::Kind::client> {
  /// `its_questions` may be null. `asks_directory`: what a directory lacks is asked for.
  confab_client(confab::capi::Ref<confab_runtime> its_runtime, confab::Configuration its_configuration,
                confab::Homeserver its_homeserver, std::shared_ptr<confab::capi::Questions> its_questions,
                bool asks_directory)
      : runtime(std::move(its_runtime)),
        configuration(std::move(its_configuration)),
        homeserver(std::move(its_homeserver)),
        questions(std::move(its_questions)),
        asks_directory_(asks_directory) {}
  ~confab_client() {
    if (questions) questions->close();
  }

  /// What the handles of one tenant share.
  struct Chat {
    std::shared_ptr<confab::StoredDirectory> directory;
    std::shared_ptr<const confab::capi::AskedDirectory> asked;  // null: nothing is asked for
    std::shared_ptr<confab::ChatService> service;
  };
  /// One for each tenant, whoever asks.
  [[nodiscard]] Chat chat(const confab::TenantConfiguration& tenant);

  const confab::capi::Ref<confab_runtime> runtime;  // first: it goes last
  const confab::Configuration configuration;
  const confab::Homeserver homeserver;
  const std::shared_ptr<confab::capi::Questions> questions;

 private:
  const bool asks_directory_;
  std::mutex mutex_;
  std::map<confab::TenantId, Chat> chats_;
};

struct confab_tenant : confab::capi::HandleOf<confab::capi::Kind::tenant> {
  confab_tenant(confab::capi::Ref<confab_client> its_client, confab_client::Chat its_chat)
      : client(std::move(its_client)),
        directory(std::move(its_chat.directory)),
        asked(std::move(its_chat.asked)),
        chat(std::move(its_chat.service)) {}

  const confab::capi::Ref<confab_client> client;  // first: it goes last
  const std::shared_ptr<confab::StoredDirectory> directory;
  const std::shared_ptr<const confab::capi::AskedDirectory> asked;
  const std::shared_ptr<confab::ChatService> chat;
};
