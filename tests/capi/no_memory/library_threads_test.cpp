// What the library's own threads meet: the main operations, with one allocation after the other failing there, alone
// and with those behind it. Each ends once, with success or an error that says so; the same without failures works
// then, and so does closing. A crash ends this program, and so does a wait without an end.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "capi/client_at_work.hpp"
#include "capi/no_memory/failing_memory.hpp"

using namespace confab::test;

namespace {

// Whatever hangs ends the program: there is no other way out of a close that does not come back.
constexpr unsigned hang_seconds = 60;
// Of each operation: longer than any takes, its waits between tries included.
constexpr std::uint32_t patience = 10'000;

// Of what an operation allocates: every allocation up to here, and from there on steps that grow up to this one. A
// prime: what is allocated in a rhythm is met at all of its beats.
constexpr unsigned long every_one_up_to = 120;
constexpr unsigned long most_step = 37;

unsigned long after_that(unsigned long allocation) {
  if (allocation < every_one_up_to) return allocation + 1;
  return allocation + std::min(most_step, 1 + (allocation - every_one_up_to) / 16);
}

// What an operation may end with that met one. OUTCOME_UNKNOWN: memory was short for the answer to what was sent.
// STORE: the store's answer was lost on its way. UNAVAILABLE: the few requests of one call were spent on the way.
const std::set<confab_status> right_ends = {CONFAB_OK, CONFAB_NO_MEMORY, CONFAB_OUTCOME_UNKNOWN, CONFAB_STORE,
                                            CONFAB_UNAVAILABLE};

// A client whose threads are known to the injection.
struct Watched : ClientAtWork {
  LibraryThreads theirs;
  HeldQueue events;
  HeldStream stream;
  int count = 0;
  std::int64_t revision = 0;
  std::string said;  // by the last operation that failed

  explicit Watched(bool with_file) {
    tenant = HeldTenant();
    client = HeldClient();
    REQUIRE(confab_runtime_new(nullptr, runtime.place(), nullptr) == CONFAB_OK);
    if (with_file) {
      folder.write("keys", "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n");
      std::filesystem::permissions(folder.file("keys"), std::filesystem::perms::owner_read);
    }
    open(client, request<confab_client_options>(),
         with_file ? R"("store":{"kind":"sqlite","path":"confab.db","key_file":"keys"},)" : "");
    REQUIRE(confab_client_tenant(client, "park", tenant.place(), nullptr) == CONFAB_OK);
    REQUIRE(confab_queue_new(nullptr, events.place(), nullptr) == CONFAB_OK);
  }

  void close() {
    alarm(hang_seconds);
    CHECK(confab_runtime_close(runtime) == CONFAB_OK);
    stream = HeldStream();
    tenant = HeldTenant();
    client = HeldClient();
    runtime = HeldRuntime();
    alarm(0);
  }

  // What comes next, however long it takes.
  HeldEvent next_of(confab_queue* from) {
    HeldEvent event;
    alarm(hang_seconds);
    REQUIRE(confab_queue_next(from, -1, event.place()) == CONFAB_OK);
    alarm(0);
    return event;
  }

  // The status of its one event.
  template <class Handle, class Request>
  confab_status once(confab_status (*function)(Handle*, const Request*, confab_queue*, std::uint64_t,
                                               confab_operation**, confab_error**),
                     Handle* handle, Request asked) {
    asked.timeout_ms = patience;
    const confab_status called = function(handle, &asked, queue, 9, nullptr, nullptr);
    if (called != CONFAB_OK) return called;
    const HeldEvent event = next_of(queue);
    CHECK(confab_event_tag(event) == 9);
    HeldEvent another;
    CHECK(confab_queue_next(queue, 0, another.place()) == CONFAB_TIMED_OUT);
    const confab_error* const why = confab_event_error(event);  // NULL where there was no memory for it, too
    said = why == nullptr ? "" : confab_error_message(why);
    return confab_event_status(event);
  }
};

// From a fresh start each time, or all with the same client; over a file, or in memory.
enum class Start { cold, warm, warm_with_file };

using Act = std::function<confab_status(Watched&)>;
using Prepare = std::function<void(Watched&)>;

struct Trials {
  std::unique_ptr<Watched> scene;

