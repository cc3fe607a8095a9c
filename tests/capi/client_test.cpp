// Opening clients and tenants; runtimes that are closed, and two of them.
#include <sys/stat.h>
#include <string>

#include "capi/client_at_work.hpp"

using namespace confab::test;

namespace {

struct Opening {
  TemporaryDirectory folder;
  FakeMatrix server;
  HeldRuntime runtime;
  HeldClient client;
  HeldError error;

  Opening() { REQUIRE(confab_runtime_new(nullptr, runtime.place(), nullptr) == CONFAB_OK); }
  confab_status open(const confab_client_options& options) {
    const confab_status status = confab_client_open(runtime, &options, client.place(), error.place());
    CHECK((status == CONFAB_OK) == (client.get() != nullptr));
    CHECK((status == CONFAB_OK) == (error.get() == nullptr));
    return status;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Opening, "a configuration from a file or a text, not both, not neither") {
  const std::string json = configuration_of(server, folder);
  const std::string path = folder.write("confab.json", json);
  const std::string base = folder.path().string();
  auto options = request<confab_client_options>();
  CHECK(open(options) == CONFAB_INVALID_ARGUMENT);
  options.path = path.c_str();
  CHECK(open(options) == CONFAB_OK);
  options.json = json.c_str();
  options.folder = base.c_str();
  CHECK(open(options) == CONFAB_INVALID_ARGUMENT);
  options.path = nullptr;
  CHECK(open(options) == CONFAB_OK);
  options.json = R"({"homeserver":{}})";
  CHECK(open(options) == CONFAB_CONFIG);
  CHECK(std::string(confab_error_subject(error)) != "");
  options.json = "no JSON";
  CHECK(open(options) == CONFAB_CONFIG);
  CHECK(std::string(confab_error_message(error)).find("the configuration") != std::string::npos);
  const std::string missing = folder.file("none.json");
  options.json = nullptr;
  options.path = missing.c_str();
  CHECK(open(options) == CONFAB_CONFIG);
}

TEST_CASE_FIXTURE(Opening, "tenants by id, and the only one without") {
  std::string json = configuration_of(server, folder);
  const std::string base = folder.path().string();
  auto options = request<confab_client_options>();
  options.json = json.c_str();
  options.folder = base.c_str();
  REQUIRE(open(options) == CONFAB_OK);
  HeldTenant tenant;
  CHECK(confab_client_tenant(client, nullptr, tenant.place(), nullptr) == CONFAB_OK);
  CHECK(confab_client_tenant(client, "park", tenant.place(), nullptr) == CONFAB_OK);
  CHECK(confab_client_tenant(client, "moon", tenant.place(), error.place()) == CONFAB_NOT_FOUND);
  CHECK(tenant.get() == nullptr);
  CHECK(std::string(confab_error_subject(error)) == "id");
  json.insert(json.rfind("]}"), R"(,{"id":"moon","directory":"park.json"})");
  options.json = json.c_str();
  REQUIRE(open(options) == CONFAB_OK);
  CHECK(confab_client_tenant(client, nullptr, tenant.place(), nullptr) == CONFAB_INVALID_ARGUMENT);
  CHECK(confab_client_tenant(client, "moon", tenant.place(), nullptr) == CONFAB_OK);
}

TEST_CASE_FIXTURE(Opening,
                  "a store in a file: the tenant's directory is in it" * doctest::skip(CONFAB_EXPECTED_SQLITE == 0)) {
  const std::string key = folder.write("keys", "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n");
  REQUIRE(::chmod(key.c_str(), 0600) == 0);
  std::string json = configuration_of(server, folder);
  json.insert(1, R"("store":{"kind":"sqlite","path":"confab.db","key_file":"keys"},)");
  const std::string base = folder.path().string();
  auto options = request<confab_client_options>();
  options.json = json.c_str();
  options.folder = base.c_str();
  const confab_status opened = open(options);
  REQUIRE_MESSAGE(opened == CONFAB_OK, std::string(error ? confab_error_message(error) : ""));
  HeldTenant tenant;
  REQUIRE(confab_client_tenant(client, "park", tenant.place(), error.place()) == CONFAB_OK);
  HeldQueue queue;
  REQUIRE(confab_queue_new(nullptr, queue.place(), nullptr) == CONFAB_OK);
  auto user = request<confab_user_request>();
  user.user = "ana";
  REQUIRE(confab_provision(tenant, &user, queue, 1, nullptr, nullptr) == CONFAB_OK);
  HeldEvent event;
  REQUIRE(confab_queue_next(queue, patience_ms, event.place()) == CONFAB_OK);
  CHECK(confab_event_status(event) == CONFAB_OK);
}

TEST_CASE_FIXTURE(ClientAtWork, "two runtimes in one process, one of which ends") {
  HeldRuntime other;
  auto options = request<confab_runtime_options>();
  options.loop_threads = 2;
  REQUIRE(confab_runtime_new(&options, other.place(), nullptr) == CONFAB_OK);
  const std::string json = configuration_of(server, folder);
  const std::string base = folder.path().string();
  auto how = request<confab_client_options>();
  how.json = json.c_str();
  how.folder = base.c_str();
  HeldClient second;
  REQUIRE(confab_client_open(other, &how, second.place(), nullptr) == CONFAB_OK);
  HeldTenant park;
  REQUIRE(confab_client_tenant(second, "park", park.place(), nullptr) == CONFAB_OK);
  auto user = request<confab_user_request>();
  user.user = "ana";
  result("account", confab_provision, tenant.get(), user);
  result("account", confab_provision, park.get(), user);  // into the same queue

  CHECK(confab_runtime_close(other) == CONFAB_OK);
  CHECK(confab_runtime_close(other) == CONFAB_OK);
  CHECK(confab_event_status(ended(confab_account, park.get(), user)) == CONFAB_CLOSED);
  HeldClient third;
  CHECK(confab_client_open(other, &how, third.place(), nullptr) == CONFAB_CLOSED);
  result("account", confab_account, tenant.get(), user);
}

TEST_CASE_FIXTURE(ClientAtWork, "closing a runtime completes what is in flight before it returns") {
  server.on("*", "/**", Answer().hold());
  auto plain = request<confab_plain_request>();
  for (std::uint64_t tag = 1; tag <= 5; ++tag) {
    REQUIRE(confab_doctor(client, &plain, queue, tag, nullptr, nullptr) == CONFAB_OK);
  }
  CHECK(confab_runtime_close(runtime) == CONFAB_OK);
  for (int i = 0; i < 5; ++i) CHECK(confab_event_status(next(0)) == CONFAB_CLOSED);
  server.clear_scripts();
  server.release();
}
