#include "capi/every_function.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <utility>

namespace confab::test {
namespace {

using Answers = Function::Answers;
using Asks = std::pair<Answers, Function::Faults>;

std::string fault_of(confab_status status, const confab_error* error, const void* made) {
  if (status != CONFAB_INVALID_ARGUMENT || confab_error_status(error) != status || made != nullptr) return "";
  return confab_error_subject(error);
}

template <class Handle, class Request>
Asks operation(confab_status (*function)(Handle*, const Request*, confab_queue*, std::uint64_t, confab_operation**,
                                         confab_error**),
               confab_queue* queue) {
  Answers answers = [function, queue](void* handle, confab_status expected) {
    const auto asked = request<Request>();
    HeldOperation running;
    HeldError error;
    const confab_status status =
        function(static_cast<Handle*>(handle), &asked, queue, 1, running.place(), error.place());
    return status == expected && running.get() == nullptr &&
           (expected == CONFAB_FORKED ? error.get() == nullptr : confab_error_status(error) == expected);
  };
  return {std::move(answers), [function](void* handle, confab_queue* other) {
            const auto asked = request<Request>();
            HeldOperation running;
            HeldError error;
            const confab_status status =
                function(static_cast<Handle*>(handle), &asked, other, 1, running.place(), error.place());
            return fault_of(status, error, running.get());
          }};
}

// What opens a stream.
template <class Open>
Asks opens(Open open, confab_queue* queue) {
  Answers answers = [=](void* handle, confab_status expected) {
    HeldStream stream;
    return open(static_cast<confab_tenant*>(handle), queue, stream.place(), nullptr) == expected;
  };
  return {std::move(answers), [=](void* handle, confab_queue* other) {
            HeldStream stream;
            HeldError error;
            const confab_status status =
                open(static_cast<confab_tenant*>(handle), other, stream.place(), error.place());
            return fault_of(status, error, stream.get());
          }};
}

template <class Handle>
Answers counted(Handle* (*retain)(Handle*)) {
  return [retain](void* handle, confab_status expected) {
    return retain(static_cast<Handle*>(handle)) == (expected == CONFAB_FORKED ? handle : nullptr);
  };
}
template <class Handle>
Answers counted(void (*release)(Handle*)) {
  return [release](void* handle, confab_status) { return release(static_cast<Handle*>(handle)), true; };
}
template <class Handle, class Value>
Answers read(Value (*reader)(const Handle*), Value of_null) {
  return [=](void* handle, confab_status) { return reader(static_cast<const Handle*>(handle)) == of_null; };
}
Answers read(const char* (*reader)(const confab_error*)) {
  return [=](void* handle, confab_status) { return reader(static_cast<const confab_error*>(handle)) == nullptr; };
}
// What makes a first handle; for a child with a place to put it.
template <class Options, class Handle>
Answers first(confab_status (*make)(const Options*, Handle**, confab_error**), void (*release)(Handle*)) {
  return [=](void*, confab_status expected) {
    Handle* made = nullptr;
    const confab_status status = make(nullptr, expected == CONFAB_FORKED ? &made : nullptr, nullptr);
    release(made);
    return status == expected && made == nullptr;
  };
}
Answers always(std::function<bool()> right) {
  return [right = std::move(right)](void*, confab_status) { return right(); };
}

}  // namespace

std::vector<Function> every_function(confab_queue* queue) {
  return {
      {"confab_abi", Takes::nothing, always([] { return confab_abi() == CONFAB_ABI; })},
      {"confab_version", Takes::nothing, always([] { return std::strlen(confab_version()) > 0; })},
      {"confab_has", Takes::nothing, always([] { return confab_has("questions") == 1; })},
      {"confab_status_name", Takes::nothing,
       always([] { return std::strcmp(confab_status_name(CONFAB_FORKED), "forked") == 0; })},
      {"confab_runtime_new", Takes::nothing, first(confab_runtime_new, confab_runtime_release)},
      {"confab_queue_new", Takes::nothing, first(confab_queue_new, confab_queue_release)},
      {"confab_store_new", Takes::nothing, first(confab_store_new, confab_store_release)},
      {"confab_error_retain", Takes::error, counted(confab_error_retain)},
      {"confab_error_release", Takes::error, counted(confab_error_release)},
      {"confab_error_status", Takes::error,
       [](void* handle, confab_status expected) {
         const confab_status told = confab_error_status(static_cast<confab_error*>(handle));
         return told == (expected == CONFAB_FORKED ? CONFAB_FORKED : CONFAB_OK);
       }},
      {"confab_error_message", Takes::error, read(confab_error_message)},
      {"confab_error_subject", Takes::error, read(confab_error_subject)},
      {"confab_error_errcode", Takes::error, read(confab_error_errcode)},
      {"confab_error_server_message", Takes::error, read(confab_error_server_message)},
      {"confab_error_transaction_id", Takes::error, read(confab_error_transaction_id)},
      {"confab_error_http_status", Takes::error, read(confab_error_http_status, std::int32_t{0})},
      {"confab_error_retriable", Takes::error, read(confab_error_retriable, std::int32_t{0})},
      {"confab_error_retry_after_ms", Takes::error, read(confab_error_retry_after_ms, std::int64_t{-1})},
      {"confab_queue_fd", Takes::queue, read(confab_queue_fd, std::int32_t{-1})},
      {"confab_queue_next", Takes::queue,
       [](void* handle, confab_status expected) {
         HeldEvent event;
         return confab_queue_next(static_cast<confab_queue*>(handle), 0, event.place()) == expected;
       }},
      {"confab_queue_close", Takes::queue,
       [](void* handle, confab_status expected) {
         return confab_queue_close(static_cast<confab_queue*>(handle)) == expected;
       }},
      {"confab_queue_retain", Takes::queue, counted(confab_queue_retain)},
      {"confab_queue_release", Takes::queue, counted(confab_queue_release)},
      {"confab_event_retain", Takes::event, counted(confab_event_retain)},
      {"confab_event_release", Takes::event, counted(confab_event_release)},
      {"confab_event_kind", Takes::event, read(confab_event_kind, std::int32_t{0})},
      {"confab_event_tag", Takes::event, read(confab_event_tag, std::uint64_t{0})},
      {"confab_event_status", Takes::event,
       [](void* handle, confab_status expected) {
         return confab_event_status(static_cast<confab_event*>(handle)) == expected;
       }},
      {"confab_event_error", Takes::event, read(confab_event_error, static_cast<confab_error*>(nullptr))},
      {"confab_event_json", Takes::event,
       [](void* handle, confab_status) {
         std::size_t length = 1;
         return confab_event_json(static_cast<confab_event*>(handle), &length) == nullptr && length == 0;
       }},
      {"confab_event_string", Takes::event,
       [](void* handle, confab_status) {
         std::size_t length = 1;
         return confab_event_string(static_cast<confab_event*>(handle), "", &length) == nullptr && length == 0;
       }},
      {"confab_event_int", Takes::event,
       [](void* handle, confab_status expected) {
         std::int64_t value = 7;
         return confab_event_int(static_cast<confab_event*>(handle), "", &value) == expected && value == 7;
       }},
      {"confab_event_count", Takes::event,
       [](void* handle, confab_status) { return confab_event_count(static_cast<confab_event*>(handle), "") == 0; }},
      {"confab_answer", Takes::event,
       [](void* handle, confab_status expected) {
         return confab_answer(static_cast<confab_event*>(handle), "null") == expected;
       }},
      {"confab_operation_cancel", Takes::operation,
       [](void* handle, confab_status expected) {
         return confab_operation_cancel(static_cast<confab_operation*>(handle)) == expected;
       }},
      {"confab_operation_retain", Takes::operation, counted(confab_operation_retain)},
      {"confab_operation_release", Takes::operation, counted(confab_operation_release)},
      {"confab_client_retain", Takes::client, counted(confab_client_retain)},
      {"confab_client_release", Takes::client, counted(confab_client_release)},
      {"confab_client_tenant", Takes::client,
       [](void* handle, confab_status expected) {
         HeldTenant tenant;
         return confab_client_tenant(static_cast<confab_client*>(handle), nullptr, tenant.place(), nullptr) == expected;
       }},
      {"confab_tenant_retain", Takes::tenant, counted(confab_tenant_retain)},
      {"confab_tenant_release", Takes::tenant, counted(confab_tenant_release)},
      {"confab_metrics", Takes::client,
       [](void* handle, confab_status expected) {
         HeldEvent metrics;
         return confab_metrics(static_cast<confab_client*>(handle), metrics.place(), nullptr) == expected;
       }},
      {"confab_doctor", Takes::client, operation(confab_doctor, queue)},
      {"confab_provision", Takes::tenant, operation(confab_provision, queue)},
      {"confab_account", Takes::tenant, operation(confab_account, queue)},
      {"confab_set_password", Takes::tenant, operation(confab_set_password, queue)},
      {"confab_reset", Takes::tenant, operation(confab_reset, queue)},
      {"confab_ensure_room", Takes::tenant, operation(confab_ensure_room, queue)},
      {"confab_add_member", Takes::tenant, operation(confab_add_member, queue)},
      {"confab_remove_member", Takes::tenant, operation(confab_remove_member, queue)},
      {"confab_members", Takes::tenant, operation(confab_members, queue)},
      {"confab_unread", Takes::tenant, operation(confab_unread, queue)},
      {"confab_send", Takes::tenant, operation(confab_send, queue)},
      {"confab_send_durably", Takes::tenant, operation(confab_send_durably, queue)},
      {"confab_outbox_list", Takes::tenant, operation(confab_outbox_list, queue)},
      {"confab_outbox_show", Takes::tenant, operation(confab_outbox_show, queue)},
      {"confab_outbox_retry", Takes::tenant, operation(confab_outbox_retry, queue)},
      {"confab_outbox_drop", Takes::tenant, operation(confab_outbox_drop, queue)},
      {"confab_outbox_open", Takes::tenant,
       opens([](confab_tenant* tenant, confab_queue* into, confab_stream** stream,
                confab_error** error) { return confab_outbox_open(tenant, into, 1, stream, error); },
             queue)},
      {"confab_edit", Takes::tenant, operation(confab_edit, queue)},
      {"confab_redact", Takes::tenant, operation(confab_redact, queue)},
      {"confab_react", Takes::tenant, operation(confab_react, queue)},
      {"confab_typing", Takes::tenant, operation(confab_typing, queue)},
      {"confab_mark_read", Takes::tenant, operation(confab_mark_read, queue)},
      {"confab_history", Takes::tenant, operation(confab_history, queue)},
      {"confab_directory_apply", Takes::tenant, operation(confab_directory_apply, queue)},
      {"confab_directory_load", Takes::tenant, operation(confab_directory_load, queue)},
      {"confab_directory_refresh", Takes::tenant, operation(confab_directory_refresh, queue)},
      {"confab_stream_open", Takes::tenant,
       opens(
           [](confab_tenant* tenant, confab_queue* into, confab_stream** stream, confab_error** error) {
             const auto asked = request<confab_stream_request>();
             return confab_stream_open(tenant, &asked, into, 1, stream, error);
           },
           queue)},
      {"confab_stream_ready", Takes::stream, operation(confab_stream_ready, queue)},
      {"confab_stream_grant", Takes::stream,
       [](void* handle, confab_status expected) {
         return confab_stream_grant(static_cast<confab_stream*>(handle), 1) == expected;
       }},
      {"confab_stream_ack", Takes::stream,
       [](void* handle, confab_status expected) {
         return confab_stream_ack(static_cast<confab_stream*>(handle), nullptr) == expected;
       }},
      {"confab_stream_close", Takes::stream,
       [](void* handle, confab_status expected) {
         return confab_stream_close(static_cast<confab_stream*>(handle)) == expected;
       }},
      {"confab_store_retain", Takes::store, counted(confab_store_retain)},
      {"confab_store_release", Takes::store, counted(confab_store_release)},
      {"confab_store_answer_record", Takes::store_answer,
       [](void* handle, confab_status expected) {
         return confab_store_answer_record(static_cast<confab_store_answer*>(handle), "k", 1, "{}", -1) == expected;
       }},
      {"confab_store_answer_cursor", Takes::store_answer,
       [](void* handle, confab_status expected) {
         return confab_store_answer_cursor(static_cast<confab_store_answer*>(handle), "k") == expected;
       }},
      {"confab_store_answer_version", Takes::store_answer,
       [](void* handle, confab_status expected) {
         return confab_store_answer_version(static_cast<confab_store_answer*>(handle), 1) == expected;
       }},
      {"confab_store_answer_time", Takes::store_answer,
       [](void* handle, confab_status expected) {
         return confab_store_answer_time(static_cast<confab_store_answer*>(handle), 1) == expected;
       }},
      {"confab_store_answer_fault", Takes::store_answer,
       [](void* handle, confab_status expected) {
         return confab_store_answer_fault(static_cast<confab_store_answer*>(handle), "k", "") == expected;
       }},
      {"confab_stream_retain", Takes::stream, counted(confab_stream_retain)},
      {"confab_stream_release", Takes::stream, counted(confab_stream_release)},
      {"confab_client_open", Takes::runtime,
       [](void* handle, confab_status expected) {
         auto options = request<confab_client_options>();
         options.json = "{}";
         HeldClient client;
         return confab_client_open(static_cast<confab_runtime*>(handle), &options, client.place(), nullptr) == expected;
       }},
      {"confab_runtime_close", Takes::runtime,
       [](void* handle, confab_status expected) {
         return confab_runtime_close(static_cast<confab_runtime*>(handle)) == expected;
       }},
      {"confab_runtime_retain", Takes::runtime, counted(confab_runtime_retain)},
      {"confab_runtime_release", Takes::runtime, counted(confab_runtime_release)},
  };
}

std::set<std::string> exported_functions() {
  std::set<std::string> exported;
  std::ifstream symbols(CONFAB_SYMBOLS);
  for (std::string name; symbols >> name;) exported.insert(name);
  return exported;
}

EveryHandle::EveryHandle() {
  auto user = request<confab_user_request>();
  user.user = "ana";
  event = result("account", confab_provision, tenant.get(), user);
  user.user = "nobody";
  REQUIRE(confab_provision(tenant, &user, queue, 1, operation.place(), nullptr) == CONFAB_OK);
  failed = next();
  auto asked = request<confab_stream_request>();
  asked.user = "ana";
  REQUIRE(confab_stream_open(tenant, &asked, queue, 1, stream.place(), nullptr) == CONFAB_OK);
  REQUIRE(confab_queue_new(nullptr, nullptr, error.place()) == CONFAB_INVALID_ARGUMENT);
  hold_a_store_call();
}

EveryHandle::~EveryHandle() { end_store_call(); }

void EveryHandle::end_store_call() {
  if (!first_use_.joinable()) return;
  answered_.set_value();
  first_use_.join();
  storing_ = HeldClient();
  store_answer = nullptr;
}

void EveryHandle::hold_a_store_call() {
  const confab_store_vtable table = store_that_answers<hold>(this);
  REQUIRE(confab_store_new(&table, store.place(), nullptr) == CONFAB_OK);
  open_over(store, storing_);
  first_use_ = std::thread([this] {
    HeldTenant park;
    const confab_status opened = confab_client_tenant(storing_, "park", park.place(), nullptr);
    CHECK((opened == CONFAB_STORE || opened == CONFAB_CLOSED));  // where the runtime is closed meanwhile
  });
  store_answer = asked_.get_future().get();
}

confab_status EveryHandle::hold(void* of, confab_store_answer* answer) {
  auto& self = *static_cast<EveryHandle*>(of);
  if (!std::exchange(self.held_, true)) {
    self.asked_.set_value(answer);
    self.answered_.get_future().wait();
  }
  return CONFAB_STORE;
}

void* EveryHandle::of(Takes kind) const {
  switch (kind) {
    case Takes::error:
      return error.get();
    case Takes::runtime:
      return runtime.get();
    case Takes::queue:
      return queue.get();
    case Takes::event:
      return event.get();
    case Takes::operation:
      return operation.get();
    case Takes::client:
      return client.get();
    case Takes::tenant:
      return tenant.get();
    case Takes::stream:
      return stream.get();
    case Takes::store:
      return store.get();
    case Takes::store_answer:
      return store_answer;
    case Takes::nothing:
      break;
  }
  return nullptr;
}

}  // namespace confab::test
