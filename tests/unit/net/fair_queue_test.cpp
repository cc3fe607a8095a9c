#include "net/fair_queue.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

using confab::Errc;
using confab::net::FairQueue;
using confab::net::FairQueueLimits;
using Ticket = FairQueue::Ticket;

namespace {
Ticket push(FairQueue& queue, const std::string& group) {
  auto ticket = queue.push(group);
  REQUIRE(ticket.has_value());
  return *ticket;
}
std::vector<Ticket> pop_all(FairQueue& queue) {
  std::vector<Ticket> order;
  while (const auto ticket = queue.pop()) order.push_back(*ticket);
  return order;
}
}  // namespace

TEST_CASE("fair_queue: groups take turns, each in its own order") {
  FairQueue queue;
  const Ticket a1 = push(queue, "a");
  const Ticket a2 = push(queue, "a");
  const Ticket a3 = push(queue, "a");
  const Ticket b1 = push(queue, "b");
  const Ticket c1 = push(queue, "c");
  const Ticket c2 = push(queue, "c");
  CHECK(pop_all(queue) == std::vector<Ticket>{a1, b1, c1, a2, c2, a3});
  CHECK(queue.waiting() == 0);
  CHECK(queue.in_flight() == 6);
}

TEST_CASE("fair_queue: a late group does not wait behind a long line") {
  FairQueue queue;
  for (int i = 0; i < 40; ++i) push(queue, "crowd");
  REQUIRE(queue.pop().has_value());
  const Ticket late = push(queue, "late");
  const Ticket next = queue.pop().value();
  CHECK((next == late || queue.pop().value() == late));
}

TEST_CASE("fair_queue: places in flight are bounded, and one group cannot take them all") {
  FairQueue queue(FairQueueLimits().in_flight(4, 3));
  std::vector<Ticket> crowd;
  for (int i = 0; i < 10; ++i) crowd.push_back(push(queue, "crowd"));
  const auto sent = pop_all(queue);
  CHECK(sent == std::vector<Ticket>(crowd.begin(), crowd.begin() + 3));
  const Ticket other = push(queue, "other");
  CHECK(queue.pop() == other);
  push(queue, "third");
  CHECK_FALSE(queue.pop().has_value());
  CHECK(queue.finish(sent[1]));
  CHECK_FALSE(queue.finish(sent[1]));
  const auto more = pop_all(queue);
  CHECK(more.size() == 1);
  CHECK(queue.in_flight() == 4);
}

TEST_CASE("fair_queue: both bounds answer busy and leave everything as it was") {
  FairQueue queue(FairQueueLimits().waiting(5, 3).in_flight(1, 1));
  for (int i = 0; i < 3; ++i) push(queue, "a");
  CHECK(queue.push("a").error().code() == Errc::busy);
  push(queue, "b");
  const Ticket last = push(queue, "c");
  CHECK(queue.push("d").error().code() == Errc::busy);
  CHECK(queue.push("c").error().code() == Errc::busy);
  CHECK(queue.waiting() == 5);
  CHECK(queue.groups() == 3);
  CHECK(queue.cancel(last));
  push(queue, "d");
  CHECK(queue.groups() == 3);
}

TEST_CASE("fair_queue: cancelling works wherever the ticket is, once") {
  FairQueue queue(FairQueueLimits().in_flight(2, 2));
  const Ticket queued = push(queue, "a");
  const Ticket flying = push(queue, "a");
  const Ticket parked = push(queue, "a");
  CHECK(queue.cancel(queued));
  REQUIRE(queue.pop() == flying);
  REQUIRE(queue.pop() == parked);
  CHECK(queue.park(parked));
  CHECK_FALSE(queue.park(parked));
  CHECK_FALSE(queue.finish(parked));
  CHECK_FALSE(queue.unpark(flying));
  for (const Ticket ticket : {queued, flying, parked}) {
    CHECK(queue.cancel(ticket) == (ticket != queued));
    CHECK_FALSE(queue.cancel(ticket));
    CHECK_FALSE(queue.finish(ticket));
    CHECK_FALSE(queue.park(ticket));
    CHECK_FALSE(queue.unpark(ticket));
  }
  CHECK(queue.groups() == 0);
  CHECK(queue.waiting() + queue.in_flight() == 0);
  CHECK_FALSE(queue.pop().has_value());
}

