// A store of the host's own: a confab::Store over a std::map with one thread, which is all that an implementation has
// to do. A host puts its database behind the same four operations.
//
// tests/contract reads the whole contract of include/confab/store.hpp to it, as to the library's own backends: add
// yours there, and read it to yours.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <confab/store.hpp>

namespace example {

using confab::StoreRecord;
using confab::StoreTime;
using confab::StoreVersion;
using confab::StoreWrite;

using Clock = std::function<StoreTime()>;

inline StoreTime system_time() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

// What the thread works on. The thread owns a part of it, since the store may be let go in one of its own handlers.
class Shelf {
 public:
  using Task = confab::UniqueFunction<void(Shelf&)>;
  explicit Shelf(Clock clock) : clock_(std::move(clock)) {}

  // The lock is held to the end: the store may be let go in the task, and the shelf be gone before this returns.
  void add(Task task) {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    wake_.notify_one();
  }
  void end() {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    wake_.notify_one();
  }
  void work() {
    for (;;) {
      Task task;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
        if (tasks_.empty()) return;  // what was begun is answered first
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task(*this);  // with no lock held
    }
  }

  // The rest is for tasks, which run one at a time.
  std::map<std::string, StoreRecord> rows;
  StoreVersion newest = 0;  // one counter for all keys, so that no version is ever used again
  StoreTime now() { return time_ = std::max(time_, clock_()); }  // it never goes back
  std::optional<StoreRecord> find(const std::string& key) {
    const auto at = rows.find(key);
    if (at == rows.end() || (at->second.expires() && *at->second.expires() <= now())) return std::nullopt;
    return at->second;
  }

 private:
  Clock clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;
  bool ending_ = false;
  StoreTime time_{};
};

// Each operation is handed to the thread, which calls the handler: once, and never inside the call that began it. The
// library has checked every argument before.
class MapStore final : public confab::Store {
 public:
  static constexpr std::size_t page_bytes = std::size_t{1} << 20U;
  // A database tells the time itself; here a test may.
  explicit MapStore(Clock clock = system_time)
      : shelf_(std::make_shared<Shelf>(std::move(clock))), thread_([shelf = shelf_] { shelf->work(); }) {}
  ~MapStore() override {
    shelf_->end();
    if (thread_.get_id() == std::this_thread::get_id()) {
      thread_.detach();  // nobody can wait for themselves
    } else {
      thread_.join();
    }
  }

  void get(std::string key, confab::StoreHandler<std::optional<StoreRecord>> done) override {
    shelf_->add([key = std::move(key), done = std::move(done)](Shelf& shelf) mutable { done(shelf.find(key)); });
  }

  void list(std::string prefix, std::string cursor, std::size_t limit,
            confab::StoreHandler<confab::StorePage> done) override {
    shelf_->add(
        [prefix = std::move(prefix), cursor = std::move(cursor), limit, done = std::move(done)](Shelf& shelf) mutable {
          std::vector<StoreRecord> found;
          std::string more;
          std::size_t bytes = 0;
          // A cursor of ours is the last key of the page before.
          auto at = cursor.empty() ? shelf.rows.lower_bound(prefix) : shelf.rows.upper_bound(cursor);
          for (; at != shelf.rows.end() && at->first.starts_with(prefix); ++at) {
            auto record = shelf.find(at->first);
            if (!record) continue;
            bytes += record->key().size() + record->value().size();
            if (found.size() == limit || (!found.empty() && bytes > page_bytes)) {
              more = found.back().key();
              break;
            }
            found.push_back(std::move(*record));
          }
          done(confab::StorePage(std::move(found), std::move(more)));
        });
  }

  // All steps or none. A std::map outlives no process: a database would commit here, as durably as was asked for.
  void transact(std::vector<StoreWrite> writes, confab::Durability /*durability*/,
                confab::StoreHandler<std::vector<StoreVersion>> done) override {
    shelf_->add([writes = std::move(writes), done = std::move(done)](Shelf& shelf) mutable {
      for (const StoreWrite& write : writes) {
        const auto record = shelf.find(write.key());
        if ((record ? record->version() : 0) != write.expected()) {
          return done(confab::Error(confab::Errc::conflict, "the version is another one").with_subject(write.key()));
        }
      }
      std::vector<StoreVersion> versions;
      for (const StoreWrite& write : writes) {
        versions.push_back(write.kind() == StoreWrite::Kind::check ? write.expected() : 0);
        if (write.kind() == StoreWrite::Kind::erase) shelf.rows.erase(write.key());
        if (write.kind() != StoreWrite::Kind::put) continue;
        versions.back() = ++shelf.newest;
        std::optional<StoreTime> expires;
        if (write.lifetime()) expires = shelf.now() + *write.lifetime();
        shelf.rows.insert_or_assign(write.key(), StoreRecord(write.key(), shelf.newest, write.value(), expires));
      }
      done(std::move(versions));
    });
  }

  void now(confab::StoreHandler<StoreTime> done) override {
    shelf_->add([done = std::move(done)](Shelf& shelf) mutable { done(shelf.now()); });
  }

 private:
  std::shared_ptr<Shelf> shelf_;
  std::thread thread_;
};

}  // namespace example
