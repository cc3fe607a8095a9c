// StoreJob: one operation on its way from the caller to a thread of a backend, with the handler that is owed.
#pragma once

#include <confab/store.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "store/answer_once.hpp"

namespace confab::store {

struct GetJob {
  std::string key;
  AnswerOnce<std::optional<StoreRecord>> done;
};
struct ListJob {
  std::string prefix;
  std::string cursor;
  std::size_t limit;
  AnswerOnce<StorePage> done;
};
struct NowJob {
  AnswerOnce<StoreTime> done;
};
struct TransactJob {
  std::vector<StoreWrite> writes;
  Durability durability;
  AnswerOnce<std::vector<StoreVersion>> done;
};

using StoreJob = std::variant<GetJob, ListJob, NowJob, TransactJob>;

/// What the job keeps in memory while it waits, for the bound of its queue.
[[nodiscard]] inline std::size_t job_bytes(const StoreJob& job) {
  if (const auto* get = std::get_if<GetJob>(&job)) return get->key.size();
  if (const auto* list = std::get_if<ListJob>(&job)) return list->prefix.size() + list->cursor.size();
  std::size_t bytes = 0;
  if (const auto* transact = std::get_if<TransactJob>(&job)) {
    for (const StoreWrite& write : transact->writes) bytes += write.key().size() + write.value().size();
  }
  return bytes;
}

/// Let go of what the job holds but its handler.
inline void drop_payload(StoreJob& job) {
  if (auto* transact = std::get_if<TransactJob>(&job)) std::vector<StoreWrite>().swap(transact->writes);
}

inline void fail(StoreJob& job, const Error& error) {
  std::visit([&error](auto& each) { each.done(error); }, job);
}

}  // namespace confab::store
