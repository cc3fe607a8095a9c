#include "capi/question.hpp"

#include <utility>

namespace confab::capi {

Questions::Questions(std::shared_ptr<QueueCore> queue, std::uint64_t tag, std::uint32_t timeout_ms)
    : queue_(std::move(queue)), tag_(tag), patience_(timeout_ms == 0 ? default_question_ms : timeout_ms) {}

Questions::~Questions() {
  if (!clock_.joinable()) return;
  // The clock keeps what it watches, so it can be the last to let go of it.
  if (clock_.get_id() == std::this_thread::get_id()) {
    clock_.detach();
  } else {
    clock_.join();
  }
}

void Questions::give_default(Taker take) noexcept try {
  (void)take(std::nullopt);
} catch (...) {  // NOLINT: takers tell what they can themselves
}

std::uint64_t Questions::put(json::Writer object, Taker take) {
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    id = next_++;
  }
  object.member("id", id).member("timeout_ms", std::int64_t{patience_.count()});
  Ref<confab_event> event(new confab_event(CONFAB_EVENT_QUESTION, tag_));
  event->places = 0;
  event->succeed(std::move(object).finish());
  event->asked = std::make_shared<Asked>(weak_from_this(), id);
  {
    const std::lock_guard lock(mutex_);
    if (!closed_ && open_.size() < most_questions) {
      if (!clock_.joinable()) clock_ = std::thread([self = shared_from_this()] { self->watch(); });
      open_.emplace(id, Open{std::chrono::steady_clock::now() + patience_, std::move(take)});
      changed_.notify_one();
    }
  }
  if (take) {
    give_default(std::move(take));
  } else {
    queue_->push(std::move(event).give());
  }
  return id;
}

void Questions::answer(std::uint64_t id, std::string_view json) {
  std::map<std::uint64_t, Open>::node_type open;
  {
    const std::lock_guard lock(mutex_);
    open = open_.extract(id);
  }
  if (!open) refuse(Errc::closed, "question", "it was answered before, or its time has passed");
  Result<void> taken = no_memory();
  try {
    taken = open.mapped().take(json);
  } catch (...) {  // NOLINT: said above
  }
  if (taken) return;
  {
    const std::lock_guard lock(mutex_);
    if (!closed_ && taken.error().code() != Errc::closed) {
      open_.insert(std::move(open));
      changed_.notify_one();
    }
  }
  if (open) give_default(std::move(open.mapped().take));
  throw Refusal(std::move(taken).error());
}

void Questions::close() noexcept {
  std::map<std::uint64_t, Open> open;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    open.swap(open_);
    changed_.notify_one();
  }
  for (auto& [id, each] : open) give_default(std::move(each.take));
}

void Questions::watch() {
  std::unique_lock lock(mutex_);
  while (!closed_) {
    if (open_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto first = open_.begin();
    const auto until = first->second.until;
    if (std::chrono::steady_clock::now() < until) {
      changed_.wait_until(lock, until);
      continue;
    }
    Taker take = std::move(first->second.take);
    open_.erase(first);
    lock.unlock();
    give_default(std::move(take));
    lock.lock();
  }
}

void Questions::drop(std::uint64_t id) noexcept {
  std::map<std::uint64_t, Open>::node_type open;
  {
    const std::lock_guard lock(mutex_);
    open = open_.extract(id);
  }
  if (open) give_default(std::move(open.mapped().take));
}

Asked::~Asked() {
  if (const auto by = by_.lock()) by->drop(id_);
}

void Asked::answer(std::string_view json) const {
  const auto by = by_.lock();
  if (!by) refuse(Errc::closed, "question", "the client that asked it is gone");
  by->answer(id_, json);
}

}  // namespace confab::capi

using namespace confab::capi;

confab_status confab_answer(const confab_event* question, const char* json) {
  return guarded(nullptr, [&] {
    const confab_event& asked = require(question, "question");
    if (!asked.asked) refuse(confab::Errc::invalid_argument, "question", "this event is no question");
    if (json == nullptr) refuse(confab::Errc::invalid_argument, "json", "this argument is NULL");
    asked.asked->answer(json);
  });
}
