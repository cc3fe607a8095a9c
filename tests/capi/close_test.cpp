// A runtime that is closed while other threads are inside calls with it; also run by ThreadSanitizer.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "capi/client_at_work.hpp"

using namespace confab::test;

namespace {

// What opens a client, with a password that is asked for.
struct OpenedByAnother : ClientAtWork {
  HeldQueue questions;
  const std::string password = "\"" + std::string(FakeMatrix::admin_password) + "\"";
  const std::string base = folder.path().string();
  std::string json = configuration_of(server, folder);
  HeldClient opened;
  confab_status status = CONFAB_OK;

  OpenedByAnother() {
    REQUIRE(confab_queue_new(nullptr, questions.place(), nullptr) == CONFAB_OK);
    json.replace(json.find(password), password.size(), R"({"ask":true},"ca_file":"ca.pem")");
    folder.write("ca.pem", "-----BEGIN CERTIFICATE-----\n");
  }
  std::thread open_by_another() {
    return std::thread([this] {
      auto options = request<confab_client_options>();
      options.json = json.c_str();
      options.folder = base.c_str();
      options.question_queue = questions;
      status = confab_client_open(runtime, &options, opened.place(), nullptr);
    });
  }
  HeldEvent question() {
    HeldEvent event;
    CHECK(confab_queue_next(questions, patience_ms, event.place()) == CONFAB_OK);
    return event;
  }
};

// A store that is asked and does not answer before it is let.
struct StandingStore {
  std::promise<void> asked;
  std::promise<void> let;
  std::shared_future<void> is_let = let.get_future().share();
  std::atomic<bool> was_asked{false};

  static confab_status stand(void* of, confab_store_answer* /*answer*/) {
    StandingStore& self = *static_cast<StandingStore*>(of);
    if (!self.was_asked.exchange(true)) self.asked.set_value();
    self.is_let.wait();
    return CONFAB_STORE;
  }
};

}  // namespace

TEST_CASE_FIXTURE(OpenedByAnother, "closing a runtime waits for who is inside of opening a client with it") {
  std::thread opening = open_by_another();
  const HeldEvent asked = question();
  // From here on it stands where nothing but the test can let it go: the authorities that it is about to read are a
  // pipe.
  const std::string authorities = folder.file("ca.pem");
  std::filesystem::remove(authorities);
  CHECK(::mkfifo(authorities.c_str(), S_IRUSR | S_IWUSR) == 0);
  CHECK(confab_answer(asked, password.c_str()) == CONFAB_OK);
  const int pipe = ::open(authorities.c_str(), O_WRONLY | O_CLOEXEC);  // waits for who reads
  CHECK(pipe >= 0);
  std::atomic<bool> let{false};
  std::thread letting([&] {
    // Refused with CONFAB_CLOSED it is once the closing has begun. A thousand times: time enough to return too early
    // in.
    const auto nothing = request<confab_client_options>();
    for (int refused = 0; refused < 1000;) {
      HeldClient none;
      if (confab_client_open(runtime, &nothing, none.place(), nullptr) == CONFAB_CLOSED) ++refused;
    }
    let = true;
    ::close(pipe);
  });
  CHECK(confab_runtime_close(runtime) == CONFAB_OK);
  CHECK(let);
  opening.join();
  letting.join();
  CHECK(status == CONFAB_CLOSED);
  CHECK(opened.get() == nullptr);
}

TEST_CASE_FIXTURE(OpenedByAnother, "closing a runtime ends the opening of a client that waits for an answer") {
  std::thread opening = open_by_another();
  const HeldEvent asked = question();
  CHECK(confab_runtime_close(runtime) == CONFAB_OK);
  opening.join();
  CHECK(status == CONFAB_CLOSED);
  CHECK(confab_answer(asked, password.c_str()) == CONFAB_CLOSED);
}

TEST_CASE_FIXTURE(ClientAtWork, "closing a runtime ends the opening of a tenant whose store does not answer") {
  static StandingStore standing;  // the store's own thread may be in it for a moment more
  const confab_store_vtable table = store_that_answers<StandingStore::stand>(&standing);
  Held<confab_store, confab_store_release> store;
  REQUIRE(confab_store_new(&table, store.place(), nullptr) == CONFAB_OK);
  HeldClient over;
  open_over(store, over);
  confab_status status = CONFAB_OK;
  std::thread opening([&] {
    HeldTenant none;
    status = confab_client_tenant(over, "park", none.place(), nullptr);
  });
  standing.asked.get_future().wait();
  CHECK(confab_runtime_close(runtime) == CONFAB_OK);
  opening.join();
  CHECK(status == CONFAB_CLOSED);
  standing.let.set_value();
}

TEST_CASE_FIXTURE(ClientAtWork, "clients and tenants are opened by six threads while two close their runtime") {
  const std::string json = configuration_of(server, folder);
  const std::string base = folder.path().string();
  std::atomic<unsigned> opened{0};
  std::atomic<unsigned> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      auto options = request<confab_client_options>();
      options.json = json.c_str();
      options.folder = base.c_str();
      for (;;) {
        HeldClient each;
        HeldTenant park;
        confab_status status = confab_client_open(runtime, &options, each.place(), nullptr);
        if (status == CONFAB_OK) status = confab_client_tenant(each, nullptr, park.place(), nullptr);
        if (status == CONFAB_CLOSED) return;
        if (status != CONFAB_OK) ++wrong;
        ++opened;
      }
    });
  }
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (opened < 12) std::this_thread::yield();
      if (confab_runtime_close(runtime) != CONFAB_OK) ++wrong;
      HeldClient late;
      const auto options = request<confab_client_options>();
      if (confab_client_open(runtime, &options, late.place(), nullptr) != CONFAB_CLOSED) ++wrong;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}
