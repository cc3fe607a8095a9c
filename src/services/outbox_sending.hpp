// OutboxSending: what is to be done next for one lane of the outbox? The decision alone, for one process: no store, no
// socket, no clock of its own.
//
// Whoever runs it does what step() says and tells what came of it, until the step is `end`. Nothing is sent but on step
// `send`, which comes only while the lease on the lane outlasts the request, and only for an entry of which the store
// says that it may have been sent. Before such an entry is sent again the room is read, after a pause in which the
// homeserver ends what it was still doing.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include <confab/error.hpp>
#include <confab/ids.hpp>
#include <confab/result.hpp>
#include <confab/store.hpp>

#include "net/backoff.hpp"
#include "services/outbox_entry.hpp"
#include "store/lease_machine.hpp"

namespace confab::services {

class OutboxSending {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Milliseconds = std::chrono::milliseconds;

  // After this a message is given up.
  static constexpr std::chrono::hours longest_life{24};
  // One attempt, waits within it included.
  static constexpr Milliseconds attempt_limit{10'000};
  // The lease ends so much later than what is done under it.
  static constexpr Milliseconds margin{500};
  // The connection of an attempt is closed by now; the homeserver may still be at work on it.
  static constexpr Milliseconds settle_time{1'000};
  // How often a lane that another process sends for is looked at.
  static constexpr Milliseconds taken_pause{2'000};
  static constexpr Milliseconds first_pause{500};
  static constexpr Milliseconds longest_pause{30'000};

  enum class Step : std::uint8_t {
    lease,   // take the lease on the lane, or renew it
    wait,    // until at()
    read,    // the lane's record and its first entries
    note,    // write entry(): it may have been sent from now on
    send,    // entry(), by at(); repeated() tells whether the room is to be read first
    settle,  // write that entry() became event()
    bury,    // write that entry() was given up, for its reason()
    leave,   // close the lane, unless somebody has accepted something meanwhile, and let the lease go
    let_go,  // of the lease alone
    end,
  };

  explicit OutboxSending(net::RandomSource random) : random_(std::move(random)) {}

  [[nodiscard]] Step step() const noexcept { return step_; }
  [[nodiscard]] Time at() const noexcept { return at_; }
  [[nodiscard]] const OutboxEntry& entry() const noexcept { return entries_.front(); }
  [[nodiscard]] bool repeated() const noexcept { return repeated_; }
  [[nodiscard]] const EventId& event() const noexcept { return event_; }

  // A lease that is held. Under another fence somebody else may have been here.
  class Held {
   public:
    Held(StoreVersion fence, Time until, Time renew_at) : fence_(fence), until_(until), renew_at_(renew_at) {}
    [[nodiscard]] StoreVersion fence() const noexcept { return fence_; }
    [[nodiscard]] Time until() const noexcept { return until_; }
    [[nodiscard]] Time renew_at() const noexcept { return renew_at_; }

   private:
    StoreVersion fence_;
    Time until_;
    Time renew_at_;
  };
  // `held` counts where the outcome says so.
  void leased(store::LeaseMachine::Outcome outcome, Held held, Time now);
  void waited();
  void read(Result<std::vector<OutboxEntry>> found, Time now);
  // The version of the entry as it was written; `wall` stands in it.
  void noted(Result<StoreVersion> written, OutboxEntry::Time wall, Time now);
  void sent(Result<EventId> result, OutboxEntry::Time wall, Time now);
  void settled(Result<void> written, Time now);
  void buried(Result<void> written, Time now) { settled(std::move(written), now); }
  // Errc::conflict: something was accepted.
  void left(Result<void> written, Time now);
  void let_go() noexcept { step_ = Step::end; }
  // The process ends, or nobody can send for this tenant any more: what was accepted stays for the next. What is known
  // of the last attempt is still to be written.
  void stop() noexcept;

 private:
  void next(Time now);
  void go_on(Time now);
  void pause(Time until, Step then);
  void back_off(const Error* error, Step then, Time now);
  void written_wrongly(const Error& error, Step again, Time now);

  net::RandomSource random_;
  Step step_ = Step::lease;
  Step after_lease_ = Step::read;
  Step after_wait_ = Step::lease;
  Time at_{};
  Time until_{};
  Time renew_at_{};
  StoreVersion fence_ = 0;
  bool held_ = false;
  bool repeated_ = false;
  std::deque<OutboxEntry> entries_;
  EventId event_;
  unsigned failures_ = 0;
};

}  // namespace confab::services
