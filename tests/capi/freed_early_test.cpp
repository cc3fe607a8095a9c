// Every function of the ABI with a handle whose maker has given back, before the call, all that the handle was made
// from; and every operation whose handles are given back before it ends.
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "capi/every_function.hpp"

using namespace confab::test;

namespace {

// Gives back all but the handles of one kind, and the queue where operations need one.
void keep_only(EveryHandle& all, Takes kind) {
  if (kind == Takes::nothing || kind == Takes::runtime) return;
  if (kind == Takes::store || kind == Takes::store_answer) {
    all.store = {};
  } else {
    all.end_store_call();
  }
  all.runtime = {};
  if (kind == Takes::client) return;
  all.client = {};
  if (kind == Takes::tenant) return;
  all.tenant = {};
  if (kind == Takes::stream) return;
  all.stream = {};
  if (kind == Takes::queue) return;
  all.queue = {};
  if (kind == Takes::error) *all.error.place() = confab_error_retain(confab_event_error(all.failed));
  all.failed = {};
  if (kind != Takes::event) all.event = {};
}

using Works = std::function<bool(EveryHandle& all)>;
using Begin = std::function<confab_status(const EveryHandle& all, std::uint64_t tag, confab_operation** operation)>;

template <class Handle, class Request>
Begin begin(confab_status (*function)(Handle*, const Request*, confab_queue*, std::uint64_t, confab_operation**,
                                      confab_error**)) {
  auto asked = request<Request>();
  if constexpr (std::is_same_v<Request, confab_directory_request>) {
    asked.json = R"({"users":[]})";
  } else if constexpr (std::is_same_v<Request, confab_outbox_request>) {
    asked.transaction_id = "none";
  } else if constexpr (!std::is_same_v<Request, confab_plain_request>) {
    asked.user = "ana";
  }
  return [=](const EveryHandle& all, std::uint64_t tag, confab_operation** operation) {
    Handle* handle = nullptr;
    if constexpr (std::is_same_v<Handle, confab_client>) handle = all.client;
    if constexpr (std::is_same_v<Handle, confab_tenant>) handle = all.tenant;
    if constexpr (std::is_same_v<Handle, confab_stream>) handle = all.stream;
    return function(handle, &asked, all.queue, tag, operation, nullptr);
  };
}

const std::map<std::string, Begin>& operations() {
  static const std::map<std::string, Begin> all{
      {"confab_doctor", begin(confab_doctor)},
      {"confab_provision", begin(confab_provision)},
      {"confab_account", begin(confab_account)},
      {"confab_set_password", begin(confab_set_password)},
      {"confab_reset", begin(confab_reset)},
      {"confab_ensure_room", begin(confab_ensure_room)},
      {"confab_add_member", begin(confab_add_member)},
      {"confab_remove_member", begin(confab_remove_member)},
      {"confab_members", begin(confab_members)},
      {"confab_unread", begin(confab_unread)},
      {"confab_send", begin(confab_send)},
      {"confab_send_durably", begin(confab_send_durably)},
      {"confab_outbox_list", begin(confab_outbox_list)},
      {"confab_outbox_show", begin(confab_outbox_show)},
      {"confab_outbox_retry", begin(confab_outbox_retry)},
      {"confab_outbox_drop", begin(confab_outbox_drop)},
      {"confab_edit", begin(confab_edit)},
      {"confab_redact", begin(confab_redact)},
      {"confab_react", begin(confab_react)},
      {"confab_typing", begin(confab_typing)},
      {"confab_mark_read", begin(confab_mark_read)},
      {"confab_history", begin(confab_history)},
      {"confab_directory_apply", begin(confab_directory_apply)},
      {"confab_directory_load", begin(confab_directory_load)},
      {"confab_directory_refresh", begin(confab_directory_refresh)},
      {"confab_stream_ready", begin(confab_stream_ready)},
  };
  return all;
}

// Taken on, it goes on without its own handle, and ends as if what its client was made from were still held.
Works goes_on(const Begin& begin) {
  return [begin](EveryHandle& all) {
    HeldOperation running;
    if (begin(all, 3, running.place()) != CONFAB_OK) return false;
    running = {};
    const HeldEvent event = all.next();
    const confab_status status = confab_event_status(event);
    return confab_event_tag(event) == 3 && status != CONFAB_CLOSED && status != CONFAB_CANCELLED &&
           status != CONFAB_INTERNAL;
  };
}

template <class Handle>
Works counts(Handle* (*retain)(Handle*), void (*release)(Handle*), Takes kind) {
  return [=](EveryHandle& all) {
    Handle* const handle = static_cast<Handle*>(all.of(kind));
    const bool same = retain(handle) == handle;
    release(handle);
    return same && all.of(kind) == handle;
  };
}
template <class Handle>
void counted(std::map<std::string, Works>& all, const std::string& name, Handle* (*retain)(Handle*),
             void (*release)(Handle*), Takes kind) {
  all[name + "_retain"] = all[name + "_release"] = counts(retain, release, kind);
}
Works of_error(bool (*right)(const confab_error* error)) {
  return [right](EveryHandle& all) { return right(all.error); };
}
Works of_event(bool (*right)(const confab_event* event)) {
  return [right](EveryHandle& all) { return right(all.event); };
}
Works of_answer(bool (*right)(confab_store_answer* answer)) {
  return [right](EveryHandle& all) { return right(all.store_answer); };
}

std::map<std::string, Works> what_works() {
  const Works nothing_needed = [](EveryHandle&) { return true; };
  std::map<std::string, Works> all{
      {"confab_abi", nothing_needed},
      {"confab_version", nothing_needed},
      {"confab_has", nothing_needed},
      {"confab_status_name", nothing_needed},
      {"confab_runtime_new", nothing_needed},
      {"confab_queue_new", nothing_needed},
      {"confab_store_new", nothing_needed},
      {"confab_error_status", of_error([](auto* error) { return confab_error_status(error) == CONFAB_NOT_FOUND; })},
      {"confab_error_message", of_error([](auto* error) { return confab_error_message(error)[0] != 0; })},
      {"confab_error_subject", of_error([](auto* error) { return confab_error_subject(error) != nullptr; })},
      {"confab_error_errcode", of_error([](auto* error) { return confab_error_errcode(error) != nullptr; })},
      {"confab_error_server_message",
       of_error([](auto* error) { return confab_error_server_message(error) != nullptr; })},
      {"confab_error_transaction_id",
       of_error([](auto* error) { return confab_error_transaction_id(error) != nullptr; })},
      {"confab_error_http_status", of_error([](auto* error) { return confab_error_http_status(error) == 0; })},
      {"confab_error_retriable", of_error([](auto* error) { return confab_error_retriable(error) == 0; })},
      {"confab_error_retry_after_ms", of_error([](auto* error) { return confab_error_retry_after_ms(error) == -1; })},
      {"confab_event_kind", of_event([](auto* event) { return confab_event_kind(event) == CONFAB_EVENT_COMPLETION; })},
      {"confab_event_tag", of_event([](auto* event) { return confab_event_tag(event) != 0; })},
      {"confab_event_status", of_event([](auto* event) { return confab_event_status(event) == CONFAB_OK; })},
      {"confab_event_error", of_event([](auto* event) { return confab_event_error(event) == nullptr; })},
      {"confab_event_json", of_event([](auto* event) { return confab_event_json(event, nullptr) != nullptr; })},
      {"confab_event_string", of_event([](auto* event) { return string_of(event, "/user_id") != "(none)"; })},
      {"confab_event_int", of_event([](auto* event) {
         std::int64_t value = 0;
         return confab_event_int(event, "/user_id", &value) == CONFAB_NOT_FOUND;
       })},
      {"confab_event_count", of_event([](auto* event) { return confab_event_count(event, "") > 0; })},
      // Questions that are freed early are in question_test.cpp.
      {"confab_answer", of_event([](auto* event) { return confab_answer(event, "null") == CONFAB_INVALID_ARGUMENT; })},
      {"confab_operation_cancel", [](EveryHandle& all) { return confab_operation_cancel(all.operation) == CONFAB_OK; }},
      {"confab_queue_fd", [](EveryHandle& all) { return confab_queue_fd(all.queue) >= 0; }},
      {"confab_queue_next",
       [](EveryHandle& all) {
         // The stream has ended with its runtime or its last reference.
         HeldEvent end;
         return confab_queue_next(all.queue, patience_ms, end.place()) == CONFAB_OK &&
                confab_event_kind(end) == CONFAB_EVENT_STREAM_END;
       }},
      {"confab_queue_close", [](EveryHandle& all) { return confab_queue_close(all.queue) == CONFAB_OK; }},
      {"confab_client_open",
       [](EveryHandle& all) {
         HeldClient client;
         auto options = request<confab_client_options>();
         const std::string json = configuration_of(all.server, all.folder);
         const std::string base = all.folder.path().string();
         options.json = json.c_str();
         options.folder = base.c_str();
         return confab_client_open(all.runtime, &options, client.place(), nullptr) == CONFAB_OK;
       }},
      {"confab_client_tenant",
       [](EveryHandle& all) {
         HeldTenant park;
         return confab_client_tenant(all.client, "park", park.place(), nullptr) == CONFAB_OK;
       }},
      {"confab_metrics",
       [](EveryHandle& all) {
         HeldEvent metrics;
         return confab_metrics(all.client, metrics.place(), nullptr) == CONFAB_OK;
       }},
      {"confab_runtime_close", [](EveryHandle& all) { return confab_runtime_close(all.runtime) == CONFAB_OK; }},
      {"confab_stream_open",
       [](EveryHandle& all) {
         auto asked = request<confab_stream_request>();
         asked.user = "ana";
         HeldQueue into;
         HeldStream stream;
         REQUIRE(confab_queue_new(nullptr, into.place(), nullptr) == CONFAB_OK);
         return confab_stream_open(all.tenant, &asked, into, 1, stream.place(), nullptr) == CONFAB_OK;
       }},
      {"confab_outbox_open",
       [](EveryHandle& all) {
         HeldQueue into;
         HeldStream stream;
         REQUIRE(confab_queue_new(nullptr, into.place(), nullptr) == CONFAB_OK);
         return confab_outbox_open(all.tenant, into, 1, stream.place(), nullptr) == CONFAB_OK;
       }},
      {"confab_stream_grant", [](EveryHandle& all) { return confab_stream_grant(all.stream, 1) == CONFAB_OK; }},
      {"confab_stream_ack",
       [](EveryHandle& all) { return confab_stream_ack(all.stream, all.event) == CONFAB_INVALID_ARGUMENT; }},
      {"confab_stream_close", [](EveryHandle& all) { return confab_stream_close(all.stream) == CONFAB_OK; }},
      {"confab_store_answer_record",
       of_answer([](auto* answer) { return confab_store_answer_record(answer, "k", 1, "{}", -1) == CONFAB_OK; })},
      {"confab_store_answer_cursor",
       of_answer([](auto* answer) { return confab_store_answer_cursor(answer, "k") == CONFAB_OK; })},
      {"confab_store_answer_version",
       of_answer([](auto* answer) { return confab_store_answer_version(answer, 1) == CONFAB_OK; })},
      {"confab_store_answer_time",
       of_answer([](auto* answer) { return confab_store_answer_time(answer, 1) == CONFAB_OK; })},
      {"confab_store_answer_fault",
       of_answer([](auto* answer) { return confab_store_answer_fault(answer, "k", "") == CONFAB_OK; })},
  };
  counted(all, "confab_error", confab_error_retain, confab_error_release, Takes::error);
  counted(all, "confab_runtime", confab_runtime_retain, confab_runtime_release, Takes::runtime);
  counted(all, "confab_queue", confab_queue_retain, confab_queue_release, Takes::queue);
  counted(all, "confab_event", confab_event_retain, confab_event_release, Takes::event);
  counted(all, "confab_operation", confab_operation_retain, confab_operation_release, Takes::operation);
  counted(all, "confab_client", confab_client_retain, confab_client_release, Takes::client);
  counted(all, "confab_tenant", confab_tenant_retain, confab_tenant_release, Takes::tenant);
  counted(all, "confab_stream", confab_stream_retain, confab_stream_release, Takes::stream);
  counted(all, "confab_store", confab_store_retain, confab_store_release, Takes::store);
  for (const auto& [name, begin] : operations()) all[name] = goes_on(begin);
  return all;
}

}  // namespace

