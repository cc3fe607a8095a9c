#include "capi/client.hpp"

#include <string>

#include <confab/open_configuration.hpp>

#include "capi/operation.hpp"
#include "capi/request.hpp"
#include "capi/results.hpp"

using namespace confab::capi;
using confab::Errc;

namespace {

confab::Configuration read_configuration(const confab_client_options& from) {
  const std::string path = text(from.path);
  const std::string json = text(from.json);
  if (path.empty() == json.empty()) refuse(Errc::invalid_argument, "path", "give either a path or a text");
  return value_or_refuse(path.empty() ? confab::parse_configuration(json, text(from.folder))
                                      : confab::read_configuration(path));
}

const confab::TenantConfiguration& choose(const confab::Configuration& configuration, const std::string& id) {
  if (id.empty()) {
    if (configuration.tenants().size() == 1) return configuration.tenants().front();
    refuse(Errc::invalid_argument, "id", "the configuration has several tenants: name one");
  }
  const confab::TenantConfiguration* tenant = configuration.tenant(confab::TenantId(id));
  if (tenant == nullptr) refuse(Errc::not_found, "id", "the configuration has no tenant of this id");
  return *tenant;
}

}  // namespace

confab_client::Chat confab_client::chat(const confab::TenantConfiguration& tenant) {
  const std::lock_guard lock(mutex_);
  const confab::TenantOptions& options = tenant.options();
  const auto known = chats_.find(options.id());
  if (known != chats_.end()) return known->second;
  const std::shared_ptr<confab::Runtime> on = runtime->open();
  Chat made;
  made.directory = value_or_refuse(confab::open_stored_directory(*on, configuration, tenant));
  made.service = value_or_refuse(confab::make_chat_service(
      *on, homeserver.provider(options.id().str(), options.access()), options, made.directory));
  return chats_.emplace(options.id(), std::move(made)).first->second;
}

confab_status confab_client_open(confab_runtime* runtime, const confab_client_options* options, confab_client** client,
                                 confab_error** error) {
  return guarded(error, [&] {
    require_place(client, "client");
    confab_runtime& on = require(runtime, "runtime");
    const confab_client_options given = read_struct(options, "options");
    confab::Configuration configuration = read_configuration(given);
    const std::shared_ptr<confab::Runtime> open = on.open();
    confab::Homeserver homeserver =
        value_or_refuse(confab::open_homeserver(*open, configuration, call_options(given.timeout_ms)));
    *client = new confab_client(Ref<confab_runtime>::another(on), std::move(configuration), std::move(homeserver));
  });
}

confab_client* confab_client_retain(confab_client* client) { return retain(client); }
void confab_client_release(confab_client* client) { release(client); }

confab_status confab_client_tenant(confab_client* client, const char* id, confab_tenant** tenant,
                                   confab_error** error) {
  return guarded(error, [&] {
    require_place(tenant, "tenant");
    confab_client& of = require(client, "client");
    auto chat = of.chat(choose(of.configuration, text(id)));
    *tenant = new confab_tenant(Ref<confab_client>::another(of), std::move(chat));
  });
}

confab_tenant* confab_tenant_retain(confab_tenant* tenant) { return retain(tenant); }
void confab_tenant_release(confab_tenant* tenant) { release(tenant); }

confab_status confab_doctor(confab_client* client, const confab_plain_request* request, CONFAB_ASK) {
  return start({queue, tag, operation, error}, [&] {
    const confab::Homeserver& homeserver = require(client, "client").homeserver;
    return std::make_pair(homeserver.examine(call_options(read_struct(request, "request").timeout_ms)), write_findings);
  });
}
