#include "capi/host_store.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <confab/unique_function.hpp>

#include "capi/guard.hpp"
#include "capi/request.hpp"

// What one call found. Lives as long as the call.
struct confab_store_answer : confab::capi::HandleOf<confab::capi::Kind::store_answer> {
  std::vector<confab::StoreRecord> records;
  std::string cursor;
  std::vector<confab::StoreVersion> versions;
  std::optional<confab::StoreTime> time;
  std::string subject;
  std::string message;
};

namespace confab::capi {
namespace {

Error untrue() { return Error(Errc::store, "the store's answer does not fit the question").with_subject("store"); }

// As Store says; what says nothing that a store may say is a fault of the store.
Error fault_of(confab_status status, const confab_store_answer& answer) {
  Errc code = Errc::store;
  std::string message = "the host's store failed";
  if (status == CONFAB_CONFLICT) {
    code = Errc::conflict;
    message = "the version is another one";
  } else if (status == CONFAB_BUSY || status == CONFAB_NO_MEMORY || status == CONFAB_TOO_LARGE) {
    code = static_cast<Errc>(status);
  }
  if (!answer.message.empty()) message = answer.message;
  return Error(code, std::move(message)).with_subject(answer.subject.empty() ? "store" : answer.subject);
}

StoreTime system_time() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::int32_t kind_of(StoreWrite::Kind kind) {
  switch (kind) {
    case StoreWrite::Kind::put:
      return CONFAB_STORE_PUT;
    case StoreWrite::Kind::erase:
      return CONFAB_STORE_ERASE;
    case StoreWrite::Kind::check:
      break;
  }
  return CONFAB_STORE_CHECK;
}

// What the threads work on. They keep it: the store may be let go in one of its own handlers.
class Work {
 public:
  explicit Work(const confab_store_vtable& table) : table_(table) {}
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;
  // With the last thread, so that nothing is called any more.
  ~Work() {
    if (begun_ && table_.end != nullptr) table_.end(table_.context);
  }
  void begin() noexcept { begun_ = true; }

  using Call = UniqueFunction<void(const confab_store_vtable&, const std::optional<Error>& refused)>;

  // The lock is held to the end: the store may be let go in the call, and this be gone before it returns.
  void add(Call call) {
    const std::lock_guard lock(mutex_);
    calls_.emplace_back(std::move(call), calls_.size() >= most_store_calls);
    wake_.notify_one();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    wake_.notify_all();
  }
  void run() {
    for (;;) {
      Call call;
      std::optional<Error> refused;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return closed_ || !calls_.empty(); });
        if (calls_.empty()) return;
        call = std::move(calls_.front().first);
        if (calls_.front().second) refused = Error(Errc::busy, "too many operations wait for the store");
        if (closed_) refused = Error(Errc::closed, "the store was closed");
        calls_.pop_front();
      }
      call(table_, refused);
    }
  }

 private:
  const confab_store_vtable table_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::pair<Call, bool>> calls_;  // under the mutex, with whether there were too many; and so is
  bool closed_ = false;
  bool begun_ = false;  // written once, before anything is asked of the store
};

// One operation: `ask` calls the host's function, `read` makes the result of what it answered.
template <class T, class Ask, class Read>
Work::Call operation(StoreHandler<T> done, Ask ask, Read read) {
  return [done = std::move(done), ask = std::move(ask), read](const confab_store_vtable& table,
                                                              const std::optional<Error>& refused) mutable {
    if (refused) return done(*refused);
    Result<T> result = untrue();
    try {
      confab_store_answer answer;
      const confab_status status = ask(table, answer);
      result = status == CONFAB_OK ? read(answer) : Result<T>(fault_of(status, answer));
    } catch (const std::bad_alloc&) {
      result = no_memory();
    }
    done(std::move(result));
  };
}

class HostStore final : public Store {
 public:
  HostStore(const confab_store_vtable& table, std::uint32_t threads) : work_(std::make_shared<Work>(table)) {
    try {
      threads_.reserve(threads);
      for (std::uint32_t i = 0; i < threads; ++i) threads_.emplace_back([work = work_] { work->run(); });
    } catch (...) {
      end();
      throw;
    }
  }
  ~HostStore() override { end(); }
  /// From now on the host's `end` is called with the last thread.
  void begin() noexcept { work_->begin(); }

  void get(std::string key, StoreHandler<std::optional<StoreRecord>> done) override {
    work_->add(operation(
        std::move(done),
        [key = std::move(key)](const confab_store_vtable& table, confab_store_answer& answer) {
          return table.get(table.context, key.c_str(), &answer);
        },
        [](confab_store_answer& answer) -> Result<std::optional<StoreRecord>> {
          if (answer.records.size() > 1) return untrue();
          if (answer.records.empty()) return std::optional<StoreRecord>();
          return std::optional(std::move(answer.records.front()));
        }));
  }

