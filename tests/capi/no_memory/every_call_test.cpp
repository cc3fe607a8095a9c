// Every function of the ABI, as often as it allocates, with one allocation after the other failing: it answers
// CONFAB_NO_MEMORY or works. A crash ends this program; AddressSanitizer finds what leaks.
#include <chrono>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>

#include "capi/no_memory/campaign.hpp"

using namespace confab::test;

namespace {

using HeldStore = Held<confab_store, confab_store_release>;

struct Everything : Campaign {
  void what_the_library_is() {
    attempt("confab_abi", nothing, [] { (void)confab_abi(); });
    attempt("confab_version", nothing, [] { (void)confab_version(); });
    attempt("confab_has", nothing, [] { (void)confab_has("sqlite"); });
    attempt("confab_status_name", nothing, [] { (void)confab_status_name(CONFAB_BUSY); });
  }

  void errors() {
    HeldError given;
    REQUIRE(confab_queue_new(nullptr, nullptr, given.place()) == CONFAB_INVALID_ARGUMENT);
    confab_error* const error = given;
    attempt("confab_error_status", nothing, [&] { (void)confab_error_status(error); });
    attempt("confab_error_http_status", nothing, [&] { (void)confab_error_http_status(error); });
    attempt("confab_error_retriable", nothing, [&] { (void)confab_error_retriable(error); });
    attempt("confab_error_retry_after_ms", nothing, [&] { (void)confab_error_retry_after_ms(error); });
    const char* text = nullptr;
    const Step there = [&] { CHECK(text != nullptr); };
    attempt(
        "confab_error_message", nothing, [&] { text = confab_error_message(error); }, there);
    attempt(
        "confab_error_subject", nothing, [&] { text = confab_error_subject(error); }, there);
    attempt(
        "confab_error_errcode", nothing, [&] { text = confab_error_errcode(error); }, there);
    attempt(
        "confab_error_server_message", nothing, [&] { text = confab_error_server_message(error); }, there);
    attempt(
        "confab_error_transaction_id", nothing, [&] { text = confab_error_transaction_id(error); }, there);
    counted("confab_error", given.get(), confab_error_retain, confab_error_release,
            [](confab_error** made) { confab_queue_new(nullptr, nullptr, made); });
  }

  void runtimes() {
    HeldQueue logs;
    REQUIRE(confab_queue_new(nullptr, logs.place(), nullptr) == CONFAB_OK);
    auto options = request<confab_runtime_options>();
    options.log_queue = logs;
    options.log_level = CONFAB_LOG_DEBUG;
    // A thread that there is no memory for is refused like one that the system has no room for.
    made("confab_runtime_new", confab_runtime_release,
         [&](confab_runtime** place, confab_error** error) { return confab_runtime_new(&options, place, error); },
         {CONFAB_BUSY});
    attempt(
        "confab_runtime_retain", nothing, [&] { (void)confab_runtime_retain(runtime); },
        [&] { confab_runtime_release(runtime); });
    end_of_a_runtime("confab_runtime_close", [](confab_runtime* of) { CHECK(confab_runtime_close(of) == CONFAB_OK); });
    end_of_a_runtime("confab_runtime_release", [](confab_runtime* of) { confab_runtime_release(of); });
  }

  void queues() {
    made("confab_queue_new", confab_queue_release,
         [](confab_queue** place, confab_error** error) { return confab_queue_new(nullptr, place, error); });
    attempt("confab_queue_fd", nothing, [&] { (void)confab_queue_fd(queue); });
    attempt(
        "confab_queue_next", [&] { ask(); },
        [&](confab_error**) { return confab_queue_next(queue, patience_ms, &taken); },
        [&] { confab_event_release(std::exchange(taken, nullptr)); });
    HeldQueue other;
    HeldStream stream;
    const Step with_a_stream = [&] {
      REQUIRE(confab_queue_new(nullptr, other.place(), nullptr) == CONFAB_OK);
      open_stream(other, stream);
    };
    attempt(
        "confab_queue_close", with_a_stream, [&](confab_error**) { return confab_queue_close(other); },
        [&] { CHECK(confab_stream_grant(stream, 1) == CONFAB_CLOSED); });
    counted("confab_queue", queue.get(), confab_queue_retain, confab_queue_release, [&](confab_queue** place) {
      with_a_stream();
      *place = confab_queue_retain(other);
      other = HeldQueue();
    });
  }

