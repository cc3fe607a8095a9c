#include "chat/directory_log.hpp"

#include <fmt/format.h>

#include <chrono>
#include <unordered_set>

#include "chat/directory_records.hpp"
#include "store/checked_store.hpp"
#include "store/record_rules.hpp"
#include "util/text.hpp"

namespace confab::chat {
namespace {

constexpr int format_number = 1;
constexpr std::size_t record_cost = 256;  // what a change costs beside its text
// A change that is being written part by part is younger than this.
constexpr std::chrono::hours parts_outlive{1};

// Blocks: the store answers on a thread of its own.
template <class T, class Begin>
Result<T> wait_for(Begin begin) {
  auto slot = std::make_shared<detail::WaitSlot<T>>();
  begin([slot](Result<T> result) { slot->put(std::move(result)); });
  return slot->take();
}

Error damaged(const std::string& key, std::string_view what) {
  return Error(Errc::store, fmt::format("the record {} {}", key, what)).with_subject(key);
}

DirectoryParts parts_of(const json::Value& value) {
  return {std::string(value["id"].string_or({})), static_cast<std::size_t>(value["parts"].integer_or(0))};
}

std::string in_digits(std::int64_t milliseconds) { return fmt::format("{:013}", milliseconds); }

}  // namespace

DirectoryLog::DirectoryLog(std::shared_ptr<Store> store, const TenantId& tenant)
    : store_(store::checked(std::move(store))), folder_(tenant.str() + "/directory/") {}

std::string DirectoryLog::change_key(DirectoryRevision revision) const {
  return fmt::format("{}change/{:020}", folder_, revision);
}

std::string DirectoryLog::part_key(const DirectoryParts& parts, std::size_t number) const {
  return fmt::format("{}part/{}/{:06}", folder_, parts.id, number);
}

Result<std::optional<StoreRecord>> DirectoryLog::get(const std::string& key) {
  return wait_for<std::optional<StoreRecord>>([&](auto done) { store_->get(key, std::move(done)); });
}

Result<std::vector<StoreVersion>> DirectoryLog::transact(std::vector<StoreWrite> writes) {
  return wait_for<std::vector<StoreVersion>>(
      [&](auto done) { store_->transact(std::move(writes), Durability::promised, std::move(done)); });
}

Result<StorePage> DirectoryLog::list(const std::string& prefix, const std::string& cursor) {
  return wait_for<StorePage>(
      [&](auto done) { store_->list(prefix, cursor, store::most_page_records, std::move(done)); });
}

Result<DirectoryHead> DirectoryLog::head() {
  const std::string key = folder_ + "head";
  auto record = get(key);
  if (!record) return std::move(record).error();
  DirectoryHead head;
  if (!*record) return head;
  auto document = store::parse(**record);
  if (!document) return std::move(document).error();
  const json::Value root = document->root();
  if (root["format"].integer_or(0) > format_number)
    return damaged(key, "was written by a newer version of the library");
  json::Reader read(root);
  head.version = (*record)->version();
  head.revision = static_cast<DirectoryRevision>(read.integer("revision", 1));
  head.fingerprint = std::string(read.string("fingerprint"));
  const json::Value base = read.object("base");
  head.base_revision = static_cast<DirectoryRevision>(base["revision"].integer_or(0));
  head.base = parts_of(base);
  head.base_bytes = static_cast<std::uint64_t>(base["bytes"].integer_or(0));
  head.log_bytes = static_cast<std::uint64_t>(read.integer("log_bytes", 0));
  if (read.failed() || head.base_revision > head.revision) return damaged(key, "is no head of a directory");
  return head;
}

Result<DirectoryHead> DirectoryLog::put_head(DirectoryHead head, std::vector<StoreWrite> writes) {
  json::Writer out;
  out.object().member("format", format_number).member("revision", head.revision);
  out.member("fingerprint", head.fingerprint).key("base").object();
  out.member("revision", head.base_revision).member("id", head.base.id);
  out.member("parts", std::uint64_t{head.base.count}).member("bytes", head.base_bytes).end();
  out.member("log_bytes", head.log_bytes);
  writes.push_back(StoreWrite::put(folder_ + "head", head.version, std::move(out).finish()));
  auto versions = transact(std::move(writes));
  if (!versions) return std::move(versions).error();
  head.version = versions->back();
  return head;
}

Result<DirectoryParts> DirectoryLog::write_parts(const std::vector<std::string>& parts) {
  auto now = wait_for<StoreTime>([&](auto done) { store_->now(std::move(done)); });
  if (!now) return std::move(now).error();
  DirectoryParts written;
  written.id = in_digits(now->time_since_epoch().count()) + "-" + text::random_token(9);
  for (const std::string& part : parts) {
    std::vector<StoreWrite> writes;
    writes.push_back(StoreWrite::put(part_key(written, written.count), 0, part));
    auto put = transact(std::move(writes));
    if (!put) return std::move(put).error();
    ++written.count;
  }
  return written;
}

Result<bool> DirectoryLog::read_parts(const DirectoryParts& parts, DirectoryChange& change) {
  for (std::size_t number = 0; number < parts.count; ++number) {
    auto record = get(part_key(parts, number));
    if (!record) return std::move(record).error();
    if (!*record) return false;
    auto document = store::parse(**record);
    if (!document) return std::move(document).error();
    if (!decode(document->root(), change)) return damaged((*record)->key(), "holds no entries of a directory");
  }
  return true;
}

Result<std::optional<DirectoryChange>> DirectoryLog::base(const DirectoryHead& head) {
  DirectoryChange change;
  auto read = read_parts(head.base, change);
  if (!read) return std::move(read).error();
  if (!*read) return std::optional<DirectoryChange>();
  return std::optional<DirectoryChange>(std::move(change));
}

Result<bool> DirectoryLog::read_change(const StoreRecord& record, DirectoryChange& change) {
  auto document = store::parse(record);
  if (!document) return std::move(document).error();
  const json::Value root = document->root();
  if (root["entries"]) {
    if (!decode(root["entries"], change)) return damaged(record.key(), "holds no entries of a directory");
    return true;
  }
  return read_parts(parts_of(root), change);
}

Result<std::optional<std::vector<DirectoryChange>>> DirectoryLog::changes(DirectoryRevision from,
                                                                          const DirectoryHead& head) {
  std::vector<DirectoryChange> found;
  if (from == head.revision) return std::optional(std::move(found));
  if (from < head.base_revision) return std::optional<std::vector<DirectoryChange>>();
  // Keys sort as their numbers do, so a listing may begin anywhere; a cursor is the key before.
  const std::string prefix = folder_ + "change/";
  if (head.revision - from == 1) {
    auto record = get(change_key(head.revision));
    if (!record) return std::move(record).error();
    if (!*record) return std::optional<std::vector<DirectoryChange>>();
    auto read = read_change(**record, found.emplace_back());
    if (!read) return std::move(read).error();
    return *read ? std::optional(std::move(found)) : std::nullopt;
  }
  std::string cursor;
  do {
    auto page = list(prefix, cursor);
    if (!page) return std::move(page).error();
    for (const StoreRecord& record : page->records()) {
      const std::string& key = record.key();
      if (key <= change_key(from) || key > change_key(head.revision)) continue;
      if (key != change_key(from + found.size() + 1)) return std::optional<std::vector<DirectoryChange>>();
      auto read = read_change(record, found.emplace_back());
      if (!read) return std::move(read).error();
      if (!*read) return std::optional<std::vector<DirectoryChange>>();
    }
    cursor = page->cursor();
  } while (!cursor.empty());
  if (found.size() != head.revision - from) return std::optional<std::vector<DirectoryChange>>();
  return std::optional(std::move(found));
}

Result<DirectoryHead> DirectoryLog::append(const DirectoryHead& head, const DirectoryChange& change,
                                           const std::string& fingerprint) {
  const std::vector<std::string> parts = encode(change);
  DirectoryHead next = head;
  next.revision = head.revision + 1;
  next.fingerprint = fingerprint;
  std::uint64_t bytes = record_cost;
  for (const std::string& part : parts) bytes += part.size();
  json::Writer record;
  record.object().member("revision", next.revision).member("fingerprint", fingerprint);
  if (parts.size() > 1) {
    auto written = write_parts(parts);
    if (!written) return std::move(written).error();
    if (head.revision == 0) {  // the first load is the base by itself
      next.base_revision = next.revision;
      next.base = std::move(*written);
      next.base_bytes = bytes;
      return put_head(std::move(next), {});
    }
    record.member("id", written->id).member("parts", std::uint64_t{written->count});
  } else {
    record.key("entries").raw(parts.empty() ? "[]" : parts.front());
  }
  next.log_bytes += bytes;
  std::vector<StoreWrite> writes;
  writes.push_back(StoreWrite::put(change_key(next.revision), 0, std::move(record).finish()));
  return put_head(std::move(next), std::move(writes));
}

Result<DirectoryHead> DirectoryLog::rebase(const DirectoryHead& head, const DirectoryChange& everything) {
  const std::vector<std::string> parts = encode(everything);
  auto written = write_parts(parts);
  if (!written) return std::move(written).error();
  DirectoryHead next = head;
  next.base_revision = head.revision;
  next.base = std::move(*written);
  next.base_bytes = record_cost;
  for (const std::string& part : parts) next.base_bytes += part.size();
  next.log_bytes = 0;
  auto put = put_head(std::move(next), {});
  if (!put) return put;
  if (auto swept = sweep(head, *put); !swept) return put;  // the next one will
  return put;
}

Result<void> DirectoryLog::sweep(const DirectoryHead& before, const DirectoryHead& now) {
  const std::string changes = folder_ + "change/";
  std::unordered_set<std::string> replaced{before.base.id};
  std::unordered_set<std::string> named{now.base.id};
  std::string cursor;
  do {
    auto page = list(changes, cursor);
    if (!page) return std::move(page).error();
    for (const StoreRecord& record : page->records()) {
      auto document = store::parse(record);
      if (!document) continue;
      const bool old = record.key() <= change_key(now.base_revision);
      (old ? replaced : named).insert(parts_of(document->root()).id);
    }
    cursor = page->cursor();
  } while (!cursor.empty());
  const std::string newest = change_key(now.base_revision).substr(changes.size());
  if (auto erased = erase(changes, [&](std::string_view number) { return number <= newest; }); !erased) return erased;

  auto clock = wait_for<StoreTime>([&](auto done) { store_->now(std::move(done)); });
  if (!clock) return std::move(clock).error();
  const std::string abandoned = in_digits((*clock - parts_outlive).time_since_epoch().count());
  return erase(folder_ + "part/", [&](std::string_view rest) {
    const std::string id(rest.substr(0, rest.find('/')));
    return replaced.contains(id) || (!named.contains(id) && id < abandoned);
  });
}

Result<void> DirectoryLog::erase(const std::string& prefix, const std::function<bool(std::string_view)>& is_old) {
  std::string cursor;
  do {
    auto page = list(prefix, cursor);
    if (!page) return std::move(page).error();
    std::vector<StoreWrite> writes;
    const auto flush = [&]() -> Result<void> {
      if (writes.empty()) return {};
      auto erased = transact(std::exchange(writes, {}));
      if (!erased) return std::move(erased).error();
      return {};
    };
    for (const StoreRecord& record : page->records()) {
      if (!is_old(std::string_view(record.key()).substr(prefix.size()))) continue;
      writes.push_back(StoreWrite::erase(record.key(), record.version()));
      if (writes.size() < store::most_writes) continue;
      if (auto flushed = flush(); !flushed) return flushed;
    }
    if (auto flushed = flush(); !flushed) return flushed;
    cursor = page->cursor();
  } while (!cursor.empty());
  return {};
}

}  // namespace confab::chat
