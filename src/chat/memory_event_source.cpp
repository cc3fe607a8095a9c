#include "chat/memory_event_source.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "services/consumer_position.hpp"

namespace confab::chat {

namespace {

bool is_name(const std::string& consumer) {
  return consumer.size() <= services::ConsumerPosition::longest_name &&
         std::all_of(consumer.begin(), consumer.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                  c == '~' || c == '-';
         });
}

}  // namespace

// Where the stream is. A batch that was handed out and not consumed lies between `consumed_` and `read_`.
class MemoryEventSource::Reader {
 public:
  Reader(std::shared_ptr<MemoryHomeserver> homeserver, MatrixUserId user, std::string consumer)
      : homeserver_(std::move(homeserver)), user_(std::move(user)), consumer_(std::move(consumer)) {}

  [[nodiscard]] const MatrixUserId& user() const noexcept { return user_; }
  [[nodiscard]] MemoryHomeserver& homeserver() const noexcept { return *homeserver_; }

  [[nodiscard]] Result<void> prepare() {
    const std::lock_guard lock(mutex_);
    return place();
  }
  [[nodiscard]] Result<void> begin() {
    const std::lock_guard lock(mutex_);
    if (reading_) return Error(Errc::busy, "another next() is outstanding on this stream; wait for it first");
    if (Result<void> placed = place(); !placed) return placed;
    consume();
    if (ended_) return *ended_;
    reading_ = true;
    return {};
  }
  void end() {
    const std::lock_guard lock(mutex_);
    reading_ = false;
  }
  // Empty: nothing has happened.
  [[nodiscard]] Result<EventBatch> look() {
    const std::lock_guard lock(mutex_);
    if (ended_) return *ended_;
    EventBatch batch = homeserver_->read(user_, *read_);
    handed_out_ = !batch.empty();
    return batch;
  }
  void acknowledge() {
    const std::lock_guard lock(mutex_);
    if (!ended_) consume();
  }
  void close() {
    {
      const std::lock_guard lock(mutex_);
      if (ended_) return;
      ended_.emplace(Errc::closed, "the stream of events was closed");
    }
    homeserver_->wake_readers();
  }

 private:
  [[nodiscard]] Result<void> place() {
    if (ended_) return *ended_;
    if (read_) return {};
    if (!is_name(consumer_))
      return Error(Errc::invalid_argument, "a consumer's name is 1 to 64 letters, digits or . _ ~ - of ASCII");
    Result<MemoryHomeserver::Place> found = homeserver_->claim(user_, consumer_);
    if (!found) return found.error();
    read_ = *found;
    return {};
  }
  void consume() {
    if (!std::exchange(handed_out_, false)) return;
    if (!homeserver_->save(user_, consumer_, *read_))
      ended_.emplace(Errc::conflict, "another reader has taken this consumer's name over");
  }

  std::shared_ptr<MemoryHomeserver> homeserver_;
  MatrixUserId user_;
  std::string consumer_;
  std::mutex mutex_;
  std::optional<MemoryHomeserver::Place> read_;
  bool handed_out_ = false;
  bool reading_ = false;
  std::optional<Error> ended_;
};

MemoryEventSource::MemoryEventSource(std::shared_ptr<net::RuntimeCore> core,
                                     std::shared_ptr<MemoryHomeserver> homeserver, MatrixUserId user,
                                     std::string consumer)
    : core_(std::move(core)),
      reader_(std::make_shared<Reader>(std::move(homeserver), std::move(user), std::move(consumer))) {}

MemoryEventSource::~MemoryEventSource() { close(); }

Task<Result<EventBatch>> MemoryEventSource::pull(std::shared_ptr<Reader> reader, net::CallContext context) {
  if (Result<void> begun = reader->begin(); !begun) co_return begun.error();
  const std::shared_ptr<Reader> reading(reader.get(), [reader](Reader*) { reader->end(); });
  for (;;) {
    std::shared_ptr<MemoryHomeserver::Signal> change = reader->homeserver().next_change();
    if (context.stop().stop_requested()) co_return net::stopped_error(context);
    Result<EventBatch> batch = reader->look();
    if (!batch || !batch->empty()) co_return batch;
    Result<void> woken = co_await MemoryHomeserver::Signal::wait(change, context);
    if (!woken) co_return woken.error();
  }
}

Pending<EventBatch> MemoryEventSource::next(CallOptions options) {
  return net::describe<EventBatch>(
      core_, reader_->user().str(), std::move(options),
      [reader = reader_](net::CallContext context) { return pull(reader, std::move(context)); });
}

Pending<void> MemoryEventSource::ready(CallOptions options) {
  return net::describe<void>(
      core_, reader_->user().str(), std::move(options),
      [reader = reader_](net::CallContext) -> Task<Result<void>> { co_return reader->prepare(); });
}

void MemoryEventSource::ack() noexcept { reader_->acknowledge(); }

void MemoryEventSource::close() noexcept { reader_->close(); }

}  // namespace confab::chat
