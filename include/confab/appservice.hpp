/// @file
/// Registering an application service: the file by which a homeserver lets the library speak for all users of its
/// tenants with one token, without a login.
///
///     auto configuration = read_configuration("confab.json");  // with homeserver.appservice_file
///     auto written = register_appservice(*configuration);
///
/// The homeserver has to load the file; Synapse does so at its start, by `app_service_config_files`. A host that
/// writes registrations by itself does not need this header: HomeserverOptions::appservice_token().
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <confab/configuration.hpp>
#include <confab/export.hpp>
#include <confab/result.hpp>

namespace confab {

/// What an application service shall be called, and whether it may take another's place.
///
/// @par Errors     Its members check nothing; register_appservice() does. Copying may throw std::bad_alloc.
/// @par Lifetime   A value.
/// @par Threads    As for a plain value.
class AppserviceRequest {
 public:
  /// A service named "confab", in a file that is not there yet.
  AppserviceRequest() = default;
  /// Name it otherwise: where a homeserver loads several registrations, each has an id of its own.
  ///
  /// @param id       1 to 64 of a-z 0-9 . _ = - / +
  /// @returns        This request.
  /// @par Specification Application service API, "Registration": id.
  AppserviceRequest& id(std::string id) & { return id_ = std::move(id), *this; }
  /// As above, for a temporary.
  AppserviceRequest&& id(std::string id) && { return std::move(this->id(std::move(id))); }
  /// Write the file anew where there is one, with new tokens. The old ones serve until the homeserver starts again.
  ///
  /// @param on       Whether to. Default false: Errc::conflict.
  /// @returns        This request.
  AppserviceRequest& replace(bool on) & noexcept { return replace_ = on, *this; }
  /// As above, for a temporary.
  AppserviceRequest&& replace(bool on) && noexcept { return std::move(replace(on)); }

  /// As set.
  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  /// As set.
  [[nodiscard]] bool replaces() const noexcept { return replace_; }

 private:
  std::string id_ = "confab";
  bool replace_ = false;
};

/// A registration that was written. Its tokens are in the file alone.
///
/// @par Errors     None of its members fails. Copying may throw std::bad_alloc.
/// @par Lifetime   A value.
/// @par Threads    As for a plain value.
class AppserviceRegistration {
 public:
  /// Made by register_appservice(), and by hosts' tests.
  AppserviceRegistration(std::string path, std::string sender, std::vector<std::string> users)
      : path_(std::move(path)), sender_(std::move(sender)), users_(std::move(users)) {}
  /// Where it lies: what the homeserver has to load.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// The user id of the service itself, which takes part in nothing.
  [[nodiscard]] const std::string& sender() const noexcept { return sender_; }
  /// The ids of the users that it may speak for and nobody else may take, as regular expressions: one for each tenant.
  [[nodiscard]] const std::vector<std::string>& users() const noexcept { return users_; }

 private:
  std::string path_;
  std::string sender_;
  std::vector<std::string> users_;
};

/// Write the registration of an application service that speaks for the users of those tenants whose access is
/// appservice or automatic, into the file that `homeserver.appservice_file` names, with mode 0600 and tokens made here.
/// Nothing is connected to. It is JSON, which is YAML too, as homeservers read it.
///
/// Its namespace of users is exclusive: nobody else can make accounts that are called as they are. That of aliases is
/// not, because the admin account takes part in naming rooms. It is not pushed to (`url` is null) and has no rate
/// limits.
///
/// @param configuration Of one homeserver, with all tenants.
/// @param how      What it is called.
/// @returns        What was written.
/// @par Errors     Errc::config about homeserver.appservice_file, where it is not named or cannot be written, and about
///                 tenants[].access, where no tenant is to be spoken for; about tenants[].localpart, where the
///                 library's own account, or the service itself, would be among the users. Errc::invalid_argument about
///                 id. Errc::conflict where the file is there already. Errc::store: the system gives no random bytes.
///                 std::bad_alloc does not escape: Errc::no_memory.
/// @par Threads    Any. It writes a file, so it must not be called where blocking does harm.
/// @par Specification Application service API, "Registration".
[[nodiscard]] CONFAB_EXPORT Result<AppserviceRegistration> register_appservice(
    const Configuration& configuration, const AppserviceRequest& how = AppserviceRequest());

}  // namespace confab
