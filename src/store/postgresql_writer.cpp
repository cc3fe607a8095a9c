#include "store/postgresql_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

#include "store/record_rules.hpp"
#include "util/no_memory.hpp"

namespace confab::store {
namespace {

constexpr std::int64_t not_found_as_expected = -1;

// As the function `transact` numbers them.
std::int64_t number_of(StoreWrite::Kind kind) {
  switch (kind) {
    case StoreWrite::Kind::put:
      return 0;
    case StoreWrite::Kind::erase:
      return 1;
    case StoreWrite::Kind::check:
      break;
  }
  return 2;
}

// A version beyond what the database can hold was never given to anybody; neither was this.
std::int64_t expected_of(const StoreWrite& write) {
  constexpr auto most = static_cast<StoreVersion>(std::numeric_limits<std::int64_t>::max());
  return write.expected() > most ? -2 : static_cast<std::int64_t>(write.expected());
}

// "{1,-1,30}"; nothing for anything else.
std::optional<std::vector<std::int64_t>> numbers_in(std::string_view array) {
  if (array.size() < 2 || array.front() != '{' || array.back() != '}') return {};
  std::vector<std::int64_t> numbers;
  std::int64_t number = 0;
  bool negative = false;
  for (const char c : array.substr(1)) {
    if (c >= '0' && c <= '9') {
      if (number > (std::numeric_limits<std::int64_t>::max() - 9) / 10) return {};
      number = number * 10 + (c - '0');
    } else if (c == '-') {
      negative = true;
    } else if (c == ',' || c == '}') {
      numbers.push_back(negative ? -number : number);
      number = 0;
      negative = false;
    } else {
      return {};
    }
  }
  return numbers;
}

}  // namespace

std::string transact_statement(const std::string& schema, const char* function) {
  return fmt::format(
      "SELECT {}.{}($1, $2, $3::bigint, $4::boolean, $5::boolean, $6::integer[], $7::integer[],"
      " $8::text[], $9::bigint[], $10::bigint[], $11::text[])",
      schema, function);
}

PostgresqlWriter::PostgresqlWriter(PostgresqlSession session, std::string statement, std::string name,
                                   ClockSource clock)
    : session_(std::move(session)),
      statement_(std::move(statement)),
      name_(std::move(name)),
      clock_(std::move(clock)) {}

void PostgresqlWriter::run(JobQueue::Entries group) {
  std::vector<TransactJob*> jobs;
  try {
    jobs.reserve(group.size());
    for (JobQueue::Entry& entry : group) {
      auto* job = std::get_if<TransactJob>(&entry.job);
      if (!entry.refused && job != nullptr) jobs.push_back(job);
    }
    if (!jobs.empty()) {
      const auto numbers = write(jobs);
      std::size_t first = 0;
      for (TransactJob* job : jobs) {
        if (!numbers) {
          job->done(numbers.error());
          continue;
        }
        std::vector<StoreVersion> versions;
        std::optional<Error> refused;
        for (std::size_t i = 0; i < job->writes.size() && !refused; ++i) {
          const std::int64_t number = (*numbers)[first + i];
          if (number == not_found_as_expected) refused = conflict(job->writes[i].key());
          versions.push_back(static_cast<StoreVersion>(number));
        }
        first += job->writes.size();
        if (refused) {
          job->done(std::move(*refused));
        } else {
          job->done(std::move(versions));
        }
      }
    }
    for (JobQueue::Entry& entry : group) {
      if (entry.refused) fail(entry.job, *entry.refused);
    }
  } catch (const std::bad_alloc&) {
    // Whoever was answered before ignores this.
    for (JobQueue::Entry& entry : group) fail(entry.job, no_memory());
  }
}

Result<std::vector<std::int64_t>> PostgresqlWriter::write(const std::vector<TransactJob*>& jobs) {
  PostgresqlArray of_job;
  PostgresqlArray kinds;
  PostgresqlArray keys;
  PostgresqlArray expected;
  PostgresqlArray lifetimes;
  PostgresqlArray values;
  std::size_t count = 0;
  bool promised = false;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    promised = promised || jobs[i]->durability == Durability::promised;
    for (const StoreWrite& write : jobs[i]->writes) {
      ++count;
      of_job.add(static_cast<std::int64_t>(i));
      kinds.add(number_of(write.kind()));
      keys.add(write.key());
      expected.add(expected_of(write));
      if (write.lifetime()) {
        lifetimes.add(static_cast<std::int64_t>(write.lifetime()->count()));
      } else {
        lifetimes.add_null();
      }
      values.add(write.value());
    }
  }
  const auto now = std::chrono::steady_clock::now();
  const bool sweep = clock_ != nullptr || now >= next_sweep_;
  if (sweep) next_sweep_ = now + between_sweeps;
  const std::string previous = fmt::format("{}:{}", name_, groups_);
  PostgresqlQuery query(statement_);
  query.bind(fmt::format("{}:{}", name_, ++groups_)).bind(previous);
  query.bind(clock_ ? std::optional<std::int64_t>(clock_().time_since_epoch().count()) : std::nullopt);
  query.bind(std::string(promised ? "t" : "f")).bind(std::string(sweep ? "t" : "f"));
  query.bind(std::move(of_job).finish()).bind(std::move(kinds).finish()).bind(std::move(keys).finish());
  query.bind(std::move(expected).finish()).bind(std::move(lifetimes).finish()).bind(std::move(values).finish());
  const auto rows = session_.run(query);
  if (!rows) return rows.error();
  auto numbers = rows->count() == 1 ? numbers_in(rows->text(0, 0)) : std::nullopt;
  if (!numbers || numbers->size() != count) {
    return database_fault("the database's answer to a write is none: its functions were changed by another program");
  }
  return std::move(*numbers);
}

}  // namespace confab::store
