// LogFeed: the lines that the library logs, and what an operator must know, as events in a queue.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include <confab/log.hpp>

#include "capi/include/confab.h"
#include "capi/queue.hpp"

namespace confab::capi {

constexpr std::uint32_t default_logs = 1024;
constexpr std::uint32_t most_logs = 100'000;
constexpr std::uint32_t most_alerts = 64;

/// Events of one kind that wait in a queue beside its operations, up to a bound; what is over it is counted. Any
/// thread.
class EventLane {
 public:
  EventLane(std::shared_ptr<QueueCore> queue, std::int32_t kind, std::uint64_t tag, std::uint32_t most)
      : queue_(std::move(queue)), kind_(kind), tag_(tag), most_(most) {}

  /// `write` puts the members of its JSON into an object; "dropped" is added where something was.
  template <class Write>
  void tell(const Write& write) noexcept {
    if (waiting_->fetch_add(1) >= most_ || !push(write)) {
      waiting_->fetch_sub(1);
      dropped_.fetch_add(1);
    }
  }

 private:
  template <class Write>
  bool push(const Write& write) noexcept try {
    Ref<confab_event> event(new confab_event(kind_, tag_));
    json::Writer object;
    object.object();
    write(object);
    const std::uint64_t dropped = dropped_.exchange(0);
    try {
      if (dropped != 0) object.member("dropped", dropped);
      event->succeed(std::move(object).finish());
    } catch (...) {
      dropped_.fetch_add(dropped);
      throw;
    }
    event->places = 0;
    event->waiting = waiting_;
    queue_->push(std::move(event).give());
    return true;
  } catch (...) {
    return false;
  }

  const std::shared_ptr<QueueCore> queue_;
  const std::int32_t kind_;
  const std::uint64_t tag_;
  const std::uint32_t most_;
  const std::shared_ptr<std::atomic<std::uint32_t>> waiting_ = std::make_shared<std::atomic<std::uint32_t>>(0);
  std::atomic<std::uint64_t> dropped_{0};
};

/// A LogSink for the lifetime of a runtime.
class LogFeed {
 public:
  /// What a runtime's options ask for; refuses what they cannot mean. Null: nothing is asked for.
  [[nodiscard]] static std::shared_ptr<LogFeed> asked_for(const confab_runtime_options& options);

  /// `from` above LogLevel::error: no lines, only alerts.
  LogFeed(const std::shared_ptr<QueueCore>& queue, std::uint64_t tag, int from, std::uint32_t most)
      : from_(from), lines_(queue, CONFAB_EVENT_LOG, tag, most), alerts_(queue, CONFAB_EVENT_ALERT, tag, most_alerts) {}

  /// The least level that the runtime has to make lines of.
  [[nodiscard]] LogLevel needed() const noexcept;
  void take(const LogRecord& line) noexcept;

 private:
  const int from_;
  EventLane lines_;
  EventLane alerts_;
};

}  // namespace confab::capi
