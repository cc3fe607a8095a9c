// AnswerOnce: a handler that is called exactly once, whatever a backend does with it.
#pragma once

#include <confab/store.hpp>

#include <utility>

#include "util/no_memory.hpp"

namespace confab::store {

/// Later calls are ignored; destroyed uncalled, it answers for the backend that lost it. What the handler throws ends
/// here.
template <class T>
class AnswerOnce {
 public:
  explicit AnswerOnce(StoreHandler<T> done) : done_(std::move(done)) {}
  AnswerOnce(AnswerOnce&& other) noexcept : done_(std::exchange(other.done_, {})) {}
  AnswerOnce& operator=(AnswerOnce&&) = delete;
  ~AnswerOnce() {
    if (!done_) return;
    try {
      (*this)(Error(Errc::store, "the store lost an operation: its outcome is not known").with_subject("store"));
    } catch (...) {  // no memory for the error
      (*this)(no_memory());
    }
  }

  void operator()(Result<T> result) noexcept {
    if (!done_) return;
    const StoreHandler<T> done = std::exchange(done_, {});
    try {
      done(std::move(result));
    } catch (...) {  // a handler's own affair; the store's thread must go on for the others
    }
  }

 private:
  StoreHandler<T> done_;
};

}  // namespace confab::store
