#include "chat/directory_event_source.hpp"

#include <mutex>
#include <optional>

#include "net/await_pending.hpp"

namespace confab::chat {

// The transport's stream, opened at the first next(): only then does the directory have to list the user.
class DirectoryEventSource::Feed {
 public:
  Feed(std::shared_ptr<TenantChat> chat, UserSlug user, EventsOptions options)
      : chat_(std::move(chat)), user_(std::move(user)), options_(std::move(options)) {}

  [[nodiscard]] const std::shared_ptr<TenantChat>& chat() const noexcept { return chat_; }
  [[nodiscard]] const UserSlug& user() const noexcept { return user_; }

  [[nodiscard]] Result<EventStream> stream(const MatrixUserId& id) {
    const std::lock_guard lock(mutex_);
    if (closed_) return Error(Errc::closed, "the stream was closed");
    if (!stream_) {
      stream_.emplace(chat_->open_stream(id, options_));
      opened_for_ = id;
    }
    if (opened_for_ != id) {
      return Error(Errc::not_found, "the directory lists another user under the slug of this stream")
          .with_subject("user");
    }
    return *stream_;
  }
  // While a next() is on its way, or has left a batch that nobody was given, nothing is there to be consumed.
  void ack() {
    const std::lock_guard lock(mutex_);
    if (stream_ && !asked_ && held_.empty()) stream_->ack();
  }
  // One next() at a time.
  class Turn {
   public:
    explicit Turn(std::shared_ptr<Feed> feed) : feed_(std::move(feed)) {
      const std::lock_guard lock(feed_->mutex_);
      mine_ = !std::exchange(feed_->asked_, true);
    }
    ~Turn() {
      const std::lock_guard lock(feed_->mutex_);
      if (mine_) feed_->asked_ = false;
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    [[nodiscard]] bool mine() const noexcept { return mine_; }

   private:
    std::shared_ptr<Feed> feed_;
    bool mine_;
  };
  // A batch that came and was not given to the host yet: to ask the stream for more would consume it.
  void hold(EventBatch batch) noexcept {
    const std::lock_guard lock(mutex_);
    held_ = std::move(batch);
  }
  // Tells the tenant of what came, once.
  void hear() {
    const std::lock_guard lock(mutex_);
    for (; heard_ < held_.size(); ++heard_) chat_->heard(held_[heard_]);
  }
  // Of what is held, what the directory grants; nothing is lost where there is no memory to find out.
  [[nodiscard]] EventBatch release(const TenantChat::Named& named, const KnownUser& user) {
    const std::lock_guard lock(mutex_);
    chat_->keep_granted(named, user, held_);
    heard_ = 0;
    return std::exchange(held_, {});
  }
  [[nodiscard]] TenantChat::EventRooms held_rooms() {
    const std::lock_guard lock(mutex_);
    TenantChat::EventRooms rooms;
    for (const ChatEvent& event : held_) {
      if (!event.room_id().empty()) rooms.insert(event.room_id());
    }
    return rooms;
  }
  [[nodiscard]] bool holds() {
    const std::lock_guard lock(mutex_);
    return !held_.empty();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    if (stream_) stream_->close();
  }

 private:
  std::shared_ptr<TenantChat> chat_;
  UserSlug user_;
  EventsOptions options_;
  std::mutex mutex_;
  std::optional<EventStream> stream_;
  MatrixUserId opened_for_;
  EventBatch held_;
  std::size_t heard_ = 0;  // how many of them
  bool asked_ = false;
  bool closed_ = false;
};

DirectoryEventSource::DirectoryEventSource(std::shared_ptr<TenantChat> chat, UserSlug user, EventsOptions options)
    : feed_(std::make_shared<Feed>(std::move(chat), std::move(user), std::move(options))) {}

Pending<EventBatch> DirectoryEventSource::next(CallOptions options) {
  const std::string flow = feed_->chat()->flow_of(feed_->user());
  return net::describe<EventBatch>(feed_->chat()->core(), flow, std::move(options),
                                   [feed = feed_](net::CallContext context) { return pull(feed, std::move(context)); });
}

Task<Result<EventBatch>> DirectoryEventSource::pull(std::shared_ptr<Feed> feed, net::CallContext context) {
  const Feed::Turn turn(feed);
  if (!turn.mine()) co_return Error(Errc::busy, "another next() is outstanding on this stream; wait for it first");
  for (;;) {
    if (!feed->holds()) {
      Result<EventBatch> batch = co_await fetch(feed, context);
      if (!batch) co_return batch;
      feed->hold(std::move(*batch));
    }
    feed->hear();
    Result<TenantChat::Named> named = co_await TenantChat::rooms_of(feed->chat(), feed->held_rooms(), context);
    if (!named) co_return std::move(named).error();
    // The directory may have changed while the stream was waited for.
    auto user = feed->chat()->find_user(feed->user());
    if (!user) co_return std::move(user).error();
    if (auto stream = feed->stream(user->id()); !stream) co_return std::move(stream).error();
    EventBatch granted = feed->release(*named, *user);
    if (!granted.empty()) co_return granted;
  }
}

Task<Result<EventBatch>> DirectoryEventSource::fetch(std::shared_ptr<Feed> feed, net::CallContext context) {
  auto user = feed->chat()->find_user(feed->user());
  if (!user) co_return std::move(user).error();
  auto stream = feed->stream(user->id());
  if (!stream) co_return std::move(stream).error();
  Pending<EventBatch> first = stream->next(CallOptions().until(context.deadline()));
  Result<EventBatch> batch = co_await net::on_loop(context, std::move(first));
  if (batch || !feed->chat()->lacks_account(batch.error())) co_return batch;
  // Listed, but without an account, so far or by now.
  Result<void> made = co_await TenantChat::make_account(feed->chat(), *user, context);
  if (!made) co_return std::move(made).error();
  Pending<EventBatch> second = stream->next(CallOptions().until(context.deadline()));
  co_return co_await net::on_loop(context, std::move(second));
}

Pending<void> DirectoryEventSource::ready(CallOptions options) {
  const std::string flow = feed_->chat()->flow_of(feed_->user());
  return net::describe<void>(feed_->chat()->core(), flow, std::move(options),
                             [feed = feed_](net::CallContext context) { return prepare(feed, std::move(context)); });
}

Task<Result<void>> DirectoryEventSource::prepare(std::shared_ptr<Feed> feed, net::CallContext context) {
  auto user = feed->chat()->find_user(feed->user());
  if (!user) co_return std::move(user).error();
  auto stream = feed->stream(user->id());
  if (!stream) co_return std::move(stream).error();
  Pending<void> first = stream->ready(CallOptions().until(context.deadline()));
  Result<void> ready = co_await net::on_loop(context, std::move(first));
  if (ready || !feed->chat()->lacks_account(ready.error())) co_return ready;
  Result<void> made = co_await TenantChat::make_account(feed->chat(), *user, context);
  if (!made) co_return std::move(made).error();
  Pending<void> second = stream->ready(CallOptions().until(context.deadline()));
  co_return co_await net::on_loop(context, std::move(second));
}

void DirectoryEventSource::ack() noexcept { feed_->ack(); }

void DirectoryEventSource::close() noexcept { feed_->close(); }

}  // namespace confab::chat
