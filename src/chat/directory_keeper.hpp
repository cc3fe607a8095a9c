// DirectoryKeeper: the one thread of a stored directory, which alone changes the index, and the index that all read.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include <confab/stored_directory.hpp>
#include <confab/unique_function.hpp>

#include "chat/directory_index.hpp"
#include "chat/directory_log.hpp"

namespace confab::detail {

class DirectoryKeeper {
 public:
  static constexpr std::size_t most_waiting = 1024;  // operations in the queue; with more: Errc::busy
  // Larger changes are made on a copy of the index, which takes its place: readers are never held up for long.
  static constexpr std::size_t most_in_place = 256;

  DirectoryKeeper(std::shared_ptr<Store> store, const TenantId& tenant) : log_(std::move(store), tenant) {}

  // Any thread.
  [[nodiscard]] DirectoryRevision revision() const noexcept { return revision_.load(std::memory_order_acquire); }
  [[nodiscard]] std::optional<DirectoryUser> user(std::string_view slug) const;
  [[nodiscard]] std::optional<DirectoryUser> user_by_id(std::string_view id) const;
  [[nodiscard]] std::optional<DirectoryRoom> room(const RoomRef& ref) const;
  [[nodiscard]] bool push(UniqueFunction<void()> job);
  void stop();

  // The thread: runs jobs, and looks for others' changes between them, until it is told to stop.
  void run();

  // Within jobs.
  [[nodiscard]] Result<DirectoryRevision> refresh();
  [[nodiscard]] Result<DirectoryRevision> apply(const DirectoryBatch& batch, DirectoryRevision expected);
  [[nodiscard]] Result<DirectoryRevision> load(const chat::DirectoryIndex& wanted);

 private:
  [[nodiscard]] Result<bool> reload(const chat::DirectoryHead& head);
  [[nodiscard]] Result<void> commit(const chat::DirectoryChange& change, const std::string& fingerprint);
  void show(const chat::DirectoryChange& change, const chat::DirectoryHead& head);
  void follow(const std::vector<chat::DirectoryChange>& changes, const chat::DirectoryHead& head);
  void replace(std::shared_ptr<chat::DirectoryIndex> index, const chat::DirectoryHead& head);
  template <class Find>
  [[nodiscard]] auto look(Find find) const;

  std::mutex queue_mutex_;
  std::condition_variable queue_changed_;
  std::deque<UniqueFunction<void()>> queue_;
  bool stopping_ = false;

  chat::DirectoryLog log_;    // the thread's alone
  chat::DirectoryHead head_;  // the thread's alone
  bool torn_ = false;         // likewise: a change of the index broke off for want of memory, and it is read anew
  std::atomic<DirectoryRevision> revision_{0};
  mutable std::shared_mutex index_mutex_;  // only the thread writes, so it reads without
  std::shared_ptr<chat::DirectoryIndex> index_ = std::make_shared<chat::DirectoryIndex>();
};

}  // namespace confab::detail
