#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "capi/client_at_work.hpp"

using namespace confab::test;

namespace {

// How many of its calls did not answer as a child's should: the child's exit code.
int wrong_answers(const ClientAtWork& parent, confab_event* event, confab_stream* stream) {
  int wrong = 0;
  const auto expect = [&wrong](bool right) { wrong += right ? 0 : 1; };
  confab_queue* queue = parent.queue;
  confab_event* taken = nullptr;
  expect(confab_queue_next(queue, -1, &taken) == CONFAB_FORKED);
  expect(confab_queue_close(queue) == CONFAB_FORKED);
  expect(confab_queue_fd(queue) == -1);
  auto user = request<confab_user_request>();
  user.user = "ana";
  confab_operation* operation = nullptr;
  confab_error* error = nullptr;
  expect(confab_account(parent.tenant, &user, queue, 1, &operation, &error) == CONFAB_FORKED);
  expect(operation == nullptr && error == nullptr);
  confab_tenant* tenant = nullptr;
  expect(confab_client_tenant(parent.client, nullptr, &tenant, nullptr) == CONFAB_FORKED);
  confab_runtime* runtime = nullptr;
  expect(confab_runtime_new(nullptr, &runtime, nullptr) == CONFAB_FORKED);
  expect(confab_runtime_close(parent.runtime) == CONFAB_FORKED);
  expect(confab_stream_grant(stream, 1) == CONFAB_FORKED);
  expect(confab_event_status(event) == CONFAB_FORKED);
  expect(confab_event_string(event, "/user_id", nullptr) == nullptr);
  expect(confab_event_json(event, nullptr) == nullptr);
  // Releases do nothing, so nothing waits for threads that are not here.
  confab_event_release(event);
  confab_stream_release(stream);
  confab_tenant_release(parent.tenant);
  confab_client_release(parent.client);
  confab_queue_release(queue);
  confab_runtime_release(parent.runtime);
  expect(std::string(confab_status_name(CONFAB_FORKED)) == "forked");
  return wrong;
}

}  // namespace

TEST_CASE_FIXTURE(ClientAtWork, "in a forked child every call says so, and the parent goes on") {
  auto user = request<confab_user_request>();
  user.user = "ana";
  const HeldEvent event = result("account", confab_provision, tenant.get(), user);
  auto asked = request<confab_stream_request>();
  asked.user = "ana";
  HeldStream stream;
  REQUIRE(confab_stream_open(tenant, &asked, queue, 1, stream.place(), nullptr) == CONFAB_OK);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(wrong_answers(*this, event, stream));
  REQUIRE(child > 0);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  result("account", confab_account, tenant.get(), user);
}
