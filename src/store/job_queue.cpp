#include "store/job_queue.hpp"

#include <utility>

namespace confab::store {

void JobQueue::push(StoreJob job) {
  const std::size_t bytes = job_bytes(job);
  // Its place is made before the lock is taken: a job that goes for want of memory answers, and whoever hears that may
  // come back here.
  Entries added;
  added.push_back(Entry{std::move(job), std::nullopt});
  const std::lock_guard lock(mutex_);
  std::optional<Error>& refused = added.back().refused;
  if (closed_) {
    refused = closed_error_;
  } else if (entries_.size() >= most_jobs || (bytes_ + bytes > most_bytes && !entries_.empty())) {
    refused = Error(Errc::busy, "the store's queue is full: repeat when earlier operations have ended");
  }
  if (refused) {
    drop_payload(added.back().job);
  } else {
    bytes_ += bytes;
  }
  entries_.splice(entries_.end(), added);
  // Under the lock: the handler of this very job may end the store, and with it this queue.
  ready_.notify_one();
}

JobQueue::Entries JobQueue::take(std::size_t jobs, std::size_t bytes) {
  Entries taken;
  std::unique_lock lock(mutex_);
  ready_.wait(lock, [this] { return closed_ || !entries_.empty(); });
  std::size_t sum = 0;
  while (!entries_.empty() && taken.size() < jobs) {
    Entry& next = entries_.front();
    const std::size_t cost = next.refused ? 0 : job_bytes(next.job);
    if (!taken.empty() && sum + cost > bytes) break;
    sum += cost;
    bytes_ -= cost;
    taken.splice(taken.end(), entries_, entries_.begin());
  }
  return taken;
}

void JobQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    bytes_ = 0;
    for (Entry& entry : entries_) {
      if (!entry.refused) entry.refused = closed_error_;
      drop_payload(entry.job);
    }
  }
  ready_.notify_all();
}

}  // namespace confab::store
