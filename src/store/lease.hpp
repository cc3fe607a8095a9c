// Lease: a LeaseMachine that asks a store. Any thread; one question at a time.
#pragma once

#include <confab/store.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "store/lease_machine.hpp"

namespace confab::store {

class Lease : public std::enable_shared_from_this<Lease> {
 public:
  using Now = std::function<LeaseMachine::Time()>;
  using Done = UniqueFunction<void(LeaseMachine::Outcome)>;  // on a thread of the store

  Lease(std::shared_ptr<Store> store, LeaseMachine machine, Now now = std::chrono::steady_clock::now)
      : store_(std::move(store)), now_(std::move(now)), machine_(std::move(machine)) {}

  /// Acquire or renew. False, and no answer follows, while an earlier question is open.
  [[nodiscard]] bool ask(Done done);
  /// False, and no answer follows, while an earlier question is open: what is held then ends by itself.
  [[nodiscard]] bool release(Done done);

  [[nodiscard]] std::chrono::milliseconds remaining() const;
  [[nodiscard]] bool covers(LeaseMachine::Time deadline) const;
  [[nodiscard]] LeaseMachine::Time renew_at() const;
  [[nodiscard]] StoreVersion fence() const;
  /// As LeaseMachine::owes.
  [[nodiscard]] bool owes() const;
  /// Nothing when it is not held.
  [[nodiscard]] std::optional<StoreWrite> guard() const;
  /// Nothing when it is not held. After it was written the lease is another's to take: drop this object.
  [[nodiscard]] std::optional<StoreWrite> farewell() const;

 private:
  // Who waits for an answer. Destroyed without one, because memory was short on the way, it answers `failed`, and the
  // next question may be asked.
  class Question {
   public:
    Question(std::shared_ptr<Lease> lease, Done done) : lease_(std::move(lease)), done_(std::move(done)) {}
    Question(Question&& other) noexcept = default;
    Question& operator=(Question&&) = delete;
    ~Question() { answer(LeaseMachine::Outcome::failed); }
    void answer(LeaseMachine::Outcome outcome) noexcept;

   private:
    std::shared_ptr<Lease> lease_;
    Done done_;
  };
  void run(LeaseMachine::Step step, Question question);

  std::shared_ptr<Store> store_;
  Now now_;
  mutable std::mutex mutex_;
  LeaseMachine machine_;
  bool open_ = false;
};

}  // namespace confab::store
