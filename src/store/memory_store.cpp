#include "store/memory_store.hpp"

#include <new>
#include <string>
#include <utility>
#include <vector>

#include "store/checked_store.hpp"
#include "store/job_queue.hpp"
#include "store/memory_table.hpp"
#include "store/own_threads.hpp"
#include "util/no_memory.hpp"

namespace confab::store {
namespace {

// What the thread needs, kept alive by it: the store itself may be gone while its last job runs.
struct Work {
  explicit Work(const MemoryStoreOptions& options) : table(options.most_bytes()), clock(options.clock()) {}

  void run() {
    for (;;) {
      JobQueue::Entries taken = queue.take(1, 0);
      if (taken.empty()) return;
      try {
        if (taken.front().refused) {
          fail(taken.front().job, *taken.front().refused);
        } else {
          std::visit([this](auto& job) { job.done(answer(job)); }, taken.front().job);
        }
      } catch (const std::bad_alloc&) {
        fail(taken.front().job, no_memory());
      }
    }
  }

  Result<std::optional<StoreRecord>> answer(GetJob& job) { return table.get(job.key, clock.now()); }
  Result<StorePage> answer(ListJob& job) { return table.list(job.prefix, job.cursor, job.limit, clock.now()); }
  Result<StoreTime> answer(NowJob& /*job*/) { return clock.now(); }
  Result<std::vector<StoreVersion>> answer(TransactJob& job) { return table.transact(job.writes, clock.now()); }

  JobQueue queue;
  MemoryTable table;
  StoreClock clock;
};

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(const MemoryStoreOptions& options) : work_(std::make_shared<Work>(options)) {
    threads_.start([work = work_] { work->run(); });
  }
  ~MemoryStore() override { work_->queue.close(); }

  void get(std::string key, StoreHandler<std::optional<StoreRecord>> done) override {
    work_->queue.push(GetJob{std::move(key), AnswerOnce(std::move(done))});
  }
  void list(std::string prefix, std::string cursor, std::size_t limit, StoreHandler<StorePage> done) override {
    work_->queue.push(ListJob{std::move(prefix), std::move(cursor), limit, AnswerOnce(std::move(done))});
  }
  void transact(std::vector<StoreWrite> writes, Durability durability,
                StoreHandler<std::vector<StoreVersion>> done) override {
    work_->queue.push(TransactJob{std::move(writes), durability, AnswerOnce(std::move(done))});
  }
  void now(StoreHandler<StoreTime> done) override { work_->queue.push(NowJob{AnswerOnce(std::move(done))}); }

 private:
  std::shared_ptr<Work> work_;
  OwnThreads threads_;
};

}  // namespace

std::shared_ptr<Store> make_memory_store(const MemoryStoreOptions& options) {
  return checked(std::make_shared<MemoryStore>(options));
}

}  // namespace confab::store
