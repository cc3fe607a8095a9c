#include <confab/stored_directory.hpp>

#include <functional>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include "chat/directory_file.hpp"
#include "chat/directory_keeper.hpp"
#include "chat/slug.hpp"
#include "net/await_pending.hpp"
#include "net/runtime_core.hpp"
#include "util/library_thread.hpp"
#include "util/no_memory.hpp"

namespace confab {
namespace {

using detail::DirectoryKeeper;

// One operation on its way to the keeper's thread and back. Whoever gives up is answered at once, and the thread, when
// it comes by, leaves out what nobody waits for.
template <class T>
class KeeperCall final : public detail::RunningOperation {
 public:
  explicit KeeperCall(std::function<Result<T>()> work) : work_(std::move(work)) {}

  void expect(UniqueFunction<void(Result<T>)> done) { done_ = std::move(done); }
  void run() {
    {
      const std::lock_guard lock(mutex_);
      if (!done_) return;
      begun_ = true;
    }
    try {
      finish(work_());
    } catch (const std::bad_alloc&) {
      finish(no_memory());
    }
  }
  void finish(Result<T> result) {
    UniqueFunction<void(Result<T>)> done;
    {
      const std::lock_guard lock(mutex_);
      done = std::exchange(done_, nullptr);
    }
    if (done) done(std::move(result));
  }
  void give_up(Errc code, const char* text) {
    bool begun = false;
    {
      const std::lock_guard lock(mutex_);
      begun = begun_;
    }
    finish(begun ? Error(Errc::outcome_unknown, "the directory may have been changed: repeat the same")
                 : Error(code, text));
  }
  void cancel() noexcept override { give_up(Errc::cancelled, "cancelled before anything was done"); }

 private:
  std::function<Result<T>()> work_;
  std::mutex mutex_;
  UniqueFunction<void(Result<T>)> done_;
  bool begun_ = false;
};

template <class T>
Task<Result<T>> call(std::shared_ptr<net::RuntimeCore> core, std::shared_ptr<DirectoryKeeper> keeper,
                     std::function<Result<T>()> work, net::CallContext context) {
  auto running = std::make_shared<KeeperCall<T>>(std::move(work));
  Pending<T> pending(core->delivery_for("directory"), [keeper, running](UniqueFunction<void(Result<T>)> done) {
    running->expect(std::move(done));
    if (!keeper->push([running] { running->run(); })) {
      running->finish(Error(Errc::busy, "too many operations wait for the directory"));
    }
    return std::static_pointer_cast<detail::RunningOperation>(running);
  });
  net::EventLoop::Timer timer = context.loop().at(context.deadline(), [running] {
    running->give_up(Errc::timed_out, "the deadline passed before anything was done");
  });
  Result<T> result = co_await net::on_loop(context, std::move(pending));
  timer.cancel();
  co_return result;
}

}  // namespace

namespace detail {

// What a directory holds beside its keeper: the way back to the host.
class DirectoryHome {
 public:
  DirectoryHome(std::shared_ptr<net::RuntimeCore> core, std::shared_ptr<DirectoryKeeper> keeper)
      : core_(std::move(core)), keeper_(std::move(keeper)), thread_([keeper = keeper_] {
          const LibraryThreadScope scope;
          keeper->run();
        }) {}
  DirectoryHome(const DirectoryHome&) = delete;
  DirectoryHome& operator=(const DirectoryHome&) = delete;
  // A loop must not wait for a store: there the thread, which keeps alive what it uses, is let go.
  ~DirectoryHome() {
    keeper_->stop();
    if (on_library_thread())
      thread_.detach();
    else
      thread_.join();
  }
  [[nodiscard]] const std::shared_ptr<net::RuntimeCore>& core() const { return core_; }
  [[nodiscard]] const std::shared_ptr<DirectoryKeeper>& keeper() const { return keeper_; }