  void events() {
    say("ana", "hello");
    auto asked = request<confab_history_request>();
    asked.room = "picnic";
    asked.user = "ana";
    const HeldEvent history = result("history", confab_history, tenant.get(), asked);
    std::size_t length = 0;
    const std::string json = confab_event_json(history, &length);
    attempt("confab_event_kind", nothing, [&] { (void)confab_event_kind(history); });
    attempt("confab_event_tag", nothing, [&] { (void)confab_event_tag(history); });
    attempt(
        "confab_event_status", nothing, [&](confab_error**) { return confab_event_status(history); }, nothing);
    attempt("confab_event_error", nothing, [&] { (void)confab_event_error(history); });
    attempt("confab_event_json", nothing, [&] { (void)confab_event_json(history, &length); });
    // The document is read with the first question, so each attempt asks another event.
    HeldEvent fresh;
    const Step unread = [&] { fresh = result("history", confab_history, tenant.get(), asked); };
    const char* text = nullptr;
    std::int64_t value = 0;
    std::size_t count = 0;
    attempt(
        "confab_event_string", unread,
        [&](confab_error**) {
          text = confab_event_string(fresh, "/messages/0/body", &length);
          return text == nullptr ? CONFAB_NO_MEMORY : CONFAB_OK;
        },
        [&] { CHECK(std::string(text) == "hello"); });
    attempt(
        "confab_event_int", unread, [&](confab_error**) { return confab_event_int(fresh, "/messages/0/time", &value); },
        [&] { CHECK(value > 0); });
    attempt(
        "confab_event_count", unread,
        [&](confab_error**) {
          count = confab_event_count(fresh, "/messages");
          return count == 0 ? CONFAB_NO_MEMORY : CONFAB_OK;
        },
        [&] { CHECK(count == 1); });
    counted("confab_event", fresh.get(), confab_event_retain, confab_event_release, [&](confab_event** place) {
      unread();
      *place = confab_event_retain(fresh);
      fresh = HeldEvent();
    });
  }

  void operations_in_flight() {
    server.on("GET", "/_matrix/client/versions", Answer().hold());
    confab_operation* running = nullptr;
    const Step held = [&] {
      const auto plain = request<confab_plain_request>();
      server.forget_requests();
      REQUIRE(confab_doctor(client, &plain, queue, 3, &running, nullptr) == CONFAB_OK);
      REQUIRE(server.wait_for(1, "GET", "/_matrix/client/versions", std::chrono::milliseconds(patience_ms)));
    };
    attempt(
        "confab_operation_cancel", held, [&](confab_error**) { return confab_operation_cancel(running); },
        [&] {
          CHECK(confab_event_status(next()) != CONFAB_OK);
          confab_operation_release(running);
        });
    attempt(
        "confab_operation_retain", held, [&] { (void)confab_operation_retain(running); },
        [&] {
          confab_operation_release(running);
          confab_operation_cancel(running);
          confab_operation_release(running);
          (void)next();
        });
    attempt(
        "confab_operation_release", held, [&] { confab_operation_release(running); },
        [&] {
          server.release();
          (void)next();
        });
    server.clear_scripts();
    server.release();
  }