TEST_CASE("fair_queue: what was parked returns in its old order and keeps counting meanwhile") {
  FairQueue queue(FairQueueLimits().waiting(3, 3).in_flight(8, 8));
  const Ticket first = push(queue, "a");
  const Ticket second = push(queue, "a");
  const Ticket third = push(queue, "a");
  CHECK(queue.pop() == first);
  CHECK(queue.pop() == second);
  CHECK(queue.park(first));
  CHECK(queue.park(second));
  CHECK(queue.in_flight() == 0);
  CHECK(queue.push("a").error().code() == Errc::busy);
  CHECK(queue.unpark(second));
  CHECK(queue.unpark(first));
  CHECK(pop_all(queue) == std::vector<Ticket>{first, second, third});
}

TEST_CASE("fair_queue: nonsense limits are bent so that something can always go") {
  FairQueue queue(FairQueueLimits().waiting(0, 0).in_flight(0, 9));
  const Ticket only = push(queue, "");
  CHECK(queue.push("").error().code() == Errc::busy);
  CHECK(queue.pop() == only);
}

TEST_CASE("fair_queue: any replay agrees with a plain model") {
  std::mt19937_64 dice(21);
  for (int round = 0; round < 200; ++round) {
    FairQueue queue(FairQueueLimits().waiting(12, 5).in_flight(5, 3));
    struct Known {
      std::string group;
      char place;
    };
    std::map<Ticket, Known> model;
    const auto count = [&](char place, const std::string& group) {
      return std::count_if(model.begin(), model.end(), [&](const auto& entry) {
        return (entry.second.place == place || (place == 'w' && entry.second.place != 'f')) &&
               (group.empty() || entry.second.group == group);
      });
    };
    for (int step = 0; step < 400; ++step) {
      const std::string group(1, static_cast<char>('a' + dice() % 4));
      // A ticket that may or may not be there.
      const Ticket some = dice() % 40 + (model.empty() ? 0 : model.begin()->first);
      const auto known = model.find(some);
      const char place = known == model.end() ? '-' : known->second.place;
      bool good = true;
      switch (dice() % 6) {
        case 0:
        case 1: {
          const bool fits = count('w', "") < 12 && count('w', group) < 5;
          const auto ticket = queue.push(group);
          good = ticket.has_value() == fits;
          if (ticket) model[*ticket] = {group, 'q'};
          break;
        }
        case 2: {
          const auto ticket = queue.pop();
          if (!ticket) {
            // Then nobody may go: all places are taken, or each group lacks a line or a place.
            good = count('f', "") >= 5;
            bool nobody = true;
            for (const char* name : {"a", "b", "c", "d"})
              nobody = nobody && (count('q', name) == 0 || count('f', name) >= 3);
            good = good || nobody;
            break;
          }
          Known& popped = model.at(*ticket);
          good = popped.place == 'q' && count('f', "") < 5 && count('f', popped.group) < 3;
          for (const auto& [older, entry] : model) {
            if (older < *ticket && entry.group == popped.group && entry.place == 'q') good = false;
          }
          popped.place = 'f';
          break;
        }
        case 3:
          good = queue.finish(some) == (place == 'f');
          if (place == 'f') model.erase(some);
          break;
        case 4:
          good = queue.cancel(some) == (place != '-');
          if (place != '-') model.erase(some);
          break;
        default:
          if (place == 'f') {
            good = queue.park(some);
            known->second.place = 'p';
          } else {
            good = queue.unpark(some) == (place == 'p');
            if (place == 'p') known->second.place = 'q';
          }
      }
      good = good && queue.waiting() == static_cast<std::size_t>(count('w', "")) &&
             queue.in_flight() == static_cast<std::size_t>(count('f', ""));
      if (!good) FAIL("round ", round, " step ", step);
    }
    while (!model.empty()) {
      CHECK(queue.cancel(model.begin()->first));
      model.erase(model.begin());
    }
    CHECK(queue.groups() == 0);
  }
}

TEST_CASE("fair_queue: while a group waits, no other is served twice") {
  FairQueue queue(FairQueueLimits().in_flight(1, 1).waiting(1000, 300));
  std::mt19937_64 dice(2);
  std::map<Ticket, std::string> owner;
  for (int i = 0; i < 100; ++i) owner[push(queue, "crowd")] = "crowd";
  for (const char* group : {"x", "y", "z"}) {
    for (int i = 0; i < 10; ++i) owner[push(queue, group)] = group;
  }
  std::string previous;
  for (int i = 0; i < 40; ++i) {
    const Ticket ticket = queue.pop().value();
    CHECK(owner[ticket] != previous);
    previous = owner[ticket];
    CHECK(queue.finish(ticket));
  }
}
