// NULL, wrong handles and wrong structs, given to every function of the ABI.
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "capi/every_function.hpp"

using namespace confab::test;

namespace {

confab_status nothing_is_answered(void*, confab_store_answer*) { return CONFAB_STORE; }

}  // namespace

TEST_CASE_FIXTURE(EveryHandle, "every function refuses NULL and handles of another kind") {
  std::set<std::string> tried;
  for (const Function& function : every_function(queue)) {
    CAPTURE(function.name);
    tried.insert(function.name);
    CHECK(function.answers(nullptr, CONFAB_INVALID_ARGUMENT));
    for (const Takes kind : kinds) {
      CAPTURE(static_cast<int>(kind));
      if (kind != function.takes) CHECK(function.answers(of(kind), CONFAB_INVALID_ARGUMENT));
    }
  }
  CHECK(tried == exported_functions());
  // Wrong handles were neither released nor harmed.
  CHECK(confab_queue_fd(queue) >= 0);
  CHECK(confab_error_status(error) == CONFAB_INVALID_ARGUMENT);
  auto user = request<confab_user_request>();
  user.user = "ana";
  result("account", confab_account, tenant.get(), user);
  CHECK(string_of(event, "/user_id") != "(none)");
  CHECK(confab_stream_close(stream) == CONFAB_OK);
}

TEST_CASE_FIXTURE(EveryHandle, "handles that come behind the first one: NULL and another kind are refused, too") {
  std::size_t with_queue = 0;
  for (const Function& function : every_function(queue)) {
    if (!function.fault_of_queue) continue;
    CAPTURE(function.name);
    ++with_queue;
    CHECK(function.fault_of_queue(of(function.takes), nullptr) == "queue");
    for (const Takes kind : kinds) {
      CAPTURE(static_cast<int>(kind));
      if (kind == Takes::queue) continue;
      CHECK(function.fault_of_queue(of(function.takes), static_cast<confab_queue*>(of(kind))) == "queue");
    }
  }
  CHECK(with_queue == 28);  // 26 operations and two kinds of streams
  CHECK(confab_stream_ack(stream, nullptr) == CONFAB_INVALID_ARGUMENT);
  for (const Takes kind : kinds) {  // an event, too: it is no batch
    CAPTURE(static_cast<int>(kind));
    CHECK(confab_stream_ack(stream, static_cast<confab_event*>(of(kind))) == CONFAB_INVALID_ARGUMENT);
  }
  HeldEvent none;
  CHECK(confab_queue_next(queue, 0, none.place()) == CONFAB_TIMED_OUT);
}

TEST_CASE_FIXTURE(EveryHandle, "handles in options: another kind is refused") {
  const std::string json = configuration_of(server, folder);
  const std::string base = folder.path().string();
  for (const Takes kind : kinds) {
    CAPTURE(static_cast<int>(kind));
    HeldError fault;
    HeldClient opened;
    auto options = request<confab_client_options>();
    options.json = json.c_str();
    options.folder = base.c_str();
    if (kind != Takes::queue) {
      options.question_queue = static_cast<confab_queue*>(of(kind));
      CHECK(confab_client_open(runtime, &options, opened.place(), fault.place()) == CONFAB_INVALID_ARGUMENT);
      CHECK(std::string(confab_error_subject(fault)) == "question_queue");
      HeldRuntime started;
      auto logs = request<confab_runtime_options>();
      logs.log_queue = static_cast<confab_queue*>(of(kind));
      CHECK(confab_runtime_new(&logs, started.place(), fault.place()) == CONFAB_INVALID_ARGUMENT);
      CHECK(std::string(confab_error_subject(fault)) == "log_queue");
      CHECK(started.get() == nullptr);
    }
    if (kind != Takes::store) {
      const std::string with_store = std::string(json).insert(1, R"("store":{"kind":"host","key_file":"keys"},)");
      options.json = with_store.c_str();
      options.question_queue = nullptr;
      options.store = static_cast<confab_store*>(of(kind));
      CHECK(confab_client_open(runtime, &options, opened.place(), fault.place()) == CONFAB_INVALID_ARGUMENT);
      CHECK(std::string(confab_error_subject(fault)) == "store");
    }
    CHECK(opened.get() == nullptr);
  }
}

