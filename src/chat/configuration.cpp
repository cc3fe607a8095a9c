// Is this configuration file in order, and what does it say?
#include <confab/configuration.hpp>

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <optional>
#include <unordered_map>
#include <utility>

#include "chat/checked_object.hpp"
#include "chat/faults.hpp"
#include "chat/matrix_names.hpp"
#include "chat/slug.hpp"
#include "chat/text_file.hpp"
#include "matrix/identifiers.hpp"
#include "net/url.hpp"
#include "util/json.hpp"
#include "util/no_memory.hpp"

namespace confab {
namespace {

using chat::CheckedObject;
using chat::Faults;

constexpr std::size_t longest_configuration = std::size_t{1} << 20U;
constexpr std::size_t longest_ca_file = std::size_t{4} << 20U;
constexpr std::size_t most_tenants = 10'000;
constexpr const char* password_key = "homeserver.admin_password";
constexpr const char* password_variable = "CONFAB_ADMIN_PASSWORD";
constexpr const char* dsn_variable = "CONFAB_STORE_DSN";
constexpr const char* jwt_variable = "CONFAB_JWT_SECRET";

// The host is asked again only for what the homeserver refused.
AdminPasswordSource asked_again(Secret known, SecretSource ask) {
  return [known = std::move(known), ask = std::move(ask)](bool refused) mutable -> Result<Secret> {
    if (!refused) return known;
    auto told = ask(password_key);
    if (told) known = *told;
    return told;
  };
}

class ConfigurationReader {
 public:
  ConfigurationReader(std::filesystem::path folder, Faults& faults) : folder_(std::move(folder)), faults_(&faults) {}

  std::optional<Configuration> read(const json::Value& root, const SecretSource& ask) {
    static constexpr std::array<std::string_view, 3> keys{"homeserver", "store", "tenants"};
    CheckedObject file(root, keys, *faults_);
    auto homeserver = read_homeserver(file.object("homeserver"));
    StoreKind store = StoreKind::memory;
    if (file.has("store")) store = read_store(file.object("store"), homeserver);
    auto tenants = read_tenants(file);
    if (!faults_->any()) ask_host(homeserver, homeserver.store_path(), ask);
    if (faults_->any()) return std::nullopt;
    return Configuration(std::move(homeserver), store, std::move(tenants));
  }

 private:
  [[nodiscard]] std::string resolved(std::string_view path) const { return (folder_ / path).string(); }

  // {"ask": true} in the place of a secret.
  bool is_asked(CheckedObject& object, std::string_view key) {
    static constexpr std::array<std::string_view, 1> keys{"ask"};
    const json::Value value = object.value()[key];
    if (!value.is_object()) return false;
    CheckedObject asked(value, keys, *faults_);
    const Result<bool> ask = value.boolean("ask");
    if (!ask || !*ask) asked.fault("ask", "must be true");
    return true;
  }

  // Once all else is in order, so that nobody is asked in vain.
  void ask_host(HomeserverOptions& homeserver, const std::string& store_path, const SecretSource& ask) {
    if (asks_password_) {
      if (auto secret = secret_of(password_key, ask)) {
        homeserver.admin_password(*secret).admin_password_source(asked_again(std::move(*secret), ask));
      }
    }
    if (asks_keys_) {
      const auto text = secret_of("store.key_file", ask);
      if (!text) return;
      auto keys = StoreKeys::from_text(*text);
      if (!keys) return faults_->add("store.key_file", keys.error());
      homeserver.store_file(store_path, std::move(*keys));
    }
  }

  std::optional<Secret> secret_of(const std::string& key, const SecretSource& ask) {
    if (!ask) {
      faults_->add(key, "is to be asked for, but there is nobody to ask");
      return std::nullopt;
    }
    auto secret = ask(key);
    if (secret && !secret->empty()) return std::move(*secret);
    faults_->add(key, secret ? Error(Errc::config, "the answer is empty") : secret.error());
    return std::nullopt;
  }

