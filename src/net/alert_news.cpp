#include "net/alert_news.hpp"

#include <utility>

#include "net/feed.hpp"
#include "net/runtime_core.hpp"

namespace confab::detail {

// What one stream has not handed out yet.
class AlertFeed {
 public:
  explicit AlertFeed(std::shared_ptr<net::RuntimeCore> core) : core_(std::move(core)) {}
  ~AlertFeed() { close(); }
  AlertFeed(const AlertFeed&) = delete;
  AlertFeed& operator=(const AlertFeed&) = delete;

  void put(const Alert& alert) { feed_->put(alert); }
  void close() noexcept { feed_->close(); }
  [[nodiscard]] Pending<AlertBatch> next(CallOptions options) {
    return net::describe<AlertBatch>(core_, "alerts", std::move(options), [feed = feed_](net::CallContext context) {
      return pull(feed, std::move(context));
    });
  }

 private:
  using Feed = net::Feed<Alert>;

  [[nodiscard]] static Task<Result<AlertBatch>> pull(std::shared_ptr<Feed> feed, net::CallContext context) {
    Result<Feed::Taken> taken =
        co_await Feed::pull(std::move(feed), net::AlertNews::most_alerts,
                            Error(Errc::closed, "the stream of alerts was closed"), std::move(context));
    if (!taken) co_return std::move(taken).error();
    taken->items.front().dropped(taken->forgotten);
    co_return std::move(taken->items);
  }

  std::shared_ptr<net::RuntimeCore> core_;
  std::shared_ptr<Feed> feed_ = std::make_shared<Feed>(net::AlertNews::most_alerts);
};

}  // namespace confab::detail

namespace confab {

Pending<AlertBatch> AlertStream::next(CallOptions options) { return feed_->next(std::move(options)); }
void AlertStream::close() noexcept { feed_->close(); }

}  // namespace confab

namespace confab::net {

class AlertNews::Handling : public std::enable_shared_from_this<Handling> {
 public:
  Handling(AlertHandler handler, std::shared_ptr<confab::detail::Delivery> delivery)
      : handler_(std::move(handler)), delivery_(std::move(delivery)) {}
  void tell(const Alert& alert);
  void run(const Alert& alert) noexcept {
    waiting_.fetch_sub(1);
    try {
      handler_(alert);
    } catch (...) {  // NOLINT: a line about it would be an alert, which the same handler is told
    }
  }

 private:
  AlertHandler handler_;
  std::shared_ptr<confab::detail::Delivery> delivery_;
  std::atomic<std::size_t> waiting_{0};
  std::atomic<std::size_t> dropped_{0};
};

class AlertNews::Telling final : public confab::detail::Completion {
 public:
  Telling(std::shared_ptr<Handling> handling, Alert alert) : handling_(std::move(handling)), alert_(std::move(alert)) {}
  void run() override { handling_->run(alert_); }

 private:
  std::shared_ptr<Handling> handling_;
  Alert alert_;
};

void AlertNews::Handling::tell(const Alert& alert) {
  if (waiting_.fetch_add(1) >= most_alerts) {
    waiting_.fetch_sub(1);
    dropped_.fetch_add(1);
    return;
  }
  const std::size_t dropped = dropped_.exchange(0);
  std::unique_ptr<Telling> telling;
  try {
    telling = std::make_unique<Telling>(shared_from_this(), Alert(alert).dropped(dropped));
  } catch (...) {
    waiting_.fetch_sub(1);
    dropped_.fetch_add(dropped + 1);
    throw;
  }
  delivery_->deliver(std::move(telling));
}

void AlertNews::handle_by(AlertHandler handler, std::shared_ptr<confab::detail::Delivery> delivery) {
  auto handling = std::make_shared<Handling>(std::move(handler), std::move(delivery));
  const std::lock_guard lock(mutex_);
  handling_ = std::move(handling);
}

void AlertNews::tell(const Alert& alert) {
  std::shared_ptr<Handling> handling;
  std::vector<std::shared_ptr<confab::detail::AlertFeed>> feeds;
  {
    const std::lock_guard lock(mutex_);
    handling = handling_;
    std::erase_if(feeds_, [](const auto& feed) { return feed.expired(); });
    for (const auto& feed : feeds_) {
      if (auto open = feed.lock()) feeds.push_back(std::move(open));
    }
  }
  for (const auto& feed : feeds) feed->put(alert);
  if (handling) handling->tell(alert);
}

AlertStream AlertNews::open(const std::shared_ptr<AlertNews>& news, std::shared_ptr<RuntimeCore> core) {
  auto feed = std::make_shared<confab::detail::AlertFeed>(std::move(core));
  {
    const std::lock_guard lock(news->mutex_);
    news->feeds_.push_back(feed);
  }
  return AlertStream(std::move(feed));
}

void AlertNews::close() noexcept {
  std::shared_ptr<Handling> handling;
  std::vector<std::weak_ptr<confab::detail::AlertFeed>> feeds;
  {
    const std::lock_guard lock(mutex_);
    handling = std::move(handling_);
    feeds.swap(feeds_);
  }
  for (const auto& each : feeds) {
    if (const auto feed = each.lock()) feed->close();
  }
}

}  // namespace confab::net
