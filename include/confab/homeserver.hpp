/// @file
/// Homeserver: the Matrix server behind the chat, with the admin account that provisions users and makes rooms.
///
///     auto homeserver = Homeserver::create(runtime, HomeserverOptions(url, "example.org", "admin", password));
///     auto service = make_chat_service(runtime, homeserver->provider("acme"), TenantOptions(TenantId("acme")),
///     directory);
///
/// One Homeserver for each server is enough for all tenants on it: they share its connections, its limits, its circuit
/// breaker and its admin session, and are kept apart everywhere else.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <confab/call_options.hpp>
#include <confab/chat_provider.hpp>
#include <confab/chat_service.hpp>
#include <confab/discovery.hpp>
#include <confab/export.hpp>
#include <confab/host_directory.hpp>
#include <confab/ids.hpp>
#include <confab/open_store.hpp>
#include <confab/pending.hpp>
#include <confab/result.hpp>
#include <confab/runtime.hpp>
#include <confab/secret.hpp>
#include <confab/token_metrics.hpp>

namespace confab {

namespace detail {
/// What a Homeserver and everything made from it share.
class MatrixBackend;
}  // namespace detail

/// Tells the admin's password, at each login: for one that may change while the program runs.
///
/// @par Errors     What it answers ends the login with Errc::admin_unavailable and its message; an empty secret, an
///                 exception and no answer within 15 s do so, too. It is asked again after a pause.
/// @par Lifetime   Copied into the Homeserver, whose last copy, or operation, waits for a call that has not returned.
/// @par Threads    Called on a thread of its own, never twice at a time. It may block, and should end.
///
/// `refused` tells that the homeserver did not take what it answered last.
using AdminPasswordSource = std::function<Result<Secret>(bool refused)>;

/// Where the homeserver is and how to be its administrator.
///
/// @par Errors     Its members check nothing; Homeserver::create answers Errc::config. Copying may throw
///                 std::bad_alloc.
/// @par Lifetime   Copied into the Homeserver.
/// @par Threads    As for a plain value, like TenantOptions below.
class HomeserverOptions {
 public:
  /// A homeserver at `url`, whose users are named "...:server_name", administered by `admin_user`.
  ///
  /// @param url            "https://host", with a port and path where needed. No user name, query or fragment. Plain
  ///                 http is for loopback and trusted networks: tokens travel in it. Where only the server name is
  ///                 known, leave it empty and set what Homeserver::discover() finds.
  /// @param server_name    What stands behind the colon of its user ids; often not the host name of the URL.
  /// @param admin_user     A localpart or a full user id; an administrator by Synapse's word.
  /// @param admin_password Used only to log in, and again when the admin's token died.
  HomeserverOptions(std::string url, std::string server_name, std::string admin_user, Secret admin_password)
      : url_(std::move(url)),
        server_name_(std::move(server_name)),
        admin_user_(std::move(admin_user)),
        admin_password_(std::move(admin_password)) {}
  /// Set the URL, as the constructor takes it.
  HomeserverOptions& url(std::string url) {
    url_ = std::move(url);
    return *this;
  }
  /// Trust the authorities in this PEM file instead of the system's: for a server with a certificate of its own
  /// authority. Certificates are always verified; there is no option to leave that out.
  HomeserverOptions& ca_file(std::string path) {
    ca_file_ = std::move(path);
    return *this;
  }
  /// Go through this HTTP proxy ("http://host:port"). Default: none, whatever the environment says.
  ///
  /// @param url      Empty: none.
  HomeserverOptions& proxy(std::string url) {
    proxy_ = std::move(url);
    return *this;
  }
  /// Speak HTTP/1.1 even where the server offers HTTP/2. For proxies that cut long HTTP/2 streams.
  ///
  /// @param on       Default false.
  HomeserverOptions& force_http1(bool on) {
    force_http1_ = on;
    return *this;
  }

