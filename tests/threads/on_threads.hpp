// One call from several threads at once.
#pragma once

#include <latch>
#include <thread>
#include <vector>

namespace confab_threads {

template <class Call>
void on_threads(int count, Call call) {
  std::latch go(count);
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      go.arrive_and_wait();
      call(i);
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace confab_threads
