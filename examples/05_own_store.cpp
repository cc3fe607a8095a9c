// 5. The host's own store: what the library remembers goes where the host keeps its data.
//
// Shows   a confab::Store over a std::map with one thread: all that an implementation has to do. A host puts its
// database
//         behind the same four operations; tests/contract is the suite that judges it.
// Needs   as 01.
// Run     example_05_own_store confab.json picnic ana      (an event of the directory file, and its creator)
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <confab/confab.hpp>

namespace {

using confab::StoreRecord;
using confab::StoreTime;
using confab::StoreVersion;
using confab::StoreWrite;

// What the thread works on. The thread owns a part of it, since the store may be let go in one of its own handlers.
class Shelf {
 public:
  using Task = confab::UniqueFunction<void(Shelf&)>;

  void add(Task task) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
  }
  void end() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
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
  StoreTime now() {
    const auto read = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    return time_ = std::max(time_, read);  // it never goes back
  }
  std::optional<StoreRecord> find(const std::string& key) {
    const auto at = rows.find(key);
    if (at == rows.end() || (at->second.expires() && *at->second.expires() <= now())) return std::nullopt;
    return at->second;
  }

 private:
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
  MapStore() : shelf_(std::make_shared<Shelf>()), thread_([shelf = shelf_] { shelf->work(); }) {}
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
          // A cursor of ours is the last key of the page before.
          auto at = cursor.empty() ? shelf.rows.lower_bound(prefix) : shelf.rows.upper_bound(cursor);
          for (; at != shelf.rows.end() && at->first.starts_with(prefix); ++at) {
            if (found.size() == limit) {
              more = found.back().key();
              break;
            }
            if (auto record = shelf.find(at->first)) found.push_back(std::move(*record));
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

int fail(const char* what, const confab::Error& error) {
  std::fprintf(stderr, "%s: %s\n", what, std::string(error.message()).c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s CONFIG EVENT CREATOR\n", argv[0]);
    return 2;
  }
  auto configuration = confab::read_configuration(argv[1]);
  if (!configuration) return fail("configuration", configuration.error());

  // Secrets reach a store only sealed. These keys die with the process, as the map does; for a database that stays they
  // come from a file, StoreKeys::from_file(), or from the host's key service.
  auto keys = confab::StoreKeys::make();
  if (!keys) return fail("keys", keys.error());
  const auto store = std::make_shared<MapStore>();
  confab::HomeserverOptions options = configuration->homeserver();
  options.store(store, *keys);

  confab::Runtime runtime;
  auto homeserver = confab::Homeserver::create(runtime, std::move(options));
  if (!homeserver) return fail("homeserver", homeserver.error());
  const confab::TenantConfiguration& tenant = configuration->tenants().front();
  auto service = confab::make_chat_service(runtime, homeserver->provider(tenant.options().id().str()), tenant.options(),
                                           tenant.directory());
  if (!service) return fail("tenant", service.error());
  confab::ChatService& chat = **service;

  const confab::RoomRef event = confab::RoomRef::event(confab::RoomSlug(argv[2]));
  const confab::UserSlug creator(argv[3]);
  auto room = chat.ensure_room(confab::RoomRequest(event, creator)).wait();
  if (!room) return fail("room", room.error());
  auto sent = chat.send(confab::Message(event, creator, "Remembered by the host")).wait();
  if (!sent) return fail("message", sent.error());

  // The admin's and the user's tokens are in it now, sealed, and the next Homeserver over it uses them.
  std::promise<std::size_t> counted;
  store->list("", "", 1000, [&counted](confab::Result<confab::StorePage> page) {
    counted.set_value(page ? page->records().size() : 0);
  });
  std::printf("the host's store holds %zu records\n", counted.get_future().get());
  return 0;
}
