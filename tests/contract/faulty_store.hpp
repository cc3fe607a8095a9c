// FaultyStore: a store before which, or behind which, chosen operations fail.
#pragma once

#include <confab/store.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace confab::test {

enum class Fault {
  none,
  before,  // nothing is done
  after,   // it is done, and reported as failed
};

class FaultyStore final : public Store {
 public:
  /// `plan` tells the fault of the n-th operation, from 0; now() is none.
  FaultyStore(std::shared_ptr<Store> inner, Errc code, std::function<Fault(int)> plan)
      : inner_(std::move(inner)), code_(code), plan_(std::move(plan)) {}

  void get(std::string key, StoreHandler<std::optional<StoreRecord>> done) override {
    run<std::optional<StoreRecord>>(std::move(done), [&](auto then) { inner_->get(std::move(key), std::move(then)); });
  }
  void list(std::string prefix, std::string cursor, std::size_t limit, StoreHandler<StorePage> done) override {
    run<StorePage>(std::move(done),
                   [&](auto then) { inner_->list(std::move(prefix), std::move(cursor), limit, std::move(then)); });
  }
  void transact(std::vector<StoreWrite> writes, Durability durability,
                StoreHandler<std::vector<StoreVersion>> done) override {
    run<std::vector<StoreVersion>>(
        std::move(done), [&](auto then) { inner_->transact(std::move(writes), durability, std::move(then)); });
  }
  void now(StoreHandler<StoreTime> done) override { inner_->now(std::move(done)); }

  [[nodiscard]] int operations() const { return count_.load(); }

 private:
  template <class T, class F>
  void run(StoreHandler<T> done, F begin) {
    const Fault fault = plan_(count_++);
    if (fault == Fault::none) {
      begin(StoreHandler<T>(std::move(done)));
    } else if (fault == Fault::after) {
      begin(StoreHandler<T>(
          [done = std::move(done), code = code_](const Result<T>&) { done(Error(code, "made to fail afterwards")); }));
    } else {
      inner_->now([done = std::move(done), code = code_](const Result<StoreTime>&) {
        done(Error(code, "made to fail before"));
      });
    }
  }

  std::shared_ptr<Store> inner_;
  Errc code_;
  std::function<Fault(int)> plan_;
  std::atomic<int> count_{0};
};

}  // namespace confab::test
