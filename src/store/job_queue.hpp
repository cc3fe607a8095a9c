// JobQueue: the bounded way from callers, who never wait, to the threads of a backend, who do.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <list>
#include <mutex>
#include <optional>

#include "store/record_rules.hpp"
#include "store/store_job.hpp"

namespace confab::store {

class JobQueue {
 public:
  struct Entry {
    StoreJob job;
    std::optional<Error> refused;  // answer with this instead of doing it
  };

  // Moves from place to place without memory: a thread that has none still has to answer what it took.
  using Entries = std::list<Entry>;

  static constexpr std::size_t most_jobs = 10'000;
  static constexpr std::size_t most_bytes = std::size_t{32} << 20U;

  /// Any thread, never blocks. Over a bound the job loses its payload and is answered Errc::busy by a backend's thread:
  /// not here, because handlers must not run inside the call that began the operation.
  void push(StoreJob job);

  /// A backend's thread: waits for work. Empty once closed and drained. Takes several only up to both bounds.
  [[nodiscard]] Entries take(std::size_t jobs, std::size_t bytes);

  /// What still waits will be answered Errc::closed.
  void close();

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  Entries entries_;
  std::size_t bytes_ = 0;
  bool closed_ = false;
  const Error closed_error_ = closed();  // made while there is memory
};

}  // namespace confab::store
