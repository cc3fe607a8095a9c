#include "services/outbox_records.hpp"

namespace confab::services {
namespace {

// Others write to the same lane meanwhile: each of them was successful then.
constexpr int outbox_rounds = 50;
constexpr std::size_t lanes_per_page = 500;
constexpr std::size_t counted_at_once = 500;

Error no_such_message() {
  return Error(Errc::not_found, "the outbox knows no message of this transaction id, or knows it no more")
      .with_subject("transaction_id");
}
Error sent_already() {
  return Error(Errc::conflict, "the message was sent: there is nothing to do").with_subject("transaction_id");
}
Error lane_is_full() {
  return Error(Errc::busy,
               "too many messages of this user wait or are dead in the outbox of this room: see what holds "
               "them up")
      .with_subject("outbox");
}

// Whether it tells that the message was sent, or lies dead at this key.
bool names_end(const std::optional<StoreRecord>& record, const std::string& dead_key) {
  if (!record) return false;
  const Result<OutboxName> name = OutboxName::read(*record);
  if (!name) return false;
  return dead_key.empty() ? !name->event().empty() : name->key() == dead_key;
}

bool lies_dead(const std::string& key) { return key.starts_with(outbox_key::dead); }

}  // namespace

Task<Result<void>> OutboxRecords::write(OutboxRecords self, Beside writes, net::CallContext context) {
  Result<std::vector<StoreVersion>> written =
      co_await self.records_.transact(std::move(context), std::move(writes), Durability::promised);
  if (!written) co_return std::move(written).error();
  co_return Result<void>();
}

Task<Result<OutboxRecords::Restored>> OutboxRecords::find_restored(OutboxRecords self, std::string tenant,
                                                                   net::CallContext context) {
  Result<std::optional<StoreRecord>> found =
      co_await self.records_.get(std::move(context), outbox_key::restored(tenant));
  if (!found) co_return std::move(found).error();
  if (!*found) co_return Restored();
  Result<OutboxRestored> said = OutboxRestored::read(**found);
  if (!said) co_return std::move(said).error();
  Restored out;
  out.said = *said;
  out.version = (*found)->version();
  co_return out;
}

Task<Result<std::size_t>> OutboxRecords::restored(OutboxRecords self, std::string tenant, OutboxEntry::Time now,
                                                  net::CallContext context) {
  const std::string key = outbox_key::restored(tenant);
  for (int round = 1;; ++round) {
    Result<std::optional<StoreRecord>> before = co_await self.records_.get(context, key);
    if (!before) co_return std::move(before).error();
    Beside writes;
    writes.push_back(StoreWrite::put(key, *before ? (*before)->version() : 0, OutboxRestored(now).write()));
    Result<void> written = co_await write(self, std::move(writes), context);
    if (written) break;
    if (written.error().code() != Errc::conflict || round >= outbox_rounds) co_return std::move(written).error();
  }
  std::size_t waiting = 0;
  std::string cursor;
  do {
    Result<Page> page = co_await list(self, tenant, false, std::move(cursor), counted_at_once, context);
    if (!page) co_return std::move(page).error();
    waiting += page->entries().size();
    cursor = page->cursor();
  } while (!cursor.empty());
  co_return waiting;
}

Task<Result<OutboxRecords::Lane>> OutboxRecords::lane_of(OutboxRecords self, OutboxLane lane,
                                                         net::CallContext context) {
  Result<std::optional<StoreRecord>> found = co_await self.records_.get(std::move(context), outbox_key::lane(lane));
  if (!found) co_return std::move(found).error();
  if (!*found) co_return Lane();
  Result<OutboxLaneRecord> record = OutboxLaneRecord::read(**found);
  if (!record) co_return std::move(record).error();
  Lane out;
  out.record = *record;
  out.version = (*found)->version();
  co_return out;
}

Task<Result<std::optional<StoreRecord>>> OutboxRecords::name_of(OutboxRecords self, std::string tenant,
                                                                TransactionId id, net::CallContext context) {
  const std::string key = outbox_key::name(tenant, id);
  Result<std::optional<StoreRecord>> found = co_await self.records_.get(std::move(context), key);
  co_return found;
}

Task<Result<bool>> OutboxRecords::is_full(OutboxRecords self, OutboxLane lane, OutboxLaneRecord record,
                                          net::CallContext context) {
  // Numbers begin anew when a lane has run empty, so mostly they tell enough.
  if (record.next() + record.dead() <= most_waiting) co_return false;
  const std::string prefix = outbox_key::entries(outbox_key::waiting, lane);
  Result<StorePage> page = co_await self.records_.list(std::move(context), prefix, std::string(), 1);
  if (!page) co_return std::move(page).error();
  if (page->records().empty()) co_return record.dead() >= most_waiting;
  Result<OutboxEntry> first = OutboxEntry::read(page->records().front());
  if (!first) co_return std::move(first).error();
  co_return record.next() - first->number() + record.dead() >= most_waiting;
}

Task<Result<void>> OutboxRecords::try_accept(OutboxRecords self, OutboxEntry entry, net::CallContext context) {
  const OutboxLane lane = entry.lane();
  Result<std::optional<StoreRecord>> known = co_await name_of(self, lane.tenant(), entry.id(), context);
  if (!known) co_return std::move(known).error();
  if (*known) co_return Result<void>();
  Result<Lane> at = co_await lane_of(self, lane, context);
  if (!at) co_return std::move(at).error();
  Result<bool> too_many = co_await is_full(self, lane, at->record, context);
  if (!too_many) co_return std::move(too_many).error();
  if (*too_many) co_return lane_is_full();
  const std::string key = outbox_key::entry(outbox_key::waiting, lane, at->record.next());
  OutboxLaneRecord after = at->record;
  after.next(at->record.next() + 1).open(true);
  Beside writes;
  writes.push_back(StoreWrite::put(outbox_key::lane(lane), at->version, after.write(lane)));
  writes.push_back(StoreWrite::put(key, 0, entry.write()));
  const OutboxName name = OutboxName::at(key);
  writes.push_back(StoreWrite::put(outbox_key::name(lane.tenant(), entry.id()), 0, name.write(lane)));
  co_return co_await write(self, std::move(writes), context);
}

Task<Result<void>> OutboxRecords::accept(OutboxRecords self, OutboxEntry entry, net::CallContext context) {
  bool open = false;  // an earlier round may have written it
  for (int round = 1;; ++round) {
    Result<void> accepted = co_await try_accept(self, entry, context);
    if (accepted) co_return accepted;
    const Errc code = accepted.error().code();
    if (code == Errc::store && !open) {
      open = true;
      continue;
    }
    if (code != Errc::conflict || round >= outbox_rounds) {
      if (code == Errc::conflict) co_return accepted.error().with_code(Errc::busy).with_subject("outbox");
      co_return accepted;
    }
  }
}

Task<Result<OutboxRecords::Page>> OutboxRecords::list(OutboxRecords self, std::string tenant, bool dead,
                                                      std::string cursor, std::size_t limit, net::CallContext context) {
  const std::string prefix = std::string(dead ? outbox_key::dead : outbox_key::waiting) + tenant + "/";
  Result<StorePage> page = co_await self.records_.list(context, prefix, std::move(cursor), limit);
  if (!page) co_return std::move(page).error();
  Result<Restored> restored = co_await find_restored(self, tenant, context);
  if (!restored) co_return std::move(restored).error();
  std::vector<OutboxEntry> entries;
  for (const StoreRecord& record : page->records()) {
    Result<OutboxEntry> entry = OutboxEntry::read(record);
    if (!entry) co_return std::move(entry).error();
    if (restored->said) restored->said->doubt(*entry);
    entries.push_back(std::move(*entry));
  }
  co_return Page(std::move(entries), page->cursor());
}

Task<Result<OutboxRecords::Found>> OutboxRecords::find(OutboxRecords self, std::string tenant, TransactionId id,
                                                       net::CallContext context) {
  for (int round = 0; round < outbox_rounds; ++round) {
    Result<std::optional<StoreRecord>> known = co_await name_of(self, tenant, id, context);
    if (!known) co_return std::move(known).error();
    if (!*known) break;
    Result<OutboxName> name = OutboxName::read(**known);
    if (!name) co_return std::move(name).error();
    if (!name->event().empty()) co_return Found(name->event());
    Result<std::optional<StoreRecord>> there = co_await self.records_.get(context, name->key());
    if (!there) co_return std::move(there).error();
    if (!*there) continue;  // it has just been moved
    Result<OutboxEntry> entry = OutboxEntry::read(**there);
    if (!entry) co_return std::move(entry).error();
    if (entry->id() != id) continue;  // it has just been sent, and another has its place
    Result<Restored> restored = co_await find_restored(self, tenant, context);
    if (!restored) co_return std::move(restored).error();
    if (restored->said) restored->said->doubt(*entry);
    co_return Found(std::move(*entry));
  }
  co_return no_such_message();
}

Task<Result<OutboxLane>> OutboxRecords::try_revive(OutboxRecords self, std::string tenant, TransactionId id,
                                                   OutboxEntry::Time now, net::CallContext context) {
  Result<std::optional<StoreRecord>> known = co_await name_of(self, tenant, id, context);
  if (!known) co_return std::move(known).error();
  Result<Found> found = co_await find(self, tenant, id, context);
  if (!found) co_return std::move(found).error();
  if (!found->entry()) co_return sent_already();
  OutboxEntry entry = *found->entry();
  const OutboxLane lane = entry.lane();
  if (!lies_dead(entry.key())) co_return lane;
  if (!*known) co_return no_such_message();
  Result<Lane> at = co_await lane_of(self, lane, context);
  if (!at) co_return std::move(at).error();
  const std::string key = outbox_key::entry(outbox_key::waiting, lane, at->record.next());
  OutboxLaneRecord after = at->record;
  after.next(at->record.next() + 1).open(true).dead(at->record.dead() > 0 ? at->record.dead() - 1 : 0);
  Beside writes;
  writes.push_back(StoreWrite::put(outbox_key::lane(lane), at->version, after.write(lane)));
  writes.push_back(StoreWrite::erase(entry.key(), entry.version()));
  Result<Restored> restored = co_await find_restored(self, tenant, context);
  if (!restored) co_return std::move(restored).error();
  if (restored->said) restored->said->doubt(entry);
  entry.accepted(now).reason(std::nullopt);
  writes.push_back(StoreWrite::put(key, 0, entry.write()));
  const OutboxName name = OutboxName::at(key);
  writes.push_back(StoreWrite::put((*known)->key(), (*known)->version(), name.write(lane)));
  Result<void> written = co_await write(self, std::move(writes), context);
  if (!written) co_return std::move(written).error();
  co_return lane;
}

Task<Result<OutboxLane>> OutboxRecords::revive(OutboxRecords self, std::string tenant, TransactionId id,
                                               OutboxEntry::Time now, net::CallContext context) {
  for (int round = 1;; ++round) {
    Result<OutboxLane> done = co_await try_revive(self, tenant, id, now, context);
    if (done || done.error().code() != Errc::conflict || done.error().subject() == "transaction_id" ||
        round >= outbox_rounds)
      co_return done;
  }
}

Task<Result<void>> OutboxRecords::try_drop(OutboxRecords self, std::string tenant, TransactionId id,
                                           net::CallContext context) {
  Result<std::optional<StoreRecord>> known = co_await name_of(self, tenant, id, context);
  if (!known) co_return std::move(known).error();
  Result<Found> found = co_await find(self, tenant, id, context);
  if (!found) co_return std::move(found).error();
  if (!found->entry()) co_return sent_already();
  if (!*known) co_return no_such_message();
  const OutboxEntry& entry = *found->entry();
  Beside writes;
  writes.push_back(StoreWrite::erase(entry.key(), entry.version()));
  writes.push_back(StoreWrite::erase((*known)->key(), (*known)->version()));
  if (lies_dead(entry.key())) {
    Result<Lane> at = co_await lane_of(self, entry.lane(), context);
    if (!at) co_return std::move(at).error();
    OutboxLaneRecord after = at->record;
    // Open: whoever looks closes it for good when nothing is left.
    after.dead(at->record.dead() > 0 ? at->record.dead() - 1 : 0).open(true);
    writes.push_back(StoreWrite::put(outbox_key::lane(entry.lane()), at->version, after.write(entry.lane())));
  }
  co_return co_await write(self, std::move(writes), context);
}

Task<Result<void>> OutboxRecords::drop(OutboxRecords self, std::string tenant, TransactionId id,
                                       net::CallContext context) {
  for (int round = 1;; ++round) {
    Result<void> done = co_await try_drop(self, tenant, id, context);
    if (done || done.error().code() != Errc::conflict || done.error().subject() == "transaction_id" ||
        round >= outbox_rounds)
      co_return done;
  }
}

Task<Result<OutboxRecords::Lanes>> OutboxRecords::open_lanes(OutboxRecords self, std::string cursor,
                                                             net::CallContext context) {
  Result<StorePage> page = co_await self.records_.list(std::move(context), std::string(outbox_key::lanes),
                                                       std::move(cursor), lanes_per_page);
  if (!page) co_return std::move(page).error();
  std::vector<OutboxLane> lanes;
  for (const StoreRecord& record : page->records()) {
    // One that cannot be read holds up none but itself.
    const Result<OutboxLaneRecord> lane = OutboxLaneRecord::read(record);
    if (!lane || !lane->open()) continue;
    if (Result<OutboxLane> of = OutboxLaneRecord::lane_of(record)) lanes.push_back(std::move(*of));
  }
  co_return Lanes(std::move(lanes), page->cursor());
}

Task<Result<OutboxRecords::View>> OutboxRecords::view(OutboxRecords self, OutboxLane lane, net::CallContext context) {
  Result<Lane> at = co_await lane_of(self, lane, context);
  if (!at) co_return std::move(at).error();
  Result<Restored> restored = co_await find_restored(self, lane.tenant(), context);
  if (!restored) co_return std::move(restored).error();
  const std::string prefix = outbox_key::entries(outbox_key::waiting, lane);
  Result<StorePage> page = co_await self.records_.list(context, prefix, std::string(), page_size);
  if (!page) co_return std::move(page).error();
  std::vector<OutboxEntry> entries;
  for (const StoreRecord& record : page->records()) {
    Result<OutboxEntry> entry = OutboxEntry::read(record);
    if (!entry) co_return std::move(entry).error();
    if (restored->said) restored->said->doubt(*entry);
    entries.push_back(std::move(*entry));
  }
  std::optional<OutboxLaneRecord> there;
  if (at->version != 0) there = at->record;
  co_return View(there, at->version, std::move(entries),
                 StoreWrite::check(outbox_key::restored(lane.tenant()), restored->version));
}

Task<Result<StoreVersion>> OutboxRecords::note(OutboxRecords self, OutboxEntry entry, Beside beside,
                                               net::CallContext context) {
  beside.insert(beside.begin(), StoreWrite::put(entry.key(), entry.version(), entry.write()));
  Result<std::vector<StoreVersion>> written =
      co_await self.records_.transact(std::move(context), std::move(beside), Durability::promised);
  if (!written) co_return std::move(written).error();
  co_return written->front();
}

Task<Result<void>> OutboxRecords::settle(OutboxRecords self, OutboxEntry entry, EventId event, Beside beside,
                                         net::CallContext context) {
  Result<std::optional<StoreRecord>> known = co_await name_of(self, entry.lane().tenant(), entry.id(), context);
  if (!known) co_return std::move(known).error();
  // Written before, although it was told as failed.
  if (names_end(*known, {})) co_return Result<void>();
  const std::string key = outbox_key::name(entry.lane().tenant(), entry.id());
  const OutboxName name = OutboxName::sent(std::move(event));
  beside.push_back(StoreWrite::erase(entry.key(), entry.version()));
  beside.push_back(
      StoreWrite::put(key, *known ? (*known)->version() : 0, name.write(entry.lane())).expires_after(remembered_for));
  co_return co_await write(self, std::move(beside), std::move(context));
}

Task<Result<void>> OutboxRecords::bury(OutboxRecords self, OutboxEntry entry, Beside beside, net::CallContext context) {
  const OutboxLane lane = entry.lane();
  Result<std::optional<StoreRecord>> known = co_await name_of(self, lane.tenant(), entry.id(), context);
  if (!known) co_return std::move(known).error();
  // One that was revived had another number before.
  const std::string key = outbox_key::entry(outbox_key::dead, lane, entry.number());
  if (names_end(*known, key)) co_return Result<void>();
  for (int round = 1;; ++round) {
    Result<Lane> at = co_await lane_of(self, lane, context);
    if (!at) co_return std::move(at).error();
    OutboxLaneRecord after = at->record;
    after.dead(at->record.dead() + 1);
    Beside writes = beside;
    writes.push_back(StoreWrite::put(outbox_key::lane(lane), at->version, after.write(lane)));
    writes.push_back(StoreWrite::erase(entry.key(), entry.version()));
    writes.push_back(StoreWrite::put(key, 0, entry.write()));
    const OutboxName name = OutboxName::at(key);
    writes.push_back(StoreWrite::put(outbox_key::name(lane.tenant(), entry.id()), *known ? (*known)->version() : 0,
                                     name.write(lane)));
    Result<void> written = co_await write(self, std::move(writes), context);
    // Something was accepted at this moment.
    const bool lane_moved = !written && written.error().code() == Errc::conflict &&
                            written.error().subject() == outbox_key::lane(lane) && round < outbox_rounds;
    if (!lane_moved) co_return written;
  }
}

Task<Result<void>> OutboxRecords::close(OutboxRecords self, OutboxLane lane, View seen, Beside beside,
                                        net::CallContext context) {
  const std::string key = outbox_key::lane(lane);
  if (seen.lane() && seen.lane()->dead() == 0) {
    beside.push_back(StoreWrite::erase(key, seen.version()));
  } else if (seen.lane()) {
    OutboxLaneRecord closed = *seen.lane();
    beside.push_back(StoreWrite::put(key, seen.version(), closed.open(false).write(lane)));
  }
  if (beside.empty()) co_return Result<void>();
  co_return co_await write(self, std::move(beside), std::move(context));
}

}  // namespace confab::services
