// Questions: what the library has to ask the host arrives as an event, and is answered once: by the host, by its
// time-out or by the end of what asked.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <confab/result.hpp>
#include <confab/unique_function.hpp>

#include "capi/guard.hpp"
#include "capi/queue.hpp"
#include "util/json.hpp"

namespace confab::capi {

constexpr std::uint32_t default_question_ms = 30'000;
constexpr std::uint32_t most_questions = 1024;

/// Where the questions of one client go, and who waits for their answers. Any thread.
class Questions final : public Closable, public std::enable_shared_from_this<Questions> {
 public:
  /// Judges an answer and takes it: an error leaves the question open. Nothing: there is no answer, which is the
  /// default. Called until it takes one, with no lock held.
  using Taker = UniqueFunction<Result<void>(std::optional<std::string_view> answer)>;

  Questions(std::shared_ptr<QueueCore> queue, std::uint64_t tag, std::uint32_t timeout_ms);
  ~Questions();

  /// `write` puts what is asked into the event's object. Where it cannot be asked `take` has nothing at once. Gives the
  /// question's number, which is above those of all before it.
  template <class Write>
  std::uint64_t ask(const Write& write, Taker take) {
    json::Writer object;
    object.object();
    write(object);
    return put(std::move(object), std::move(take));
  }
  /// Refuses what the taker refuses, and with closed where it was answered before.
  void answer(std::uint64_t id, std::string_view json);
  /// Nobody can answer it any more, or needs to.
  void drop(std::uint64_t id) noexcept;
  /// The default for all that is open, and for what is asked from now on.
  void close() noexcept override;

 private:
  struct Open {
    std::chrono::steady_clock::time_point until;
    Taker take;
  };
  std::uint64_t put(json::Writer object, Taker take);
  void watch();
  static void give_default(Taker take) noexcept;

  const std::shared_ptr<QueueCore> queue_;
  const std::uint64_t tag_;
  const std::chrono::milliseconds patience_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // From here on: under the mutex.
  std::map<std::uint64_t, Open> open_;  // with one patience for all, the first is the next to end
  std::uint64_t next_ = 1;
  bool closed_ = false;
  std::thread clock_;  // made with the first question
};

/// What a question's event holds: where its answer goes, and that it is never answered once the event is gone.
class Asked {
 public:
  Asked(std::weak_ptr<Questions> by, std::uint64_t id) noexcept : by_(std::move(by)), id_(id) {}
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;
  ~Asked();
  void answer(std::string_view json) const;

 private:
  std::weak_ptr<Questions> by_;
  std::uint64_t id_;
};

}  // namespace confab::capi
