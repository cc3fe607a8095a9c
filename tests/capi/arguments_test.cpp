// NULL, wrong handles and wrong structs, given to every function of the ABI.
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "capi/client_at_work.hpp"

using namespace confab::test;

namespace {

// A handle of a kind that no function below is for: each takes something else, or is listed with another.
struct Wrong {
  HeldQueue queue;
  HeldRuntime runtime;
  Wrong() {
    REQUIRE(confab_queue_new(nullptr, queue.place(), nullptr) == CONFAB_OK);
    REQUIRE(confab_runtime_new(nullptr, runtime.place(), nullptr) == CONFAB_OK);
  }
};

// One call with `handle` as its handle: whether it was refused, or answered as it says of NULL.
using Refused = std::function<bool(void* handle)>;

template <class Handle, class Request>
Refused operation(confab_status (*function)(Handle*, const Request*, confab_queue*, std::uint64_t, confab_operation**,
                                            confab_error**),
                  confab_queue* queue) {
  return [function, queue](void* handle) {
    const auto asked = request<Request>();
    HeldOperation running;
    HeldError error;
    const confab_status status =
        function(static_cast<Handle*>(handle), &asked, queue, 1, running.place(), error.place());
    return status == CONFAB_INVALID_ARGUMENT && confab_error_status(error) == status && running.get() == nullptr;
  };
}

template <class Handle>
Refused counted(Handle* (*retain)(Handle*)) {
  return [retain](void* handle) { return retain(static_cast<Handle*>(handle)) == nullptr; };
}
template <class Handle>
Refused counted(void (*release)(Handle*)) {
  return [release](void* handle) { return release(static_cast<Handle*>(handle)), true; };
}
template <class Handle, class Value>
Refused read(Value (*reader)(const Handle*), Value expected) {
  return [=](void* handle) { return reader(static_cast<const Handle*>(handle)) == expected; };
}
Refused read(const char* (*reader)(const confab_error*)) {
  return [=](void* handle) { return reader(static_cast<const confab_error*>(handle)) == nullptr; };
}

// By name, so that a function that is not here is noticed.
std::map<std::string, Refused> calls_with_a_runtime(confab_queue* queue) {
  return {
      {"confab_error_retain", counted(confab_error_retain)},
      {"confab_error_release", counted(confab_error_release)},
      {"confab_error_status", read(confab_error_status, confab_status{CONFAB_OK})},
      {"confab_error_message", read(confab_error_message)},
      {"confab_error_subject", read(confab_error_subject)},
      {"confab_error_errcode", read(confab_error_errcode)},
      {"confab_error_server_message", read(confab_error_server_message)},
      {"confab_error_transaction_id", read(confab_error_transaction_id)},
      {"confab_error_http_status", read(confab_error_http_status, std::int32_t{0})},
      {"confab_error_retriable", read(confab_error_retriable, std::int32_t{0})},
      {"confab_error_retry_after_ms", read(confab_error_retry_after_ms, std::int64_t{-1})},
      {"confab_queue_fd", read(confab_queue_fd, std::int32_t{-1})},
      {"confab_queue_next",
       [](void* handle) {
         HeldEvent event;
         return confab_queue_next(static_cast<confab_queue*>(handle), 0, event.place()) == CONFAB_INVALID_ARGUMENT;
       }},
      {"confab_queue_close",
       [](void* handle) { return confab_queue_close(static_cast<confab_queue*>(handle)) == CONFAB_INVALID_ARGUMENT; }},
      {"confab_queue_retain", counted(confab_queue_retain)},
      {"confab_queue_release", counted(confab_queue_release)},
      {"confab_event_retain", counted(confab_event_retain)},
      {"confab_event_release", counted(confab_event_release)},
      {"confab_event_kind", read(confab_event_kind, std::int32_t{0})},
      {"confab_event_tag", read(confab_event_tag, std::uint64_t{0})},
      {"confab_event_status", read(confab_event_status, confab_status{CONFAB_INVALID_ARGUMENT})},
      {"confab_event_error", read(confab_event_error, static_cast<confab_error*>(nullptr))},
      {"confab_event_json",
       [](void* handle) {
         std::size_t length = 1;
         return confab_event_json(static_cast<confab_event*>(handle), &length) == nullptr && length == 0;
       }},
      {"confab_event_string",
       [](void* handle) {
         std::size_t length = 1;
         return confab_event_string(static_cast<confab_event*>(handle), "", &length) == nullptr && length == 0;
       }},
      {"confab_event_int",
       [](void* handle) {
         std::int64_t value = 7;
         return confab_event_int(static_cast<confab_event*>(handle), "", &value) == CONFAB_INVALID_ARGUMENT &&
                value == 7;
       }},
      {"confab_event_count",
       [](void* handle) { return confab_event_count(static_cast<confab_event*>(handle), "") == 0; }},
      {"confab_answer",
       [](void* handle) {
         return confab_answer(static_cast<confab_event*>(handle), "null") == CONFAB_INVALID_ARGUMENT;
       }},
      {"confab_operation_cancel",
       [](void* handle) {
         return confab_operation_cancel(static_cast<confab_operation*>(handle)) == CONFAB_INVALID_ARGUMENT;
       }},
      {"confab_operation_retain", counted(confab_operation_retain)},
      {"confab_operation_release", counted(confab_operation_release)},
      {"confab_client_retain", counted(confab_client_retain)},
      {"confab_client_release", counted(confab_client_release)},
      {"confab_client_tenant",
       [](void* handle) {
         HeldTenant tenant;
         return confab_client_tenant(static_cast<confab_client*>(handle), nullptr, tenant.place(), nullptr) ==
                CONFAB_INVALID_ARGUMENT;
       }},
      {"confab_tenant_retain", counted(confab_tenant_retain)},
      {"confab_tenant_release", counted(confab_tenant_release)},
      {"confab_metrics",
       [](void* handle) {
         HeldEvent metrics;
         return confab_metrics(static_cast<confab_client*>(handle), metrics.place(), nullptr) ==
                CONFAB_INVALID_ARGUMENT;
       }},
      {"confab_doctor", operation(confab_doctor, queue)},
      {"confab_provision", operation(confab_provision, queue)},
      {"confab_account", operation(confab_account, queue)},
      {"confab_set_password", operation(confab_set_password, queue)},
      {"confab_reset", operation(confab_reset, queue)},
      {"confab_ensure_room", operation(confab_ensure_room, queue)},
      {"confab_add_member", operation(confab_add_member, queue)},
      {"confab_remove_member", operation(confab_remove_member, queue)},
      {"confab_members", operation(confab_members, queue)},
      {"confab_unread", operation(confab_unread, queue)},
      {"confab_send", operation(confab_send, queue)},
      {"confab_send_durably", operation(confab_send_durably, queue)},
      {"confab_outbox_list", operation(confab_outbox_list, queue)},
      {"confab_outbox_show", operation(confab_outbox_show, queue)},
      {"confab_outbox_retry", operation(confab_outbox_retry, queue)},
      {"confab_outbox_drop", operation(confab_outbox_drop, queue)},
      {"confab_edit", operation(confab_edit, queue)},
      {"confab_redact", operation(confab_redact, queue)},
      {"confab_react", operation(confab_react, queue)},
      {"confab_typing", operation(confab_typing, queue)},
      {"confab_mark_read", operation(confab_mark_read, queue)},
      {"confab_history", operation(confab_history, queue)},
      {"confab_directory_apply", operation(confab_directory_apply, queue)},
      {"confab_directory_load", operation(confab_directory_load, queue)},
      {"confab_directory_refresh", operation(confab_directory_refresh, queue)},
      {"confab_stream_open",
       [queue](void* handle) {
         const auto asked = request<confab_stream_request>();
         HeldStream stream;
         return confab_stream_open(static_cast<confab_tenant*>(handle), &asked, queue, 1, stream.place(), nullptr) ==
                CONFAB_INVALID_ARGUMENT;
       }},
      {"confab_outbox_open",
       [queue](void* handle) {
         HeldStream stream;
         return confab_outbox_open(static_cast<confab_tenant*>(handle), queue, 1, stream.place(), nullptr) ==
                CONFAB_INVALID_ARGUMENT;
       }},
      {"confab_stream_ready", operation(confab_stream_ready, queue)},
      {"confab_stream_grant",
       [](void* handle) {
         return confab_stream_grant(static_cast<confab_stream*>(handle), 1) == CONFAB_INVALID_ARGUMENT;
       }},
      {"confab_stream_ack",
       [](void* handle) {
         return confab_stream_ack(static_cast<confab_stream*>(handle), nullptr) == CONFAB_INVALID_ARGUMENT;
       }},
      {"confab_stream_close",
       [](void* handle) {
         return confab_stream_close(static_cast<confab_stream*>(handle)) == CONFAB_INVALID_ARGUMENT;
       }},
      {"confab_store_retain", counted(confab_store_retain)},
      {"confab_store_release", counted(confab_store_release)},
      {"confab_store_answer_record",
       [](void* handle) {
         return confab_store_answer_record(static_cast<confab_store_answer*>(handle), "k", 1, "{}", -1) ==
                CONFAB_INVALID_ARGUMENT;
       }},
      {"confab_store_answer_cursor",
       [](void* handle) {
         return confab_store_answer_cursor(static_cast<confab_store_answer*>(handle), "k") == CONFAB_INVALID_ARGUMENT;
       }},
      {"confab_store_answer_version",
       [](void* handle) {
         return confab_store_answer_version(static_cast<confab_store_answer*>(handle), 1) == CONFAB_INVALID_ARGUMENT;
       }},
      {"confab_store_answer_time",
       [](void* handle) {
         return confab_store_answer_time(static_cast<confab_store_answer*>(handle), 1) == CONFAB_INVALID_ARGUMENT;
       }},
      {"confab_store_answer_fault",
       [](void* handle) {
         return confab_store_answer_fault(static_cast<confab_store_answer*>(handle), "k", "") ==
                CONFAB_INVALID_ARGUMENT;
       }},
      {"confab_stream_retain", counted(confab_stream_retain)},
      {"confab_stream_release", counted(confab_stream_release)},
  };
}

std::map<std::string, Refused> calls_with_a_queue() {
  return {
      {"confab_runtime_close",
       [](void* handle) {
         return confab_runtime_close(static_cast<confab_runtime*>(handle)) == CONFAB_INVALID_ARGUMENT;
       }},
      {"confab_runtime_retain", counted(confab_runtime_retain)},
      {"confab_runtime_release", counted(confab_runtime_release)},
      {"confab_client_open",
       [](void* handle) {
         auto options = request<confab_client_options>();
         options.json = "{}";
         HeldClient client;
         return confab_client_open(static_cast<confab_runtime*>(handle), &options, client.place(), nullptr) ==
                CONFAB_INVALID_ARGUMENT;
       }},
  };
}

}  // namespace

