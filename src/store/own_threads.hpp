// OwnThreads: the threads of one backend, ended by its destructor wherever that runs.
#pragma once

#include <thread>
#include <utility>
#include <vector>

#include "util/library_thread.hpp"

namespace confab::store {

class OwnThreads {
 public:
  OwnThreads() = default;
  OwnThreads(const OwnThreads&) = delete;
  OwnThreads& operator=(const OwnThreads&) = delete;

  /// `body` must end by itself once the backend was told to stop, and keep alive what it uses.
  template <class F>
  void start(F body) {
    threads_.emplace_back([body = std::move(body)]() mutable {
      const detail::LibraryThreadScope scope;  // wait() here would wait for this thread
      body();
    });
  }

  /// A handler may drop the last reference to its store: the thread that runs it cannot wait for itself and is let go.
  ~OwnThreads() {
    for (std::thread& thread : threads_) {
      if (thread.get_id() == std::this_thread::get_id()) {
        thread.detach();
      } else {
        thread.join();
      }
    }
  }

 private:
  std::vector<std::thread> threads_;
};

}  // namespace confab::store
