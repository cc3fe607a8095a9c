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
    if (!stream_) stream_.emplace(chat_->open_stream(id, options_));
    return *stream_;
  }
  [[nodiscard]] std::optional<EventStream> opened() {
    const std::lock_guard lock(mutex_);
    return stream_;
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
  auto user = feed->chat()->find_user(feed->user());
  if (!user) co_return std::move(user).error();
  auto stream = feed->stream(user->id());
  if (!stream) co_return std::move(stream).error();
  Pending<EventBatch> first = stream->next(CallOptions().until(context.deadline()));
  Result<EventBatch> batch = co_await net::on_loop(context, std::move(first));
  if (batch) {
    for (const ChatEvent& event : *batch) feed->chat()->heard(event);
  }
  if (batch || batch.error().code() != Errc::not_found) co_return batch;
  // Listed, but without an account so far.
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
  if (ready || ready.error().code() != Errc::not_found) co_return ready;
  Result<void> made = co_await TenantChat::make_account(feed->chat(), *user, context);
  if (!made) co_return std::move(made).error();
  Pending<void> second = stream->ready(CallOptions().until(context.deadline()));
  co_return co_await net::on_loop(context, std::move(second));
}

void DirectoryEventSource::ack() noexcept {
  if (auto stream = feed_->opened()) stream->ack();
}

void DirectoryEventSource::close() noexcept { feed_->close(); }

}  // namespace confab::chat