  /// Remember in this store what has to outlive the process: tokens, rooms, positions. Default: a store in memory.
  ///
  /// @param store    One of the library's own or the host's. Several Homeservers, also in several processes, may share
  ///                 it. Null: the default.
  /// @param keys     Seal the secrets that go into it.
  HomeserverOptions& store(std::shared_ptr<Store> store, StoreKeys keys) {
    store_ = std::move(store);
    keys_ = std::move(keys);
    return *this;
  }
  /// The same with an SQLite store in a file, which Homeserver::create() opens or makes, and keys in another.
  ///
  /// @param path     As for open_sqlite_store(). Empty: the default.
  /// @param key_file As for StoreKeys::from_file().
  HomeserverOptions& store_file(std::string path, std::string key_file) {
    store_path_ = std::move(path);
    key_file_ = std::move(key_file);
    return *this;
  }
  /// The same with a PostgreSQL store, which Homeserver::create() connects to, and keys in a file.
  ///
  /// @param dsn      As for open_postgresql_store(). Empty: the default.
  /// @param key_file As for StoreKeys::from_file().
  HomeserverOptions& store_database(Secret dsn, std::string key_file) {
    store_dsn_ = std::move(dsn);
    key_file_ = std::move(key_file);
    return *this;
  }
  /// The same with keys that the host has.
  HomeserverOptions& store_file(std::string path, StoreKeys keys) {
    store_path_ = std::move(path);
    keys_ = std::move(keys);
    return *this;
  }
  /// The admin's password, where it was not known before. It takes the place of a source.
  HomeserverOptions& admin_password(Secret password) {
    admin_password_ = std::move(password);
    admin_password_source_ = nullptr;
    return *this;
  }
  /// Let users log in without passwords: by tokens that are signed with this key, which the homeserver has as well
  /// (Synapse: `jwt_config` with the algorithm HS256). No password of a user's is set or replaced then, and each may
  /// come to a device, whatever password they have. Logins stay as few as the homeserver allows.
  ///
  /// @param key      32 bytes or longer. Who has it can log in as anybody. Empty: the default, passwords.
  HomeserverOptions& jwt_secret(Secret key) {
    jwt_secret_ = std::move(key);
    return *this;
  }
  /// Ask for the admin's password with each login, in place of admin_password().
  ///
  /// @param source   Null: admin_password().
  HomeserverOptions& admin_password_source(AdminPasswordSource source) {
    admin_password_source_ = std::move(source);
    return *this;
  }

  /// Speak for users by the application service that is registered in this file, written by register_appservice().
  /// Homeserver::create() reads it.
  ///
  /// @param path     Empty: none.
  HomeserverOptions& appservice_file(std::string path) {
    appservice_file_ = std::move(path);
    return *this;
  }
  /// The same with a token that the host has: the as_token of a registration that the homeserver has loaded. It goes
  /// before a file.
  ///
  /// @param token    Empty: none.
  /// @par Specification Application service API, "Registration".
  HomeserverOptions& appservice_token(Secret token) {
    appservice_token_ = std::move(token);
    return *this;
  }

  /// As given.
  [[nodiscard]] const std::string& url() const noexcept { return url_; }
  /// As given.
  [[nodiscard]] const std::string& server_name() const noexcept { return server_name_; }
  /// As given: a localpart or a full user id.
  [[nodiscard]] const std::string& admin_user() const noexcept { return admin_user_; }
  /// As given.
  [[nodiscard]] const Secret& admin_password() const noexcept { return admin_password_; }
  [[nodiscard]] const Secret& jwt_secret() const noexcept { return jwt_secret_; }
  /// As set; null for none.
  [[nodiscard]] const AdminPasswordSource& admin_password_source() const noexcept { return admin_password_source_; }
  /// As set; empty for none.
  [[nodiscard]] const std::string& appservice_file() const noexcept { return appservice_file_; }
  /// As set; empty for none.
  [[nodiscard]] const Secret& appservice_token() const noexcept { return appservice_token_; }
  /// As set; empty for the system's authorities.
  [[nodiscard]] const std::string& ca_file() const noexcept { return ca_file_; }
  /// As set; empty for none.
  [[nodiscard]] const std::string& proxy() const noexcept { return proxy_; }
  /// As set.
  [[nodiscard]] bool force_http1() const noexcept { return force_http1_; }
  /// As set by store(); null for none.
  [[nodiscard]] const std::shared_ptr<Store>& store() const noexcept { return store_; }
  /// As set by store() or store_file(); nothing: they are in key_file().
  [[nodiscard]] const std::optional<StoreKeys>& store_keys() const noexcept { return keys_; }
  /// As set by store_file(); empty for none. A store() goes first.
  [[nodiscard]] const std::string& store_path() const noexcept { return store_path_; }
  /// As set by store_database(); empty for none. A store_file() goes first.
  [[nodiscard]] const Secret& store_dsn() const noexcept { return store_dsn_; }
  /// As set by store_file() or store_database().
  [[nodiscard]] const std::string& key_file() const noexcept { return key_file_; }

