/// @file
/// Configuration: what a program reads at its start: the homeserver, the store, the tenants with their directories.
///
/// A host with a configuration of its own does not need this header: HomeserverOptions, TenantOptions and HostDirectory
/// are all that the library asks for.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <confab/export.hpp>
#include <confab/homeserver.hpp>
#include <confab/host_directory.hpp>
#include <confab/ids.hpp>
#include <confab/result.hpp>
#include <confab/secret.hpp>

namespace confab {

/// Where is remembered what has to outlive a process. More kinds may be added.
enum class StoreKind {
  memory,      ///< Nowhere: it is forgotten with the process.
  sqlite,      ///< In an SQLite file, for the processes of one machine.
  postgresql,  ///< In a PostgreSQL database, for the processes of many machines.
  host,        ///< In a store of the host's own: Configuration::use_store().
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
  ///
  /// @param homeserver With StoreKind::host it has keys.
  Configuration(HomeserverOptions homeserver, StoreKind store, std::vector<TenantConfiguration> tenants)
      : homeserver_(std::move(homeserver)), store_(store), tenants_(std::move(tenants)) {}

  /// For Homeserver::create(), which opens the store that they name. The password inside is a Secret.
  [[nodiscard]] const HomeserverOptions& homeserver() const noexcept { return homeserver_; }
  /// What `store.kind` says.
  [[nodiscard]] StoreKind store() const noexcept { return store_; }
  /// Give the store that StoreKind::host means. Otherwise it changes nothing.
  ///
  /// @param store    Not null; shared by what is opened with this configuration, or copies of it.
  void use_store(std::shared_ptr<Store> store) {
    if (store_ == StoreKind::host) homeserver_.store(std::move(store), *homeserver_.store_keys());
  }
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

/// Tells a secret that a configuration leaves to the host, by `{"ask": true}` in its place.
///
/// @par Errors     What it answers is the error of the reading; no answer is none.
/// @par Lifetime   Asked inside the call that it is given to, once for each key; the password once more each time the
///                 homeserver refuses the one it told. For that it is copied into the configuration.
/// @par Threads    Called on the thread that reads the configuration, which may wait in it; later as an
///                 AdminPasswordSource.
///
/// `key` is "homeserver.admin_password" (the password), or "store.key_file" (what such a file holds).
using SecretSource = std::function<Result<Secret>(std::string_view key)>;

/// Read a configuration file in the format of docs/configuration.md, the directory files that it names included.
///
/// All of it is checked, and everything that is wrong is told at once: unknown keys (with the known one that was
/// probably meant), missing ones, wrong types, secrets that everybody may read, tenants whose users could get the same
/// name on the homeserver. Nothing is connected to. The environment variable CONFAB_ADMIN_PASSWORD, where it is set and
/// not empty, takes the place of the file's admin password, and CONFAB_STORE_DSN that of store.dsn.
///
/// @param path     The file; paths inside it are relative to the folder it is in.
/// @param ask      Asked when all else is in order. Without it a secret that is to be asked for is an error.
/// @returns        The configuration, whole.
/// @par Errors     Errc::config; subject() names the first key at fault ("tenants[0].localpart"), the message all of
///                 them, with the file. std::bad_alloc does not escape: Errc::no_memory.
/// @par Threads    Any. It reads files, so it must not be called where blocking does harm.
[[nodiscard]] CONFAB_EXPORT Result<Configuration> read_configuration(const std::string& path,
                                                                     const SecretSource& ask = SecretSource());

/// Read a configuration from text, as read_configuration() does from a file: for hosts that keep it elsewhere.
///
/// @param json     The whole text.
/// @param folder   What paths in it are relative to; empty: the current folder.
/// @param ask      As for read_configuration().
/// @returns        The configuration, whole.
/// @par Errors     As read_configuration(); the message names "the configuration" in place of the file.
/// @par Threads    As read_configuration().
[[nodiscard]] CONFAB_EXPORT Result<Configuration> parse_configuration(std::string json, const std::string& folder,
                                                                      const SecretSource& ask = SecretSource());

}  // namespace confab
