#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "capi/client_at_work.hpp"

using namespace confab::test;

namespace {

bool readable(const confab_queue* queue, int timeout_ms = 0) {
  pollfd watched{confab_queue_fd(queue), POLLIN, 0};
  return ::poll(&watched, 1, timeout_ms) == 1;
}

// An operation that ends at once: the directory lists nobody of this name.
confab_status ask_quickly(confab_tenant* tenant, confab_queue* queue, std::uint64_t tag) {
  auto user = request<confab_user_request>();
  user.user = "nobody";
  return confab_provision(tenant, &user, queue, tag, nullptr, nullptr);
}

}  // namespace

TEST_CASE_FIXTURE(ClientAtWork, "the descriptor can be read from as long as there is something to take") {
  CHECK((::fcntl(confab_queue_fd(queue), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK_FALSE(readable(queue));
  constexpr std::uint64_t count = 3;
  for (std::uint64_t tag = 1; tag <= count; ++tag) REQUIRE(ask_quickly(tenant, queue, tag) == CONFAB_OK);
  REQUIRE(readable(queue, patience_ms));
  std::set<std::uint64_t> tags;
  for (std::uint64_t taken = 0; taken < count; ++taken) {
    REQUIRE(readable(queue, patience_ms));
    CHECK(readable(queue));  // level-triggered: looking changes nothing
    tags.insert(confab_event_tag(next(0)));
  }
  CHECK(tags == std::set<std::uint64_t>{1, 2, 3});
  CHECK_FALSE(readable(queue));
  HeldEvent none;
  CHECK(confab_queue_next(queue, 0, none.place()) == CONFAB_TIMED_OUT);
  CHECK(confab_queue_next(queue, 1, none.place()) == CONFAB_TIMED_OUT);
}

TEST_CASE_FIXTURE(ClientAtWork, "a closed queue refuses, gives what it has, and stays readable") {
  REQUIRE(ask_quickly(tenant, queue, 1) == CONFAB_OK);
  REQUIRE(readable(queue, patience_ms));
  CHECK(confab_queue_close(queue) == CONFAB_OK);
  CHECK(confab_queue_close(queue) == CONFAB_OK);
  CHECK(ask_quickly(tenant, queue, 2) == CONFAB_CLOSED);
  CHECK(confab_event_tag(next(0)) == 1);
  HeldEvent none;
  CHECK(confab_queue_next(queue, -1, none.place()) == CONFAB_CLOSED);
  CHECK(readable(queue));
}

TEST_CASE_FIXTURE(ClientAtWork, "closing wakes all who wait, and drops what comes later") {
  server.on("*", "/**", Answer().hold());
  auto plain = request<confab_plain_request>();
  REQUIRE(confab_doctor(client, &plain, queue, 1, nullptr, nullptr) == CONFAB_OK);
  std::vector<std::thread> waiting;
  std::atomic<int> closed{0};
  for (int i = 0; i < 3; ++i) {
    waiting.emplace_back([&] {
      HeldEvent event;
      if (confab_queue_next(queue, -1, event.place()) == CONFAB_CLOSED) ++closed;
    });
  }
  CHECK(confab_queue_close(queue) == CONFAB_OK);
  for (std::thread& each : waiting) each.join();
  CHECK(closed == 3);
  server.clear_scripts();
  server.release();
}

TEST_CASE_FIXTURE(ClientAtWork, "a full queue is busy until an event is taken") {
  auto options = request<confab_queue_options>();
  options.most_operations = 2;
  HeldQueue small;
  REQUIRE(confab_queue_new(&options, small.place(), nullptr) == CONFAB_OK);
  CHECK(ask_quickly(tenant, small, 1) == CONFAB_OK);
  CHECK(ask_quickly(tenant, small, 2) == CONFAB_OK);
  CHECK(ask_quickly(tenant, small, 3) == CONFAB_BUSY);
  // Arrived and not taken counts, too.
  CHECK(readable(small, patience_ms));
  CHECK(ask_quickly(tenant, small, 3) == CONFAB_BUSY);
  HeldEvent event;
  REQUIRE(confab_queue_next(small, patience_ms, event.place()) == CONFAB_OK);
  CHECK(ask_quickly(tenant, small, 3) == CONFAB_OK);
  // A stream needs two places.
  REQUIRE(confab_queue_next(small, patience_ms, event.place()) == CONFAB_OK);
  auto asked = request<confab_stream_request>();
  asked.user = "ana";
  HeldStream stream;
  CHECK(confab_stream_open(tenant, &asked, small, 4, stream.place(), nullptr) == CONFAB_BUSY);
  REQUIRE(confab_queue_next(small, patience_ms, event.place()) == CONFAB_OK);
  CHECK(confab_event_tag(event) == 3);
  CHECK(confab_stream_open(tenant, &asked, small, 4, stream.place(), nullptr) == CONFAB_OK);
  CHECK(ask_quickly(tenant, small, 5) == CONFAB_BUSY);
  CHECK(confab_stream_close(stream) == CONFAB_OK);
  REQUIRE(confab_queue_next(small, patience_ms, event.place()) == CONFAB_OK);
  CHECK(confab_event_kind(event) == CONFAB_EVENT_STREAM_END);
  CHECK(ask_quickly(tenant, small, 5) == CONFAB_OK);
}

TEST_CASE_FIXTURE(ClientAtWork, "several consumers of one queue: each event goes to one of them") {
  constexpr std::size_t count = 400;
  std::vector<std::vector<std::uint64_t>> taken(4);
  std::vector<std::thread> consumers;
  for (auto& mine : taken) {
    consumers.emplace_back([&] {
      for (;;) {
        HeldEvent event;
        if (confab_queue_next(queue, -1, event.place()) != CONFAB_OK) return;
        mine.push_back(confab_event_tag(event));
        // The one who has the last one ends it for all.
        if (confab_event_tag(event) == count) confab_queue_close(queue);
      }
    });
  }
  for (std::uint64_t tag = 1; tag < count; ++tag) CHECK(ask_quickly(tenant, queue, tag) == CONFAB_OK);
  // The last one is asked for when all others have been told: they are of one user, hence in order.
  CHECK(ask_quickly(tenant, queue, count) == CONFAB_OK);
  for (std::thread& each : consumers) each.join();
  std::vector<std::uint64_t> all;
  for (const auto& mine : taken) {
    CHECK(std::is_sorted(mine.begin(), mine.end()));
    all.insert(all.end(), mine.begin(), mine.end());
  }
  std::sort(all.begin(), all.end());
  CHECK(all.size() == count);
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
}

TEST_CASE_FIXTURE(ClientAtWork, "freed with operations in flight: a queue, a client, an operation, all of them") {
  server.on("*", "/**", Answer().hold());
  auto plain = request<confab_plain_request>();
  HeldOperation operation;
  REQUIRE(confab_doctor(client, &plain, queue, 1, operation.place(), nullptr) == CONFAB_OK);
  SUBCASE("the operation: it goes on, and can be cancelled no more") {
    operation = HeldOperation();
    server.clear_scripts();
    server.release();
    CHECK(confab_event_tag(next()) == 1);
  }
  SUBCASE("cancelled, it ends; and again does nothing") {
    CHECK(confab_operation_cancel(operation) == CONFAB_OK);
    const HeldEvent event = next();
    CHECK(confab_event_status(event) != CONFAB_OK);
    CHECK(confab_operation_cancel(operation) == CONFAB_OK);
  }
  SUBCASE("client, tenant and runtime: the completion tells that it was closed") {
    tenant = HeldTenant();
    client = HeldClient();
    runtime = HeldRuntime();
    CHECK(confab_event_status(next(0)) == CONFAB_CLOSED);
    CHECK(confab_operation_cancel(operation) == CONFAB_OK);
  }
  SUBCASE("the queue: what comes is dropped") { queue = HeldQueue(); }
  server.clear_scripts();
  server.release();
}
