#include "store/sqlite_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <new>
#include <optional>
#include <utility>

#include "store/record_rules.hpp"
#include "util/no_memory.hpp"

namespace confab::store {
namespace {

std::int64_t milliseconds(StoreTime time) { return time.time_since_epoch().count(); }
}  // namespace

Result<SqliteWriter> SqliteWriter::open(SqliteConnection connection, std::size_t most_file_bytes,
                                        std::shared_ptr<StoreClock> clock) {
  auto set = connection.execute("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216;");
  if (!set) return std::move(set).error();
  if (most_file_bytes > 0) {
    const auto page = connection.read_integer("PRAGMA page_size");
    if (!page) return page.error();
    const auto pages = static_cast<std::int64_t>(most_file_bytes) / std::max<std::int64_t>(page->value_or(4096), 512);
    const std::string limit = fmt::format("PRAGMA max_page_count = {}", std::max<std::int64_t>(pages, 1));
    const auto limited = connection.read_integer(limit.c_str());
    if (!limited) return limited.error();
  }
  constexpr std::array<const char*, 9> sql = {
      "BEGIN IMMEDIATE",
      "COMMIT",
      "ROLLBACK",
      "SELECT version, expires FROM record WHERE key = ?1",
      "INSERT INTO record (key, version, expires, value) VALUES (?1, ?2, ?3, ?4)"
      " ON CONFLICT (key) DO UPDATE SET version = ?2, expires = ?3, value = ?4",
      "DELETE FROM record WHERE key = ?1",
      "SELECT version FROM counter WHERE one = 1",
      "UPDATE counter SET version = ?1 WHERE one = 1",
      "DELETE FROM record WHERE id IN (SELECT id FROM record WHERE expires <= ?1 LIMIT 500)",
  };
  std::vector<SqliteStatement> prepared;
  for (const char* text : sql) {
    auto statement = connection.prepare(text);
    if (!statement) return std::move(statement).error();
    prepared.push_back(std::move(*statement));
  }
  auto& p = prepared;
  return SqliteWriter(std::move(connection),
                      Statements{std::move(p[0]), std::move(p[1]), std::move(p[2]), std::move(p[3]), std::move(p[4]),
                                 std::move(p[5]), std::move(p[6]), std::move(p[7]), std::move(p[8])},
                      std::move(clock));
}

void SqliteWriter::run(JobQueue::Entries group) {
  std::vector<Step> steps;
  try {
    steps.reserve(group.size());
    for (JobQueue::Entry& entry : group) {
      auto* job = std::get_if<TransactJob>(&entry.job);
      if (!entry.refused && job != nullptr) steps.push_back(Step{job, std::vector<StoreVersion>()});
    }
    if (!steps.empty()) write(steps);
    for (Step& step : steps) step.job->done(std::move(step.result));
    for (JobQueue::Entry& entry : group) {
      if (entry.refused) fail(entry.job, *entry.refused);
    }
  } catch (const std::bad_alloc&) {
    if (connection_.in_transaction()) (void)statements_.rollback.run();
    // Whoever was answered before ignores this.
    for (JobQueue::Entry& entry : group) fail(entry.job, no_memory());
  }
}

void SqliteWriter::write(std::vector<Step>& steps) {
  const Result<void> written = write_group(steps);
  if (written) return;
  if (connection_.in_transaction()) (void)statements_.rollback.run();
  // What does not fit must not take along what would: an erase makes room, where a large value finds none.
  if (steps.size() > 1 && written.error().code() == Errc::store && written.error().retriable()) {
    for (Step& step : steps) {
      std::vector<Step> alone;
      alone.push_back(Step{step.job, std::vector<StoreVersion>()});
      write(alone);
      step.result = std::move(alone.front().result);
    }
    return;
  }
  for (Step& step : steps) step.result = written.error();
}

Result<void> SqliteWriter::write_group(std::vector<Step>& steps) {
  const bool promised = std::any_of(steps.begin(), steps.end(),
                                    [](const Step& step) { return step.job->durability == Durability::promised; });
  if (auto set = promise(promised); !set) return set;
  if (auto begun = statements_.begin.run(); !begun) return begun;
  auto counter = statements_.read_counter.step();
  if (!counter) return std::move(counter).error();
  if (!*counter) return store_fault(connection_.path(), "lacks its counter: it was changed by another program");
  const auto found = static_cast<StoreVersion>(statements_.read_counter.integer(0));
  statements_.read_counter.reset();
  counter_ = found;
  medium_failed_ = false;

  const StoreTime now = clock_->now();
  for (Step& step : steps) {
    step.result = apply(*step.job, now);
    if (medium_failed_) return step.result.error();
  }
  if (now >= next_sweep_) {
    next_sweep_ = now + between_sweeps;
    if (auto swept = sweep(now); !swept) return swept;
  }
  if (counter_ != found) {
    auto kept = statements_.write_counter.bind(1, static_cast<std::int64_t>(counter_)).run();
    if (!kept) return kept;
  }
  return statements_.commit.run();
}

// All versions are looked at before anything is written, so a conflict has nothing to undo.
Result<std::vector<StoreVersion>> SqliteWriter::apply(const TransactJob& job, StoreTime now) {
  for (const StoreWrite& write : job.writes) {
    auto version = version_of(write.key(), now);
    if (!version) {
      medium_failed_ = true;
      return std::move(version).error();
    }
    if (*version != write.expected()) return conflict(write.key());
  }
  std::vector<StoreVersion> versions;
  versions.reserve(job.writes.size());
  for (const StoreWrite& write : job.writes) {
    Result<void> done;
    StoreVersion version = write.expected();
    if (write.kind() == StoreWrite::Kind::put) {
      version = ++counter_;
      done = put(write, version, now);
    } else if (write.kind() == StoreWrite::Kind::erase) {
      version = 0;
      done = statements_.erase.bind(1, write.key()).run();
    }
    if (!done) {
      medium_failed_ = true;
      return std::move(done).error();
    }
    versions.push_back(version);
  }
  return versions;
}

Result<StoreVersion> SqliteWriter::version_of(const std::string& key, StoreTime now) {
  SqliteStatement& find = statements_.find;
  const SqliteStatement::Use use(find);
  auto row = find.bind(1, key).step();
  if (!row) return std::move(row).error();
  StoreVersion version = 0;
  if (*row && (find.is_null(1) || find.integer(1) > milliseconds(now))) {
    version = static_cast<StoreVersion>(find.integer(0));
  }
  return version;
}

Result<void> SqliteWriter::put(const StoreWrite& write, StoreVersion version, StoreTime now) {
  SqliteStatement& put = statements_.put;
  put.bind(1, write.key()).bind(2, static_cast<std::int64_t>(version)).bind(4, write.value());
  if (write.lifetime()) {
    put.bind(3, milliseconds(now + *write.lifetime()));
  } else {
    put.bind_null(3);
  }
  return put.run();
}

Result<void> SqliteWriter::sweep(StoreTime now) { return statements_.sweep.bind(1, milliseconds(now)).run(); }

// A group is synced if one of its members was promised that; the sync of the log covers all relaxed groups before.
Result<void> SqliteWriter::promise(bool power_safe) {
  if (power_safe == power_safe_) return {};
  auto set = connection_.execute(power_safe ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
  if (set) power_safe_ = power_safe;
  return set;
}

}  // namespace confab::store
