// Outbox: messages that were accepted, in the store, and what brings them out of it. Any thread may call; everything of
// one lane is sent on its user's loop.
//
// Of all processes on the store one sends for a lane, by a lease. What a process accepted it sends at once; every so
// often it looks for lanes that another process left behind. OutboxSending decides, this asks the store and the route.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <confab/ids.hpp>
#include <confab/result.hpp>
#include <confab/store.hpp>

#include "net/call_context.hpp"
#include "net/record_store.hpp"
#include "net/runtime_core.hpp"
#include "net/shared_result.hpp"
#include "services/outbox_entry.hpp"
#include "services/outbox_records.hpp"
#include "services/outbox_sending.hpp"
#include "store/lease.hpp"
#include "util/task.hpp"

namespace confab::services {

// How messages of one tenant go out. Its coroutines run on the loop of flow_of().
class OutboxRoute {
 public:
  OutboxRoute() = default;
  OutboxRoute(const OutboxRoute&) = delete;
  OutboxRoute& operator=(const OutboxRoute&) = delete;
  virtual ~OutboxRoute() = default;
  // Whether send() can do anything yet.
  [[nodiscard]] virtual bool is_open() const = 0;
  // What everything of the user is ordered by.
  [[nodiscard]] virtual std::string flow_of(const std::string& user) const = 0;
  // From the first attempt in this process until the entry is decided: the user's token is not left for that of another
  // device, nor for the first of one, while it lives. Null: there is none to be left.
  [[nodiscard]] virtual std::shared_ptr<const void> hold(const std::string& user, net::CallContext context) = 0;
  // Once. `repeated`: the room is to be read before. Errc::closed: nobody sends for this tenant any more.
  [[nodiscard]] virtual Task<Result<EventId>> send(OutboxEntry entry, bool repeated, net::CallContext context) = 0;
  // It became this event, or was given up for its reason().
  virtual void ended(const OutboxEntry& entry, const EventId& event) = 0;
};

class Outbox : public std::enable_shared_from_this<Outbox> {
 public:
  using Self = std::shared_ptr<Outbox>;

  // That one process sends for at once; others wait for the next look.
  static constexpr std::size_t most_lanes = 10'000;
  static constexpr std::chrono::milliseconds default_lease{15'000};
  // For lanes that another process left behind, and for what this one was kept from.
  static constexpr std::chrono::milliseconds first_look{1'000};
  static constexpr std::chrono::milliseconds look_pause{5'000};
  Outbox(std::shared_ptr<net::RuntimeCore> core, net::RecordStore records,
         std::chrono::milliseconds lease_length = default_lease);

  // The latest open route of a tenant is the one that sends; each of them is told what became of a message.
  void serve(const std::string& tenant, std::shared_ptr<OutboxRoute> route);

  // When it ends well, the entry is in the store for good; one of the same id was there before, perhaps. In the order
  // of the calls for one lane. As OutboxRecords::accept.
  [[nodiscard]] static Task<Result<void>> accept(Self self, OutboxEntry entry, net::CallContext context);

  [[nodiscard]] const OutboxRecords& records() const noexcept { return records_; }
  // As OutboxRecords::revive; the lane is looked at soon.
  [[nodiscard]] static Task<Result<void>> retry(Self self, std::string tenant, TransactionId id,
                                                net::CallContext context);

 private:
  class Turn;
  struct Place;
  // What this process does for a lane.
  struct Work {
    bool sending = false;
    bool again = false;           // something was accepted meanwhile
    std::shared_ptr<Place> last;  // of those who accept, who came last
  };

  class Beginning;

  void wake(const OutboxLane& lane);
  // Of what is in the store already: an error would say that it is not.
  void try_to_wake(const OutboxLane& lane) noexcept;
  [[nodiscard]] bool once_more(const std::string& path);
  // Work that was noted and has not begun; it is noted no more when this goes.
  class Unbegun {
   public:
    Unbegun(Self self, std::string path) : self_(std::move(self)), path_(std::move(path)) {}
    Unbegun(Unbegun&& other) noexcept = default;
    Unbegun& operator=(Unbegun&&) = delete;
    ~Unbegun();
    [[nodiscard]] const Self& self() const noexcept { return self_; }
    void has_begun() noexcept { self_ = nullptr; }

   private:
    Self self_;
    std::string path_;
  };
  [[nodiscard]] std::vector<std::shared_ptr<OutboxRoute>> routes_of(const std::string& tenant);
  void tell(const OutboxEntry& entry, const EventId& event);
  [[nodiscard]] static Task<void> look_around(std::weak_ptr<Outbox> self, net::EventLoop* loop,
                                              std::shared_ptr<Beginning> again);
  [[nodiscard]] static Task<void> find_lanes(Self self, net::CallContext context);
  [[nodiscard]] static Task<void> work(Self self, OutboxLane lane, std::shared_ptr<OutboxRoute> route,
                                       net::EventLoop* loop);
  [[nodiscard]] static Task<bool> try_lane(Self self, OutboxLane lane, std::shared_ptr<OutboxRoute> route,
                                           net::EventLoop* loop);
  [[nodiscard]] static Task<void> send_lane(Self self, OutboxLane lane, std::shared_ptr<OutboxRoute> route,
                                            net::EventLoop* loop, std::shared_ptr<store::Lease> lease);

  std::shared_ptr<net::RuntimeCore> core_;
  OutboxRecords records_;
  std::chrono::milliseconds lease_length_;
  net::RandomSource random_;

  std::mutex mutex_;
  std::unordered_map<std::string, std::vector<std::shared_ptr<OutboxRoute>>> routes_;  // of each tenant, latest last
  std::unordered_map<std::string, Work> work_;                                         // by the lane's path
  bool looking_ = false;
};

}  // namespace confab::services