  void clients() {
    const std::string json = configuration_of(server, folder);
    const std::string base = folder.path().string();
    auto options = request<confab_client_options>();
    options.json = json.c_str();
    options.folder = base.c_str();
    // As above, of the store's threads.
    made("confab_client_open", confab_client_release,
         [&](confab_client** place, confab_error** error) {
           return confab_client_open(runtime, &options, place, error);
         },
         {CONFAB_BUSY});
    counted("confab_client", client.get(), confab_client_retain, confab_client_release, [&](confab_client** place) {
      REQUIRE(confab_client_open(runtime, &options, place, nullptr) == CONFAB_OK);
    });
    // The first time for each client, which is when the tenant is made.
    HeldClient fresh;
    HeldTenant park;
    attempt(
        "confab_client_tenant",
        [&] {
          park = HeldTenant();
          REQUIRE(confab_client_open(runtime, &options, fresh.place(), nullptr) == CONFAB_OK);
        },
        [&](confab_error** error) { return confab_client_tenant(fresh, "park", park.place(), error); },
        [&] { CHECK(park.get() != nullptr); }, {CONFAB_BUSY});
    counted("confab_tenant", tenant.get(), confab_tenant_retain, confab_tenant_release, [&](confab_tenant** place) {
      HeldClient its;
      REQUIRE(confab_client_open(runtime, &options, its.place(), nullptr) == CONFAB_OK);
      REQUIRE(confab_client_tenant(its, "park", place, nullptr) == CONFAB_OK);
    });
  }

  void operations() {
    HeldEvent metrics;
    attempt(
        "confab_metrics", nothing, [&](confab_error** error) { return confab_metrics(client, metrics.place(), error); },
        [&] { check_result("metrics", metrics); });
    operation("confab_doctor", confab_doctor, client.get(), request<confab_plain_request>());
    auto user = request<confab_user_request>();
    user.user = "ana";
    user.password = "a long enough one";
    operation("confab_provision", confab_provision, tenant.get(), user);
    operation("confab_account", confab_account, tenant.get(), user);
    operation("confab_set_password", confab_set_password, tenant.get(), user);
    auto reset = request<confab_reset_request>();
    reset.user = "ben";
    operation("confab_reset", confab_reset, tenant.get(), reset);
    auto room = request<confab_room_request>();
    room.room = "picnic";
    room.user = "ana";
    operation("confab_ensure_room", confab_ensure_room, tenant.get(), room);
    room.user = "ben";
    operation("confab_add_member", confab_add_member, tenant.get(), room);
    operation("confab_members", confab_members, tenant.get(), room);
    operation("confab_unread", confab_unread, tenant.get(), room);
    operation("confab_remove_member", confab_remove_member, tenant.get(), room);
    const std::string said = say("ana", "hello");
    auto message = request<confab_message_request>();
    message.room = "picnic";
    message.user = "ana";
    message.body = "a text that is too long to fit into a string without an allocation";
    operation("confab_send", confab_send, tenant.get(), message);
    message.event = said.c_str();
    operation("confab_edit", confab_edit, tenant.get(), message);
    message.body = "+1";
    operation("confab_react", confab_react, tenant.get(), message);
    auto notice = request<confab_notice_request>();
    notice.room = "picnic";
    notice.user = "ana";
    notice.event = said.c_str();
    operation("confab_typing", confab_typing, tenant.get(), notice);
    operation("confab_mark_read", confab_mark_read, tenant.get(), notice);
    auto history = request<confab_history_request>();
    history.room = "picnic";
    history.user = "ana";
    operation("confab_history", confab_history, tenant.get(), history);
    operation("confab_redact", confab_redact, tenant.get(), message);
  }

