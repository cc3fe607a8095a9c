// Turns: a fair queue that those wait at who run on loops. It knows opaque groups, and not what the turns are for.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>

#include <confab/result.hpp>

#include "net/call_context.hpp"
#include "net/fair_queue.hpp"
#include "net/shared_result.hpp"
#include "util/task.hpp"

namespace confab::net {

class Turns {
 public:
  explicit Turns(FairQueueLimits limits = FairQueueLimits()) : queue_(limits) {}
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  // A place in the queue; given back whatever way its coroutine ends. The Turns outlive it.
  class Place {
   public:
    explicit Place(Turns& turns) : turns_(turns) {}
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    // Errc::busy at a bound.
    [[nodiscard]] Result<void> join(std::string_view group);
    // Whether there is one: who has not joined waits for nobody.
    [[nodiscard]] explicit operator bool() const noexcept { return ticket_.has_value(); }
    [[nodiscard]] bool in_turn() const;
    // Waits for the turn. False: the deadline or the stop came first. The caller's frame keeps the place.
    [[nodiscard]] Task<bool> turn(CallContext context);
    // Others may use the turn while this one sleeps.
    void park();
    void unpark();

   private:
    Turns& turns_;
    std::optional<FairQueue::Ticket> ticket_;
  };

 private:
  // With the lock held.
  void grant();

  std::mutex mutex_;  // never held while waiting
  FairQueue queue_;
  std::unordered_map<FairQueue::Ticket, std::shared_ptr<Waker>> waiting_;
};

}  // namespace confab::net
