// NameResolver: which addresses has a host? Asked on threads of its own, because the system's resolver blocks and
// cannot be cancelled; the loops only ever wait with their own deadlines.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "net/event_loop.hpp"
#include "util/task.hpp"

namespace confab::net {

// Numeric addresses in the order they should be tried. Never empty.
using AddressList = std::vector<std::string>;

enum class NameFailure {
  unknown,    // there is no such name
  temporary,  // the resolver could not say, or too many names are being asked for
  timed_out,  // the waiter's deadline
  cancelled,  // the waiter's stop
};

class NameAnswer {
 public:
  explicit NameAnswer(std::shared_ptr<const AddressList> addresses) : addresses_(std::move(addresses)) {}
  NameAnswer(NameFailure failure, std::string reason) : failure_(failure), reason_(std::move(reason)) {}
  // Null on failure. The same pointer as long as the addresses are the same.
  [[nodiscard]] const std::shared_ptr<const AddressList>& addresses() const noexcept { return addresses_; }
  [[nodiscard]] NameFailure failure() const noexcept { return failure_; }
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 private:
  std::shared_ptr<const AddressList> addresses_;
  NameFailure failure_ = NameFailure::unknown;
  std::string reason_;
};

class NameResolver {
 public:
  // Blocks as long as it likes. Called on the resolver's threads, several at a time, never twice at a time for one
  // name.
  using Lookup = std::function<NameAnswer(const std::string& host)>;

  class Options {
   public:
    Options& lookup(Lookup lookup) {
      lookup_ = std::move(lookup);
      return *this;
    }
    Options& threads(std::size_t count) {
      threads_ = count;
      return *this;
    }
    Options& max_names(std::size_t count) {
      max_names_ = count;
      return *this;
    }
    // How long a good answer is taken without asking again; and how long after that it is still taken while a new one
    // is being asked for, so that a resolver that hangs harms nobody who knows the address.
    Options& good_for(std::chrono::milliseconds time) {
      good_for_ = time;
      return *this;
    }
    Options& stale_for(std::chrono::milliseconds time) {
      stale_for_ = time;
      return *this;
    }
    // How long a failure is not asked for again.
    Options& bad_for(std::chrono::milliseconds time) {
      bad_for_ = time;
      return *this;
    }

   private:
    friend class NameResolver;
    Lookup lookup_;  // empty: the system's
    std::size_t threads_ = 8;
    std::size_t max_names_ = 256;
    std::chrono::milliseconds good_for_{60'000};
    std::chrono::milliseconds stale_for_{600'000};
    std::chrono::milliseconds bad_for_{2'000};
  };

  NameResolver() : NameResolver(Options()) {}
  explicit NameResolver(Options options);
  // Waits for no lookup that hangs: its thread ends by itself later and touches nothing but its own memory.
  ~NameResolver();
  NameResolver(const NameResolver&) = delete;
  NameResolver& operator=(const NameResolver&) = delete;

  // Any thread. What is known now; asks in the background when that is no longer fresh.
  [[nodiscard]] std::optional<NameAnswer> known(const std::string& host);
  // On the loop's thread. Waits for the answer until the deadline or the stop; others may wait for the same name.
  [[nodiscard]] Task<NameAnswer> resolve(EventLoop& loop, std::string host, TimePoint deadline, std::stop_token stop);
  // Any thread. Nothing at these addresses answers: ask again at the next occasion.
  void doubt(const std::string& host);

  // What the system says: getaddrinfo.
  [[nodiscard]] static NameAnswer ask_system(const std::string& host);

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the threads, of which one may hang
};

}  // namespace confab::net