  HomeserverOptions read_homeserver(const json::Value& value) {
    static constexpr std::array<std::string_view, 9> keys{
        "url",     "server_name",     "admin_user", "admin_password", "admin_password_file",
        "ca_file", "appservice_file", "jwt_secret", "jwt_secret_file"};
    HomeserverOptions nothing("", "", "", Secret());
    if (!value) return nothing;
    CheckedObject homeserver(value, keys, *faults_);
    const std::string_view url = homeserver.optional_text("url");
    if (!url.empty()) {
      if (auto parsed = net::Url::parse_base(url); !parsed) faults_->add("homeserver.url", parsed.error());
    }
    const std::string_view server_name = homeserver.text("server_name");
    if (!server_name.empty()) {
      if (auto checked = matrix::check_server_name(server_name); !checked) {
        faults_->add("homeserver.server_name", checked.error());
      }
    }
    const std::string_view admin_user = homeserver.text("admin_user");
    Secret password = read_secret(homeserver, "admin_password", password_variable);
    HomeserverOptions options{std::string(url), std::string(server_name), std::string(admin_user), std::move(password)};
    if (!password_file_.empty()) {
      options.admin_password_source([path = password_file_](bool) { return chat::read_secret_file(path); });
    }
    if (const std::string_view ca_file = homeserver.optional_text("ca_file"); !ca_file.empty()) {
      options.ca_file(read_ca_file(ca_file));
    }
    if (homeserver.has("jwt_secret") || homeserver.has("jwt_secret_file")) {
      options.jwt_secret(read_secret(homeserver, "jwt_secret", jwt_variable));
    }
    // Opened by who uses it: `register_appservice` writes it.
    if (const std::string_view file = homeserver.optional_text("appservice_file"); !file.empty()) {
      options.appservice_file(resolved(file));
    }
    has_appservice_ = homeserver.has("appservice_file");
    return options;
  }

  // The environment first, so that one run can use another secret than the file says; then the file's one way: the key
  // itself, or the same with "_file" behind it.
  Secret read_secret(CheckedObject& of, const std::string& key, const char* variable_name) {
    const std::string key_of_file = key + "_file";
    const bool asked = key == "admin_password" && is_asked(of, key);
    const std::string_view in_line = asked ? std::string_view() : of.optional_text(key, chat::longest_secret);
    const std::string_view file = of.optional_text(key_of_file);
    if (of.has(key) && of.has(key_of_file)) {
      of.fault(key_of_file,
               fmt::format("and {} are both given: keep one of them", chat::member_path(of.value().path(), key)));
      return {};
    }
    const char* variable = std::getenv(variable_name);  // NOLINT(concurrency-mt-unsafe): nothing here sets any
    if (variable != nullptr && *variable != '\0') return Secret(std::string(variable));
    if (asked) asks_password_ = true;
    if (!in_line.empty()) return Secret(std::string(in_line));
    if (!file.empty()) {
      std::string path = resolved(file);
      auto secret = chat::read_secret_file(path);
      if (key == "admin_password") password_file_ = std::move(path);
      if (secret) return std::move(*secret);
      faults_->add(chat::member_path(of.value().path(), key_of_file), secret.error());
      return {};
    }
    if (!of.has(key) && !of.has(key_of_file)) {
      of.fault(key, fmt::format("is missing: give it, or {}, or the environment variable {}",
                                chat::member_path(of.value().path(), key_of_file), variable_name));
    }
    return {};
  }

  std::string read_ca_file(std::string_view name) {
    std::string path = resolved(name);
    const auto text = chat::read_text_file(path, longest_ca_file);
    if (!text) {
      faults_->add("homeserver.ca_file", text.error());
    } else if (text->find("-----BEGIN ") == std::string::npos || text->find("CERTIFICATE-----") == std::string::npos) {
      faults_->add("homeserver.ca_file", Error(Errc::config, path + " holds no certificate in PEM form"));
    }
    return path;
  }

