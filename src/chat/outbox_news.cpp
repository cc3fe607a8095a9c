#include "chat/outbox_news.hpp"

#include <algorithm>
#include <deque>
#include <iterator>
#include <utility>

#include "net/shared_result.hpp"

namespace confab::chat {

// What one stream has not handed out yet.
class OutboxNews::Feed {
 public:
  using Signal = net::SharedResult<void>;

  void put(const ChatEvent& event) {
    std::shared_ptr<Signal> change;
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return;
      if (waiting_.size() == most_kept) {
        waiting_.pop_front();
        missed_ = true;
      }
      waiting_.push_back(event);
      change = std::exchange(change_, std::make_shared<Signal>());
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
  [[nodiscard]] bool begin() {
    const std::lock_guard lock(mutex_);
    return !std::exchange(reading_, true);
  }
  void end() {
    const std::lock_guard lock(mutex_);
    reading_ = false;
  }
  // To be asked for before take(), so that nothing comes in between. Null once it is closed.
  [[nodiscard]] std::shared_ptr<Signal> change() {
    const std::lock_guard lock(mutex_);
    return change_;
  }
  [[nodiscard]] Result<EventBatch> take() {
    const std::lock_guard lock(mutex_);
    if (closed_) return Error(Errc::closed, "the stream of events was closed");
    EventBatch batch;
    if (std::exchange(missed_, false)) batch.emplace_back(EventKind::missed, MatrixRoomId());
    const std::size_t count = std::min(most_at_once, waiting_.size());
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
    batch.insert(batch.end(), std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    return batch;
  }

 private:
  static constexpr std::size_t most_at_once = 255;  // with the one about what was missed a batch of any stream

  std::mutex mutex_;
  std::deque<ChatEvent> waiting_;
  std::shared_ptr<Signal> change_ = std::make_shared<Signal>();
  bool missed_ = false;
  bool reading_ = false;
  bool closed_ = false;
};

class OutboxNews::Source final : public detail::EventSource {
 public:
  Source(std::shared_ptr<net::RuntimeCore> core, std::shared_ptr<Feed> feed)
      : core_(std::move(core)), feed_(std::move(feed)) {}
  ~Source() override { feed_->close(); }

  [[nodiscard]] Pending<EventBatch> next(CallOptions options) override {
    return net::describe<EventBatch>(core_, "outbox", std::move(options), [feed = feed_](net::CallContext context) {
      return pull(feed, std::move(context));
    });
  }
  // It tells what happens from its opening on.
  [[nodiscard]] Pending<void> ready(CallOptions options) override {
    return net::describe<void>(core_, "outbox", std::move(options),
                               [](net::CallContext) -> Task<Result<void>> { co_return Result<void>(); });
  }
  void ack() noexcept override {}
  void close() noexcept override { feed_->close(); }

 private:
  [[nodiscard]] static Task<Result<EventBatch>> pull(std::shared_ptr<Feed> feed, net::CallContext context) {
    if (!feed->begin()) co_return Error(Errc::busy, "another next() is outstanding on this stream; wait for it first");
    const std::shared_ptr<Feed> reading(feed.get(), [feed](Feed*) { feed->end(); });
    for (;;) {
      const std::shared_ptr<Feed::Signal> change = feed->change();
      if (context.stop().stop_requested()) co_return net::stopped_error(context);
      Result<EventBatch> batch = feed->take();
      if (!batch || !batch->empty()) co_return batch;
      Result<void> woken = co_await Feed::Signal::wait(change, context);
      if (!woken) co_return woken.error();
    }
  }

  std::shared_ptr<net::RuntimeCore> core_;
  std::shared_ptr<Feed> feed_;
};

void OutboxNews::tell(const ChatEvent& event) {
  std::vector<std::shared_ptr<Feed>> feeds;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(feeds_, [](const std::weak_ptr<Feed>& feed) { return feed.expired(); });
    for (const std::weak_ptr<Feed>& feed : feeds_) {
      if (auto open = feed.lock()) feeds.push_back(std::move(open));
    }
  }
  for (const std::shared_ptr<Feed>& feed : feeds) feed->put(event);
}

EventStream OutboxNews::open(const std::shared_ptr<OutboxNews>& news, std::shared_ptr<net::RuntimeCore> core) {
  auto feed = std::make_shared<Feed>();
  {
    const std::lock_guard lock(news->mutex_);
    news->feeds_.push_back(feed);
  }
  return EventStream(std::make_shared<Source>(std::move(core), std::move(feed)));
}

}  // namespace confab::chat