 private:
  std::string url_;
  std::string server_name_;
  std::string admin_user_;
  Secret admin_password_;
  Secret jwt_secret_;
  AdminPasswordSource admin_password_source_;
  std::string appservice_file_;
  Secret appservice_token_;
  std::string ca_file_;
  std::string proxy_;
  bool force_http1_ = false;
  std::shared_ptr<Store> store_;
  std::optional<StoreKeys> keys_;
  std::string store_path_;
  Secret store_dsn_;
  std::string key_file_;
};

/// How the library acts for a user. docs/credentials.md compares them.
enum class Access {
  puppet,  ///< By tokens that the admin account makes: no login, no password, whatever the homeserver's login limits.
  /// By the user's own login on a device that stays, with a password that the library makes and keeps sealed. It
  /// replaces one that the account had, but for one that set_password() gave: who has that is acted for as by puppet.
  device,
  /// As puppet at first; users whose accounts the library made, and who have no password of their own, come to devices
  /// as the homeserver's login limits allow, and nobody waits for it. No password that a user may know is ever
  /// replaced. Where HomeserverOptions name an application service: as appservice. "auto" in a configuration.
  automatic,
  /// By the token of an application service, on a device that stays: no login, and none of the homeserver's limits.
  appservice,
};

/// One line of a homeserver's examination.
///
/// @par Errors     None of its members fails.
/// @par Lifetime   A value.
/// @par Threads    As for a plain value.
class Finding {
 public:
  /// Made by the library, and by hosts' tests.
  Finding(std::string check, bool fit, std::string detail)
      : check_(std::move(check)), fit_(fit), detail_(std::move(detail)) {}
  /// What was looked at: "reachability", "versions", "login flows", "admin rights", "admin API", "limits",
  /// "appservice" where there is one, "clock", "store", "tokens", "discovery".
  [[nodiscard]] const std::string& check() const noexcept { return check_; }
  /// Whether it is as Confab needs it. One that is not fit will make operations fail; detail() says what to do. Of
  /// "discovery", which only other clients need: whether what is published can be read, if there is anything. "tokens"
  /// tells how often all processes on the store made tokens, and why.
  [[nodiscard]] bool fit() const noexcept { return fit_; }
  /// What was seen, and what to do if it is not fit; safe to log.
  [[nodiscard]] const std::string& detail() const noexcept { return detail_; }

 private:
  std::string check_;
  bool fit_;
  std::string detail_;
};

/// A connection to a homeserver, shared by all tenants on it: its connections, limits, circuit breaker and admin
/// session.
///
/// @par Lifetime   A handle; copies name the same connection. Whatever is made from it keeps what it needs. Operations
///                 on it complete with Errc::closed once its Runtime is gone.
/// @par Threads    Any.
class CONFAB_EXPORT Homeserver {
 public:
  /// Check the options; connects to nothing.
  ///
  /// @param runtime  Where its work is done; it should live longer.
  /// @param options  Copied.
  /// @returns        A handle that may be copied.
  /// @par Errors     Errc::config; subject() names the key: homeserver.url, homeserver.server_name,
  ///                 homeserver.admin_user, homeserver.admin_password, homeserver.ca_file, homeserver.proxy,
  ///                 homeserver.appservice_file. Where a
  ///                 store is opened, what open_sqlite_store(), open_postgresql_store() and StoreKeys::from_file() say;
  ///                 Errc::store about store.key_file when the keys are not those of the store.
  /// @par Threads    Any. It reads the CA file and opens the store, so it must not be called where blocking does harm.
  [[nodiscard]] static Result<Homeserver> create(Runtime& runtime, HomeserverOptions options);

