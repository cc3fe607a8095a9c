#include "net/fair_queue.hpp"

#include <algorithm>
#include <functional>

namespace confab::net {

FairQueueLimits& FairQueueLimits::waiting(std::size_t all, std::size_t per_group) noexcept {
  waiting_ = std::max<std::size_t>(all, 1);
  waiting_per_group_ = std::clamp<std::size_t>(per_group, 1, waiting_);
  return *this;
}

FairQueueLimits& FairQueueLimits::in_flight(std::size_t all, std::size_t per_group) noexcept {
  in_flight_ = std::max<std::size_t>(all, 1);
  in_flight_per_group_ = std::clamp<std::size_t>(per_group, 1, in_flight_);
  return *this;
}

Result<FairQueue::Ticket> FairQueue::push(std::string_view group) {
  if (waiting_ >= limits_.waiting_) {
    return Error(Errc::busy, "Too many requests wait for the homeserver; repeat when some have ended.");
  }
  auto found = groups_.find(group);
  if (found == groups_.end()) {
    found = groups_.try_emplace(std::string(group)).first;
    found->second.turn_aside.front() = found->first;
  }
  if (found->second.waiting >= limits_.waiting_per_group_) {
    return Error(Errc::busy, "Too many requests of this tenant wait for the homeserver; repeat when some have ended.");
  }
  const Ticket ticket = next_ticket_++;
  try {
    std::list<Ticket> added(1, ticket);
    entries_.try_emplace(ticket, Entry{found, Place::queued, {}, added.begin()});
    std::list<Ticket>& line = found->second.line;
    line.splice(line.end(), added);
  } catch (...) {
    settle(found);
    throw;
  }
  ++found->second.waiting;
  ++waiting_;
  settle(found);
  return ticket;
}

std::optional<FairQueue::Ticket> FairQueue::pop() {
  if (in_flight_ >= limits_.in_flight_ || turns_.empty()) return std::nullopt;
  const auto group = groups_.find(turns_.front());
  const Ticket ticket = group->second.line.front();
  Entry& entry = entries_.at(ticket);
  leave(entry);
  entry.place = Place::in_flight;
  ++group->second.in_flight;
  ++in_flight_;
  // To the end of the round; settle() takes it out where it has nothing more to send or no place.
  turns_.splice(turns_.end(), turns_, group->second.turn);
  settle(group);
  return ticket;
}

bool FairQueue::is_in_flight(Ticket ticket) const noexcept {
  const auto found = entries_.find(ticket);
  return found != entries_.end() && found->second.place == Place::in_flight;
}

bool FairQueue::finish(Ticket ticket) { return is_in_flight(ticket) && cancel(ticket); }

bool FairQueue::park(Ticket ticket) {
  const auto found = entries_.find(ticket);
  if (found == entries_.end() || found->second.place != Place::in_flight) return false;
  Entry& entry = found->second;
  leave(entry);
  entry.place = Place::parked;
  ++entry.group->second.waiting;
  ++waiting_;
  settle(entry.group);
  return true;
}

bool FairQueue::unpark(Ticket ticket) {
  const auto found = entries_.find(ticket);
  if (found == entries_.end() || found->second.place != Place::parked) return false;
  Entry& entry = found->second;
  // Tickets grow with time of arrival, so they are the order; what was parked is mostly older than the whole line.
  std::list<Ticket>& line = entry.group->second.line;
  const auto before = std::find_if(line.begin(), line.end(), [&](Ticket other) { return other > ticket; });
  line.splice(before, entry.aside);
  entry.place = Place::queued;
  settle(entry.group);
  return true;
}

bool FairQueue::cancel(Ticket ticket) {
  const auto found = entries_.find(ticket);
  if (found == entries_.end()) return false;
  const Groups::iterator group = found->second.group;
  leave(found->second);
  entries_.erase(found);
  settle(group);
  return true;
}

void FairQueue::leave(Entry& entry) noexcept {
  Group& group = entry.group->second;
  if (entry.place == Place::in_flight) {
    --group.in_flight;
    --in_flight_;
    return;
  }
  if (entry.place == Place::queued) entry.aside.splice(entry.aside.end(), group.line, entry.spot);
  --group.waiting;
  --waiting_;
}

void FairQueue::settle(Groups::iterator group) noexcept {
  Group& g = group->second;
  const bool wants_turn = !g.line.empty() && g.in_flight < limits_.in_flight_per_group_;
  const bool in_turn = g.turn_aside.empty();
  if (wants_turn && !in_turn) turns_.splice(turns_.end(), g.turn_aside);
  if (!wants_turn && in_turn) g.turn_aside.splice(g.turn_aside.end(), turns_, g.turn);
  if (g.waiting == 0 && g.in_flight == 0) groups_.erase(group);
}

}  // namespace confab::net