TEST_CASE("every function refuses NULL and handles of another kind") {
  const Wrong wrong;
  std::set<std::string> tried{// without a handle; below and in status_test.cpp
                              "confab_abi",         "confab_version",   "confab_has",      "confab_status_name",
                              "confab_runtime_new", "confab_queue_new", "confab_store_new"};
  const auto try_all = [&tried](const std::map<std::string, Refused>& calls, void* another) {
    for (const auto& call : calls) {
      CAPTURE(call.first);
      CHECK(call.second(nullptr));
      CHECK(call.second(another));
      tried.insert(call.first);
    }
  };
  try_all(calls_with_a_runtime(wrong.queue), wrong.runtime.get());
  try_all(calls_with_a_queue(), wrong.queue.get());
  std::set<std::string> exported;
  std::ifstream symbols(CONFAB_SYMBOLS);
  for (std::string name; symbols >> name;) exported.insert(name);
  CHECK(tried == exported);
  // Wrong handles were neither released nor harmed.
  CHECK(confab_queue_fd(wrong.queue) >= 0);
}

TEST_CASE("places for handles are needed, places for errors are not") {
  CHECK(confab_runtime_new(nullptr, nullptr, nullptr) == CONFAB_INVALID_ARGUMENT);
  CHECK(confab_queue_new(nullptr, nullptr, nullptr) == CONFAB_INVALID_ARGUMENT);
  HeldError error;
  CHECK(confab_queue_new(nullptr, nullptr, error.place()) == CONFAB_INVALID_ARGUMENT);
  CHECK(std::string(confab_error_subject(error)) == "queue");
  CHECK(std::string(confab_error_message(error)) != "");
}

