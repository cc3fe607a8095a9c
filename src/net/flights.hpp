// Flights: work that is done once for all who want the same at the same time. The first one begins it; it goes on when
// they give up, by a limit of its own, and each waits for it by their own deadline and stop.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <unordered_map>
#include <utility>

#include <confab/result.hpp>

#include "net/call_context.hpp"
#include "net/shared_result.hpp"
#include "util/no_memory.hpp"
#include "util/task.hpp"

namespace confab::net {

inline constexpr std::chrono::seconds flight_limit{60};

template <class T>
class Flights {
 public:
  // What `work`, given the flight's own context, comes to; `what` it could not do, should it throw.
  template <class Work>
  [[nodiscard]] static Task<Result<T>> join(std::shared_ptr<Flights> self, std::string key, Error what,
                                            CallContext context, Work work) {
    for (;;) {
      std::shared_ptr<SharedResult<T>> flight;
      bool mine = false;
      {
        const std::lock_guard lock(self->mutex_);
        std::shared_ptr<SharedResult<T>>& known = self->flights_[key];
        mine = !known;
        if (mine) known = std::make_shared<SharedResult<T>>();
        flight = known;
      }
      if (mine) {
        try {
          CallContext own = context.detached(Clock::now() + flight_limit, context.loop().stopping());
          context.loop().spawn(fly(self, flight, key, what, std::move(own), work));
        } catch (...) {  // those who wait already would wait for ever
          self->end(key, *flight, no_memory());
          throw;
        }
      }
      Result<T> result = co_await SharedResult<T>::wait(flight, context);
      // A flight ends by its own limit, not by the caller's.
      const bool time_left = Clock::now() < context.deadline() && !context.stop().stop_requested();
      if (result || result.error().code() != Errc::timed_out || !time_left) co_return result;
    }
  }

 private:
  template <class Work>
  [[nodiscard]] static Task<void> fly(std::shared_ptr<Flights> self, std::shared_ptr<SharedResult<T>> flight,
                                      std::string key, Error what, CallContext context, Work work) {
    Result<T> result = std::move(what);
    try {
      result = co_await work(std::move(context));
    } catch (const std::bad_alloc&) {
      // Whatever happens, those who wait are answered and the next one may try.
      result = no_memory();
    } catch (...) {
    }
    self->end(key, *flight, std::move(result));
  }

  void end(const std::string& key, SharedResult<T>& flight, Result<T> result) {
    {
      const std::lock_guard lock(mutex_);
      flights_.erase(key);
    }
    flight.set(std::move(result));
  }

  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<SharedResult<T>>> flights_;  // as many as are under way
};

}  // namespace confab::net
