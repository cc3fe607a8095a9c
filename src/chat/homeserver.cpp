#include <confab/homeserver.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chat/appservice_registration.hpp"
#include "chat/matrix_backend.hpp"
#include "chat/matrix_provider.hpp"
#include "chat/opened_store.hpp"
#include "credentials/json_web_token.hpp"
#include "matrix/endpoints/login.hpp"
#include "matrix/endpoints/synapse_admin_rooms.hpp"
#include "matrix/endpoints/synapse_admin_users.hpp"
#include "matrix/endpoints/versions.hpp"
#include "matrix/identifiers.hpp"
#include "matrix/well_known.hpp"
#include "net/retry_after.hpp"
#include "net/trust_store.hpp"

namespace confab {

namespace {

// Matrix 1.1 brought the /v3 paths that everything here uses.
constexpr const char* least_version = "v1.1";
// Tokens are made to end at a time of ours on the homeserver's clock.
constexpr std::chrono::seconds clock_tolerance{60};
// What a domain publishes is of no use to Confab itself, so an examination does not wait long for it.
constexpr std::chrono::seconds published_patience{3};

constexpr const char* no_certificates = "cannot be read, or holds no certificate: name a file of PEM certificates";

Error config_error(std::string subject, std::string message) {
  return Error(Errc::config, std::move(message)).with_subject(subject);
}

std::string in_words(const Error& error) {
  std::string text(error.message());
  if (!error.errcode().empty()) text += " (" + std::string(error.errcode()) + ")";
  return text;
}

Finding look_at_clock(const net::HttpAnswer& answer) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const std::optional<std::string_view> date = answer.headers().get("date");
  const std::optional<std::chrono::sys_seconds> theirs = date ? net::parse_http_date(*date, now) : std::nullopt;
  if (!theirs) return Finding("clock", true, "the homeserver does not tell its time");
  const auto apart = std::chrono::abs(now - *theirs);
  std::string detail = std::to_string(apart.count()) + " s apart";
  if (apart <= clock_tolerance) return Finding("clock", true, std::move(detail));
  return Finding("clock", false, detail + ": set the clock of this machine or of the homeserver");
}

Finding look_at_versions(const Result<matrix::VersionsAnswer>& versions) {
  if (!versions) return Finding("versions", false, in_words(versions.error()));
  if (versions->has_version(least_version)) return Finding("versions", true, "newest " + versions->newest());
  return Finding("versions", false, "newest " + versions->newest() + ", but v1.1 is needed: upgrade the homeserver");
}

// What other clients find that know the server name alone. Only a document that they stumble over is unfit: without
// one, people enter the URL, and where it names another URL than the configured one, both may well lead to the same
// place.
Finding look_at_published(const std::string& document, const Result<matrix::WellKnownAnswer>& published,
                          const std::string& configured) {
  const auto finding = [](bool fit, std::string detail) { return Finding("discovery", fit, std::move(detail)); };
  const std::string by_hand = "people who sign in with other clients enter " + configured + " themselves";
  if (published) {
    if (published->base_url() == configured) return finding(true, document + " names this homeserver's URL");
    return finding(true, document + " names " + published->base_url() + ", not the configured " + configured +
                             ": right if both lead to the same homeserver, else other clients sign in elsewhere");
  }
  const Error& error = published.error();
  if (error.code() == Errc::not_found) return finding(true, "there is no " + document + ": " + by_hand);
  const bool is_broken = error.code() == Errc::protocol || error.code() == Errc::too_large;
  if (is_broken && error.http_status() < 400) {
    return finding(false, document + " is broken, and other clients stop at it (" + in_words(error) +
                              "): correct it, or take it away");
  }
  return finding(true, document + " could not be read (" + in_words(error) + "): where that is so, " + by_hand);
}

Task<Finding> examine_tokens(std::shared_ptr<detail::MatrixBackend> backend, net::CallContext context) {
  const Result<credentials::TokenStore::Totals> totals =
      co_await credentials::TokenStore::totals(backend->stored_tokens(), std::move(context));
  if (!totals) co_return Finding("tokens", false, in_words(totals.error()));
  std::string detail = "accounts: " + std::to_string(totals->accounts()) + (totals->is_complete() ? "" : " or more");
  detail += "; tokens made:";
  for (const TokenReason reason : token_reasons) {
    detail += std::string(reason == token_reasons.front() ? " " : ", ") + token_reason_name(reason) + " " +
              std::to_string(totals->made(reason));
  }
  co_return Finding("tokens", true, std::move(detail));
}

Task<Finding> examine_appservice(std::shared_ptr<credentials::Appservice> appservice, net::CallContext context) {
  const Result<MatrixUserId> sender = co_await credentials::Appservice::sender(appservice, std::move(context));
  if (!sender) co_return Finding("appservice", false, in_words(sender.error()));
  co_return Finding("appservice", true, "the homeserver knows its token, as that of " + sender->str());
}

Task<Finding> examine_published(std::shared_ptr<detail::MatrixBackend> backend, net::CallContext context) {
  const net::HttpClientOptions& options = backend->client()->scheduler()->options();
  const Result<net::Url> document = matrix::well_known_url(backend->server_name());
  if (!document) co_return Finding("discovery", true, "the server name is no host that could publish anything");
  const net::TimePoint until = std::min(context.deadline(), net::Clock::now() + published_patience);
  const Result<matrix::WellKnownAnswer> published =
      co_await matrix::read_well_known(backend->core(), *document, options, 1, context.until(until));
  co_return look_at_published(document->text(), published, options.base().text());
}

Task<Result<std::vector<Finding>>> examine_homeserver(std::shared_ptr<detail::MatrixBackend> backend,
                                                      net::CallContext context) {
  std::vector<Finding> findings;
  const std::shared_ptr<net::Scheduler> scheduler = backend->client()->scheduler();
  Result<net::HttpAnswer> first =
      co_await scheduler->perform(net::HttpRequest("GET", "/_matrix/client/versions"), net::Repeatable::safe,
                                  &matrix::read_answer, "examination", context.step());
  if (!first) co_return std::move(first).error();
  findings.emplace_back("reachability", true, "answers at " + scheduler->options().base().text());

  Result<matrix::VersionsAnswer> versions = Error(Errc::protocol, "the answer is no Matrix: check homeserver.url");
  Result<json::Document> body = json::parse(first->body());
  if (body && first->status() == 200) versions = matrix::GetVersions::decode(body->root());
  findings.push_back(look_at_versions(versions));
  Finding store = co_await chat::examine_store(backend->store(), context.step());
  if (!versions) {
    findings.push_back(std::move(store));
    findings.push_back(co_await examine_tokens(backend, context.step()));
    findings.push_back(co_await examine_published(backend, context.step()));
    co_return findings;
  }
  Finding clock = look_at_clock(*first);

  matrix::MatrixClient& client = *backend->client();
  Result<matrix::LoginFlowsAnswer> flows =
      co_await client.call(matrix::GetLoginFlows(), Secret(), "examination", context.step());
  if (!flows) {
    findings.emplace_back("login flows", false, in_words(flows.error()));
  } else {
    const bool password = flows->has_password();
    findings.emplace_back(
        "login flows", password,
        password ? "m.login.password is offered" : "m.login.password is not offered: enable it for the admin account");
    if (backend->tokens()->log_in_by_key()) {
      findings.emplace_back("jwt", flows->has_jwt(),
                            flows->has_jwt() ? "org.matrix.login.jwt is offered"
                                             : "org.matrix.login.jwt is not offered: enable Synapse's jwt_config, or "
                                               "leave homeserver.jwt_secret out");
    }
  }

  credentials::AdminSession& admin = *backend->tokens()->admin();
  Result<matrix::AdminUserAnswer> self = co_await admin.call(matrix::AdminGetUser(admin.user()), context.step());
  if (!self) {
    findings.emplace_back("admin rights", false, in_words(self.error()));
  } else {
    findings.emplace_back("admin rights", self->admin(),
                          admin.user().str() + (self->admin() ? " is a server administrator"
                                                              : " is no server administrator: make it one"));
  }
  if (self) {
    Result<matrix::AdminServerVersionAnswer> version =
        co_await admin.call(matrix::AdminServerVersion(), context.step());
    findings.emplace_back("admin API", version.has_value(),
                          version ? "Synapse " + version->version() : in_words(version.error()));
    Result<matrix::Done> lifted = co_await admin.call(matrix::AdminLiftRateLimit(admin.user()), context.step());
    findings.emplace_back("limits", lifted.has_value(),
                          lifted ? "rate limits are lifted for what the admin account does, also on behalf of users"
                                 : in_words(lifted.error()));
  }
  if (const std::shared_ptr<credentials::Appservice> appservice = backend->tokens()->appservice()) {
    findings.push_back(co_await examine_appservice(appservice, context.step()));
  }
  findings.push_back(std::move(clock));
  findings.push_back(std::move(store));
  findings.push_back(co_await examine_tokens(backend, context.step()));
  findings.push_back(co_await examine_published(backend, context.step()));
  co_return findings;
}

Error argument_error(std::string subject, std::string message) {
  return Error(Errc::invalid_argument, std::move(message)).with_subject(subject);
}

Task<Result<std::string>> discover_published(std::shared_ptr<net::RuntimeCore> core, std::string server_name,
                                             DiscoveryOptions how, net::CallContext context) {
  Result<net::Url> document = matrix::well_known_url(server_name);
  if (!document) co_return std::move(document).error();
  net::HttpClientOptions like(*document);
  like.ca_file(how.ca_file()).user_agent(std::string("confab/") + version());
  if (!how.ca_file().empty()) {
    const std::shared_ptr<net::TrustStore> trust = core->trust(how.ca_file());
    const Result<void> read = co_await trust->ready(context.loop(), context.deadline(), context.stop());
    if (!read && read.error().code() != Errc::timed_out && read.error().code() != Errc::cancelled) {
      co_return argument_error("ca_file", no_certificates);
    }
  }
  if (!how.proxy().empty()) {
    const Result<net::Url> proxy = net::Url::parse_base(how.proxy());
    if (!proxy) co_return argument_error("proxy", std::string(proxy.error().message()));
    like.proxy(how.proxy());
  }
  co_return co_await matrix::discover_homeserver(std::move(core), std::move(*document), std::move(like),
                                                 std::move(context));
}

}  // namespace