TEST_CASE("every function works with a handle although all that it was made from was given back") {
  const std::map<std::string, Works> works = what_works();
  std::set<std::string> tried;
  for (const Takes kind : kinds) {
    EveryHandle all;
    const std::vector<Function> functions = every_function(all.queue);
    keep_only(all, kind);
    for (const Function& function : functions) {
      if (function.takes != kind && function.takes != Takes::nothing) continue;
      CAPTURE(function.name);
      tried.insert(function.name);
      const auto found = works.find(function.name);
      REQUIRE(found != works.end());
      CHECK(found->second(all));
    }
  }
  CHECK(tried == exported_functions());
}

TEST_CASE_FIXTURE(EveryHandle, "operations whose handles are all given back while they run end once each") {
  end_store_call();
  server.on("*", "/**", Answer().hold());
  std::set<std::uint64_t> tags;
  for (const auto& each : operations()) {
    HeldOperation running;
    tags.insert(tags.size());
    REQUIRE(each.second(*this, tags.size() - 1, running.place()) == CONFAB_OK);
  }
  bool queue_too = false;
  SUBCASE("all but the queue: their events are there") {}
  SUBCASE("the queue, too: it ends with them") { queue_too = true; }
  if (queue_too) queue = {};
  stream = {};
  tenant = {};
  client = {};
  runtime = {};
  while (!queue_too && !tags.empty()) {
    const HeldEvent event = next(0);
    if (confab_event_kind(event) == CONFAB_EVENT_COMPLETION) CHECK(tags.erase(confab_event_tag(event)) == 1);
  }
  server.clear_scripts();
  server.release();
}
