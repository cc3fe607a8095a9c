// A store of the host's own, written in C.
#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include "../../examples/c/list_store.h"
#include "capi/client_at_work.hpp"

using namespace confab::test;

namespace {

using HeldStore = Held<confab_store, confab_store_release>;

// What a list_store is asked, and how often it was ended.
struct Watched {
  confab_store_vtable list = list_store_vtable(list_store_new(nullptr, nullptr));
  std::atomic<int> ended{0};
  std::promise<void> gone;
  std::atomic<int> transactions{0};
  std::atomic<confab_status> refuse{CONFAB_OK};

  confab_store_vtable table() {
    confab_store_vtable made = list;
    made.context = this;
    made.get = [](void* of, const char* key, confab_store_answer* answer) {
      return self(of).list.get(self(of).list.context, key, answer);
    };
    made.list = [](void* of, const char* prefix, const char* cursor, std::uint32_t limit, confab_store_answer* answer) {
      return self(of).list.list(self(of).list.context, prefix, cursor, limit, answer);
    };
    made.transact = [](void* of, const confab_store_write* const* writes, std::uint32_t count, std::int32_t promised,
                       confab_store_answer* answer) {
      ++self(of).transactions;
      if (self(of).refuse != CONFAB_OK) {
        confab_store_answer_fault(answer, "the disk", "the disk is full");
        return self(of).refuse.load();
      }
      return self(of).list.transact(self(of).list.context, writes, count, promised, answer);
    };
    made.now = nullptr;
    made.end = [](void* of) {
      ++self(of).ended;
      self(of).list.end(self(of).list.context);
      self(of).gone.set_value();
    };
    return made;
  }
  static Watched& self(void* of) { return *static_cast<Watched*>(of); }
};

struct Storing {
  FakeMatrix server;
  TemporaryDirectory folder;
  HeldRuntime runtime;
  HeldQueue queue;
  HeldError error;
  std::string json = configuration_of(server, folder);
  std::string base = folder.path().string();
  confab_client_options options = request<confab_client_options>();

