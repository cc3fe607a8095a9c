// Which waiting request goes next, and how many at once, so that nobody is starved?
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <confab/result.hpp>

namespace confab::net {

// What a queue may hold; nonsense is bent into range (everything at least 1, a share at most the whole).
class FairQueueLimits {
 public:
  // Requests waiting (queued or parked), in all and of one group. Over either: Errc::busy, and nothing was queued.
  static constexpr std::size_t default_waiting = 10'000;
  static constexpr std::size_t default_waiting_per_group = 2'500;
  // Requests in flight, in all and of one group. Over either they wait. A quarter of the places is thereby always open
  // to others, even while one group's requests hang.
  static constexpr std::size_t default_in_flight = 64;
  static constexpr std::size_t default_in_flight_per_group = 48;

  FairQueueLimits& waiting(std::size_t all, std::size_t per_group) noexcept;
  FairQueueLimits& in_flight(std::size_t all, std::size_t per_group) noexcept;

 private:
  friend class FairQueue;
  std::size_t waiting_ = default_waiting;
  std::size_t waiting_per_group_ = default_waiting_per_group;
  std::size_t in_flight_ = default_in_flight;
  std::size_t in_flight_per_group_ = default_in_flight_per_group;
};

// Order of requests to one homeserver: round robin between groups (opaque; a tenant, mostly), first come first served
// within one. It holds tickets only; the caller keeps the requests. Every operation is O(1) in the number of requests,
// except unpark(), which may pass others of its group.
class FairQueue {
 public:
  // Never used twice.
  using Ticket = std::uint64_t;

  explicit FairQueue(FairQueueLimits limits = FairQueueLimits()) : limits_(limits) {}
  FairQueue(const FairQueue&) = delete;
  FairQueue& operator=(const FairQueue&) = delete;

  // Join the end of the group's line. Errc::busy at a bound.
  [[nodiscard]] Result<Ticket> push(std::string_view group);
  // The next to send, which is then in flight until finish(), park() or cancel(). Nothing while no group has both a
  // waiting request and a free place; ask again after each of those three, push() and unpark().
  [[nodiscard]] std::optional<Ticket> pop();
  // Its request has ended. False for a ticket that is not in flight.
  bool finish(Ticket ticket);
  // Set aside what was popped but may not go yet (a rate limit, a backoff): it frees its place in flight and counts as
  // waiting, beyond the bound if need be, because it was accepted before. False for a ticket that is not in flight.
  bool park(Ticket ticket);
  // Put a parked one back, before those of its group that came after it. False for a ticket that is not parked.
  bool unpark(Ticket ticket);
  // Forget a ticket wherever it is. False if it is not here (finished, cancelled).
  bool cancel(Ticket ticket);

  // Whether it was popped and not parked since.
  [[nodiscard]] bool is_in_flight(Ticket ticket) const noexcept;

  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }
  [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_; }
  [[nodiscard]] std::size_t groups() const noexcept { return groups_.size(); }

 private:
  enum class Place : std::uint8_t { queued, parked, in_flight };
  // Only push() needs memory: the nodes of the lists wait aside while they are in none of them.
  struct Group {
    std::list<Ticket> line;
    std::size_t waiting = 0;
    std::size_t in_flight = 0;
    // Its place among the groups whose turn can come: those with a line and a free place.
    std::list<std::string_view> turn_aside = std::list<std::string_view>(1);
    std::list<std::string_view>::iterator turn = turn_aside.begin();
  };
  using Groups = std::map<std::string, Group, std::less<>>;
  struct Entry {
    Groups::iterator group;
    Place place;
    std::list<Ticket> aside;  // Empty while queued.
    std::list<Ticket>::iterator spot;
  };
  using Entries = std::unordered_map<Ticket, Entry>;

  // Leave one place; the group's standing is settled by the caller.
  void leave(Entry& entry) noexcept;
  // Bring the turns in line with what the group has now; an empty group is forgotten.
  void settle(Groups::iterator group) noexcept;

  FairQueueLimits limits_;
  Ticket next_ticket_ = 1;
  std::size_t waiting_ = 0;
  std::size_t in_flight_ = 0;
  Groups groups_;
  std::list<std::string_view> turns_;
  Entries entries_;
};

}  // namespace confab::net