Result<Homeserver> Homeserver::create(Runtime& runtime, HomeserverOptions options) {
  if (options.url().empty()) {
    return config_error("homeserver.url", "must not be empty: give it, or what Homeserver::discover() finds");
  }
  Result<net::Url> url = net::Url::parse_base(options.url());
  if (!url) return config_error("homeserver.url", std::string(url.error().message()));
  if (Result<void> legal = matrix::check_server_name(options.server_name()); !legal) {
    return config_error("homeserver.server_name",
                        "must be the name behind the colon of user ids, for example \"example.org\"");
  }
  MatrixUserId admin(options.admin_user());
  if (!options.admin_user().empty() && options.admin_user().front() != '@') {
    admin = MatrixUserId("@" + options.admin_user() + ":" + options.server_name());
  }
  if (!matrix::check_user_id(admin) || matrix::server_name_of(admin) != options.server_name()) {
    return config_error("homeserver.admin_user", "must be a localpart, or a full user id of homeserver.server_name");
  }
  if (options.admin_password().empty() && !options.admin_password_source()) {
    return config_error("homeserver.admin_password", "must not be empty");
  }
  if (!options.ca_file().empty()) {
    if (Result<void> read = runtime.core()->trust(options.ca_file())->load(); !read) {
      return config_error("homeserver.ca_file", no_certificates);
    }
  }
  net::HttpClientOptions http(std::move(*url));
  http.ca_file(options.ca_file()).force_http1(options.force_http1()).user_agent(std::string("confab/") + version());
  if (!options.proxy().empty()) {
    Result<net::Url> proxy = net::Url::parse_base(options.proxy());
    if (!proxy) return config_error("homeserver.proxy", std::string(proxy.error().message()));
    http.proxy(options.proxy());
  }
  Secret appservice = options.appservice_token();
  if (appservice.empty() && !options.appservice_file().empty()) {
    Result<Secret> token = chat::read_appservice_token(options.appservice_file());
    if (!token) return token.error().with_subject("homeserver.appservice_file");
    appservice = std::move(*token);
  }
  std::shared_ptr<const Secret> jwt_key;
  if (!options.jwt_secret().empty()) {
    if (options.jwt_secret().reveal().size() < credentials::shortest_jwt_key) {
      return config_error("homeserver.jwt_secret",
                          "must be 32 bytes or longer, as RFC 7518 demands of keys for HS256: make a new one for both");
    }
    jwt_key = std::make_shared<const Secret>(options.jwt_secret());
  }
  // Last: an option that is wrong makes no file.
  Result<chat::OpenedStore> store = chat::open_store(options);
  if (!store) return std::move(store).error();
  auto scheduler = std::make_shared<net::Scheduler>(runtime.core(), std::move(http));
  using credentials::AdminPassword;
  auto password = options.admin_password_source() ? std::make_shared<AdminPassword>(options.admin_password_source())
                                                  : std::make_shared<AdminPassword>(options.admin_password());
  auto backend = std::make_shared<detail::MatrixBackend>(std::move(scheduler), options.server_name(), std::move(admin),
                                                         std::move(password), jwt_key, std::move(*store));
  if (!appservice.empty()) {
    backend->tokens()->set_appservice(
        std::make_shared<credentials::Appservice>(backend->client(), std::move(appservice)));
  }
  return Homeserver(std::move(backend));
}

