// Session: what every command works with: the configuration, the homeserver and the chat of one tenant, or of all.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <confab/chat_service.hpp>
#include <confab/configuration.hpp>
#include <confab/homeserver.hpp>
#include <confab/result.hpp>
#include <confab/runtime.hpp>

namespace program {

// What stands before the command.
struct Settings {
  std::string config;         // empty: $CONFAB_CONFIG, else confab.json
  std::string tenant;         // empty: the only one
  bool every_tenant = false;  // or all of them
  double deadline = 60;
  bool verbose = false;

  [[nodiscard]] std::chrono::nanoseconds limit() const {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(deadline));
  }
};

class Session {
 public:
  struct Tenant {
    confab::TenantId id;
    std::shared_ptr<confab::ChatService> chat;
  };

  // Errc::config names the key or file, Errc::invalid_argument the tenant; nothing is sent.
  [[nodiscard]] static confab::Result<std::unique_ptr<Session>> open(const Settings& settings);

  [[nodiscard]] const confab::Homeserver& homeserver() const noexcept { return homeserver_; }
  // Of the tenant that was named.
  [[nodiscard]] confab::ChatService& chat() noexcept { return *tenants_.front().chat; }
  // One, unless Settings::every_tenant asked for more.
  [[nodiscard]] const std::vector<Tenant>& tenants() const noexcept { return tenants_; }
  [[nodiscard]] const confab::Configuration& configuration() const noexcept { return configuration_; }
  [[nodiscard]] std::chrono::nanoseconds limit() const noexcept { return limit_; }

 private:
  Session(confab::Configuration configuration, std::unique_ptr<confab::Runtime> runtime, confab::Homeserver homeserver,
          std::vector<Tenant> tenants, std::chrono::nanoseconds limit);

  confab::Configuration configuration_;
  std::unique_ptr<confab::Runtime> runtime_;
  confab::Homeserver homeserver_;
  std::vector<Tenant> tenants_;
  std::chrono::nanoseconds limit_;
};

// The file that is meant by what stands behind --config, if anything does.
[[nodiscard]] std::string path_of_configuration(const std::string& given);

// "event", "group" or "direct": the conversation of `as` with the user `slug`.
[[nodiscard]] confab::RoomRef room_ref(std::string_view kind, std::string slug, std::string as = {});

}  // namespace program
