#include "chat/outbox_news.hpp"

#include <utility>

namespace confab::chat {

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
  static constexpr std::size_t most_at_once = 255;  // with the one about what was missed a batch of any stream

  [[nodiscard]] static Task<Result<EventBatch>> pull(std::shared_ptr<Feed> feed, net::CallContext context) {
    Result<Feed::Taken> taken = co_await Feed::pull(
        std::move(feed), most_at_once, Error(Errc::closed, "the stream of events was closed"), std::move(context));
    if (!taken) co_return std::move(taken).error();
    if (taken->forgotten != 0) {
      taken->items.insert(taken->items.begin(), ChatEvent(EventKind::missed, MatrixRoomId()));
    }
    co_return std::move(taken->items);
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
  auto feed = std::make_shared<Feed>(most_kept);
  {
    const std::lock_guard lock(news->mutex_);
    news->feeds_.push_back(feed);
  }
  return EventStream(std::make_shared<Source>(std::move(core), std::move(feed)));
}

}  // namespace confab::chat
