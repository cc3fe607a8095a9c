/// @file
/// Opening what a configuration names: its homeserver, and a tenant's directory.
///
///     auto configuration = read_configuration("confab.json");
///     auto homeserver = open_homeserver(runtime, *configuration);
///     auto directory = open_directory(runtime, *configuration, configuration->tenants().front());
///
/// Reading a configuration connects to nothing; here the homeserver is looked for where the configuration leaves its
/// URL out, and the store is opened. A host with a configuration of its own does not need this header.
#pragma once

#include <memory>

#include <confab/call_options.hpp>
#include <confab/configuration.hpp>
#include <confab/export.hpp>
#include <confab/homeserver.hpp>
#include <confab/host_directory.hpp>
#include <confab/result.hpp>
#include <confab/runtime.hpp>
#include <confab/store.hpp>
#include <confab/stored_directory.hpp>

namespace confab {

/// Make the Homeserver of a configuration. Where `homeserver.url` is left out, it is what the server name publishes:
/// see Homeserver::discover().
///
/// @param runtime  Where its work is done; it should live longer.
/// @param options  Bounds the asking for the URL.
/// @returns        As Homeserver::create().
/// @par Errors     As Homeserver::create(). Errc::config about store.kind: StoreKind::host without a store. With the
/// subject homeserver.url, where that is left out: Errc::unreachable,
///                 the server name cannot be reached or does not answer in time; Errc::config, it publishes nothing, or
///                 nothing usable; what else discover() says.
/// @par Threads    Any but the library's, where it answers Errc::would_deadlock: it waits for the answers and for the
///                 store.
/// @par Cancel     By `options`, while the URL is asked for: Errc::cancelled.
/// @par Specification Client-server API, "Well-known URI".
[[nodiscard]] CONFAB_EXPORT Result<Homeserver> open_homeserver(Runtime& runtime, const Configuration& configuration,
                                                               CallOptions options = CallOptions());

/// Open the store of a configuration, in place of the Homeserver that opens it by itself: to look after it.
///
/// @returns        As open_sqlite_store() or open_postgresql_store(); with StoreKind::memory a new store in memory.
/// @par Errors     As those.
/// @par Threads    Any. It reads and writes, so it must not be called where blocking does harm.
[[nodiscard]] CONFAB_EXPORT Result<std::shared_ptr<Store>> open_configured_store(const Configuration& configuration);

/// Make the directory that a tenant's service shall answer from. With StoreKind::memory it is the one that was read;
/// else that of open_stored_directory().
///
/// @param tenant   One of the configuration.
/// @param options  For the reading and the writing, each.
/// @par Errors     As open_stored_directory().
/// @par Threads    As open_homeserver().
[[nodiscard]] CONFAB_EXPORT Result<std::shared_ptr<HostDirectory>> open_directory(Runtime& runtime,
                                                                                  const Configuration& configuration,
                                                                                  const TenantConfiguration& tenant,
                                                                                  CallOptions options = CallOptions());

/// Make a directory that can be changed: it lies in the store of the configuration, and what the tenant's file says
/// otherwise is written there; without a file it is as it was left. Other processes on that store see the change, too.
/// With StoreKind::memory the store is one of its own, forgotten with the directory.
///
/// @param runtime  Where completions are delivered; it should live longer.
/// @param tenant   One of the configuration.
/// @param options  For the reading and the writing, each.
/// @par Errors     As open_configured_store(), StoredDirectory::open() and load(); Errc::config where the file can no
///                 longer be read.
/// @par Threads    As open_homeserver().
[[nodiscard]] CONFAB_EXPORT Result<std::shared_ptr<StoredDirectory>> open_stored_directory(
    Runtime& runtime, const Configuration& configuration, const TenantConfiguration& tenant,
    CallOptions options = CallOptions());

}  // namespace confab