  void the_outbox() {
    auto message = request<confab_message_request>();
    message.room = "picnic";
    message.user = "ana";
    message.body = "a text that is too long to fit into a string without an allocation";
    operation("confab_send_durably", confab_send_durably, tenant.get(), message);
    auto outbox = request<confab_outbox_request>();
    operation("confab_outbox_list", confab_outbox_list, tenant.get(), outbox);
    message.transaction_id = "42";
    const HeldEvent accepted = result("accepted", confab_send_durably, tenant.get(), message);
    const std::string id = string_of(accepted, "/transaction_id");
    outbox.transaction_id = id.c_str();
    operation("confab_outbox_show", confab_outbox_show, tenant.get(), outbox);
    // What was sent can neither be sent nor dropped any more.
    for (bool sent = false; !sent;) {
      const HeldEvent shown = result("outbox_message", confab_outbox_show, tenant.get(), outbox);
      sent = string_of(shown, "/state") == "sent";
    }
    operation("confab_outbox_retry", confab_outbox_retry, tenant.get(), outbox, CONFAB_CONFLICT);
    operation("confab_outbox_drop", confab_outbox_drop, tenant.get(), outbox, CONFAB_CONFLICT);
    HeldQueue into;
    REQUIRE(confab_queue_new(nullptr, into.place(), nullptr) == CONFAB_OK);
    made("confab_outbox_open", confab_stream_release, [&](confab_stream** place, confab_error** error) {
      return confab_outbox_open(tenant, into, 7, place, error);
    });
  }

  void the_directory() {
    operation("confab_directory_refresh", confab_directory_refresh, tenant.get(), request<confab_plain_request>());
    auto text = request<confab_directory_request>();
    text.json = park_directory;
    operation("confab_directory_load", confab_directory_load, tenant.get(), text);
    auto batch = request<confab_directory_request>();
    batch.json = R"({"users":[{"id":"4","slug":"dee","name":"Dee"}]})";
    attempt(
        "confab_directory_apply",
        [&] {
          const auto plain = request<confab_plain_request>();
          const HeldEvent now = result("revision", confab_directory_refresh, tenant.get(), plain);
          batch.expected = static_cast<std::uint64_t>(int_of(now, "/revision"));
        },
        [&](confab_error** error) { return confab_directory_apply(tenant, &batch, queue, 5, nullptr, error); },
        [&] { CHECK(confab_event_status(next()) == CONFAB_OK); });
  }

  // What a tenant's directory lacks is asked for.
  void questions() {
    HeldQueue questions;
    REQUIRE(confab_queue_new(nullptr, questions.place(), nullptr) == CONFAB_OK);
    auto options = request<confab_client_options>();
    options.question_queue = questions;
    options.ask_directory = 1;
    HeldClient asking;
    HeldTenant its;
    open(asking, options);
    REQUIRE(confab_client_tenant(asking, "park", its.place(), nullptr) == CONFAB_OK);
    int count = 0;
    std::string slug;
    std::string batch;
    auto user = request<confab_user_request>();
    const Step another = [&] {
      slug = "new" + std::to_string(++count);
      batch = R"({"users":[{"id":")" + slug + R"(","slug":")" + slug + R"(","name":"Somebody new"}]})";
      user.user = slug.c_str();
    };
    HeldEvent question;
    // Taken on, it may still say by its event that memory was short.
    const auto ended = [&](confab_status otherwise) {
      const confab_status status = confab_event_status(next());
      CHECK((status == otherwise || status == CONFAB_NO_MEMORY));
    };
    attempt(
        "confab_provision", another,
        [&](confab_error** error) { return confab_provision(its, &user, queue, 5, nullptr, error); },
        [&] {
          (void)confab_queue_next(questions, 0, question.place());
          question = HeldEvent();  // nobody answers
          ended(CONFAB_NOT_FOUND);
        });
    bool is_open = false;
    attempt(
        "confab_answer",
        [&] {
          question = HeldEvent();
          if (std::exchange(is_open, true)) ended(CONFAB_NOT_FOUND);
          another();
          REQUIRE(confab_provision(its, &user, queue, 5, nullptr, nullptr) == CONFAB_OK);
          REQUIRE(confab_queue_next(questions, patience_ms, question.place()) == CONFAB_OK);
        },
        [&](confab_error**) { return confab_answer(question, batch.c_str()); },
        [&] {
          is_open = false;
          ended(CONFAB_OK);
        });
  }

