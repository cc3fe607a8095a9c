#include "store/postgresql_reader.hpp"

#include <map>
#include <new>
#include <string_view>
#include <utility>

#include "store/postgresql_schema.hpp"
#include "store/record_rules.hpp"
#include "util/no_memory.hpp"

namespace confab::store {
namespace {

constexpr std::string_view now_sql = "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

constexpr std::string_view get_sql =
    "SELECT key, version, expires, value FROM {schema}.record WHERE key = ANY($1::text[]) AND (expires IS NULL OR"
    " expires > coalesce($2::bigint, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint))";

// One record more than asked for tells whether something follows. The sums keep the database from sending more than a
// page holds; the sizes of values are known to it without reading them.
constexpr std::string_view list_sql =
    "SELECT key, version, expires, value, found FROM ("
    "SELECT *, count(*) OVER () AS found, row_number() OVER (ORDER BY key) AS place,"
    " sum(octet_length(key) + octet_length(value)) OVER (ORDER BY key) AS bytes FROM ("
    "SELECT key, version, expires, value FROM {schema}.record WHERE key >= $1 AND key <> $2 AND key <= $3"
    " AND (expires IS NULL OR expires > coalesce($4::bigint, floor(extract(epoch FROM clock_timestamp()) * "
    "1000)::bigint))"
    " ORDER BY key LIMIT $5::bigint + 1) AS those) AS page"
    " WHERE place = 1 OR (place <= $5::bigint AND bytes <= $6::bigint) ORDER BY key";

// The last of all keys with this prefix: the largest character of all, as often as a key can hold it.
std::string last_with(const std::string& prefix) {
  std::string last = prefix;
  for (std::size_t i = 0; i < most_key_bytes; i += 4) last += "\xF4\x8F\xBF\xBF";
  return last;
}

Error changed() { return database_fault("a record of the store is none: it was changed by another program"); }

Result<StoreRecord> record_at(const PostgresqlRows& rows, int row) {
  const auto version = rows.integer(row, 1);
  if (!version || *version < 1) return changed();
  std::optional<StoreTime> expires;
  if (!rows.is_null(row, 2)) {
    const auto time = rows.integer(row, 2);
    if (!time) return changed();
    expires = StoreTime(std::chrono::milliseconds(*time));
  }
  return StoreRecord(std::string(rows.text(row, 0)), static_cast<StoreVersion>(*version),
                     std::string(rows.text(row, 3)), expires);
}

}  // namespace

PostgresqlReader::PostgresqlReader(PostgresqlSession session, const std::string& schema, ClockSource clock,
                                   std::shared_ptr<LatestTime> latest)
    : session_(std::move(session)),
      get_(in_schema(get_sql, schema)),
      list_(in_schema(list_sql, schema)),
      clock_(std::move(clock)),
      latest_(std::move(latest)) {}

std::optional<std::int64_t> PostgresqlReader::time() const {
  if (!clock_) return {};
  return clock_().time_since_epoch().count();
}

void PostgresqlReader::run(JobQueue::Entries group) {
  std::vector<GetJob*> gets;
  try {
    gets.reserve(group.size());
    for (JobQueue::Entry& entry : group) {
      if (entry.refused) {
        fail(entry.job, *entry.refused);
      } else if (auto* get_job = std::get_if<GetJob>(&entry.job)) {
        gets.push_back(get_job);
      } else if (auto* list_job = std::get_if<ListJob>(&entry.job)) {
        list_job->done(list(*list_job));
      } else if (auto* now_job = std::get_if<NowJob>(&entry.job)) {
        now_job->done(now());
      }
    }
    if (!gets.empty()) get(gets);
  } catch (const std::bad_alloc&) {
    // Whoever was answered before ignores this.
    for (JobQueue::Entry& entry : group) fail(entry.job, no_memory());
  }
}

void PostgresqlReader::get(const std::vector<GetJob*>& jobs) {
  PostgresqlArray keys;
  for (const GetJob* job : jobs) keys.add(job->key);
  PostgresqlQuery query(get_);
  query.bind(std::move(keys).finish()).bind(time());
  const auto rows = session_.run(query);
  std::map<std::string_view, int> places;
  for (int row = 0; rows && row < rows->count(); ++row) places.emplace(rows->text(row, 0), row);
  for (GetJob* job : jobs) {
    if (!rows) {
      job->done(rows.error());
      continue;
    }
    const auto place = places.find(job->key);
    if (place == places.end()) {
      job->done(std::optional<StoreRecord>());
      continue;
    }
    auto record = record_at(*rows, place->second);
    if (record) {
      job->done(std::optional<StoreRecord>(std::move(*record)));
    } else {
      job->done(std::move(record).error());
    }
  }
}

Result<StorePage> PostgresqlReader::list(const ListJob& job) {
  PostgresqlQuery query(list_);
  // The first page begins at the prefix itself, which may be a key; the others behind their cursor.
  query.bind(job.cursor.empty() ? job.prefix : job.cursor).bind(job.cursor).bind(last_with(job.prefix)).bind(time());
  query.bind(static_cast<std::int64_t>(job.limit)).bind(static_cast<std::int64_t>(most_page_bytes));
  const auto rows = session_.run(query);
  if (!rows) return rows.error();
  std::vector<StoreRecord> records;
  std::string next;
  for (int row = 0; row < rows->count(); ++row) {
    auto record = record_at(*rows, row);
    if (!record) return std::move(record).error();
    records.push_back(std::move(*record));
  }
  if (!records.empty() && rows->integer(0, 4).value_or(0) > rows->count()) next = records.back().key();
  return StorePage(std::move(records), std::move(next));
}

Result<StoreTime> PostgresqlReader::now() {
  auto read = time();
  if (!read) {
    const auto rows = session_.run(PostgresqlQuery(std::string(now_sql)));
    if (!rows) return rows.error();
    if (rows->count() == 1) read = rows->integer(0, 0);
    if (!read) return database_fault("the database's clock cannot be read");
  }
  return latest_->of(StoreTime(std::chrono::milliseconds(*read)));
}

}  // namespace confab::store