  // `stride`: where one run takes long, not every allocation is met.
  void attempt(const char* name, Start start, const Prepare& prepare, const Act& act, unsigned long stride = 1) {
    for (const unsigned long many : {1UL, 8UL}) {
      std::map<std::string, int> ended;
      unsigned long after = 0;
      const auto begun = std::chrono::steady_clock::now();
      for (bool met = true; met; after = after_that(after + stride - 1)) {
        CAPTURE(std::string(name));
        CAPTURE(after);
        CAPTURE(many);
        if (start == Start::cold) scene.reset();  // first, or the next one's homeserver would pass for the library's
        if (!scene) scene = std::make_unique<Watched>(start == Start::warm_with_file);
        prepare(*scene);
        confab_status status = CONFAB_OK;
        {
          const FailingLibraryMemory failing(after, many);
          status = act(*scene);
          met = failing.failed() > 0;
        }
        ++ended[confab_status_name(status)];
        CHECK_MESSAGE((met ? right_ends.count(status) != 0 : status == CONFAB_OK),
                      std::string(confab_status_name(status)));
        if (scene->tenant.get() == nullptr) continue;  // it was closed
        confab_status then = act(*scene);
        // It may have joined what others had begun before, which met the failures behind this one's end.
        if (then == CONFAB_NO_MEMORY || then == CONFAB_STORE) then = act(*scene);
        CHECK_MESSAGE(then == CONFAB_OK, scene->said);
        if (start == Start::cold) scene->close();
      }
      if (scene->tenant.get() != nullptr && start != Start::cold) scene->close();
      scene.reset();
      // Whoever reads this knows whether failures reach the library at all.
      std::string told;
      int tries = 0;
      for (const auto& [status, count] : ended) {
        told += ", " + status + " " + std::to_string(count);
        tries += count;
      }
      CHECK(tries > 1);
      const auto took = std::chrono::steady_clock::now() - begun;
      MESSAGE(std::string(name), ", ", many, " at a time, ", tries, " times", told, ": ",
              std::chrono::duration_cast<std::chrono::milliseconds>(took).count(), " ms");
    }
  }
};

void as_it_is(Watched& /*in*/) {}

confab_status provision(Watched& in) {
  auto user = request<confab_user_request>();
  user.user = "ana";
  return in.once(confab_provision, in.tenant.get(), user);
}

confab_status make_picnic(Watched& in) {
  auto room = request<confab_room_request>();
  room.room = "picnic";
  room.user = "ana";
  return in.once(confab_ensure_room, in.tenant.get(), room);
}

void with_picnic(Watched& in) { REQUIRE_MESSAGE(make_picnic(in) == CONFAB_OK, in.said); }

confab_status send_one(Watched& in) {
  auto message = request<confab_message_request>();
  message.room = "picnic";
  message.user = "ana";
  message.body = "a text that is too long to fit into a string without an allocation";
  return in.once(confab_send, in.tenant.get(), message);
}

confab_status read_history(Watched& in) {
  auto asked = request<confab_history_request>();
  asked.room = "picnic";
  asked.user = "ana";
  return in.once(confab_history, in.tenant.get(), asked);
}

confab_status reset_ana(Watched& in) {
  auto asked = request<confab_reset_request>();
  asked.user = "ana";
  return in.once(confab_reset, in.tenant.get(), asked);
}

// Of the user, the room and the message that it is told.
template <class Request>
Act of(confab_status (*function)(confab_tenant*, const Request*, confab_queue*, std::uint64_t, confab_operation**,
                                 confab_error**),
       Request asked, std::string* event = nullptr) {
  return [=](Watched& in) mutable {
    if constexpr (requires { asked.event; }) asked.event = event->c_str();
    return in.once(function, in.tenant.get(), asked);
  };
}

confab_status examine(Watched& in) { return in.once(confab_doctor, in.client.get(), request<confab_plain_request>()); }

confab_status refresh(Watched& in) {
  return in.once(confab_directory_refresh, in.tenant.get(), request<confab_plain_request>());
}

// A batch of its own each time, at the revision that is in effect.
void with_a_new_user(Watched& in) {
  ++in.count;
  const auto plain = request<confab_plain_request>();
  in.revision = int_of(in.result("revision", confab_directory_refresh, in.tenant.get(), plain), "/revision");
}

confab_status apply_batch(Watched& in) {
  const std::string slug = "new" + std::to_string(in.count);
  const std::string text = R"({"users":[{"id":")" + slug + R"(","slug":")" + slug + R"(","name":"Somebody"}]})";
  auto batch = request<confab_directory_request>();
  batch.json = text.c_str();
  batch.expected = static_cast<std::uint64_t>(in.revision);
  return in.once(confab_directory_apply, in.tenant.get(), batch);
}

confab_status set_password(Watched& in) {
  const std::string slug = "new" + std::to_string(in.count);
  auto user = request<confab_user_request>();
  user.user = slug.c_str();
  user.password = "correct horse";
  return in.once(confab_set_password, in.tenant.get(), user);
}

// What was accepted is in the room, once, however the library's threads fared meanwhile.
confab_status say_durably(Watched& in) {
  const std::string body = "said for good " + std::to_string(++in.count);
  auto message = request<confab_message_request>();
  message.room = "picnic";
  message.user = "ana";
  message.body = body.c_str();
  message.timeout_ms = patience;
  const confab_status called = confab_send_durably(in.tenant, &message, in.queue, 9, nullptr, nullptr);
  if (called != CONFAB_OK) return called;
  const HeldEvent accepted = in.next_of(in.queue);
  if (confab_event_status(accepted) != CONFAB_OK) return confab_event_status(accepted);
  const std::string id = string_of(accepted, "/transaction_id");
  auto asked = request<confab_outbox_request>();
  asked.transaction_id = id.c_str();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2 * hang_seconds);
  for (std::string state; state != "sent";) {
    if (std::chrono::steady_clock::now() > end) FAIL("it was accepted and is ", state);
    REQUIRE(confab_outbox_show(in.tenant, &asked, in.queue, 9, nullptr, nullptr) == CONFAB_OK);
    const HeldEvent shown = in.next_of(in.queue);
    if (confab_event_status(shown) == CONFAB_OK) state = string_of(shown, "/state");
    REQUIRE(state != "dead");
  }
  const auto bodies = in.server.bodies(in.server.room_of_alias("#park_event_picnic:hs.test"));
  CHECK(std::count(bodies.begin(), bodies.end(), body) == 1);
  return CONFAB_OK;
}