  /// Find the URL that a server name publishes, by the specification's "Well-known URI": the document is read,
  /// redirects are followed to https only, and what it names is believed once it has told its versions. Nothing that is
  /// secret is sent. Identity servers that the document may name are not looked at.
  ///
  /// @param runtime  Where its work is done; it should live longer.
  /// @param server_name What stands behind the colon of user ids. A port in it is left out: the document is always at
  ///                 https://host/.well-known/matrix/client.
  /// @param how      Whom to trust, and the way to go.
  /// @returns        The URL, for HomeserverOptions::url(): https, in canonical form, without a slash at its end.
  /// @par Errors     Errc::invalid_argument about server_name, ca_file or proxy.
  ///                 With the subject server_name: Errc::not_found, there is no such document (the specification's
  ///                 IGNORE), or Errc::protocol, too_large, it names no URL (FAIL_PROMPT): ask somebody for the URL, in
  ///                 both cases; Errc::unreachable, unavailable, rate_limited, timed_out: it could not be read.
  ///                 With the subject m.homeserver.base_url, by the same codes: the document names what is no https
  ///                 URL, or where no homeserver answers (FAIL_ERROR): do not go on.
  /// @par Threads    Any.
  /// @par Cancel     Nothing is left behind.
  /// @par Specification Client-server API, "Well-known URI", steps 1 to 7.
  [[nodiscard]] static Pending<std::string> discover(Runtime& runtime, std::string server_name,
                                                     DiscoveryOptions how = DiscoveryOptions(),
                                                     CallOptions options = CallOptions());

  /// Look at everything that has to be right, one finding each. A finding that is not fit is no error. Nothing is
  /// changed on the server, except that the admin logs in; in the store, one record that expires is written. Beside the
  /// homeserver, the web server of its server name is asked once, for the document that discover() reads.
  ///
  /// @returns        All findings, in the order in which they were looked at: later ones rest on earlier ones.
  /// @par Errors     Errc::unreachable, timed_out: nothing could be looked at.
  /// @par Threads    Any.
  /// @par Cancel     Nothing is left behind but the admin's login.
  /// @par Specification Client-server API, "GET /_matrix/client/versions", "GET /login", "GET /account/whoami",
  ///                 "Well-known URI".
  [[nodiscard]] Pending<std::vector<Finding>> examine(CallOptions options = CallOptions()) const;

  /// Tell how often tokens were made in this process, why, by which step, and how long it took: for a monitor. It is a
  /// look at numbers, and asks nobody.
  ///
  /// @returns        The numbers of this moment.
  /// @par Errors     None.
  /// @par Threads    Any.
  [[nodiscard]] TokenMetrics token_metrics() const;

  /// The transport below ChatService, for make_chat_service() and for hosts that think in Matrix's words.
  ///
  /// @param group    Who uses it, in a word of the host's choice (a tenant's id): requests are sent in turn between
  ///                 groups, so that a busy one cannot starve another.
  /// @param access   How users of this group are acted for. The same for each provider of a group; let no other group
  ///                 act for the same users.
  /// @par Errors     None.
  [[nodiscard]] std::shared_ptr<ChatProvider> provider(std::string group = {}, Access access = Access::automatic) const;