  // Opens nothing: the file is made, and the database connected to, by who uses it.
  StoreKind read_store(const json::Value& value, HomeserverOptions& homeserver) {
    static constexpr std::array<std::string_view, 5> keys{"kind", "path", "dsn", "dsn_file", "key_file"};
    if (!value) return StoreKind::memory;
    CheckedObject store(value, keys, *faults_);
    const std::string_view name = store.text("kind");
    if (name.empty()) return StoreKind::memory;
    if (name != "memory" && name != "sqlite" && name != "postgresql" && name != "host") {
      store.fault("kind", "must be \"memory\", \"sqlite\", \"postgresql\" or \"host\"");
      return StoreKind::memory;
    }
    const StoreKind kind = name == "sqlite"       ? StoreKind::sqlite
                           : name == "postgresql" ? StoreKind::postgresql
                           : name == "host"       ? StoreKind::host
                                                  : StoreKind::memory;
    const std::string_view path = store.optional_text("path");
    asks_keys_ = is_asked(store, "key_file");
    const std::string_view key_file = asks_keys_ ? std::string_view() : store.optional_text("key_file");
    for (const std::string_view key : keys) {
      if (key == "kind") continue;
      const bool of_database = key == "dsn" || key == "dsn_file";
      const bool allowed = key == "path" ? kind == StoreKind::sqlite
                           : of_database ? kind == StoreKind::postgresql
                                         : kind != StoreKind::memory;
      if (!allowed && store.has(key)) store.fault(key, fmt::format("has no meaning where store.kind is \"{}\"", name));
      if (allowed && !of_database && !store.has(key)) {
        store.fault(key, fmt::format("is missing for store.kind \"{}\"", name));
      }
    }
    if (kind == StoreKind::memory) return kind;
    Secret dsn = kind == StoreKind::postgresql ? read_secret(store, "dsn", dsn_variable) : Secret();
    if (kind == StoreKind::sqlite)
      homeserver.store_file(resolved(path), asks_keys_ ? std::string() : resolved(key_file));
    if (kind == StoreKind::postgresql) {
      homeserver.store_database(std::move(dsn), asks_keys_ ? std::string() : resolved(key_file));
    }
    if (!key_file.empty()) {
      auto read = StoreKeys::from_file(resolved(key_file));
      if (!read) faults_->add("store.key_file", read.error());
      if (read && kind == StoreKind::host) homeserver.store(nullptr, std::move(*read));
    }
    return kind;
  }

  std::vector<TenantConfiguration> read_tenants(CheckedObject& file) {
    const json::Value list = file.array("tenants");
    std::vector<TenantConfiguration> tenants;
    if (!list) return tenants;
    if (list.size() == 0) file.fault("tenants", "must hold at least one tenant");
    if (list.size() > most_tenants) {
      file.fault("tenants", fmt::format("are more than {}", most_tenants));
      return tenants;
    }
    for (const json::Value value : list.elements()) read_tenant(value, tenants);
    return tenants;
  }

  // What is left out is off.
  static bool is_on(CheckedObject& object, const char* key) {
    if (!object.has(key)) return false;
    const Result<bool> on = object.value().boolean(key);
    if (!on) object.fault(key, "must be true or false");
    return on && *on;
  }

  void read_tenant(const json::Value& value, std::vector<TenantConfiguration>& tenants) {
    static constexpr std::array<std::string_view, 6> keys{
        "id", "directory", "localpart", "access", "plain_text_in_encrypted_rooms", "reactivate_accounts"};
    CheckedObject tenant(value, keys, *faults_);
    const std::string_view id = tenant.text("id");
    const bool id_is_legal = chat::is_tenant_id(id);
    if (!id.empty() && !id_is_legal) tenant.fault("id", "must be 1 to 64 letters, digits or . _ ~ - of ASCII");
    if (id_is_legal && !ids_.try_emplace(std::string(id), true).second)
      tenant.fault("id", "is the id of a tenant before");

    TenantOptions options{TenantId(std::string(id))};
    if (const std::string_view pattern = tenant.optional_text("localpart"); !pattern.empty()) {
      options.localpart(std::string(pattern));
    }
    options.plain_text_in_encrypted_rooms(is_on(tenant, "plain_text_in_encrypted_rooms"));
    options.reactivate_accounts(is_on(tenant, "reactivate_accounts"));
    if (id_is_legal) check_localpart(tenant, options);
    if (const std::string_view access = tenant.optional_text("access"); access == "device") {
      options.access(Access::device);
    } else if (access == "puppet") {
      options.access(Access::puppet);
    } else if (access == "appservice") {
      options.access(Access::appservice);
      if (!has_appservice_) tenant.fault("access", "\"appservice\" needs homeserver.appservice_file");
    } else if (!access.empty() && access != "auto") {
      tenant.fault("access", "must be \"auto\", \"puppet\", \"device\" or \"appservice\"");
    }

    const std::string_view name = tenant.optional_text("directory");
    if (name.empty() && tenant.has("directory")) return;
    const std::string path = name.empty() ? std::string() : resolved(name);
    auto directory = name.empty() ? read_directory(R"({"users":[]})") : read_directory_file(path);
    if (!directory) {
      faults_->add(chat::member_path(value.path(), "directory"), directory.error());
      return;
    }
    tenants.emplace_back(std::move(options), path, std::move(*directory));
  }

