// Feed: what one reader has not taken yet, bounded. Anybody puts, one reader at a time pulls; of what nobody pulls the
// oldest is forgotten, and counted.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <confab/result.hpp>

#include "net/call_context.hpp"
#include "net/shared_result.hpp"
#include "util/task.hpp"

namespace confab::net {

template <class Item>
class Feed {
 public:
  struct Taken {
    std::size_t forgotten = 0;  // before the first of these
    std::vector<Item> items;
  };

  explicit Feed(std::size_t most_kept) : most_kept_(most_kept) {}

  void put(const Item& item) {
    std::shared_ptr<Signal> change;
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return;
      auto next = std::make_shared<Signal>();
      waiting_.push_back(item);
      if (waiting_.size() > most_kept_) {
        waiting_.pop_front();
        ++forgotten_;
      }
      change = std::exchange(change_, std::move(next));
    }
    change->set(Result<void>());
  }
  // Needs no memory: nothing is waited for any more, so no other signal is made.
  void close() noexcept {
    std::shared_ptr<Signal> change;
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      waiting_.clear();
      change = std::move(change_);
    }
    if (change) change->set(Result<void>());
  }

  // At least one item and at most so many; `closed` is the error of a feed that was closed.
  [[nodiscard]] static Task<Result<Taken>> pull(std::shared_ptr<Feed> feed, std::size_t most, Error closed,
                                                CallContext context) {
    if (!feed->begin()) co_return Error(Errc::busy, "another next() is outstanding on this stream; wait for it first");
    const std::shared_ptr<Feed> reading(feed.get(), [feed](Feed*) { feed->end(); });
    for (;;) {
      // Asked for before taking, so that nothing comes in between.
      const std::shared_ptr<Signal> change = feed->change();
      if (context.stop().stop_requested()) co_return stopped_error(context);
      if (!change) co_return closed;
      Taken taken = feed->take(most);
      if (!taken.items.empty()) co_return taken;
      Result<void> woken = co_await Signal::wait(change, context);
      if (!woken) co_return woken.error();
    }
  }

 private:
  using Signal = SharedResult<void>;

  [[nodiscard]] bool begin() {
    const std::lock_guard lock(mutex_);
    return !std::exchange(reading_, true);
  }
  void end() noexcept {
    const std::lock_guard lock(mutex_);
    reading_ = false;
  }
  // Null once it is closed.
  [[nodiscard]] std::shared_ptr<Signal> change() {
    const std::lock_guard lock(mutex_);
    return change_;
  }
  [[nodiscard]] Taken take(std::size_t most) {
    const std::lock_guard lock(mutex_);
    Taken taken;
    const std::size_t count = std::min(most, waiting_.size());
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
    taken.items.reserve(count);
    taken.items.insert(taken.items.end(), std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    if (count != 0) taken.forgotten = std::exchange(forgotten_, 0);
    return taken;
  }

  const std::size_t most_kept_;
  std::mutex mutex_;
  std::deque<Item> waiting_;
  std::size_t forgotten_ = 0;
  std::shared_ptr<Signal> change_ = std::make_shared<Signal>();
  bool reading_ = false;
  bool closed_ = false;
};

}  // namespace confab::net