  Storing() {
    REQUIRE(confab_runtime_new(nullptr, runtime.place(), nullptr) == CONFAB_OK);
    REQUIRE(confab_queue_new(nullptr, queue.place(), nullptr) == CONFAB_OK);
    folder.write("keys", "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n");
    std::filesystem::permissions(folder.file("keys"), std::filesystem::perms::owner_read);
    json.insert(1, R"("store":{"kind":"host","key_file":"keys"},)");
    options.json = json.c_str();
    options.folder = base.c_str();
  }
  HeldClient open() {
    HeldClient client;
    const confab_status opened = confab_client_open(runtime, &options, client.place(), error.place());
    REQUIRE_MESSAGE(opened == CONFAB_OK, std::string(error ? confab_error_message(error) : ""));
    return client;
  }
  confab_status provision(confab_client* client) {
    HeldTenant tenant;
    REQUIRE(confab_client_tenant(client, nullptr, tenant.place(), error.place()) == CONFAB_OK);
    auto user = request<confab_user_request>();
    user.user = "ana";
    REQUIRE(confab_provision(tenant, &user, queue, 1, nullptr, nullptr) == CONFAB_OK);
    HeldEvent event;
    REQUIRE(confab_queue_next(queue, patience_ms, event.place()) == CONFAB_OK);
    return confab_event_status(event);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Storing, "a store in C remembers from one client to the next, and is ended once") {
  Watched watched;
  const confab_store_vtable table = watched.table();
  HeldStore store;
  REQUIRE(confab_store_new(&table, store.place(), nullptr) == CONFAB_OK);
  options.store = store;
  for (int start = 0; start < 2; ++start) {
    const HeldClient client = open();
    CHECK(provision(client) == CONFAB_OK);
  }
  // The second one found the admin's token.
  CHECK(server.count("POST", "/_matrix/client/v3/login") == 1);
  CHECK(watched.transactions > 0);
  HeldClient last = open();
  store = HeldStore();
  CHECK(watched.ended == 0);
  CHECK(provision(last) == CONFAB_OK);
  last = HeldClient();
  REQUIRE(confab_runtime_close(runtime) == CONFAB_OK);
  // Perhaps on a thread of the store's own.
  REQUIRE(watched.gone.get_future().wait_for(std::chrono::milliseconds(patience_ms)) == std::future_status::ready);
  CHECK(watched.ended == 1);
}

TEST_CASE_FIXTURE(Storing, "what a store refuses is told in its words") {
  Watched watched;
  const confab_store_vtable table = watched.table();
  HeldStore store;
  REQUIRE(confab_store_new(&table, store.place(), nullptr) == CONFAB_OK);
  options.store = store;
  watched.refuse = CONFAB_STORE;
  const HeldClient client = open();
  HeldTenant tenant;
  // The directory is to be written.
  CHECK(confab_client_tenant(client, nullptr, tenant.place(), error.place()) == CONFAB_STORE);
  CHECK(std::string(confab_error_subject(error)) == "the disk");
  CHECK(std::string(confab_error_message(error)) == "the disk is full");
  REQUIRE(confab_runtime_close(runtime) == CONFAB_OK);
}

TEST_CASE_FIXTURE(Storing, "a table that is none, a store that is not asked for, and none where one is") {
  Watched watched;
  confab_store_vtable table = watched.table();
  HeldStore store;
  CHECK(confab_store_new(nullptr, store.place(), error.place()) == CONFAB_INVALID_ARGUMENT);
  CHECK(confab_store_new(&table, nullptr, error.place()) == CONFAB_INVALID_ARGUMENT);
  table.threads = 17;
  CHECK(confab_store_new(&table, store.place(), error.place()) == CONFAB_INVALID_ARGUMENT);
  CHECK(std::string(confab_error_subject(error)) == "threads");
  table.threads = 0;
  table.list = nullptr;
  CHECK(confab_store_new(&table, store.place(), error.place()) == CONFAB_INVALID_ARGUMENT);
  CHECK(watched.ended == 0);
  table.list = watched.table().list;
  REQUIRE(confab_store_new(&table, store.place(), error.place()) == CONFAB_OK);

  HeldClient client;
  CHECK(confab_client_open(runtime, &options, client.place(), error.place()) == CONFAB_CONFIG);
  CHECK(std::string(confab_error_subject(error)) == "store.kind");
  options.store = store;
  const std::string in_memory = configuration_of(server, folder);
  options.json = in_memory.c_str();
  CHECK(confab_client_open(runtime, &options, client.place(), error.place()) == CONFAB_INVALID_ARGUMENT);
  CHECK(std::string(confab_error_subject(error)) == "store");
}

TEST_CASE_FIXTURE(ClientAtWork,
                  "where a backup was put back, what waits in the outbox is looked for before it is sent") {
  const confab_store_vtable table = list_store_vtable(list_store_new(nullptr, nullptr));
  HeldStore store;
  REQUIRE(confab_store_new(&table, store.place(), nullptr) == CONFAB_OK);
  open_over(store, client);
  REQUIRE(confab_client_tenant(client, "park", tenant.place(), nullptr) == CONFAB_OK);
  make_room();
  const char* const sends = "/_matrix/client/v3/rooms/*/send/*/*";
  server.on("PUT", sends).then(Answer::real().hold()).times(1);
  auto message = request<confab_message_request>();
  message.room = "picnic";
  message.user = "ana";
  message.body = "first";
  result("accepted", confab_send_durably, tenant.get(), message);
  message.body = "second";
  const std::string second =
      string_of(result("accepted", confab_send_durably, tenant.get(), message), "/transaction_id");
  REQUIRE(server.wait_for(1, "PUT", sends, std::chrono::milliseconds(patience_ms)));
  auto reset = request<confab_reset_request>();
  reset.all_users = 1;
  CHECK(int_of(result("reset", confab_reset, tenant.get(), reset), "/messages") == 0);
  reset.restored = 1;
  CHECK(int_of(result("reset", confab_reset, tenant.get(), reset), "/messages") == 2);
  reset.all_users = 0;
  reset.user = "ana";
  const HeldEvent refused = ended(confab_reset, tenant.get(), reset);
  CHECK(confab_event_status(refused) == CONFAB_INVALID_ARGUMENT);
  CHECK(std::string(confab_error_subject(confab_event_error(refused))) == "user");

  const char* const history = "/_matrix/client/v3/rooms/*/messages";
  CHECK(server.count("GET", history) == 0);
  server.release();
  auto outbox = request<confab_outbox_request>();
  outbox.transaction_id = second.c_str();
  while (string_of(result("outbox_message", confab_outbox_show, tenant.get(), outbox), "/state") != "sent") {
  }
  CHECK(server.count("GET", history) > 0);  // a message that was not sent before is looked for by nobody
  CHECK(server.bodies(server.room_ids().at(0)) == std::vector<std::string>{"first", "second"});
}
