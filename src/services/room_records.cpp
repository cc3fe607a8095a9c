#include "services/room_records.hpp"

#include <algorithm>
#include <cstdint>

#include "matrix/identifiers.hpp"
#include "store/record_rules.hpp"
#include "util/json.hpp"
#include "util/text.hpp"

namespace confab::services {
namespace {

constexpr int room_record_version = 1;
constexpr std::size_t page_size = 200;

// By the clock of the wall, for it is compared by other processes; a minute does not matter.
std::int64_t seconds_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

bool is_recent(std::int64_t looked_up) {
  const std::int64_t now = seconds_now();
  constexpr std::int64_t most = std::chrono::seconds(RoomRecords::trusted_for).count();
  return looked_up > now - most && looked_up < now + most;
}

net::CallContext patient(const net::CallContext& context) {
  return context.until(std::min(context.deadline(), net::Clock::now() + RoomRecords::store_patience));
}

}  // namespace

std::optional<RoomRecord> RoomRecord::read(const StoreRecord& record, std::string_view alias_localpart) {
  const Result<json::Document> parsed = store::parse(record);
  if (!parsed) return std::nullopt;
  json::Reader fields(parsed->root());
  const std::int64_t version = fields.integer("version");
  const std::string_view alias = fields.string("alias");
  const std::int64_t looked_up = fields.integer("looked_up");
  MatrixRoomId room{std::string(fields.string("room_id"))};
  if (fields.failed() || version != room_record_version || alias != alias_localpart) return std::nullopt;
  if (!matrix::check_room_id(room)) return std::nullopt;
  return RoomRecord(std::move(room), looked_up);
}

std::string RoomRecord::write(std::string_view alias_localpart) const {
  json::Writer writer;
  writer.object().member("version", room_record_version).member("alias", alias_localpart);
  writer.member("room_id", room_.str()).member("looked_up", looked_up_);
  return std::move(writer.end()).finish();
}

RoomRecords::RoomRecords(net::RecordStore records, std::string_view server_name)
    : records_(std::move(records)), prefix_("rooms/" + text::percent_encode(server_name) + "/") {}

std::string RoomRecords::key(std::string_view alias_localpart) const {
  return prefix_ + text::percent_encode(alias_localpart);
}

Result<std::shared_ptr<store::Lease>> RoomRecords::lease(std::string_view alias_localpart) const {
  std::string holder = text::random_token();
  if (holder.empty()) return Error(Errc::store, "the system gives no random bytes to name the holder of a lease");
  return std::make_shared<store::Lease>(records_.store(),
                                        store::LeaseMachine(key(alias_localpart), std::move(holder), lease_length));
}

Task<std::optional<RoomRecords::Remembered>> RoomRecords::find(std::string alias_localpart, net::CallContext context) {
  const std::string at = key(alias_localpart);
  const bool first = !asked_.find(alias_localpart);
  asked_.put(alias_localpart, true);
  Result<std::optional<StoreRecord>> found = co_await records_.get(patient(context), at);
  if (!found || !*found) co_return std::nullopt;
  std::optional<RoomRecord> entry = RoomRecord::read(**found, alias_localpart);
  if (!entry) co_return std::nullopt;
  const bool believed = first && is_recent(entry->looked_up());
  co_return Remembered(entry->room(), believed);
}

Task<void> RoomRecords::put(std::string alias_localpart, MatrixRoomId room, net::CallContext context) {
  const std::string at = key(alias_localpart);
  const net::CallContext bounded = patient(context);
  // Whoever asks after this has found wrong what was looked up here.
  asked_.put(alias_localpart, true);
  Result<std::optional<StoreRecord>> found = co_await records_.get(bounded, at);
  if (!found) co_return;
  const std::optional<StoreRecord>& there = *found;
  if (there) {
    const std::optional<RoomRecord> entry = RoomRecord::read(*there, alias_localpart);
    // Nothing is written for a difference of hours.
    const bool fresh = entry && entry->looked_up() > seconds_now() - std::chrono::seconds(trusted_for).count() / 2;
    if (fresh && entry->room() == room && is_recent(entry->looked_up())) co_return;
  }
  const std::string value = RoomRecord(std::move(room), seconds_now()).write(alias_localpart);
  StoreWrite write = StoreWrite::put(at, there ? there->version() : 0, value);
  // Whoever wrote meanwhile has looked, too; what the store could not do is done by who looks the alias up next.
  (void)co_await records_.put_if(bounded, std::move(write), Durability::relaxed);
}

Task<void> RoomRecords::forget(std::string alias_localpart, MatrixRoomId room, net::CallContext context) {
  const std::string at = key(alias_localpart);
  const net::CallContext bounded = patient(context);
  Result<std::optional<StoreRecord>> found = co_await records_.get(bounded, at);
  if (!found || !*found) co_return;
  const std::optional<RoomRecord> entry = RoomRecord::read(**found, alias_localpart);
  if (!entry || entry->room() != room) co_return;
  StoreWrite erase = StoreWrite::erase(at, (*found)->version());
  (void)co_await records_.put_if(bounded, std::move(erase), Durability::relaxed);
}

Task<Result<std::size_t>> RoomRecords::forget_all(std::string alias_prefix, net::CallContext context) {
  const std::string prefix = key(alias_prefix);
  std::size_t count = 0;
  std::string cursor;
  do {
    Result<StorePage> page = co_await records_.list(context, prefix, std::move(cursor), page_size);
    if (!page) co_return std::move(page).error();
    for (const StoreRecord& there : page->records()) {
      StoreWrite erase = StoreWrite::erase(there.key(), there.version());
      const Result<StoreVersion> erased = co_await records_.put_if(context, std::move(erase), Durability::relaxed);
      if (erased) ++count;
      // A conflict: somebody has just looked it up.
      if (!erased && erased.error().code() != Errc::conflict) co_return erased.error();
    }
    cursor = page->cursor();
  } while (!cursor.empty());
  co_return count;
}

}  // namespace confab::services
