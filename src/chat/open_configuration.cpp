// Where is the homeserver that a configuration names, and where do its tenants' directories lie?
#include <confab/open_configuration.hpp>

#include <new>
#include <string>
#include <utility>

#include <confab/discovery.hpp>
#include <confab/open_store.hpp>

#include "chat/text_file.hpp"
#include "store/checked_store.hpp"
#include "util/no_memory.hpp"

namespace confab {
namespace {

Errc outcome_of_discovery(Errc code) {
  switch (code) {
    case Errc::not_found:
    case Errc::protocol:
    case Errc::too_large:
      return Errc::config;
    case Errc::timed_out:
      return Errc::unreachable;
    default:
      return code;
  }
}

Result<HomeserverOptions> found(Runtime& runtime, HomeserverOptions options, CallOptions how) {
  if (!options.url().empty()) return options;
  auto trust = DiscoveryOptions().ca_file(options.ca_file()).proxy(options.proxy());
  const auto url = Homeserver::discover(runtime, options.server_name(), std::move(trust), std::move(how)).wait();
  if (url) return options.url(*url);
  const Error& error = url.error();
  return error.with_code(outcome_of_discovery(error.code()))
      .with_message("homeserver.url is not given, and " + std::string(error.message()))
      .with_subject("homeserver.url");
}

// Null where the store is none of the host's own.
Result<std::shared_ptr<Store>> host_store(const Configuration& configuration) {
  if (configuration.store() != StoreKind::host) return std::shared_ptr<Store>();
  if (const auto& given = configuration.homeserver().store()) return store::checked(given);
  return Error(Errc::config, "store.kind is \"host\", and the host gives no store").with_subject("store.kind");
}

}  // namespace

Result<Homeserver> open_homeserver(Runtime& runtime, const Configuration& configuration, CallOptions options) try {
  if (auto given = host_store(configuration); !given) return std::move(given).error();
  auto where = found(runtime, configuration.homeserver(), std::move(options));
  if (!where) return std::move(where).error();
  return Homeserver::create(runtime, std::move(*where));
} catch (const std::bad_alloc&) {
  return no_memory();
}

Result<std::shared_ptr<Store>> open_configured_store(const Configuration& configuration) {
  switch (configuration.store()) {
    case StoreKind::memory:
      break;
    case StoreKind::sqlite:
      return open_sqlite_store(configuration.homeserver().store_path());
    case StoreKind::postgresql:
      return open_postgresql_store(configuration.homeserver().store_dsn());
    case StoreKind::host:
      return host_store(configuration);
  }
  return make_memory_store();
}

Result<std::shared_ptr<HostDirectory>> open_directory(Runtime& runtime, const Configuration& configuration,
                                                      const TenantConfiguration& tenant, CallOptions options) {
  if (configuration.store() == StoreKind::memory) return tenant.directory();
  auto stored = open_stored_directory(runtime, configuration, tenant, std::move(options));
  if (!stored) return std::move(stored).error();
  return std::shared_ptr<HostDirectory>(std::move(*stored));
}

Result<std::shared_ptr<StoredDirectory>> open_stored_directory(Runtime& runtime, const Configuration& configuration,
                                                               const TenantConfiguration& tenant,
                                                               CallOptions options) try {
  auto store = open_configured_store(configuration);
  if (!store) return std::move(store).error();
  auto stored = StoredDirectory::open(runtime, std::move(*store), tenant.options().id(), options).wait();
  if (!stored || tenant.directory_file().empty()) return stored;
  auto text = chat::read_text_file(tenant.directory_file(), chat::longest_directory_file);
  if (!text) return std::move(text).error();
  auto revision = (*stored)->load(std::move(*text), std::move(options)).wait();
  if (!revision) return std::move(revision).error();
  return stored;
} catch (const std::bad_alloc&) {
  return no_memory();
}

}  // namespace confab