TEST_CASE_FIXTURE(ClientAtWork, "an operation needs a queue and a request") {
  const auto asked = request<confab_user_request>();
  HeldError error;
  CHECK(confab_account(tenant, &asked, nullptr, 1, nullptr, error.place()) == CONFAB_INVALID_ARGUMENT);
  CHECK(std::string(confab_error_subject(error)) == "queue");
  CHECK(confab_account(tenant, nullptr, queue, 1, nullptr, error.place()) == CONFAB_INVALID_ARGUMENT);
  CHECK(std::string(confab_error_subject(error)) == "request");
  HeldEvent event;
  CHECK(confab_queue_next(queue, 0, event.place()) == CONFAB_TIMED_OUT);
  CHECK(event.get() == nullptr);
}

TEST_CASE_FIXTURE(ClientAtWork, "structs of other versions: smaller ones, and larger ones with a tail") {
  struct {
    confab_user_request known;
    std::uint64_t later;
  } larger{};
  larger.known.struct_size = sizeof larger;
  larger.known.user = "ana";
  CHECK(confab_account(tenant, &larger.known, queue, 5, nullptr, nullptr) == CONFAB_OK);
  CHECK(confab_event_tag(next()) == 5);
  larger.later = 1;
  HeldError error;
  CHECK(confab_account(tenant, &larger.known, queue, 6, nullptr, error.place()) == CONFAB_UNSUPPORTED);
  auto smaller = request<confab_user_request>();
  for (const std::uint32_t size : {std::uint32_t{0}, static_cast<std::uint32_t>(sizeof smaller - 1)}) {
    smaller.struct_size = size;
    CHECK(confab_account(tenant, &smaller, queue, 7, nullptr, error.place()) == CONFAB_INVALID_ARGUMENT);
    CHECK(std::string(confab_error_subject(error)) == "struct_size");
  }
  smaller.struct_size = 4097;
  CHECK(confab_account(tenant, &smaller, queue, 8, nullptr, nullptr) == CONFAB_UNSUPPORTED);
  auto reserved = request<confab_stream_request>();
  reserved.reserved = 1;
  HeldStream stream;
  CHECK(confab_stream_open(tenant, &reserved, queue, 9, stream.place(), nullptr) == CONFAB_UNSUPPORTED);
  HeldEvent event;
  CHECK(confab_queue_next(queue, 0, event.place()) == CONFAB_TIMED_OUT);
}

