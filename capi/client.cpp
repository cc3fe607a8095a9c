#include "capi/client.hpp"

#include <cstddef>
#include <future>
#include <stop_token>
#include <string>

#include <confab/open_configuration.hpp>
#include <confab/secret.hpp>

#include "capi/host_store.hpp"
#include "capi/operation.hpp"
#include "capi/request.hpp"
#include "capi/results.hpp"

using namespace confab::capi;
using confab::Errc;
namespace json = confab::json;

namespace {

// Asks the host for a secret, and waits: a text, or null.
confab::Result<confab::Secret> ask_secret(Questions& questions, std::string_view key) {
  const auto told = std::make_shared<std::promise<confab::Result<confab::Secret>>>();
  auto answer = told->get_future();
  questions.ask(
      [key](json::Writer& out) { out.member("question", "secret").member("key", key); },
      [told, key = std::string(key)](std::optional<std::string_view> given) -> confab::Result<void> {
        if (given && *given != "null") {
          const auto text = json::parse(std::string(*given));
          if (!text || !text->root().is_string()) {
            return confab::Error(Errc::invalid_argument, "the answer must be a JSON text, or null")
                .with_subject("json");
          }
          told->set_value(confab::Secret(std::string(text->root().string_or({}))));
          return {};
        }
        told->set_value(confab::Error(Errc::config, key + " was asked for, and is not known").with_subject(key));
        return {};
      });
  return answer.get();
}

confab::Configuration read_configuration(const confab_client_options& from, std::shared_ptr<Questions> questions) {
  const std::string path = text(from.path);
  const std::string json = text(from.json);
  if (path.empty() == json.empty()) refuse(Errc::invalid_argument, "path", "give either a path or a text");
  confab::SecretSource ask;
  if (questions) ask = [questions = std::move(questions)](std::string_view key) { return ask_secret(*questions, key); };
  return value_or_refuse(path.empty() ? confab::parse_configuration(json, text(from.folder), ask)
                                      : confab::read_configuration(path, ask));
}

void use_store(confab::Configuration& configuration, const confab_store& store) {
  if (configuration.store() != confab::StoreKind::host) {
    refuse(Errc::invalid_argument, "store", "a store is given, and store.kind is not \"host\"");
  }
  configuration.use_store(store.records);
}

// Null where there is no queue for them.
std::shared_ptr<Questions> questions_of(const confab_client_options& options) {
  if (options.question_queue == nullptr) {
    if (options.question_tag != 0 || options.question_ms != 0 || options.ask_directory != 0) {
      refuse(Errc::invalid_argument, "question_queue", "questions are asked for without a queue");
    }
    return nullptr;
  }
  auto questions = std::make_shared<Questions>(require(options.question_queue, "question_queue").core,
                                               options.question_tag, options.question_ms);
  options.question_queue->core->close_too(questions);
  return questions;
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
  return runtime->use([&](confab::Runtime& on, std::stop_token closing) {
    Chat made;
    made.directory = value_or_refuse(
        confab::open_stored_directory(on, configuration, tenant, confab::CallOptions().stop(std::move(closing))));
    if (asks_directory_) {
      made.asked = std::make_shared<const AskedDirectory>(made.directory, questions, options.id().str());
    }
    made.service = value_or_refuse(confab::make_chat_service(
        on, homeserver.provider(options.id().str(), options.access()), options, made.directory));
    return chats_.emplace(options.id(), std::move(made)).first->second;
  });
}

confab_status confab_client_open(confab_runtime* runtime, const confab_client_options* options, confab_client** client,
                                 confab_error** error) {
  return guarded(error, [&] {
    require_place(client, "client");
    confab_runtime& on = require(runtime, "runtime");
    const confab_client_options given =
        read_struct(options, "options", offsetof(confab_client_options, question_queue));
    on.use([&](confab::Runtime& open, std::stop_token closing) {
      const std::shared_ptr<Questions> questions = questions_of(given);
      if (questions) on.close_too(questions);
      confab::Configuration configuration = read_configuration(given, questions);
      if (given.store != nullptr) use_store(configuration, require(given.store, "store"));
      confab::Homeserver homeserver = value_or_refuse(
          confab::open_homeserver(open, configuration, call_options(given.timeout_ms).stop(std::move(closing))));
      *client = new confab_client(Ref<confab_runtime>::another(on), std::move(configuration), std::move(homeserver),
                                  questions, given.ask_directory != 0);
    });
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

confab_status confab_metrics(confab_client* client, confab_event** metrics, confab_error** error) {
  return guarded(error, [&] {
    require_place(metrics, "metrics");
    const confab::TokenMetrics seen = require(client, "client").homeserver.token_metrics();
    json::Writer object;
    object.object();
    write_metrics(object, seen);
    Ref<confab_event> told(new confab_event(CONFAB_EVENT_COMPLETION, 0));
    told->places = 0;
    told->succeed(std::move(object).finish());
    *metrics = std::move(told).give();
  });
}

confab_status confab_doctor(confab_client* client, const confab_plain_request* request, CONFAB_ASK) {
  return start({queue, tag, operation, error}, [&] {
    const confab::Homeserver& homeserver = require(client, "client").homeserver;
    return std::make_pair(homeserver.examine(call_options(read_struct(request, "request").timeout_ms)), write_findings);
  });
}
