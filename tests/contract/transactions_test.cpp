// The contract: several steps at once, all or none.
#include <atomic>
#include <string>
#include <thread>

#include "contract/backends.hpp"

using namespace confab;
using namespace confab::test;
using namespace std::chrono_literals;
using Writes = std::vector<StoreWrite>;

CONTRACT(all, "all steps happen") {
  const auto c = backend.client();
  const auto done = c.transact({StoreWrite::put("t/a", 0, "1"), StoreWrite::put("t/b", 0, "2")});
  REQUIRE(done);
  CHECK(done->size() == 2);
  CHECK(c.version("t/a") == (*done)[0]);
  CHECK(c.version("t/b") == (*done)[1]);
  CHECK(c.value("t/b") == "2");
}
CONTRACT(none, "none happens when the last does not fit") {
  const auto c = backend.client();
  REQUIRE(c.put("t/c", 0, "\"old\""));
  const auto done =
      c.transact({StoreWrite::put("t/a", 0, "1"), StoreWrite::put("t/b", 0, "1"), StoreWrite::put("t/c", 0, "1")});
  REQUIRE(outcome(done) == "conflict");
  CHECK(done.error().subject() == "t/c");
  CHECK(c.keys("t/") == std::vector<std::string>{"t/c"});
  CHECK(c.value("t/c") == "\"old\"");
}
CONTRACT(none_first, "none happens when the first does not fit") {
  const auto c = backend.client();
  CHECK(outcome(c.transact({StoreWrite::put("t/a", 5, "1"), StoreWrite::put("t/b", 0, "1")})) == "conflict");
  CHECK(c.keys("t/").empty());
}
CONTRACT(mixed, "puts, erases and checks go together") {
  const auto c = backend.client();
  const auto a = c.put("t/a", 0, "1");
  const auto b = c.put("t/b", 0, "1");
  const auto x = c.put("t/x", 0, "1");
  const auto done = c.transact({StoreWrite::put("t/a", *a, "2"), StoreWrite::erase("t/b", *b),
                                StoreWrite::check("t/x", *x), StoreWrite::check("t/none", 0)});
  REQUIRE(done);
  CHECK((*done)[0] > *a);
  CHECK((*done)[1] == 0);
  CHECK((*done)[2] == *x);
  CHECK((*done)[3] == 0);
  CHECK(c.keys("t/") == std::vector<std::string>{"t/a", "t/x"});
}
CONTRACT(fenced, "a check that fails keeps the other steps from happening") {
  const auto c = backend.client();
  const auto lease = c.put("lease/a", 0, "1");
  REQUIRE(c.put("lease/a", *lease, "2"));
  CHECK(outcome(c.transact({StoreWrite::check("lease/a", *lease), StoreWrite::put("t/a", 0, "1")})) == "conflict");
  CHECK(c.value("t/a") == "-");
}
CONTRACT(fenced_by_time, "a check of a record that has ended keeps the other steps from happening") {
  const auto c = backend.client();
  const auto lease = c.put_for("lease/a", 0, "1", 10ms);
  backend.clock.advance(10ms);
  CHECK(outcome(c.transact({StoreWrite::check("lease/a", *lease), StoreWrite::put("t/a", 0, "1")})) == "conflict");
  CHECK(c.value("t/a") == "-");
}
CONTRACT(erase_kept, "an erase in a transaction that fails does not happen") {
  const auto c = backend.client();
  const auto a = c.put("t/a", 0, "1");
  CHECK(outcome(c.transact({StoreWrite::erase("t/a", *a), StoreWrite::put("t/b", 9, "1")})) == "conflict");
  CHECK(c.version("t/a") == *a);
}
CONTRACT(most_steps, "the largest number of steps happens as one") {
  const auto c = backend.client();
  Writes writes;
  for (int i = 0; i < 128; ++i) writes.push_back(StoreWrite::put("t/" + std::to_string(i), 0, "1"));
  REQUIRE(c.transact(writes));
  CHECK(c.keys("t/").size() == 128);
  writes.back() = StoreWrite::put("t/new", 0, "1");
  CHECK(outcome(c.transact(writes)) == "conflict");
  CHECK(c.value("t/new") == "-");
}
CONTRACT(most_bytes, "the largest number of bytes happens as one") {
  const auto c = backend.client();
  Writes writes;
  for (int i = 0; i < 4; ++i) {
    writes.push_back(StoreWrite::put("t/" + std::to_string(i), 0, json_of(262'002)));
  }
  REQUIRE(c.transact(writes));
  CHECK(c.keys("t/").size() == 4);
}
CONTRACT(versions_grow, "later transactions give each key larger versions") {
  const auto c = backend.client();
  StoreVersion a = 0;
  StoreVersion b = 0;
  for (int i = 0; i < 10; ++i) {
    const auto done = c.transact({StoreWrite::put("t/a", a, "1"), StoreWrite::put("t/b", b, "1")});
    REQUIRE(done);
    CHECK((*done)[0] > a);
    CHECK((*done)[1] > b);
    a = (*done)[0];
    b = (*done)[1];
  }
}
CONTRACT(each_lives, "each step has its own lifetime") {
  const auto c = backend.client();
  REQUIRE(c.transact({StoreWrite::put("t/a", 0, "1").expires_after(10ms), StoreWrite::put("t/b", 0, "1")}));
  backend.clock.advance(10ms);
  CHECK(c.keys("t/") == std::vector<std::string>{"t/b"});
}

CONTRACT(one_wins, "of many who create the same record at once one wins") {
  std::atomic<int> won{0};
  std::atomic<int> lost{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const auto c = StoreClient(backend.store, 1000);
      for (int round = 0; round < 10; ++round) {
        const auto put = c.put("t/" + std::to_string(round), 0, std::to_string(i));
        if (put) ++won;
        if (!put && put.error().code() == Errc::conflict) ++lost;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(won == 10);
  CHECK(lost == 70);
}
CONTRACT(no_lost_update, "counters that many raise at once lose nothing") {
  constexpr int each = 25;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto c = StoreClient(backend.store, 1000);
      for (int done = 0; done < each;) {
        const auto record = c.get("t/n");
        if (!record) continue;
        const int count = *record ? std::stoi((**record).value()) : 0;
        const StoreVersion version = *record ? (**record).version() : 0;
        if (c.put("t/n", version, std::to_string(count + 1))) ++done;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(backend.client().value("t/n") == std::to_string(4 * each));
}
CONTRACT(never_torn, "a reader sees both records of a transaction or neither") {
  std::atomic<bool> over{false};
  std::atomic<int> torn{0};
  std::atomic<int> seen{0};
  std::thread reader([&] {
    const auto c = StoreClient(backend.store, 1000);
    while (!over || seen == 0) {
      const auto page = c.list("pair/");
      if (!page) continue;
      ++seen;
      if (page->records().size() == 2 && page->records()[0].value() != page->records()[1].value()) ++torn;
      if (page->records().size() == 1) ++torn;
    }
  });
  const auto c = StoreClient(backend.store, 1000);
  StoreVersion a = 0;
  StoreVersion b = 0;
  for (int i = 0; i < 60; ++i) {
    const auto done =
        c.transact({StoreWrite::put("pair/a", a, std::to_string(i)), StoreWrite::put("pair/b", b, std::to_string(i))},
                   i % 2 == 0 ? Durability::promised : Durability::relaxed);
    REQUIRE(done);
    a = (*done)[0];
    b = (*done)[1];
  }
  over = true;
  reader.join();
  CHECK(torn == 0);
}
CONTRACT(own_writes, "who was told of a write sees it, whoever reads") {
  const auto c = backend.client();
  StoreVersion version = 0;
  for (int i = 0; i < 50; ++i) {
    const auto put = c.put("t/a", version, std::to_string(i));
    REQUIRE(put);
    version = *put;
    CHECK(c.value("t/a") == std::to_string(i));
  }
}
