#include "capi/queue.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "capi/guard.hpp"
#include "capi/request.hpp"

namespace confab::capi {
namespace {

int new_descriptor() {
  const int descriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category());
  return descriptor;
}

}  // namespace

QueueCore::QueueCore(std::uint32_t most) : most_(most), descriptor_(new_descriptor()) {}

QueueCore::~QueueCore() {
  while (first_ != nullptr) release(std::exchange(first_, first_->next));
  ::close(descriptor_);
}

void QueueCore::signal() noexcept {
  const std::uint64_t one = 1;
  (void)!::write(descriptor_, &one, sizeof one);  // fails only where it can be read from already
}

void QueueCore::unsignal() noexcept {
  std::uint64_t count = 0;
  (void)!::read(descriptor_, &count, sizeof count);
}

void QueueCore::reserve(unsigned places) {
  const std::lock_guard lock(mutex_);
  if (closed_) refuse(Errc::closed, "queue", "the queue is closed");
  if (reserved_ + places > most_) {
    refuse(Errc::busy, "queue", "the queue is full: take events from it, or make one with more most_operations");
  }
  reserved_ += places;
}

void QueueCore::give_back(unsigned places) noexcept {
  const std::lock_guard lock(mutex_);
  reserved_ -= places;
}

void QueueCore::push(confab_event* event) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) {
      const bool was_empty = first_ == nullptr;
      (was_empty ? first_ : last_->next) = event;
      last_ = event;
      // Readable as long as it is not empty: one write for all that is taken together.
      if (was_empty) signal();
      arrived_.notify_one();
      return;
    }
  }
  release(event);
}

std::pair<confab_status, confab_event*> QueueCore::next(std::optional<Clock::time_point> until) {
  std::unique_lock lock(mutex_);
  const auto over = [this] { return first_ != nullptr || closed_; };
  if (!until) {
    arrived_.wait(lock, over);
  } else if (!over()) {
    arrived_.wait_until(lock, *until, over);
  }
  if (first_ == nullptr) return {closed_ ? CONFAB_CLOSED : CONFAB_TIMED_OUT, nullptr};
  confab_event* taken = std::exchange(first_, first_->next);
  taken->next = nullptr;
  reserved_ -= taken->places;
  if (taken->waiting) taken->waiting->fetch_sub(1);
  if (first_ == nullptr && !closed_) unsignal();
  return {CONFAB_OK, taken};
}

void QueueCore::close() noexcept {
  std::vector<std::weak_ptr<Closable>> others;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
    others.swap(others_);
    signal();
    arrived_.notify_all();
  }
  for (const auto& other : others) {
    if (const auto alive = other.lock()) alive->close();
  }
}

void QueueCore::close_too(std::weak_ptr<Closable> other) {
  const std::lock_guard lock(mutex_);
  if (closed_) refuse(Errc::closed, "queue", "the queue is closed");
  // Those that are gone are swept out when the list would grow.
  if (others_.size() == others_.capacity()) {
    others_.erase(std::remove_if(others_.begin(), others_.end(), [](const auto& each) { return each.expired(); }),
                  others_.end());
  }
  others_.push_back(std::move(other));
}

Ticket::Ticket(std::shared_ptr<QueueCore> queue, std::int32_t kind, std::uint64_t tag)
    : queue_(std::move(queue)), event_(nullptr) {
  Ref<confab_event> event(new confab_event(kind, tag));
  queue_->reserve(event->places);
  event_ = std::move(event).give();
}

Ticket::~Ticket() {
  if (event_ == nullptr) return;
  if (owed_) {
    event_->fail_without_memory();
    deliver();
    return;
  }
  queue_->give_back(event_->places);
  release(event_);
}

}  // namespace confab::capi

using namespace confab::capi;

confab_status confab_queue_new(const confab_queue_options* options, confab_queue** queue, confab_error** error) {
  return guarded(error, [&] {
    require_place(queue, "queue");
    const confab_queue_options given = read_options(options);
    if (given.most_operations > most_operations) {
      refuse(confab::Errc::invalid_argument, "most_operations", "most_operations is out of range");
    }
    watch_forks();
    *queue = new confab_queue(given.most_operations == 0 ? default_operations : given.most_operations);
  });
}

int32_t confab_queue_fd(const confab_queue* queue) { return readable(queue) ? queue->core->descriptor() : -1; }

confab_status confab_queue_next(confab_queue* queue, int32_t timeout_ms, confab_event** event) {
  confab_status status = CONFAB_OK;
  const confab_status called = guarded(nullptr, [&] {
    require_place(event, "event");
    require(queue, "queue");
    // A release on another thread must not take it away from under a waiter.
    const std::shared_ptr<QueueCore> core = queue->core;
    std::optional<std::chrono::steady_clock::time_point> until;
    if (timeout_ms >= 0) until = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    std::tie(status, *event) = core->next(until);
  });
  return called == CONFAB_OK ? status : called;
}

confab_status confab_queue_close(confab_queue* queue) {
  return guarded(nullptr, [&] { require(queue, "queue").core->close(); });
}

confab_queue* confab_queue_retain(confab_queue* queue) { return retain(queue); }
void confab_queue_release(confab_queue* queue) { release(queue); }
