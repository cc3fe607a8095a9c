#include "chat/appservice_registration.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <confab/appservice.hpp>

#include "chat/matrix_names.hpp"
#include "chat/text_file.hpp"
#include "matrix/identifiers.hpp"
#include "store/random_secret.hpp"
#include "util/json.hpp"
#include "util/no_memory.hpp"

namespace confab {
namespace {

constexpr const char* file_key = "homeserver.appservice_file";
constexpr std::size_t longest_appservice_id = 64;

Error registration_fault(std::string text) { return Error(Errc::config, std::move(text)).with_subject(file_key); }

Error unwritable(const std::string& path, int code) {
  return registration_fault(fmt::format("{} cannot be written: {}", path, std::generic_category().message(code)));
}

// A file that is there under its name when all of it is in it, and goes if it never is.
class NewFile {
 public:
  explicit NewFile(const std::string& path) : name_(path + ".XXXXXX") {
    file_ = ::mkostemp(name_.data(), O_CLOEXEC);  // mode 0600
    if (file_ < 0) failed_ = errno;
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (file_ < 0) return;
    ::close(file_);
    ::unlink(name_.c_str());
  }
  // 0 or an errno.
  [[nodiscard]] int write(std::string_view text) const {
    if (file_ < 0) return failed_;
    while (!text.empty()) {
      const ssize_t put = ::write(file_, text.data(), text.size());
      if (put < 0 && errno != EINTR) return errno;
      if (put > 0) text.remove_prefix(static_cast<std::size_t>(put));
    }
    return ::fsync(file_) == 0 ? 0 : errno;
  }
  [[nodiscard]] int name(const std::string& path, bool replace) const {
    const int done = replace ? std::rename(name_.c_str(), path.c_str()) : ::link(name_.c_str(), path.c_str());
    return done == 0 ? 0 : errno;
  }

 private:
  std::string name_;
  int file_ = -1;
  int failed_ = 0;
};

struct Spoken {
  std::vector<std::string> users;
  std::vector<std::string> aliases;
};

// `own`: localparts that must not be among the users.
Result<Spoken> names_of(const Configuration& configuration, const std::vector<std::string>& own) {
  Spoken spoken;
  const std::string& server = configuration.homeserver().server_name();
  for (std::size_t at = 0; at < configuration.tenants().size(); ++at) {
    const TenantOptions& tenant = configuration.tenants()[at].options();
    if (tenant.access() != Access::appservice && tenant.access() != Access::automatic) continue;
    const std::string key = fmt::format("tenants[{}].localpart", at);
    auto names = chat::LocalpartTemplate::parse(tenant.localpart(), tenant.id().str());
    if (!names) return names.error().with_message(fmt::format("{} {}", key, names.error().message())).with_subject(key);
    for (const std::string& each : own) {
      if (!names->covers(each)) continue;
      return Error(Errc::config, fmt::format("{} would make {} one of the users that are spoken for: put text of its "
                                             "own into it, as in {{tenant}}_{{id}}",
                                             key, each))
          .with_subject(key);
    }
    spoken.users.push_back(names->user_pattern(server));
    spoken.aliases.push_back(chat::alias_pattern(tenant.id(), server));
  }
  if (!spoken.users.empty()) return spoken;
  return Error(Errc::config, "no tenant is to be spoken for: tenants[].access must be \"appservice\" or \"auto\"")
      .with_subject("tenants[].access");
}

void write_namespace(json::Writer& writer, const char* name, const std::vector<std::string>& patterns, bool exclusive) {
  writer.key(name).array();
  for (const std::string& pattern : patterns) {
    writer.object().member("exclusive", exclusive).member("regex", pattern).end();
  }
  writer.end();
}

Secret text_of(const AppserviceRequest& how, const Spoken& names, const Secret& as_token, const Secret& hs_token,
               const std::string& sender) {
  json::Writer writer;
  writer.object().member("id", how.id()).key("url").null();
  writer.member("as_token", as_token.reveal()).member("hs_token", hs_token.reveal());
  writer.member("sender_localpart", sender).member("rate_limited", false).key("namespaces").object();
  write_namespace(writer, "users", names.users, true);
  write_namespace(writer, "aliases", names.aliases, false);
  write_namespace(writer, "rooms", {}, false);
  return Secret(std::move(writer).finish() + "\n");
}

Result<AppserviceRegistration> write_registration(const Configuration& configuration, const AppserviceRequest& how) {
  const HomeserverOptions& homeserver = configuration.homeserver();
  const std::string& path = homeserver.appservice_file();
  if (path.empty()) return registration_fault("homeserver.appservice_file has to say where the registration is to be");
  if (how.id().size() > longest_appservice_id || !matrix::is_legal_localpart(how.id())) {
    return Error(Errc::invalid_argument, "the id must be 1 to 64 of a-z 0-9 . _ = - / +").with_subject("id");
  }
  // No person can have a name that begins so, by Synapse's own rule.
  const std::string sender = "_" + how.id();
  const std::string& admin = homeserver.admin_user();
  const std::string admin_localpart =
      admin.starts_with('@') ? std::string(matrix::localpart_of(MatrixUserId(admin))) : admin;
  auto names = names_of(configuration, {admin_localpart, sender});
  if (!names) return std::move(names).error();
  auto as_token = store::random_secret();
  if (!as_token) return std::move(as_token).error();
  auto hs_token = store::random_secret();
  if (!hs_token) return std::move(hs_token).error();
  const Secret text = text_of(how, *names, *as_token, *hs_token, sender);
  const NewFile file(path);
  if (const int failed = file.write(text.reveal()); failed != 0) return unwritable(path, failed);
  const int failed = file.name(path, how.replaces());
  if (failed == EEXIST) {
    return Error(Errc::conflict, fmt::format("{} is there already: the homeserver may have loaded it", path))
        .with_subject(file_key);
  }
  if (failed != 0) return unwritable(path, failed);
  return AppserviceRegistration(path, fmt::format("@{}:{}", sender, homeserver.server_name()), std::move(names->users));
}

}  // namespace

Result<Secret> chat::read_appservice_token(const std::string& path) {
  auto text = read_private_file(path, longest_registration);
  if (!text) return std::move(text).error();
  const auto fault = [&path](std::string_view what) { return Error(Errc::config, fmt::format("{} {}", path, what)); };
  auto document = json::parse(std::string(text->reveal()), json::Limits().bytes(longest_registration).depth(16));
  if (!document) return fault("is no registration in JSON: let `confab appservice register` write one");
  const std::string_view token = document->root()["as_token"].string_or("");
  if (token.empty() || token.size() > longest_secret) return fault("holds no as_token");
  return Secret(std::string(token));
}

Result<AppserviceRegistration> register_appservice(const Configuration& configuration,
                                                   const AppserviceRequest& how) try {
  return write_registration(configuration, how);
} catch (const std::bad_alloc&) {
  return no_memory();
}

}  // namespace confab