 private:
  std::shared_ptr<net::RuntimeCore> core_;
  std::shared_ptr<DirectoryKeeper> keeper_;
  std::thread thread_;
};

}  // namespace detail

namespace {

template <class T>
Pending<T> describe_call(const std::shared_ptr<detail::DirectoryHome>& home, CallOptions options,
                         std::function<Result<T>()> work) {
  return net::describe<T>(home->core(), "directory", std::move(options),
                          [core = home->core(), keeper = home->keeper(), work = std::move(work)](
                              net::CallContext context) { return call<T>(core, keeper, work, std::move(context)); });
}

Task<Result<std::shared_ptr<StoredDirectory>>> open_directory(std::shared_ptr<net::RuntimeCore> core,
                                                              std::shared_ptr<Store> store, TenantId tenant,
                                                              net::CallContext context) {
  if (store == nullptr) co_return Error(Errc::invalid_argument, "a store is needed").with_subject("store");
  if (!chat::is_tenant_id(tenant.str())) {
    co_return Error(Errc::config, "tenants[].id must be 1 to 64 letters, digits or . _ ~ - of ASCII")
        .with_subject("tenants[].id");
  }
  auto keeper = std::make_shared<DirectoryKeeper>(std::move(store), tenant);
  auto home = std::make_shared<detail::DirectoryHome>(core, keeper);
  std::function<Result<DirectoryRevision>()> work = [keeper] { return keeper->refresh(); };
  Result<DirectoryRevision> read = co_await call<DirectoryRevision>(core, keeper, std::move(work), context);
  if (!read) co_return std::move(read).error();
  co_return std::make_shared<StoredDirectory>(std::move(home));
}

}  // namespace

Pending<std::shared_ptr<StoredDirectory>> StoredDirectory::open(Runtime& runtime, std::shared_ptr<Store> store,
                                                                TenantId tenant, CallOptions options) {
  return net::describe<std::shared_ptr<StoredDirectory>>(
      runtime.core(), "directory", std::move(options),
      [core = runtime.core(), store = std::move(store), tenant = std::move(tenant)](net::CallContext context) {
        return open_directory(core, store, tenant, std::move(context));
      });
}

StoredDirectory::StoredDirectory(std::shared_ptr<detail::DirectoryHome> home) : home_(std::move(home)) {}
StoredDirectory::~StoredDirectory() = default;

Pending<DirectoryRevision> StoredDirectory::apply(DirectoryBatch batch, DirectoryRevision expected,
                                                  CallOptions options) {
  auto shared = std::make_shared<const DirectoryBatch>(std::move(batch));
  return describe_call<DirectoryRevision>(home_, std::move(options), [keeper = home_->keeper(), shared, expected] {
    return keeper->apply(*shared, expected);
  });
}

Pending<DirectoryRevision> StoredDirectory::load(std::string json, CallOptions options) {
  auto text = std::make_shared<std::string>(std::move(json));
  return describe_call<DirectoryRevision>(home_, std::move(options),
                                          [keeper = home_->keeper(), text]() -> Result<DirectoryRevision> {
                                            auto wanted = chat::read_directory_index(std::move(*text));
                                            if (!wanted) return std::move(wanted).error();
                                            return keeper->load(**wanted);
                                          });
}

Pending<DirectoryRevision> StoredDirectory::refresh(CallOptions options) {
  return describe_call<DirectoryRevision>(home_, std::move(options),
                                          [keeper = home_->keeper()] { return keeper->refresh(); });
}

DirectoryRevision StoredDirectory::revision() const noexcept { return home_->keeper()->revision(); }
std::optional<DirectoryUser> StoredDirectory::user(const UserSlug& slug) const {
  return home_->keeper()->user(slug.str());
}
std::optional<DirectoryUser> StoredDirectory::user_by_id(std::string_view id) const {
  return home_->keeper()->user_by_id(id);
}
std::optional<DirectoryRoom> StoredDirectory::room(const RoomRef& ref) const { return home_->keeper()->room(ref); }

}  // namespace confab
