// RecordStore: the store as coroutines on a loop see it. Each operation is awaited and comes back on the same loop; the
// loop never waits for the store.
//
//     Result<std::optional<StoreRecord>> found = co_await records.get(context, key);
//
// An operation ends early by the context's deadline or stop; a write may then have happened or not.
#pragma once

#include <coroutine>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <confab/result.hpp>
#include <confab/store.hpp>

#include "net/call_context.hpp"
#include "util/no_memory.hpp"

namespace confab::net {

template <class T>
class StoreAnswer {
 public:
  using Begin = UniqueFunction<void(StoreHandler<T>)>;

  StoreAnswer(CallContext context, Begin begin)
      : context_(std::move(context)), begin_(std::move(begin)), slot_(std::make_shared<Slot>()) {}
  // The frame may be destroyed where it waits, when a loop stops: an answer that comes later finds nobody.
  ~StoreAnswer() { (void)slot_->leave(); }
  StoreAnswer(const StoreAnswer&) = delete;
  StoreAnswer& operator=(const StoreAnswer&) = delete;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    EventLoop& loop = context_.loop();
    slot_->loop = &loop;
    slot_->waiting = waiting;
    try {
      // Resumed by a post: only when this function has returned, so the awaiter is alive while it is used here.
      if (context_.deadline() != TimePoint::max()) {
        timer_ = loop.at(context_.deadline(), [slot = slot_] { Slot::wake(slot, std::nullopt); });
      }
      if (context_.stop().stop_possible()) on_stop_.emplace(context_.stop(), GiveUp{slot_});
      begin_(Answering(slot_));
    } catch (...) {
      (void)slot_->leave();
      throw;
    }
  }
  [[nodiscard]] Result<T> await_resume() {
    on_stop_.reset();
    timer_.cancel();
    if (slot_->result) return std::move(*slot_->result);
    if (context_.stop().stop_requested()) return Error(Errc::cancelled, "cancelled while the store was asked");
    return Error(Errc::timed_out, "the deadline passed while the store was asked");
  }

 private:
  // Shared with the store's thread. While somebody waits here, their loop exists.
  struct Slot final : EventLoop::Errand {
    void run() override {
      if (const auto resumed = leave()) resumed.resume();
    }
    std::coroutine_handle<> leave() noexcept {
      const std::lock_guard lock(mutex);
      return std::exchange(waiting, nullptr);
    }
    // Whoever comes first: the answer, the deadline, the stop. It needs no memory: nobody would wake the waiter else.
    static void wake(const std::shared_ptr<Slot>& self, std::optional<Result<T>> with) noexcept {
      const std::lock_guard lock(self->mutex);
      if (!self->waiting || self->woken) return;
      self->result = std::move(with);
      self->woken = true;
      self->loop->post(std::shared_ptr<EventLoop::Errand>(self));
    }
    std::mutex mutex;
    EventLoop* loop = nullptr;
    std::coroutine_handle<> waiting;
    bool woken = false;
    std::optional<Result<T>> result;
  };
  // What the store is given. Lost on its way back, for want of memory, it answers all the same.
  class Answering {
   public:
    explicit Answering(std::shared_ptr<Slot> slot) noexcept : slot_(std::move(slot)) {}
    Answering(Answering&& other) noexcept = default;
    Answering& operator=(Answering&&) = delete;
    ~Answering() {
      if (slot_) Slot::wake(slot_, Result<T>(no_memory()));
    }
    void operator()(Result<T> result) noexcept {
      if (const auto slot = std::exchange(slot_, nullptr)) Slot::wake(slot, std::move(result));
    }

   private:
    std::shared_ptr<Slot> slot_;
  };
  struct GiveUp {
    std::shared_ptr<Slot> slot;
    void operator()() const { Slot::wake(slot, std::nullopt); }
  };

  CallContext context_;
  Begin begin_;
  std::shared_ptr<Slot> slot_;
  EventLoop::Timer timer_;
  std::optional<std::stop_callback<GiveUp>> on_stop_;
};

// Any thread may copy it; its operations are awaited on the loop of their context.
class RecordStore {
 public:
  explicit RecordStore(std::shared_ptr<Store> store) : store_(std::move(store)) {}

  [[nodiscard]] StoreAnswer<std::optional<StoreRecord>> get(CallContext context, std::string key) const {
    return {std::move(context),
            [store = store_, key = std::move(key)](StoreHandler<std::optional<StoreRecord>> done) mutable {
              store->get(std::move(key), std::move(done));
            }};
  }
  [[nodiscard]] StoreAnswer<StorePage> list(CallContext context, std::string prefix, std::string cursor,
                                            std::size_t limit) const {
    return {std::move(context), [store = store_, prefix = std::move(prefix), cursor = std::move(cursor),
                                 limit](StoreHandler<StorePage> done) mutable {
              store->list(std::move(prefix), std::move(cursor), limit, std::move(done));
            }};
  }
  [[nodiscard]] StoreAnswer<std::vector<StoreVersion>> transact(CallContext context, std::vector<StoreWrite> writes,
                                                                Durability durability) const {
    return {std::move(context), [store = store_, writes = std::move(writes),
                                 durability](StoreHandler<std::vector<StoreVersion>> done) mutable {
              store->transact(std::move(writes), durability, std::move(done));
            }};
  }
  [[nodiscard]] StoreAnswer<StoreVersion> put_if(CallContext context, StoreWrite write, Durability durability) const {
    return {std::move(context),
            [store = store_, write = std::move(write), durability](StoreHandler<StoreVersion> done) mutable {
              store->put_if(std::move(write), durability, std::move(done));
            }};
  }
  [[nodiscard]] StoreAnswer<StoreTime> now(CallContext context) const {
    return {std::move(context), [store = store_](StoreHandler<StoreTime> done) { store->now(std::move(done)); }};
  }

  [[nodiscard]] const std::shared_ptr<Store>& store() const noexcept { return store_; }

 private:
  std::shared_ptr<Store> store_;
};

}  // namespace confab::net