confab_status open_client_with(Watched& in, const std::string& store) {
  const std::string json = configuration_of(in.server, in.folder).insert(1, store);
  const std::string base = in.folder.path().string();
  auto options = request<confab_client_options>();
  options.json = json.c_str();
  options.folder = base.c_str();
  HeldClient client;
  HeldTenant tenant;
  alarm(hang_seconds);
  confab_status status = confab_client_open(in.runtime, &options, client.place(), nullptr);
  if (status == CONFAB_OK) status = confab_client_tenant(client, "park", tenant.place(), nullptr);
  alarm(0);
  return status;
}

confab_status open_client(Watched& in) { return open_client_with(in, ""); }

confab_status open_over_a_file(Watched& in) {
  return open_client_with(in, R"("store":{"kind":"sqlite","path":"another.db","key_file":"keys"},)");
}

// What is said while somebody listens comes, whatever fails on its way: an error costs a grant, and no event.
confab_status watch(Watched& in) {
  confab_status first_failure = CONFAB_OK;
  const auto note = [&first_failure](confab_status status) {
    if (first_failure == CONFAB_OK) first_failure = status;
    return status == CONFAB_OK;
  };
  auto asked = request<confab_stream_request>();
  asked.user = "ana";
  HeldStream stream;
  REQUIRE(confab_stream_open(in.tenant, &asked, in.events, 7, stream.place(), nullptr) == CONFAB_OK);
  for (int tries = 0; !note(in.once(confab_stream_ready, stream.get(), request<confab_plain_request>())); ++tries) {
    REQUIRE(tries < 32);
  }
  const std::string body = "said " + std::to_string(++in.count);
  in.server.post(in.server.room_of_alias("#park_event_picnic:hs.test"), "@park_1:hs.test", body);
  bool told = false;
  for (int batches = 0; !told; ++batches) {
    REQUIRE(batches < 32);
    REQUIRE(confab_stream_grant(stream, 1) == CONFAB_OK);
    const HeldEvent batch = in.next_of(in.events);
    REQUIRE(confab_event_kind(batch) == CONFAB_EVENT_BATCH);
    note(confab_event_status(batch));
    for (std::size_t at = 0; at < confab_event_count(batch, "/events"); ++at) {
      told = told || string_of(batch, ("/events/" + std::to_string(at) + "/message/body").c_str()) == body;
    }
    REQUIRE(confab_stream_ack(stream, batch) == CONFAB_OK);
  }
  REQUIRE(confab_stream_close(stream) == CONFAB_OK);
  const HeldEvent end = in.next_of(in.events);
  CHECK(confab_event_kind(end) == CONFAB_EVENT_STREAM_END);
  CHECK(confab_event_status(end) == CONFAB_OK);
  return first_failure;
}

