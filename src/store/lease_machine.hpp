// LeaseMachine: who may do this, and until when? The decision alone: no store, no thread, no clock of its own.
//
// A lease is two records. "lease/<name>" ends with the lease, by the store's clock. "fence/<name>" is written by every
// new holder and by nobody else, and stays: its version is the fencing number, and a write that checks it happens only
// while nobody else has taken over. What protects others from a holder who does not know yet that it lost the lease is
// remaining(): counted on the holder's own clock from before it asked, so never longer than what the store granted.
#pragma once

#include <confab/store.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace confab::store {

class LeaseMachine {
 public:
  using Time = std::chrono::steady_clock::time_point;

  enum class Outcome : std::uint8_t {
    held,      // ours, for remaining()
    taken,     // another's
    vanished,  // nobody's by now: ask again
    failed,    // the store could not tell; what was held before still is, for remaining()
    released,
  };
  /// What is to be done next: a read, a write, or nothing more.
  class Step {
   public:
    enum class Kind : std::uint8_t { read, write, done };
    static Step read(std::string key) { return {Kind::read, std::move(key), {}, Outcome::failed}; }
    static Step write(std::vector<StoreWrite> writes) { return {Kind::write, {}, std::move(writes), Outcome::failed}; }
    static Step done(Outcome outcome) { return {Kind::done, {}, {}, outcome}; }

    [[nodiscard]] Kind kind() const { return kind_; }
    [[nodiscard]] const std::string& key() const { return key_; }
    [[nodiscard]] const std::vector<StoreWrite>& writes() const { return writes_; }
    [[nodiscard]] Outcome outcome() const { return outcome_; }

   private:
    Step(Kind kind, std::string key, std::vector<StoreWrite> writes, Outcome outcome)
        : kind_(kind), key_(std::move(key)), writes_(std::move(writes)), outcome_(outcome) {}
    Kind kind_;
    std::string key_;
    std::vector<StoreWrite> writes_;
    Outcome outcome_;
  };

  /// `holder` names this process, and no other that ever lived: text::random_token().
  LeaseMachine(std::string name, std::string holder, std::chrono::milliseconds length);

  /// Become the holder, or stay it. `now` is the time before anything is asked.
  [[nodiscard]] Step ask(Time now);
  /// Let it go; from this call on remaining() is nothing.
  [[nodiscard]] Step release();
  [[nodiscard]] Step on_read(const Result<std::optional<StoreRecord>>& read);
  [[nodiscard]] Step on_written(const Result<std::vector<StoreVersion>>& written);

  /// For how long nobody else can be the holder; at most zero: nothing is certain any more.
  [[nodiscard]] std::chrono::milliseconds remaining(Time now) const;
  /// Whether something that ends by `deadline` ends while nobody else can be the holder.
  [[nodiscard]] bool covers(Time deadline) const { return version_ != 0 && deadline < until_; }
  /// When to ask again: after a third of its length, so that two attempts may fail.
  [[nodiscard]] Time renew_at() const { return asked_ + length_ / 3; }
  /// Larger with every new holder; 0 when it is not held.
  [[nodiscard]] StoreVersion fence() const { return version_ != 0 ? fence_ : 0; }
  /// Whether it is held, or was let go without the store having said so: release() may be asked once more.
  [[nodiscard]] bool owes() const { return version_ != 0 || owed_ != 0; }
  /// To be put beside the writes that only the holder may do. Precondition: held.
  [[nodiscard]] StoreWrite guard() const { return StoreWrite::check(fence_key_, fence_); }
  /// To be put beside the last of them, to let the lease go with it. Precondition: held.
  [[nodiscard]] StoreWrite farewell() const { return StoreWrite::erase(lease_key_, version_); }

 private:
  enum class Phase : std::uint8_t { idle, read_fence, acquire, renew, judge, judge_fence, release };

  [[nodiscard]] Step acquire(StoreVersion fence_before);
  [[nodiscard]] Step judge(const std::optional<StoreRecord>& lease);
  [[nodiscard]] Step judge_fence(const std::optional<StoreRecord>& fence);
  [[nodiscard]] std::string content() const;
  Step end(Outcome outcome);
  void lose();

  std::string lease_key_;
  std::string fence_key_;
  std::string holder_;
  std::chrono::milliseconds length_;
  Phase phase_ = Phase::idle;
  std::int64_t ask_ = 0;  // numbers the questions, so that a record tells which of them it answers
  Time asked_{};
  Time until_{};
  StoreVersion version_ = 0;  // of the lease's record; 0: not held
  StoreVersion owed_ = 0;     // of the lease's record that is to be erased
  StoreVersion fence_ = 0;
  StoreVersion judged_ = 0;  // of the lease's record, while its fence is read
};

}  // namespace confab::store