 private:
  /// Made by create().
  explicit Homeserver(std::shared_ptr<detail::MatrixBackend> backend) : backend_(std::move(backend)) {}
  std::shared_ptr<detail::MatrixBackend> backend_;
};

/// A tenant: a customer of the host, isolated from all others.
///
/// @par Errors     Its members check nothing; make_chat_service() answers Errc::config.
/// @par Lifetime   Copied.
class TenantOptions {
 public:
  /// A tenant with the default localpart template "{tenant}_{id}".
  ///
  /// @param id       Lower case, as the localpart of a Matrix id allows; it becomes part of names on the homeserver, so
  ///                 it must never change.
  explicit TenantOptions(TenantId id) : id_(std::move(id)) {}
  /// How the localpart of a user's Matrix id is made; "{id}" must occur, "{tenant}" may. Two tenants on one homeserver
  /// must not make the same name for different users.
  ///
  /// @param pattern  It must never change once users were provisioned: their accounts would be new ones.
  /// @par Specification Appendices, "User Identifiers".
  TenantOptions& localpart(std::string pattern) {
    localpart_ = std::move(pattern);
    return *this;
  }
  /// How this tenant's users are acted for; hand it on to Homeserver::provider().
  ///
  /// @param access   Default automatic. It may change: accounts stay, and tokens that live are used on.
  TenantOptions& access(Access access) {
    access_ = access;
    return *this;
  }
  /// Let what these users send go into rooms that somebody has encrypted, readable for the homeserver and everybody who
  /// is shown the room's past. This library switches encryption on in no room and reads no encrypted message.
  ///
  /// @param on       Default false: Errc::encrypted_room.
  /// @par Specification Client-server API, "m.room.encryption".
  TenantOptions& plain_text_in_encrypted_rooms(bool on) noexcept {
    plain_text_in_encrypted_rooms_ = on;
    return *this;
  }
  /// Reopen accounts of this tenant's users that were closed (deactivated) on the homeserver, under the same id, as
  /// soon as the library comes upon one. The user gets a password of the library's and comes back into rooms one by
  /// one, as they are used; devices, rooms and what was erased do not come back by it. Where the homeserver refuses to
  /// reopen an account it stays Errc::account_deactivated.
  ///
  /// @param on       Default false: whoever closed it meant it, and the user's identity is lost.
  /// @par Specification Synapse admin API, "Create or modify account", `deactivated`.
  TenantOptions& reactivate_accounts(bool on) noexcept {
    reactivate_accounts_ = on;
    return *this;
  }
  /// As given.
  [[nodiscard]] const TenantId& id() const noexcept { return id_; }
  /// As set.
  [[nodiscard]] const std::string& localpart() const noexcept { return localpart_; }
  /// As set.
  [[nodiscard]] Access access() const noexcept { return access_; }
  /// As set.
  [[nodiscard]] bool plain_text_in_encrypted_rooms() const noexcept { return plain_text_in_encrypted_rooms_; }
  /// As set.
  [[nodiscard]] bool reactivate_accounts() const noexcept { return reactivate_accounts_; }

 private:
  TenantId id_;
  Access access_ = Access::automatic;
  std::string localpart_ = "{tenant}_{id}";
  bool plain_text_in_encrypted_rooms_ = false;
  bool reactivate_accounts_ = false;
};

/// Put a ChatService together from a transport, a tenant and the host's directory.
///
/// @param runtime   Where its work is done; it should live longer.
/// @param provider  Homeserver::provider(), or a transport of the host's own. Not null.
/// @param tenant    Whose users these are.
/// @param directory Answers what the library asks about users, events and groups. Not null; kept.
/// @returns         A service that may be shared among threads.
/// @par Errors     Errc::config; subject() names the key: tenants[].id, tenants[].localpart.
/// @par Lifetime   The service keeps provider and directory.
/// @par Threads    Any.
[[nodiscard]] CONFAB_EXPORT Result<std::shared_ptr<ChatService>> make_chat_service(
    Runtime& runtime, std::shared_ptr<ChatProvider> provider, TenantOptions tenant,
    std::shared_ptr<HostDirectory> directory);

}  // namespace confab
