// A store as lines of text, and back.
#include <confab/store_care.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

#include "store/record_line.hpp"
#include "store/record_rules.hpp"
#include "store/waited_store.hpp"
#include "util/no_memory.hpp"

namespace confab {
namespace {

constexpr std::size_t copied_records = 100;  // in one page
constexpr std::size_t batch_writes = 64;
constexpr std::size_t batch_bytes = std::size_t{512} << 10U;

// Collects records and writes them together.
class Import {
 public:
  Import(const store::WaitedStore& store, bool replace, StoreTime now) : store_(&store), replace_(replace), now_(now) {}

  Result<void> line(std::string text) {
    ++number_;
    std::optional<store::RecordLine> read = store::RecordLine::read(std::move(text), now_);
    if (!read) return wrong();
    report_.add_records(1);
    if (read->ended()) return {};
    StoreWrite put = std::move(*read).put();
    const std::size_t bytes = put.key().size() + put.value().size();
    const bool again =
        std::any_of(batch_.begin(), batch_.end(), [&](const StoreWrite& each) { return each.key() == put.key(); });
    if (again || batch_.size() == batch_writes || bytes_ + bytes > batch_bytes) {
      if (auto done = flush(); !done) return done;
    }
    bytes_ += bytes;
    batch_.push_back(std::move(put));
    return {};
  }

  Result<void> flush() {
    if (batch_.empty()) return {};
    auto done = store_->transact(batch_);
    if (!done && done.error().code() == Errc::conflict && replace_) {
      for (const StoreWrite& put : batch_) {
        if (auto replaced = put_over(put); !replaced) return replaced;
      }
    } else if (!done) {
      return std::move(done).error();
    }
    report_.add_written(batch_.size());
    batch_.clear();
    bytes_ = 0;
    return {};
  }

  [[nodiscard]] const StoreReport& report() const { return report_; }

 private:
  [[nodiscard]] Error wrong() const {
    return Error(Errc::invalid_argument, fmt::format("line {} is no record of an export", number_))
        .with_subject(fmt::format("line {}", number_));
  }

  Result<void> put_over(const StoreWrite& put) const {
    const auto there = store_->get(put.key());
    if (!there) return there.error();
    StoreWrite over = StoreWrite::put(put.key(), *there ? (**there).version() : 0, put.value());
    if (put.lifetime()) over.expires_after(*put.lifetime());
    std::vector<StoreWrite> writes;
    writes.push_back(std::move(over));
    auto done = store_->transact(std::move(writes));
    if (!done) return std::move(done).error();
    return {};
  }

  const store::WaitedStore* store_;
  bool replace_;
  StoreTime now_;
  std::uint64_t number_ = 0;
  std::vector<StoreWrite> batch_;
  std::size_t bytes_ = 0;
  StoreReport report_;
};

}  // namespace

Result<StoreReport> export_store(const std::shared_ptr<Store>& store, const StoreLineWriter& write) try {
  const store::WaitedStore waited(store);
  StoreReport report;
  std::string cursor;
  do {
    const auto page = waited.list("", cursor, copied_records);
    if (!page) return page.error();
    for (const StoreRecord& record : page->records()) {
      report.add_records(1);
      const auto parsed = store::parse(record);
      if (!parsed) {
        report.add_fault(StoreFault(record.key(), std::string(parsed.error().message())));
        continue;
      }
      if (auto written = write(store::RecordLine::write(record, parsed->root())); !written)
        return std::move(written).error();
      report.add_written(1);
    }
    cursor = page->cursor();
  } while (!cursor.empty());
  return report;
} catch (const std::bad_alloc&) {
  return no_memory();
}

Result<StoreReport> import_store(const std::shared_ptr<Store>& store, const StoreLineReader& read, bool replace) try {
  const store::WaitedStore waited(store);
  if (!replace) {
    const auto first = waited.list("", "", 1);
    if (!first) return first.error();
    if (!first->records().empty()) {
      return Error(Errc::conflict, "the store is not empty: import into another, or have its records replaced")
          .with_subject("store");
    }
  }
  const auto now = waited.now();
  if (!now) return now.error();
  Import import(waited, replace, *now);
  for (;;) {
    auto line = read();
    if (!line) return std::move(line).error();
    if (!*line) break;
    if (line->value().empty()) continue;
    if (auto taken = import.line(std::move(**line)); !taken) return std::move(taken).error();
  }
  if (auto done = import.flush(); !done) return std::move(done).error();
  return import.report();
} catch (const std::bad_alloc&) {
  return no_memory();
}

}  // namespace confab