  // Of the host's own. What it says is said on a thread of the store's, which may call nothing else.
  void stores() {
    const confab_store_vtable table = store_that_answers<answers>(this);
    const auto make = [&table](confab_store** place, confab_error** error) {
      return confab_store_new(&table, place, error);
    };
    made("confab_store_new", confab_store_release, make, {CONFAB_BUSY});
    HeldStore store;
    REQUIRE(make(store.place(), nullptr) == CONFAB_OK);
    counted("confab_store", store.get(), confab_store_retain, confab_store_release,
            [&](confab_store** place) { REQUIRE(make(place, nullptr) == CONFAB_OK); });
    HeldClient with_it;
    open_over(store, with_it);
    HeldTenant its;
    CHECK(confab_client_tenant(with_it, "park", its.place(), nullptr) == CONFAB_STORE);
  }

  static confab_status answers(void* of, confab_store_answer* answer) {
    Everything& self = *static_cast<Everything*>(of);
    const char* const text = "a text that is too long to fit into a string without an allocation";
    self.answer("confab_store_answer_record", [=] { return confab_store_answer_record(answer, text, 1, text, 1); });
    self.answer("confab_store_answer_cursor", [=] { return confab_store_answer_cursor(answer, text); });
    self.answer("confab_store_answer_version", [=] { return confab_store_answer_version(answer, 1); });
    self.answer("confab_store_answer_time", [=] { return confab_store_answer_time(answer, 1); });
    self.answer("confab_store_answer_fault", [=] { return confab_store_answer_fault(answer, text, text); });
    return CONFAB_STORE;
  }
  void answer(const char* function, const std::function<confab_status()>& call) {
    tried.insert(function);
    bool met = true;
    for (unsigned long after = 0; met; ++after) {
      confab_status status = CONFAB_OK;
      {
        const FailingMemory failing(after, FailingMemory::How::once);
        status = call();
        met = failing.failed() > 0;
      }
      CHECK((status == CONFAB_OK || (met && status == CONFAB_NO_MEMORY)));
    }
  }

  void streams() {
    HeldQueue into;
    REQUIRE(confab_queue_new(nullptr, into.place(), nullptr) == CONFAB_OK);
    auto asked = request<confab_stream_request>();
    asked.user = "ana";
    made("confab_stream_open", confab_stream_release, [&](confab_stream** place, confab_error** error) {
      return confab_stream_open(tenant, &asked, into, 7, place, error);
    });
    const auto drop_what_came = [&] {
      for (;;) {
        HeldEvent event;
        if (confab_queue_next(into, 0, event.place()) != CONFAB_OK) return;
      }
    };
    HeldStream stream;
    open_stream(into, stream);
    operation("confab_stream_ready", confab_stream_ready, stream.get(), request<confab_plain_request>());
    const auto batch = [&] {
      HeldEvent event;
      REQUIRE(confab_queue_next(into, patience_ms, event.place()) == CONFAB_OK);
      REQUIRE(confab_event_kind(event) == CONFAB_EVENT_BATCH);
      REQUIRE(confab_event_status(event) == CONFAB_OK);
      return event;
    };
    drop_what_came();
    attempt(
        "confab_stream_grant", [&] { say("ana", "granted"); },
        [&](confab_error**) { return confab_stream_grant(stream, 1); },
        [&] { REQUIRE(confab_stream_ack(stream, batch()) == CONFAB_OK); });
    // Where it fails, the place is kept, and the next batch is asked for by the next call.
    HeldEvent first;
    attempt(
        "confab_stream_ack",
        [&] {
          say("ana", "one");
          if (!first) {
            REQUIRE(confab_stream_grant(stream, 1) == CONFAB_OK);
            first = batch();
          }
          say("ana", "two");
        },
        [&](confab_error**) { return confab_stream_ack(stream, first); }, [&] { first = HeldEvent(); });
    attempt(
        "confab_stream_close", [&] { open_stream(into, stream); },
        [&](confab_error**) { return confab_stream_close(stream); }, drop_what_came);
    const HeldStream kept(confab_stream_retain(stream));
    counted("confab_stream", kept.get(), confab_stream_retain, confab_stream_release, [&](confab_stream** place) {
      drop_what_came();
      HeldStream waiting;
      open_stream(into, waiting);
      REQUIRE(confab_stream_grant(waiting, 1) == CONFAB_OK);
      *place = confab_stream_retain(waiting);
    });
  }

