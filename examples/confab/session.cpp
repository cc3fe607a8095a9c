#include "session.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <confab/open_configuration.hpp>

#include "report.hpp"
#include "ride_through.hpp"

namespace program {
namespace {

using Chosen = std::vector<const confab::TenantConfiguration*>;

confab::Result<Chosen> choose_tenants(const confab::Configuration& configuration, const Settings& settings) {
  const auto& tenants = configuration.tenants();
  const std::string& id = settings.tenant;
  if (!id.empty()) {
    const confab::TenantConfiguration* tenant = configuration.tenant(confab::TenantId(id));
    if (tenant != nullptr) return Chosen{tenant};
    return confab::Error(confab::Errc::invalid_argument, "the configuration has no tenant " + id)
        .with_subject("--tenant");
  }
  Chosen all;
  for (const confab::TenantConfiguration& tenant : tenants) all.push_back(&tenant);
  if (all.size() == 1 || settings.every_tenant) return all;
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
                 confab::Homeserver homeserver, std::vector<Tenant> tenants, std::chrono::nanoseconds limit)
    : configuration_(std::move(configuration)),
      runtime_(std::move(runtime)),
      homeserver_(std::move(homeserver)),
      tenants_(std::move(tenants)),
      limit_(limit) {}

confab::Result<std::unique_ptr<Session>> Session::open(const Settings& settings) {
  confab::Result<confab::Configuration> configuration =
      confab::read_configuration(path_of_configuration(settings.config));
  if (!configuration) return std::move(configuration).error();
  const confab::Result<Chosen> chosen = choose_tenants(*configuration, settings);
  if (!chosen) return chosen.error();

  confab::RuntimeOptions options;
  if (settings.verbose) options.log(&log, confab::LogLevel::debug);
  auto runtime = std::make_unique<confab::Runtime>(std::move(options));
  const auto first_contact = std::min<std::chrono::nanoseconds>(settings.limit(), RideThrough::first_contact);
  confab::Result<confab::Homeserver> homeserver =
      confab::open_homeserver(*runtime, *configuration, confab::CallOptions().within(first_contact));
  if (!homeserver) return std::move(homeserver).error();
  std::vector<Tenant> tenants;
  for (const confab::TenantConfiguration* tenant : *chosen) {
    auto directory =
        confab::open_directory(*runtime, *configuration, *tenant, confab::CallOptions().within(settings.limit()));
    if (!directory) return std::move(directory).error();
    const confab::TenantOptions& options_of = tenant->options();
    confab::Result<std::shared_ptr<confab::ChatService>> chat = confab::make_chat_service(
        *runtime, homeserver->provider(options_of.id().str(), options_of.access()), options_of, std::move(*directory));
    if (!chat) return std::move(chat).error();
    tenants.push_back(Tenant{options_of.id(), std::move(*chat)});
  }
  return std::unique_ptr<Session>(new Session(std::move(*configuration), std::move(runtime), std::move(*homeserver),
                                              std::move(tenants), settings.limit()));
}

}  // namespace program