// With operations and a stream in flight, each of which is told, once.
void with_much_in_flight(Watched& in) {
  with_picnic(in);
  auto asked = request<confab_stream_request>();
  asked.user = "ana";
  REQUIRE(confab_stream_open(in.tenant, &asked, in.events, 7, in.stream.place(), nullptr) == CONFAB_OK);
  const auto plain = request<confab_plain_request>();
  in.result("done", confab_stream_ready, in.stream.get(), plain);
  REQUIRE(confab_stream_grant(in.stream, 1) == CONFAB_OK);
  in.server.on("GET", "/_matrix/client/versions", Answer().hold());
  for (std::uint64_t tag = 1; tag <= 3; ++tag) {
    REQUIRE(confab_doctor(in.client, &plain, in.queue, tag, nullptr, nullptr) == CONFAB_OK);
  }
}

confab_status close_all(Watched& in) {
  if (in.tenant.get() == nullptr) return CONFAB_OK;
  in.close();
  std::set<std::uint64_t> tags;
  for (int i = 0; i < 3; ++i) tags.insert(confab_event_tag(in.next_of(in.queue)));
  CHECK(tags == std::set<std::uint64_t>{1, 2, 3});
  // What the stream was asked for may have ended before, for want of memory.
  while (confab_event_kind(in.next_of(in.events)) == CONFAB_EVENT_BATCH) {
  }
  HeldEvent another;
  CHECK(confab_queue_next(in.queue, 0, another.place()) == CONFAB_TIMED_OUT);
  CHECK(confab_queue_next(in.events, 0, another.place()) == CONFAB_TIMED_OUT);
  in.server.clear_scripts();
  in.server.release();
  return CONFAB_OK;
}

}  // namespace

TEST_CASE_FIXTURE(Trials, "opening and closing, short of memory on the library's threads") {
  attempt("open", Start::cold, as_it_is, open_client);
  attempt("close", Start::cold, with_much_in_flight, close_all);
}

TEST_CASE_FIXTURE(Trials, "users and rooms, short of memory on the library's threads") {
  attempt("provision at first", Start::cold, as_it_is, provision);
  attempt("provision", Start::warm, as_it_is, provision);
  attempt("make a room at first", Start::cold, as_it_is, make_picnic);
  attempt("make a room", Start::warm, as_it_is, make_picnic);
  attempt("reset", Start::warm, with_picnic, reset_ana);
}

