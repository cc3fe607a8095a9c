/// @file
/// EventsOptions: how a user's stream of events is to be opened.
///
///     EventStream stream = service.events(ana, EventsOptions().remember_as("browser-gateway"));
#pragma once

#include <string>
#include <utility>

namespace confab {

/// How to open a stream of events. Without anything set, it tells what happens from its first next() or ready() on, and
/// is forgotten with its handle.
///
/// @par Errors     Setting may throw std::bad_alloc; a name that cannot be right is told by the stream's operations.
/// @par Lifetime   Copied into the stream.
/// @par Threads    As for a plain value.
class EventsOptions {
 public:
  /// From now on, and not remembered.
  EventsOptions() = default;

  /// Name the consumer, so that its position is kept in the store: whoever opens the stream of this user under this
  /// name again goes on behind the last batch that was consumed, in this process or a later one, however long it was
  /// away. The first time, it begins with now.
  ///
  /// One reader per user and name: who opens it last takes it over, and the earlier stream ends with Errc::conflict at
  /// its next consumed batch. Different names are different positions.
  ///
  /// @param consumer 1 to 64 letters, digits or . _ ~ - of ASCII; empty: not remembered.
  EventsOptions& remember_as(std::string consumer) & {
    consumer_ = std::move(consumer);
    return *this;
  }
  /// As above, for a temporary.
  EventsOptions&& remember_as(std::string consumer) && { return std::move(remember_as(std::move(consumer))); }

  /// As set; empty: not remembered.
  [[nodiscard]] const std::string& consumer() const noexcept { return consumer_; }

 private:
  std::string consumer_;
};

}  // namespace confab
