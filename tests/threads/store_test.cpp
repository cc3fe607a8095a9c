// One store shared by threads that race for the same record.
#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "contract/store_client.hpp"
#include "store/memory_store.hpp"

using confab::Durability;
using confab::Errc;
using confab::StoreVersion;
using confab::StoreWrite;

TEST_CASE("threads race for one record of a Store: each step is taken by one of them, and none is lost") {
  constexpr int threads = 6;
  constexpr int steps = 30;
  const auto store = confab::store::make_memory_store();
  std::atomic<int> failures{0};
  std::latch go(threads);
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&] {
      const confab::test::StoreClient client(store);
      go.arrive_and_wait();
      for (int done = 0; done < steps && failures == 0;) {
        const auto record = client.get("tenant/counter");
        if (!record) {
          ++failures;
          break;
        }
        const StoreVersion seen = *record ? (**record).version() : 0;
        const int count = *record ? std::stoi((**record).value()) : 0;
        const auto written = confab::test::finish<StoreVersion>([&](auto handler) {
          store->put_if(StoreWrite::put("tenant/counter", seen, std::to_string(count + 1)), Durability{},
                        std::move(handler));
        });
        if (written.has_value()) {
          ++done;
        } else if (written.error().code() != Errc::conflict) {
          ++failures;
        }
      }
    });
  }
  for (auto& thread : running) thread.join();
  CHECK(failures == 0);
  CHECK(confab::test::StoreClient(store).value("tenant/counter") == std::to_string(threads * steps));
}
