// confab_queue: where events arrive, in order, with a descriptor that tells.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "capi/event.hpp"
#include "capi/handle.hpp"
#include "capi/include/confab.h"

namespace confab::capi {

constexpr std::uint32_t default_operations = 4096;
constexpr std::uint32_t most_operations = 1'000'000;

/// Is told that its queue was closed.
class Closable {
 public:
  Closable() = default;
  Closable(const Closable&) = delete;
  Closable& operator=(const Closable&) = delete;
  virtual void close() noexcept = 0;

 protected:
  ~Closable() = default;
};

/// What the handle and all that is owed to it share. Any thread.
class QueueCore {
 public:
  /// std::system_error where there is no descriptor.
  explicit QueueCore(std::uint32_t most);
  QueueCore(const QueueCore&) = delete;
  QueueCore& operator=(const QueueCore&) = delete;
  ~QueueCore();

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// Keep places free for events to come; refuses with busy or closed.
  void reserve(unsigned places);
  /// They will not come.
  void give_back(unsigned places) noexcept;
  /// Takes the event over; dropped where the queue is closed.
  void push(confab_event* event) noexcept;
  /// Nothing of `until`: no bound. Null: TIMED_OUT, or CLOSED.
  [[nodiscard]] std::pair<confab_status, confab_event*> next(
      std::optional<std::chrono::steady_clock::time_point> until);
  void close() noexcept;
  /// Close it with the queue.
  void close_too(std::weak_ptr<Closable> other);

 private:
  using Clock = std::chrono::steady_clock;
  void signal() noexcept;
  void unsignal() noexcept;

  const std::uint32_t most_;
  const int descriptor_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  // From here on: under the mutex.
  confab_event* first_ = nullptr;
  confab_event* last_ = nullptr;
  std::uint64_t reserved_ = 0;  // owed, or arrived and not taken
  bool closed_ = false;
  std::vector<std::weak_ptr<Closable>> others_;
};

/// An event that is owed to a queue: delivered once, or, where what owes it never began, given back.
class Ticket {
 public:
  /// Refuses with busy or closed.
  Ticket(std::shared_ptr<QueueCore> queue, std::int32_t kind, std::uint64_t tag);
  Ticket(Ticket&& other) noexcept
      : queue_(std::move(other.queue_)), event_(std::exchange(other.event_, nullptr)), owed_(other.owed_) {}
  Ticket& operator=(Ticket&&) = delete;
  ~Ticket();

  [[nodiscard]] confab_event& event() const noexcept { return *event_; }
  void deliver() noexcept { queue_->push(std::exchange(event_, nullptr)); }
  /// From now on the event is owed: where nobody delivers it, it tells that memory was short.
  void owe() noexcept { owed_ = true; }

 private:
  std::shared_ptr<QueueCore> queue_;
  confab_event* event_;
  bool owed_ = false;
};

}  // namespace confab::capi

struct confab_queue : confab::capi::HandleOf<confab::capi::Kind::queue> {
  explicit confab_queue(std::uint32_t most) : core(std::make_shared<confab::capi::QueueCore>(most)) {}
  ~confab_queue() { core->close(); }

  const std::shared_ptr<confab::capi::QueueCore> core;
};