  void check_localpart(CheckedObject& tenant, const TenantOptions& options) {
    auto parsed = chat::LocalpartTemplate::parse(options.localpart(), options.id().str());
    if (!parsed) {
      tenant.fault("localpart", parsed.error().message());
      return;
    }
    for (const auto& [other_id, other] : templates_) {
      if (other_id == options.id().str() || !parsed->may_meet(other)) continue;
      tenant.fault("localpart", fmt::format("could give a user the same name as one of tenant {}: put {{tenant}} into "
                                            "it",
                                            chat::in_quotes(other_id)));
      return;
    }
    templates_.emplace_back(options.id().str(), std::move(*parsed));
  }

  static Result<std::shared_ptr<HostDirectory>> read_directory_file(const std::string& path) {
    auto text = chat::read_text_file(path, chat::longest_directory_file);
    if (!text) return std::move(text).error();
    auto directory = read_directory(std::move(*text));
    if (directory) return directory;
    if (directory.error().code() == Errc::no_memory) throw std::bad_alloc();  // no fault of the file
    return directory.error().with_message(fmt::format("{}: {}", path, directory.error().message()));
  }

  std::filesystem::path folder_;
  Faults* faults_;
  bool has_appservice_ = false;
  bool asks_password_ = false;
  std::string password_file_;
  bool asks_keys_ = false;
  std::unordered_map<std::string, bool> ids_;
  std::vector<std::pair<std::string, chat::LocalpartTemplate>> templates_;
};

Result<Configuration> configuration_of(std::string text, std::filesystem::path folder, const std::string& name,
                                       const SecretSource& ask) {
  auto document = json::parse(std::move(text), json::Limits().bytes(longest_configuration).depth(16));
  if (!document) {
    return document.error()
        .with_code(Errc::config)
        .with_message(fmt::format("{}: {}", name, document.error().message()));
  }
  Faults faults(name);
  auto configuration = ConfigurationReader(std::move(folder), faults).read(document->root(), ask);
  if (!configuration) return faults.error();
  return std::move(*configuration);
}

}  // namespace

const char* store_kind_name(StoreKind kind) noexcept {
  switch (kind) {
    case StoreKind::memory:
      return "memory";
    case StoreKind::sqlite:
      return "sqlite";
    case StoreKind::postgresql:
      return "postgresql";
    case StoreKind::host:
      return "host";
  }
  return "unknown";
}

Result<Configuration> read_configuration(const std::string& path, const SecretSource& ask) try {
  auto text = chat::read_text_file(path, longest_configuration);
  if (!text) return std::move(text).error();
  return configuration_of(std::move(*text), std::filesystem::path(path).parent_path(), path, ask);
} catch (const std::bad_alloc&) {
  return no_memory();
} catch (const std::exception&) {  // std::filesystem, for paths that the system cannot hold
  return Error(Errc::config, fmt::format("{}: a path in it cannot be used", path));
}

Result<Configuration> parse_configuration(std::string json, const std::string& folder, const SecretSource& ask) try {
  return configuration_of(std::move(json), folder, "the configuration", ask);
} catch (const std::bad_alloc&) {
  return no_memory();
} catch (const std::exception&) {
  return Error(Errc::config, "the configuration: a path in it cannot be used");
}

}  // namespace confab
