// OutboxRecords: what is done to the outbox's records, each in one transaction, so that none is ever half done. Whoever
// sends puts the guard of the lane's lease beside: it happens only while nobody else has taken over.
#pragma once

#include <confab/store.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <confab/result.hpp>

#include "net/call_context.hpp"
#include "net/record_store.hpp"
#include "services/outbox_entry.hpp"
#include "util/task.hpp"

namespace confab::services {

class OutboxRecords {
 public:
  // Of one user in one room, dead ones included; then Errc::busy.
  static constexpr std::size_t most_waiting = 1'000;
  // That many are read at once for sending.
  static constexpr std::size_t page_size = 16;
  // What a transaction id became is known for so long.
  static constexpr std::chrono::hours remembered_for{24};

  using Beside = std::vector<StoreWrite>;

  explicit OutboxRecords(net::RecordStore records) : records_(std::move(records)) {}
  [[nodiscard]] const std::shared_ptr<Store>& store() const noexcept { return records_.store(); }

  // When it ends well, the entry is in the store for good, or one of the same id was before. Errc::busy: there are too
  // many.
  [[nodiscard]] static Task<Result<void>> accept(OutboxRecords self, OutboxEntry entry, net::CallContext context);

  class Page {
   public:
    Page(std::vector<OutboxEntry> entries, std::string cursor)
        : entries_(std::move(entries)), cursor_(std::move(cursor)) {}
    [[nodiscard]] const std::vector<OutboxEntry>& entries() const noexcept { return entries_; }
    [[nodiscard]] const std::string& cursor() const noexcept { return cursor_; }

   private:
    std::vector<OutboxEntry> entries_;
    std::string cursor_;
  };
  // Of a tenant, those that wait or those that are dead.
  [[nodiscard]] static Task<Result<Page>> list(OutboxRecords self, std::string tenant, bool dead, std::string cursor,
                                               std::size_t limit, net::CallContext context);

  // An entry, or what it became.
  class Found {
   public:
    explicit Found(OutboxEntry entry) : entry_(std::move(entry)) {}
    explicit Found(EventId event) : event_(std::move(event)) {}
    [[nodiscard]] const std::optional<OutboxEntry>& entry() const noexcept { return entry_; }
    [[nodiscard]] const EventId& event() const noexcept { return event_; }

   private:
    std::optional<OutboxEntry> entry_;
    EventId event_;
  };
  // Errc::not_found.
  [[nodiscard]] static Task<Result<Found>> find(OutboxRecords self, std::string tenant, TransactionId id,
                                                net::CallContext context);
  // A dead entry goes to the end of its lane; another stays as it is. The lane that it is in. Errc::not_found,
  // conflict: it was sent.
  [[nodiscard]] static Task<Result<OutboxLane>> revive(OutboxRecords self, std::string tenant, TransactionId id,
                                                       OutboxEntry::Time now, net::CallContext context);
  [[nodiscard]] static Task<Result<void>> drop(OutboxRecords self, std::string tenant, TransactionId id,
                                               net::CallContext context);

  // The store was put back from a backup: what was accepted until `now` may have been sent since that backup. How much
  // waits. Whoever sends, in this process or another one, heeds it from now on.
  [[nodiscard]] static Task<Result<std::size_t>> restored(OutboxRecords self, std::string tenant, OutboxEntry::Time now,
                                                          net::CallContext context);

  // Lanes in which something may wait.
  class Lanes {
   public:
    Lanes(std::vector<OutboxLane> lanes, std::string cursor) : lanes_(std::move(lanes)), cursor_(std::move(cursor)) {}
    [[nodiscard]] const std::vector<OutboxLane>& lanes() const noexcept { return lanes_; }
    [[nodiscard]] const std::string& cursor() const noexcept { return cursor_; }

   private:
    std::vector<OutboxLane> lanes_;
    std::string cursor_;
  };
  [[nodiscard]] static Task<Result<Lanes>> open_lanes(OutboxRecords self, std::string cursor, net::CallContext context);

  // ---- for who holds the lease on the lane

  // The lane's record, as it was before its first entries were read.
  class View {
   public:
    View(std::optional<OutboxLaneRecord> lane, StoreVersion version, std::vector<OutboxEntry> entries,
         StoreWrite not_restored)
        : lane_(lane), version_(version), entries_(std::move(entries)), not_restored_(std::move(not_restored)) {}
    [[nodiscard]] const std::optional<OutboxLaneRecord>& lane() const noexcept { return lane_; }
    [[nodiscard]] StoreVersion version() const noexcept { return version_; }
    [[nodiscard]] const std::vector<OutboxEntry>& entries() const noexcept { return entries_; }
    // Goes beside a note: the store was not put back since.
    [[nodiscard]] const StoreWrite& not_restored() const noexcept { return not_restored_; }

   private:
    std::optional<OutboxLaneRecord> lane_;
    StoreVersion version_;
    std::vector<OutboxEntry> entries_;
    StoreWrite not_restored_;
  };
  [[nodiscard]] static Task<Result<View>> view(OutboxRecords self, OutboxLane lane, net::CallContext context);
  // The entry's new version.
  [[nodiscard]] static Task<Result<StoreVersion>> note(OutboxRecords self, OutboxEntry entry, Beside beside,
                                                       net::CallContext context);
  [[nodiscard]] static Task<Result<void>> settle(OutboxRecords self, OutboxEntry entry, EventId event, Beside beside,
                                                 net::CallContext context);
  [[nodiscard]] static Task<Result<void>> bury(OutboxRecords self, OutboxEntry entry, Beside beside,
                                               net::CallContext context);
  // Nothing waits in the lane, as it was seen. Errc::conflict: something was accepted since.
  [[nodiscard]] static Task<Result<void>> close(OutboxRecords self, OutboxLane lane, View seen, Beside beside,
                                                net::CallContext context);

 private:
  // A lane as it is, or as it begins.
  struct Lane {
    OutboxLaneRecord record;
    StoreVersion version = 0;
  };
  [[nodiscard]] static Task<Result<Lane>> lane_of(OutboxRecords self, OutboxLane lane, net::CallContext context);
  [[nodiscard]] static Task<Result<std::optional<StoreRecord>>> name_of(OutboxRecords self, std::string tenant,
                                                                        TransactionId id, net::CallContext context);
  [[nodiscard]] static Task<Result<bool>> is_full(OutboxRecords self, OutboxLane lane, OutboxLaneRecord record,
                                                  net::CallContext context);
  [[nodiscard]] static Task<Result<void>> write(OutboxRecords self, Beside writes, net::CallContext context);
  // Whether the store was put back, and the version of what says so.
  struct Restored {
    std::optional<OutboxRestored> said;
    StoreVersion version = 0;
  };
  [[nodiscard]] static Task<Result<Restored>> find_restored(OutboxRecords self, std::string tenant,
                                                            net::CallContext context);
  // One try of each; Errc::conflict: again.
  [[nodiscard]] static Task<Result<void>> try_accept(OutboxRecords self, OutboxEntry entry, net::CallContext context);
  [[nodiscard]] static Task<Result<OutboxLane>> try_revive(OutboxRecords self, std::string tenant, TransactionId id,
                                                           OutboxEntry::Time now, net::CallContext context);
  [[nodiscard]] static Task<Result<void>> try_drop(OutboxRecords self, std::string tenant, TransactionId id,
                                                   net::CallContext context);

  net::RecordStore records_;
};

}  // namespace confab::services