TEST_CASE_FIXTURE(Trials, "messages, short of memory on the library's threads") {
  attempt("send at first", Start::cold, with_picnic, send_one);
  attempt("send", Start::warm, with_picnic, send_one);
  const Prepare with_a_message = [](Watched& in) {
    with_picnic(in);
    REQUIRE(send_one(in) == CONFAB_OK);
  };
  attempt("history", Start::warm, with_a_message, read_history);
  attempt("watch", Start::warm, with_picnic, watch, 3);
}

TEST_CASE_FIXTURE(Trials, "what else can be asked, short of memory on the library's threads") {
  constexpr unsigned long stride = 3;
  std::string said;
  const Prepare with_a_message = [&said](Watched& in) {
    with_picnic(in);
    auto message = request<confab_message_request>();
    message.room = "picnic";
    message.user = "ana";
    message.body = "one of many";
    said = string_of(in.result("sent", confab_send, in.tenant.get(), message), "/event_id");
  };
  attempt("doctor", Start::warm, as_it_is, examine, stride);
  auto user = request<confab_user_request>();
  user.user = "ana";
  attempt("account", Start::warm, with_picnic, of(confab_account, user), stride);
  auto room = request<confab_room_request>();
  room.room = "picnic";
  room.user = "ben";
  attempt("add a member", Start::warm, with_picnic, of(confab_add_member, room), stride);
  attempt("members", Start::warm, with_picnic, of(confab_members, room), stride);
  attempt("unread", Start::warm, with_picnic, of(confab_unread, room), stride);
  attempt("remove a member", Start::warm, with_picnic, of(confab_remove_member, room), stride);
  auto message = request<confab_message_request>();
  message.room = "picnic";
  message.user = "ana";
  message.body = "a text that is too long to fit into a string without an allocation";
  attempt("edit", Start::warm, with_a_message, of(confab_edit, message, &said), stride);
  attempt("redact", Start::warm, with_a_message, of(confab_redact, message, &said), stride);
  message.body = "+1";
  attempt("react", Start::warm, with_a_message, of(confab_react, message, &said), stride);
  auto notice = request<confab_notice_request>();
  notice.room = "picnic";
  notice.user = "ana";
  attempt("typing", Start::warm, with_a_message, of(confab_typing, notice, &said), stride);
  attempt("mark as read", Start::warm, with_a_message, of(confab_mark_read, notice, &said), stride);
  auto directory = request<confab_directory_request>();
  directory.json = park_directory;
  attempt("load", Start::warm, as_it_is, of(confab_directory_load, directory), stride);
}

TEST_CASE_FIXTURE(Trials, "the directory, short of memory on the library's threads") {
  attempt("refresh", Start::warm, as_it_is, refresh);
  attempt("apply", Start::warm, with_a_new_user, apply_batch);
}

TEST_CASE_FIXTURE(Trials, "passwords, short of memory on the library's threads") {
  attempt(
      "set a password", Start::warm,
      [](Watched& in) {
        with_a_new_user(in);
        REQUIRE_MESSAGE(apply_batch(in) == CONFAB_OK, in.said);
      },
      set_password, 3);
}

TEST_CASE_FIXTURE(Trials, "the outbox, short of memory on the library's threads") {
  attempt("say for good", Start::warm, with_picnic, say_durably, 127);  // some wait for the next look, or for a lease
  auto asked = request<confab_outbox_request>();
  attempt("list", Start::warm, with_picnic, of(confab_outbox_list, asked), 3);
}

TEST_CASE_FIXTURE(Trials,
                  "over a file, short of memory on the library's threads" * doctest::skip(confab_has("sqlite") == 0)) {
  attempt("open over a file", Start::warm_with_file, as_it_is, open_over_a_file, 3);
  attempt("provision over a file", Start::warm_with_file, as_it_is, provision);
  attempt("reset over a file", Start::warm_with_file, with_picnic, reset_ana, 3);
  const Prepare with_a_reset = [](Watched& in) {
    with_picnic(in);
    REQUIRE_MESSAGE(reset_ana(in) == CONFAB_OK, in.said);
  };
  attempt("send over a file", Start::warm_with_file, with_a_reset, send_one);
}
