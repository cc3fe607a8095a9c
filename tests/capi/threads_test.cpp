// Use from many threads at once; also run by ThreadSanitizer.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "capi/client_at_work.hpp"

using namespace confab::test;

TEST_CASE_FIXTURE(ClientAtWork, "eight threads share a tenant and a queue of the C ABI") {
  make_room();
  constexpr unsigned threads = 8;
  constexpr unsigned each = 12;
  std::atomic<unsigned> sent{0};
  std::atomic<unsigned> ended{0};
  std::vector<std::thread> workers;
  for (unsigned worker = 0; worker < threads; ++worker) {
    workers.emplace_back([&, worker] {
      for (unsigned i = 0; i < each; ++i) {
        const std::string body = std::to_string(worker) + "." + std::to_string(i);
        auto message = request<confab_message_request>();
        message.room = "picnic";
        message.user = worker % 2 == 0 ? "ana" : "ben";
        message.body = body.c_str();
        HeldOperation operation;
        HeldError error;
        if (confab_send(tenant, &message, queue, worker, operation.place(), error.place()) != CONFAB_OK) return;
        if (i % 4 == 3) confab_operation_cancel(operation);
        // Whoever's it is: as many are taken as are sent.
        HeldEvent event;
        if (confab_queue_next(queue, patience_ms, event.place()) != CONFAB_OK) return;
        const HeldEvent other(confab_event_retain(event));
        ++ended;
        if (confab_event_status(other) == CONFAB_OK && confab_event_string(other, "/event_id", nullptr) != nullptr) {
          ++sent;
        }
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  CHECK(ended == threads * each);
  CHECK(sent >= threads * each / 2);
  HeldEvent none;
  CHECK(confab_queue_next(queue, 0, none.place()) == CONFAB_TIMED_OUT);
}

TEST_CASE_FIXTURE(ClientAtWork, "eight threads read one event, and release what others use") {
  make_room();
  say("ana", "hello");
  auto asked = request<confab_history_request>();
  asked.room = "picnic";
  asked.user = "ana";
  const HeldEvent event = result("history", confab_history, tenant.get(), asked);
  std::atomic<unsigned> same{0};
  std::vector<std::thread> readers;
  for (unsigned i = 0; i < 8; ++i) {
    readers.emplace_back([&] {
      const HeldTenant mine(confab_tenant_retain(tenant));
      const HeldClient its(confab_client_retain(client));
      const HeldRuntime whose(confab_runtime_retain(runtime));
      for (int round = 0; round < 50; ++round) {
        const HeldEvent another(confab_event_retain(event));
        if (string_of(another, "/messages/0/body") == "hello" && int_of(another, "/messages/0/edited") == 0) ++same;
        HeldTenant again;
        if (confab_client_tenant(its, nullptr, again.place(), nullptr) != CONFAB_OK) return;
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
  CHECK(same == 8 * 50);
}

TEST_CASE_FIXTURE(ClientAtWork, "a stream is granted, acknowledged and closed by several threads") {
  make_room();
  HeldQueue events;
  REQUIRE(confab_queue_new(nullptr, events.place(), nullptr) == CONFAB_OK);
  auto asked = request<confab_stream_request>();
  asked.user = "ana";
  HeldStream stream;
  REQUIRE(confab_stream_open(tenant, &asked, events, 1, stream.place(), nullptr) == CONFAB_OK);
  result("done", confab_stream_ready, stream.get(), request<confab_plain_request>());
  std::atomic<unsigned> batches{0};
  std::atomic<unsigned> ends{0};
  std::vector<std::thread> readers;
  for (unsigned i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      for (;;) {
        confab_stream_grant(stream, 2);
        HeldEvent event;
        if (confab_queue_next(events, patience_ms, event.place()) != CONFAB_OK) return;
        if (confab_event_kind(event) == CONFAB_EVENT_STREAM_END) {
          ++ends;
          confab_queue_close(events);
          return;
        }
        ++batches;
        confab_stream_ack(stream, event);
      }
    });
  }
  for (int i = 0; i < 10; ++i) say("ana", "again");
  while (batches == 0) std::this_thread::yield();
  confab_stream_close(stream);
  for (std::thread& reader : readers) reader.join();
  CHECK(ends == 1);
}
