#include "session.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

#include <confab/open_store.hpp>
#include <confab/stored_directory.hpp>

#include "report.hpp"
#include "ride_through.hpp"

namespace program {
namespace {

std::string path_of_configuration(const std::string& given) {
  if (!given.empty()) return given;
  const char* named = std::getenv("CONFAB_CONFIG");
  return named != nullptr && *named != '\0' ? named : "confab.json";
}

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

// Where the configuration names no URL, it is the one that the server name publishes.
confab::Result<confab::HomeserverOptions> find_homeserver(confab::Runtime& runtime, confab::HomeserverOptions options,
                                                          std::chrono::nanoseconds limit) {
  if (!options.url().empty()) return options;
  const auto within = std::min<std::chrono::nanoseconds>(limit, RideThrough::first_contact);
  const confab::Result<std::string> url =
      confab::Homeserver::discover(runtime, options.server_name(),
                                   confab::DiscoveryOptions().ca_file(options.ca_file()).proxy(options.proxy()),
                                   confab::CallOptions().within(within))
          .wait();
  if (url) return options.url(*url);
  const confab::Error error =
      url.error()
          .with_message("homeserver.url is not given, and " + std::string(url.error().message()))
          .with_subject("homeserver.url");
  switch (error.code()) {
    case confab::Errc::not_found:
    case confab::Errc::protocol:
    case confab::Errc::too_large:
      return error.with_code(confab::Errc::config);
    case confab::Errc::timed_out:
      return error.with_code(confab::Errc::unreachable);
    default:
      return error;
  }
}

// Where a store stays, the tenant's directory lies in it, and what the file says otherwise is written to it. Other
// processes on that store see the change, too.
confab::Result<std::shared_ptr<confab::HostDirectory>> directory_of(confab::Runtime& runtime,
                                                                    const confab::Configuration& configuration,
                                                                    const confab::TenantConfiguration& tenant,
                                                                    std::chrono::nanoseconds limit) {
  if (configuration.store() == confab::StoreKind::memory) return tenant.directory();
  auto store = confab::open_sqlite_store(configuration.homeserver().store_path());
  if (!store) return std::move(store).error();
  const auto options = [limit] { return confab::CallOptions().within(limit); };
  auto stored = confab::StoredDirectory::open(runtime, *store, tenant.options().id(), options()).wait();
  if (!stored) return std::move(stored).error();
  std::ifstream file(tenant.directory_file(), std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  auto revision = (*stored)->load(std::move(text), options()).wait();
  if (!revision) return std::move(revision).error();
  return std::shared_ptr<confab::HostDirectory>(std::move(*stored));
}

}  // namespace

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
  confab::Result<confab::HomeserverOptions> where =
      find_homeserver(*runtime, configuration->homeserver(), settings.limit());
  if (!where) return std::move(where).error();
  confab::Result<confab::Homeserver> homeserver = confab::Homeserver::create(*runtime, std::move(*where));
  if (!homeserver) return std::move(homeserver).error();
  auto directory = directory_of(*runtime, *configuration, **tenant, settings.limit());
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
