#include "store/job_queue.hpp"

#include <utility>

#include "store/record_rules.hpp"

namespace confab::store {

void JobQueue::push(StoreJob job) {
  const std::size_t bytes = job_bytes(job);
  const std::lock_guard lock(mutex_);
  std::optional<Error> refused;
  if (closed_) {
    refused = closed();
  } else if (entries_.size() >= most_jobs || (bytes_ + bytes > most_bytes && !entries_.empty())) {
    refused = Error(Errc::busy, "the store's queue is full: repeat when earlier operations have ended");
  }
  if (refused) {
    drop_payload(job);
  } else {
    bytes_ += bytes;
  }
  entries_.push_back(Entry{std::move(job), std::move(refused)});
  // Under the lock: the handler of this very job may end the store, and with it this queue.
  ready_.notify_one();
}

std::vector<JobQueue::Entry> JobQueue::take(std::size_t jobs, std::size_t bytes) {
  std::vector<Entry> taken;
  std::unique_lock lock(mutex_);
  ready_.wait(lock, [this] { return closed_ || !entries_.empty(); });
  std::size_t sum = 0;
  while (!entries_.empty() && taken.size() < jobs) {
    Entry& next = entries_.front();
    const std::size_t cost = next.refused ? 0 : job_bytes(next.job);
    if (!taken.empty() && sum + cost > bytes) break;
    sum += cost;
    bytes_ -= cost;
    taken.push_back(std::move(next));
    entries_.pop_front();
  }
  return taken;
}

void JobQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    bytes_ = 0;
    for (Entry& entry : entries_) {
      if (!entry.refused) entry.refused = closed();
      drop_payload(entry.job);
    }
  }
  ready_.notify_all();
}

}  // namespace confab::store