std::shared_ptr<ChatProvider> Homeserver::provider(std::string group, Access access) const {
  if (access == Access::device) backend_->tokens()->use_devices(group);
  const bool registered = backend_->tokens()->appservice() != nullptr;
  if (access == Access::automatic && !registered) backend_->tokens()->use_both(group);
  if (access == Access::appservice || (access == Access::automatic && registered)) {
    backend_->tokens()->use_appservice(group);
  }
  return std::make_shared<MatrixProvider>(backend_, std::move(group));
}

TokenMetrics Homeserver::token_metrics() const { return backend_->stored_tokens()->counts().now(); }

Pending<std::string> Homeserver::discover(Runtime& runtime, std::string server_name, DiscoveryOptions how,
                                          CallOptions options) {
  const std::shared_ptr<net::RuntimeCore>& core = runtime.core();
  return net::describe<std::string>(
      core, "discovery", std::move(options),
      [core, server_name = std::move(server_name), how = std::move(how)](net::CallContext context) {
        return discover_published(core, server_name, how, std::move(context));
      });
}

Pending<std::vector<Finding>> Homeserver::examine(CallOptions options) const {
  return net::describe<std::vector<Finding>>(
      backend_->core(), "examination", std::move(options),
      [backend = backend_](net::CallContext context) { return examine_homeserver(backend, std::move(context)); });
}

}  // namespace confab
