#include "session.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <confab/open_configuration.hpp>

#include "report.hpp"
#include "ride_through.hpp"

namespace program {
namespace {

confab::Result<const confab::TenantConfiguration*> choose_tenant(const confab::Configuration& configuration,
                                                                 const std::string& id) {
  const auto& tenants = configuration.tenants();
  if (!id.empty()) {
    const confab::TenantConfiguration* tenant = configuration.tenant(confab::TenantId(id));
    if (tenant != nullptr) return tenant;
    return confab::Error(confab::Errc::invalid_argument, "the configuration has no tenant " + id)
        .with_subject("--tenant");
  }
  if (tenants.size() == 1) return &tenants.front();
  return confab::Error(confab::Errc::invalid_argument,
                       "the configuration has several tenants: say which with --tenant ID")
      .with_subject("--tenant");
}

}  // namespace

std::string path_of_configuration(const std::string& given) {
  if (!given.empty()) return given;
  const char* named = std::getenv("CONFAB_CONFIG");
  return named != nullptr && *named != '\0' ? named : "confab.json";
}

confab::RoomRef room_ref(std::string_view kind, std::string slug, std::string as) {
  if (kind == "direct") {
    return confab::RoomRef::direct(confab::UserSlug(std::move(as)), confab::UserSlug(std::move(slug)));
  }
  return {kind == "group" ? confab::RoomKind::group : confab::RoomKind::event, confab::RoomSlug(std::move(slug))};
}

Session::Session(confab::Configuration configuration, std::unique_ptr<confab::Runtime> runtime,
                 confab::Homeserver homeserver, std::shared_ptr<confab::ChatService> chat,
                 std::chrono::nanoseconds limit)
    : configuration_(std::move(configuration)),
      runtime_(std::move(runtime)),
      homeserver_(std::move(homeserver)),
      chat_(std::move(chat)),
      limit_(limit) {}

confab::Result<std::unique_ptr<Session>> Session::open(const Settings& settings) {
  confab::Result<confab::Configuration> configuration =
      confab::read_configuration(path_of_configuration(settings.config));
  if (!configuration) return std::move(configuration).error();
  confab::Result<const confab::TenantConfiguration*> tenant = choose_tenant(*configuration, settings.tenant);
  if (!tenant) return std::move(tenant).error();

  confab::RuntimeOptions options;
  if (settings.verbose) options.log(&log, confab::LogLevel::debug);
  auto runtime = std::make_unique<confab::Runtime>(std::move(options));
  const auto first_contact = std::min<std::chrono::nanoseconds>(settings.limit(), RideThrough::first_contact);
  confab::Result<confab::Homeserver> homeserver =
      confab::open_homeserver(*runtime, *configuration, confab::CallOptions().within(first_contact));
  if (!homeserver) return std::move(homeserver).error();
  auto directory =
      confab::open_directory(*runtime, *configuration, **tenant, confab::CallOptions().within(settings.limit()));
  if (!directory) return std::move(directory).error();
  const confab::TenantOptions& tenant_options = (*tenant)->options();
  confab::Result<std::shared_ptr<confab::ChatService>> chat =
      confab::make_chat_service(*runtime, homeserver->provider(tenant_options.id().str(), tenant_options.access()),
                                tenant_options, std::move(*directory));
  if (!chat) return std::move(chat).error();
  return std::unique_ptr<Session>(new Session(std::move(*configuration), std::move(runtime), std::move(*homeserver),
                                              std::move(*chat), settings.limit()));
}

}  // namespace program