TEST_CASE_FIXTURE(EveryHandle, "no place for what everything else would give") {
  HeldError fault;
  const auto refused = [&](confab_status status, const char* subject) {
    return status == CONFAB_INVALID_ARGUMENT && std::string(confab_error_subject(fault)) == subject;
  };
  auto options = request<confab_client_options>();
  const std::string json = configuration_of(server, folder);
  const std::string base = folder.path().string();
  options.json = json.c_str();
  options.folder = base.c_str();
  CHECK(refused(confab_client_open(runtime, &options, nullptr, fault.place()), "client"));
  CHECK(refused(confab_client_tenant(client, "park", nullptr, fault.place()), "tenant"));
  const confab_store_vtable table = store_that_answers<nothing_is_answered>(nullptr);
  CHECK(refused(confab_store_new(&table, nullptr, fault.place()), "store"));
  CHECK(refused(confab_metrics(client, nullptr, fault.place()), "metrics"));
  auto asked = request<confab_stream_request>();
  asked.user = "ana";
  CHECK(refused(confab_stream_open(tenant, &asked, queue, 1, nullptr, fault.place()), "stream"));
  CHECK(refused(confab_outbox_open(tenant, queue, 1, nullptr, fault.place()), "stream"));
  CHECK(confab_queue_next(queue, 0, nullptr) == CONFAB_INVALID_ARGUMENT);
  CHECK(confab_event_int(event, "/user_id", nullptr) == CONFAB_INVALID_ARGUMENT);
  std::int64_t value = 7;
  CHECK(confab_event_int(event, nullptr, &value) == CONFAB_INVALID_ARGUMENT);
  CHECK(value == 7);
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

TEST_CASE_FIXTURE(ClientAtWork, "no operation and no stream begins without its request, or without a queue") {
  const auto refused = [&](const char* name, confab_status status, HeldError& error, const char* subject) {
    CAPTURE(std::string(name));
    CHECK(status == CONFAB_INVALID_ARGUMENT);
    CHECK(std::string(confab_error_subject(error)) == subject);
  };
#define REFUSED(function, handle, type)                                                                \
  {                                                                                                    \
    const auto asked = request<type>();                                                                \
    HeldError error;                                                                                   \
    refused(#function, function(handle, nullptr, queue, 1, nullptr, error.place()), error, "request"); \
    refused(#function, function(handle, &asked, nullptr, 1, nullptr, error.place()), error, "queue");  \
  }
  REFUSED(confab_doctor, client, confab_plain_request)
  REFUSED(confab_provision, tenant, confab_user_request)
  REFUSED(confab_account, tenant, confab_user_request)
  REFUSED(confab_set_password, tenant, confab_user_request)
  REFUSED(confab_reset, tenant, confab_reset_request)
  REFUSED(confab_ensure_room, tenant, confab_room_request)
  REFUSED(confab_add_member, tenant, confab_room_request)
  REFUSED(confab_remove_member, tenant, confab_room_request)
  REFUSED(confab_members, tenant, confab_room_request)
  REFUSED(confab_unread, tenant, confab_room_request)
  REFUSED(confab_send, tenant, confab_message_request)
  REFUSED(confab_send_durably, tenant, confab_message_request)
  REFUSED(confab_edit, tenant, confab_message_request)
  REFUSED(confab_redact, tenant, confab_message_request)
  REFUSED(confab_react, tenant, confab_message_request)
  REFUSED(confab_outbox_list, tenant, confab_outbox_request)
  REFUSED(confab_outbox_show, tenant, confab_outbox_request)
  REFUSED(confab_outbox_retry, tenant, confab_outbox_request)
  REFUSED(confab_outbox_drop, tenant, confab_outbox_request)
  REFUSED(confab_typing, tenant, confab_notice_request)
  REFUSED(confab_mark_read, tenant, confab_notice_request)
  REFUSED(confab_history, tenant, confab_history_request)
  REFUSED(confab_directory_apply, tenant, confab_directory_request)
  REFUSED(confab_directory_load, tenant, confab_directory_request)
  REFUSED(confab_directory_refresh, tenant, confab_plain_request)
#undef REFUSED
  HeldStream stream;
  const auto asked = request<confab_stream_request>();
  HeldError error;
  refused("confab_stream_open", confab_stream_open(tenant, nullptr, queue, 1, stream.place(), error.place()), error,
          "request");
  refused("confab_stream_open", confab_stream_open(tenant, &asked, nullptr, 1, stream.place(), error.place()), error,
          "queue");
  HeldClient opened;
  refused("confab_client_open", confab_client_open(runtime, nullptr, opened.place(), error.place()), error, "options");
  HeldEvent event;
  CHECK(confab_queue_next(queue, 0, event.place()) == CONFAB_TIMED_OUT);
}

TEST_CASE_FIXTURE(ClientAtWork, "an operation that is not answered in time ends with CONFAB_TIMED_OUT") {
  server.on("GET", "/_synapse/admin/v2/users/**", Answer().hold());
  auto asked = request<confab_user_request>();
  asked.user = "ana";
  asked.timeout_ms = 200;
  const HeldEvent event = ended(confab_account, tenant.get(), asked);
  CHECK(confab_event_status(event) == CONFAB_TIMED_OUT);
  CHECK(confab_error_retriable(confab_event_error(event)) == 1);
  server.clear_scripts();
  server.release();
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
  // As a program has it that was compiled before there was a topic.
  auto room = request<confab_room_request>();
  room.room = "picnic";
  room.user = "ana";
  room.topic = "not looked at";
  room.struct_size = offsetof(confab_room_request, topic);
  CHECK(confab_ensure_room(tenant, &room, queue, 8, nullptr, nullptr) == CONFAB_OK);
  CHECK(confab_event_status(next()) == CONFAB_OK);
  CHECK(topic_of("park_event_picnic") == "Discussion for Picnic");
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
  room.room_kind = CONFAB_ROOM_EVENT;
  room.member_count = 1;
  CHECK(confab_ensure_room(tenant, &room, queue, 1, nullptr, error.place()) == CONFAB_INVALID_ARGUMENT);
  CHECK(std::string(confab_error_subject(error)) == "members");
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