  void list(std::string prefix, std::string cursor, std::size_t limit, StoreHandler<StorePage> done) override {
    work_->add(operation(
        std::move(done),
        [prefix = std::move(prefix), cursor = std::move(cursor), limit](const confab_store_vtable& table,
                                                                        confab_store_answer& answer) {
          return table.list(table.context, prefix.c_str(), cursor.c_str(), static_cast<std::uint32_t>(limit), &answer);
        },
        [](confab_store_answer& answer) -> Result<StorePage> {
          return StorePage(std::move(answer.records), std::move(answer.cursor));
        }));
  }

  void transact(std::vector<StoreWrite> writes, Durability durability,
                StoreHandler<std::vector<StoreVersion>> done) override {
    work_->add(operation(
        std::move(done),
        [writes = std::move(writes), durability](const confab_store_vtable& table, confab_store_answer& answer) {
          std::vector<confab_store_write> steps;
          steps.reserve(writes.size());
          std::vector<const confab_store_write*> list;
          list.reserve(writes.size());
          for (const StoreWrite& write : writes) {
            confab_store_write step{};
            step.struct_size = sizeof step;
            step.kind = kind_of(write.kind());
            step.key = write.key().c_str();
            step.expected = write.expected();
            step.value = write.value().c_str();
            step.lifetime_ms = write.lifetime() ? std::int64_t{write.lifetime()->count()} : -1;
            steps.push_back(step);
            list.push_back(&steps.back());
          }
          return table.transact(table.context, list.data(), static_cast<std::uint32_t>(list.size()),
                                durability == Durability::promised ? 1 : 0, &answer);
        },
        [](confab_store_answer& answer) -> Result<std::vector<StoreVersion>> { return std::move(answer.versions); }));
  }

  void now(StoreHandler<StoreTime> done) override {
    work_->add(operation(
        std::move(done),
        [](const confab_store_vtable& table, confab_store_answer& answer) -> confab_status {
          if (table.now != nullptr) return table.now(table.context, &answer);
          answer.time = system_time();
          return CONFAB_OK;
        },
        [](const confab_store_answer& answer) -> Result<StoreTime> {
          if (!answer.time) return untrue();
          return *answer.time;
        }));
  }

 private:
  void end() {
    work_->close();
    for (std::thread& thread : threads_) {
      if (thread.get_id() == std::this_thread::get_id()) {
        thread.detach();  // nobody can wait for themselves
      } else {
        thread.join();
      }
    }
  }

  std::shared_ptr<Work> work_;
  std::vector<std::thread> threads_;
};

}  // namespace

std::shared_ptr<Store> make_host_store(const confab_store_vtable* vtable) {
  const confab_store_vtable table = read_struct(vtable, "vtable");
  if (table.get == nullptr || table.list == nullptr || table.transact == nullptr) {
    refuse(Errc::invalid_argument, "vtable", "get, list and transact are required");
  }
  if (table.threads > most_store_threads) refuse(Errc::invalid_argument, "threads", "threads is out of range");
  auto store = std::make_shared<HostStore>(table, table.threads == 0 ? 1 : table.threads);
  store->begin();
  return store;
}

}  // namespace confab::capi

using namespace confab::capi;

confab_status confab_store_new(const confab_store_vtable* vtable, confab_store** store, confab_error** error) {
  return guarded(error, [&] {
    require_place(store, "store");
    watch_forks();
    *store = new confab_store(make_host_store(vtable));
  });
}

confab_store* confab_store_retain(confab_store* store) { return retain(store); }
void confab_store_release(confab_store* store) { release(store); }

confab_status confab_store_answer_record(confab_store_answer* answer, const char* key, uint64_t version,
                                         const char* value, int64_t expires_ms) {
  return guarded(nullptr, [&] {
    confab_store_answer& to = require(answer, "answer");
    std::optional<confab::StoreTime> expires;
    if (expires_ms >= 0) expires = confab::StoreTime(std::chrono::milliseconds(expires_ms));
    to.records.emplace_back(text(key), version, text(value), expires);
  });
}

confab_status confab_store_answer_cursor(confab_store_answer* answer, const char* cursor) {
  return guarded(nullptr, [&] { require(answer, "answer").cursor = text(cursor); });
}

confab_status confab_store_answer_version(confab_store_answer* answer, uint64_t version) {
  return guarded(nullptr, [&] { require(answer, "answer").versions.push_back(version); });
}

confab_status confab_store_answer_time(confab_store_answer* answer, int64_t time_ms) {
  return guarded(nullptr,
                 [&] { require(answer, "answer").time = confab::StoreTime(std::chrono::milliseconds(time_ms)); });
}

confab_status confab_store_answer_fault(confab_store_answer* answer, const char* subject, const char* message) {
  return guarded(nullptr, [&] {
    confab_store_answer& to = require(answer, "answer");
    to.subject = text(subject);
    to.message = text(message);
  });
}
