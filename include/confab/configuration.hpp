/// @file
/// Configuration: what a program reads at its start: the homeserver, the store, the tenants with their directories.
///
/// A host with a configuration of its own does not need this header: HomeserverOptions, TenantOptions and HostDirectory
/// are all that the library asks for.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <confab/export.hpp>
#include <confab/homeserver.hpp>
#include <confab/host_directory.hpp>
#include <confab/ids.hpp>
#include <confab/result.hpp>

namespace confab {

/// Where is remembered what has to outlive a process. More kinds may be added.
enum class StoreKind {
  memory,      ///< Nowhere: it is forgotten with the process.
  sqlite,      ///< In an SQLite file, for the processes of one machine.
  postgresql,  ///< In a PostgreSQL database, for the processes of many machines.
};

/// Tell the word that a configuration file has for a kind, for example "memory".
///
/// @returns        A string with static storage duration.
/// @par Errors     None.
/// @par Threads    Any.
[[nodiscard]] CONFAB_EXPORT const char* store_kind_name(StoreKind kind) noexcept;

/// One tenant as the configuration describes it.
///
/// @par Errors     None of its members fails.
/// @par Lifetime   A value; copies share the directory.
/// @par Threads    As for a plain value, like Configuration below.
class TenantConfiguration {
 public:
  /// A tenant with what make_chat_service() needs for it.
  ///
  /// @param directory_file Where the directory was read from; empty: nowhere.
  /// @param directory      Not null.
  TenantConfiguration(TenantOptions options, std::string directory_file, std::shared_ptr<HostDirectory> directory)
      : options_(std::move(options)), directory_file_(std::move(directory_file)), directory_(std::move(directory)) {}

  /// Its id and the form of its users' names on the homeserver.
  [[nodiscard]] const TenantOptions& options() const noexcept { return options_; }
  /// Where the directory was read from; empty where the configuration names no file, because the host pushes all of it.
  [[nodiscard]] const std::string& directory_file() const noexcept { return directory_file_; }
  /// Its users, events and groups as they were when the configuration was read; without a file there are none. Never
  /// null.
  [[nodiscard]] const std::shared_ptr<HostDirectory>& directory() const noexcept { return directory_; }

 private:
  TenantOptions options_;
  std::string directory_file_;
  std::shared_ptr<HostDirectory> directory_;
};

/// A configuration file that was found to be in order, with every secret and directory that it names.
///
/// @par Errors     Copying may throw std::bad_alloc; reading does not fail.
/// @par Lifetime   A value; it refers to nothing else, and the file is not looked at again.
class Configuration {
 public:
  /// Made by read_configuration(), and by hosts' tests.
  Configuration(HomeserverOptions homeserver, StoreKind store, std::vector<TenantConfiguration> tenants)
      : homeserver_(std::move(homeserver)), store_(store), tenants_(std::move(tenants)) {}

  /// For Homeserver::create(), which opens the store that they name. The password inside is a Secret.
  [[nodiscard]] const HomeserverOptions& homeserver() const noexcept { return homeserver_; }
  /// What `store.kind` says.
  [[nodiscard]] StoreKind store() const noexcept { return store_; }
  /// All tenants, in the order of the file; never empty.
  [[nodiscard]] const std::vector<TenantConfiguration>& tenants() const noexcept { return tenants_; }
  /// Find a tenant.
  ///
  /// @returns        The tenant with this id, or null.
  /// @par Lifetime   That of this object.
  [[nodiscard]] const TenantConfiguration* tenant(const TenantId& id) const noexcept {
    for (const auto& tenant : tenants_) {
      if (tenant.options().id() == id) return &tenant;
    }
    return nullptr;
  }

 private:
  HomeserverOptions homeserver_;
  StoreKind store_;
  std::vector<TenantConfiguration> tenants_;
};

/// Read a configuration file in the format of docs/configuration.md, the directory files that it names included.
///
/// All of it is checked, and everything that is wrong is told at once: unknown keys (with the known one that was
/// probably meant), missing ones, wrong types, secrets that everybody may read, tenants whose users could get the same
/// name on the homeserver. Nothing is connected to. The environment variable CONFAB_ADMIN_PASSWORD, where it is set and
/// not empty, takes the place of the file's admin password, and CONFAB_STORE_DSN that of store.dsn.
///
/// @param path     The file; paths inside it are relative to the folder it is in.
/// @returns        The configuration, whole.
/// @par Errors     Errc::config; subject() names the first key at fault ("tenants[0].localpart"), the message all of
///                 them, with the file. std::bad_alloc does not escape: Errc::no_memory.
/// @par Threads    Any. It reads files, so it must not be called where blocking does harm.
[[nodiscard]] CONFAB_EXPORT Result<Configuration> read_configuration(const std::string& path);

/// Read a configuration from text, as read_configuration() does from a file: for hosts that keep it elsewhere.
///
/// @param json     The whole text.
/// @param folder   What paths in it are relative to; empty: the current folder.
/// @returns        The configuration, whole.
/// @par Errors     As read_configuration(); the message names "the configuration" in place of the file.
/// @par Threads    As read_configuration().
[[nodiscard]] CONFAB_EXPORT Result<Configuration> parse_configuration(std::string json, const std::string& folder);

}  // namespace confab