 private:
  // A function that makes a handle.
  template <class T>
  void made(const char* function, void (*release)(T*),
            const std::type_identity_t<std::function<confab_status(T** place, confab_error** error)>>& make,
            const std::set<confab_status>& also_right = {}) {
    T* handle = nullptr;
    attempt(
        function, nothing,
        [&](confab_error** error) {
          const confab_status status = make(&handle, error);
          return (status == CONFAB_OK) == (handle != nullptr) ? status : confab_status{CONFAB_INTERNAL};
        },
        [&] { release(std::exchange(handle, nullptr)); }, also_right);
  }

  // Retain, of any handle; and release, as the last one of a handle that `make` makes.
  template <class T>
  void counted(const std::string& name, T* handle, T* (*retain)(T*), void (*release)(T*),
               const std::type_identity_t<std::function<void(T**)>>& make) {
    attempt((name + "_retain").c_str(), nothing, [&] { (void)retain(handle); }, [&] { release(handle); });
    T* last = nullptr;
    attempt((name + "_release").c_str(), [&] { make(&last); }, [&] { release(last); });
  }

  // With operations in flight: each of them is told.
  void end_of_a_runtime(const char* function, const std::function<void(confab_runtime*)>& end) {
    server.on("GET", "/_matrix/client/versions", Answer().hold());
    confab_runtime* of = nullptr;
    confab_queue* into = nullptr;
    attempt(
        function,
        [&] {
          REQUIRE(confab_runtime_new(nullptr, &of, nullptr) == CONFAB_OK);
          REQUIRE(confab_queue_new(nullptr, &into, nullptr) == CONFAB_OK);
          const std::string json = configuration_of(server, folder);
          const std::string base = folder.path().string();
          auto options = request<confab_client_options>();
          options.json = json.c_str();
          options.folder = base.c_str();
          HeldClient its;
          REQUIRE(confab_client_open(of, &options, its.place(), nullptr) == CONFAB_OK);
          const auto plain = request<confab_plain_request>();
          for (std::uint64_t tag = 1; tag <= 3; ++tag) {
            REQUIRE(confab_doctor(its, &plain, into, tag, nullptr, nullptr) == CONFAB_OK);
          }
        },
        [&] { end(of); },
        [&] {
          if (std::string(function) == "confab_runtime_close") confab_runtime_release(of);
          for (int i = 0; i < 3; ++i) {
            HeldEvent event;
            CHECK(confab_queue_next(into, 0, event.place()) == CONFAB_OK);
          }
          confab_queue_release(into);
        });
    server.clear_scripts();
    server.release();
  }

  void ask() {
    auto user = request<confab_user_request>();
    user.user = "nobody";
    REQUIRE(confab_provision(tenant, &user, queue, 1, nullptr, nullptr) == CONFAB_OK);
  }

  void open_stream(confab_queue* into, HeldStream& stream) {
    auto asked = request<confab_stream_request>();
    asked.user = "ana";
    REQUIRE(confab_stream_open(tenant, &asked, into, 7, stream.place(), nullptr) == CONFAB_OK);
    const auto plain = request<confab_plain_request>();
    result("done", confab_stream_ready, stream.get(), plain);
  }

  confab_event* taken = nullptr;
};

}  // namespace

TEST_CASE_FIXTURE(Everything, "every function works or says that memory is short, whichever allocation fails") {
  what_the_library_is();
  errors();
  runtimes();
  queues();
  events();
  operations_in_flight();
  clients();
  operations();
  the_outbox();
  the_directory();
  questions();
  stores();
  streams();
  std::set<std::string> exported;
  std::ifstream symbols(CONFAB_SYMBOLS);
  for (std::string name; symbols >> name;) exported.insert(name);
  CHECK(tried == exported);
}
