// Is a store whole, and how does it get other keys?
#include <confab/store_care.hpp>

#include <new>
#include <set>
#include <utility>

#include "store/key_check.hpp"
#include "store/record_rules.hpp"
#include "store/sealed_members.hpp"
#include "store/waited_store.hpp"
#include "util/no_memory.hpp"

namespace confab {
namespace {

constexpr std::size_t page_records = 100;
constexpr int most_passes = 10;
// The known texts that tell which keys belong to the store: each stays sealed under its own.
constexpr std::string_view key_folder = "confab/keys/";

Error cancelled() { return Error(Errc::cancelled, "ended before all records were looked at: repeat it to go on"); }

// Calls `look` with each record, page by page.
template <class F>
Result<StoreReport> walk(const store::WaitedStore& store, const StoreProgress& progress, F look) {
  StoreReport report;
  std::string cursor;
  do {
    const auto page = store.list("", cursor, page_records);
    if (!page) return page.error();
    for (const StoreRecord& record : page->records()) {
      report.add_records(1);
      if (Result<void> looked = look(report, record); !looked) return std::move(looked).error();
    }
    cursor = page->cursor();
    if (progress && !progress(report)) return cancelled();
  } while (!cursor.empty());
  return report;
}

void count_sealed(StoreReport& report, const json::Value& record) {
  for (const std::string& id : store::sealing_ids(record)) report.add_sealed(id);
}

// Seals one record anew, however often somebody else changes it meanwhile.
class Rotation {
 public:
  Rotation(const store::WaitedStore& store, const store::SealingKeys& keys) : store_(&store), keys_(&keys) {}

  Result<void> operator()(StoreReport& report, const StoreRecord& found) {
    if (found.key().starts_with(key_folder)) return {};
    std::optional<StoreRecord> record = found;
    while (record) {
      const auto parsed = store::parse(*record);
      if (!parsed) return fault(report, *record, parsed.error());
      if (!wanted(parsed->root())) {
        count_sealed(report, parsed->root());
        return {};
      }
      auto sealed = store::seal_anew(*keys_, record->key(), parsed->root());
      if (!sealed) {
        count_sealed(report, parsed->root());
        return fault(report, *record, sealed.error());
      }
      const auto written = write(*record, std::move(*sealed));
      if (written) {
        report.add_written(1);
        report.add_sealed(keys_->sealing().id(), store::sealing_ids(parsed->root()).size());
        return {};
      }
      if (written.error().code() != Errc::conflict) return written.error();
      auto again = store_->get(record->key());
      if (!again) return std::move(again).error();
      record = std::move(*again);
    }
    return {};
  }

 private:
  [[nodiscard]] bool wanted(const json::Value& record) const {
    for (const std::string& id : store::sealing_ids(record)) {
      if (id != keys_->sealing().id()) return true;
    }
    return false;
  }

  static Result<void> fault(StoreReport& report, const StoreRecord& record, const Error& error) {
    report.add_fault(StoreFault(record.key(), std::string(error.message())));
    return {};
  }

  // It ends when it would have ended.
  Result<void> write(const StoreRecord& record, std::string value) const {
    StoreWrite put = StoreWrite::put(record.key(), record.version(), std::move(value));
    if (record.expires()) {
      const auto now = store_->now();
      if (!now) return now.error();
      if (*record.expires() <= *now) return {};
      put.expires_after(*record.expires() - *now);
    }
    std::vector<StoreWrite> writes;
    writes.push_back(std::move(put));
    auto done = store_->transact(std::move(writes));
    if (!done) return std::move(done).error();
    return {};
  }

  const store::WaitedStore* store_;
  const store::SealingKeys* keys_;
};

// A record that names a key although it does not open keeps that key, too.
Result<void> retire_others(const store::WaitedStore& store, const store::SealingKeys& keys, const StoreReport& left) {
  const auto page = store.list(std::string(key_folder), "", store::most_page_records);
  if (!page) return page.error();
  for (const StoreRecord& record : page->records()) {
    const std::string id = record.key().substr(key_folder.size());
    if (id == keys.sealing().id() || left.sealed().contains(id)) continue;
    const auto retired = store::WaitedStore::ask<void>(
        [&](StoreHandler<void> done) { store::retire_sealing_key(store.store(), id, std::move(done)); });
    if (!retired) return retired;
  }
  return {};
}

}  // namespace

Result<StoreReport> check_store(const std::shared_ptr<Store>& store, const std::optional<StoreKeys>& keys,
                                const StoreProgress& progress) try {
  const store::WaitedStore waited(store);
  return walk(waited, progress, [&](StoreReport& report, const StoreRecord& record) -> Result<void> {
    const auto parsed = store::parse(record);
    if (!parsed) {
      report.add_fault(StoreFault(record.key(), std::string(parsed.error().message())));
      return {};
    }
    count_sealed(report, parsed->root());
    if (!keys) return {};
    const auto opened = store::open_sealed(*keys->keys(), record.key(), parsed->root());
    if (!opened) report.add_fault(StoreFault(record.key(), std::string(opened.error().message())));
    return {};
  });
} catch (const std::bad_alloc&) {
  return no_memory();
}

Result<StoreReport> rotate_store_keys(const std::shared_ptr<Store>& store, const StoreKeys& keys, bool retire,
                                      const StoreProgress& progress) try {
  const store::WaitedStore waited(store);
  // Before anything is sealed under it, the new key is known to the store; and all old ones are at hand.
  const auto fit = store::WaitedStore::ask<void>(
      [&](StoreHandler<void> done) { store::check_sealing_keys(waited.store(), keys.keys(), std::move(done)); });
  if (!fit) return fit.error();
  std::uint64_t written = 0;
  for (int pass = 0; pass < most_passes; ++pass) {
    auto report = walk(
        waited,
        [&](StoreReport so_far) {
          so_far.add_written(written);
          return !progress || progress(so_far);
        },
        Rotation(waited, *keys.keys()));
    if (!report) return report;
    const bool settled = report->written() == 0;
    written += report->written();
    if (!settled) continue;
    if (retire) {
      if (auto retired = retire_others(waited, *keys.keys(), *report); !retired) return std::move(retired).error();
    }
    report->add_written(written);
    return report;
  }
  return Error(Errc::busy, "other processes go on sealing under an old key: give them the new one, first in its file")
      .with_subject("store.key_file");
} catch (const std::bad_alloc&) {
  return no_memory();
}

}  // namespace confab
