#include "store/memory_table.hpp"

#include <utility>

#include "store/record_rules.hpp"

namespace confab::store {
namespace {
constexpr std::size_t bytes_per_entry = 160;  // a node of the map with its two strings
constexpr std::size_t writes_per_sweep = 4096;

bool expired(const std::optional<StoreTime>& expires, StoreTime now) { return expires && *expires <= now; }
}  // namespace

std::size_t MemoryTable::cost(const std::string& key, const std::string& value) {
  return bytes_per_entry + key.size() + value.size();
}

std::optional<StoreRecord> MemoryTable::get(const std::string& key, StoreTime now) const {
  const auto found = entries_.find(key);
  if (found == entries_.end() || expired(found->second.expires, now)) return {};
  return StoreRecord(found->first, found->second.version, found->second.value, found->second.expires);
}

StorePage MemoryTable::list(const std::string& prefix, const std::string& cursor, std::size_t limit,
                            StoreTime now) const {
  std::vector<StoreRecord> records;
  std::size_t bytes = 0;
  for (auto at = cursor.empty() ? entries_.lower_bound(prefix) : entries_.upper_bound(cursor);
       at != entries_.end() && at->first.starts_with(prefix); ++at) {
    if (expired(at->second.expires, now)) continue;
    const std::size_t size = at->first.size() + at->second.value.size();
    if (records.size() == limit || (!records.empty() && bytes + size > most_page_bytes)) {
      std::string last = records.back().key();
      return StorePage(std::move(records), std::move(last));
    }
    bytes += size;
    records.emplace_back(at->first, at->second.version, at->second.value, at->second.expires);
  }
  return StorePage(std::move(records));
}

Result<std::vector<StoreVersion>> MemoryTable::transact(const std::vector<StoreWrite>& writes, StoreTime now) {
  for (const StoreWrite& write : writes) {
    const auto found = entries_.find(write.key());
    const bool there = found != entries_.end() && !expired(found->second.expires, now);
    if ((there ? found->second.version : 0) != write.expected()) return conflict(write.key());
  }
  writes_since_sweep_ += writes.size();
  const std::size_t added = added_by(writes);
  if (writes_since_sweep_ >= writes_per_sweep || bytes_ + added > most_bytes_) sweep(now);
  if (added > 0 && bytes_ + added > most_bytes_) {
    return Error(Errc::store, "the memory store is full: raise its bound or keep less")
        .with_subject("store.most_bytes");
  }
  std::vector<StoreVersion> versions;
  versions.reserve(writes.size());
  // All that needs memory comes first: a transaction is done wholly or not at all.
  Entries made;
  for (const StoreWrite& write : writes) {
    if (write.kind() != StoreWrite::Kind::put) continue;
    std::optional<StoreTime> expires;
    if (write.lifetime()) expires = now + *write.lifetime();
    made.try_emplace(write.key(), Entry{0, write.value(), expires});
  }
  for (const StoreWrite& write : writes) {
    const auto found = entries_.find(write.key());
    if (write.kind() == StoreWrite::Kind::check) {
      versions.push_back(write.expected());
      continue;
    }
    if (found != entries_.end()) remove(found);
    if (write.kind() == StoreWrite::Kind::erase) {
      versions.push_back(0);
      continue;
    }
    Entries::node_type entry = made.extract(write.key());
    entry.mapped().version = ++last_version_;
    bytes_ += cost(write.key(), write.value());
    entries_.insert(std::move(entry));
    versions.push_back(last_version_);
  }
  return versions;
}

// At most: what is replaced is not subtracted, so that a full store never fails half way.
std::size_t MemoryTable::added_by(const std::vector<StoreWrite>& writes) {
  std::size_t added = 0;
  for (const StoreWrite& write : writes) {
    if (write.kind() == StoreWrite::Kind::put) added += cost(write.key(), write.value());
  }
  return added;
}

void MemoryTable::remove(Entries::iterator entry) {
  bytes_ -= cost(entry->first, entry->second.value);
  entries_.erase(entry);
}

void MemoryTable::sweep(StoreTime now) {
  writes_since_sweep_ = 0;
  for (auto at = entries_.begin(); at != entries_.end();) {
    const auto here = at++;
    if (expired(here->second.expires, now)) remove(here);
  }
}

}  // namespace confab::store