TEST_CASE_FIXTURE(ClientAtWork, "numbers that are none of their kind are refused at once") {
  auto room = request<confab_room_request>();
  room.room = "picnic";
  room.user = "ana";
  room.room_kind = 3;
  HeldError error;
  CHECK(confab_ensure_room(tenant, &room, queue, 1, nullptr, error.place()) == CONFAB_INVALID_ARGUMENT);
  CHECK(std::string(confab_error_subject(error)) == "room_kind");
  auto message = request<confab_message_request>();
  message.message_kind = -1;
  CHECK(confab_send(tenant, &message, queue, 1, nullptr, error.place()) == CONFAB_INVALID_ARGUMENT);
  CHECK(std::string(confab_error_subject(error)) == "message_kind");
  const auto nobody = request<confab_reset_request>();
  CHECK(confab_reset(tenant, &nobody, queue, 1, nullptr, error.place()) == CONFAB_INVALID_ARGUMENT);
  HeldQueue other;
  auto options = request<confab_queue_options>();
  options.most_operations = 1'000'001;
  CHECK(confab_queue_new(&options, other.place(), nullptr) == CONFAB_INVALID_ARGUMENT);
}

TEST_CASE_FIXTURE(ClientAtWork, "wrong users and empty texts are told by the event") {
  auto user = request<confab_user_request>();
  CHECK(confab_event_status(ended(confab_provision, tenant.get(), user)) == CONFAB_INVALID_ARGUMENT);
  user.user = "nobody";
  const HeldEvent event = ended(confab_provision, tenant.get(), user);
  CHECK(confab_event_status(event) == CONFAB_NOT_FOUND);
  CHECK(confab_event_json(event, nullptr) == nullptr);
  CHECK(confab_event_string(event, "/user_id", nullptr) == nullptr);
  confab_error* error = confab_event_error(event);
  CHECK(confab_error_status(error) == CONFAB_NOT_FOUND);
  CHECK(confab_error_retriable(error) == 0);
  CHECK(confab_error_retry_after_ms(error) == -1);
}
