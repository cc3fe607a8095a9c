// Values that threads share: copies of one Error, and ids.
#include <doctest/doctest.h>

#include <latch>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <confab/ids.hpp>
#include <confab/result.hpp>

#include "threads/on_threads.hpp"

using confab::Errc;
using confab::Error;
using confab_threads::on_threads;

TEST_CASE("threads copy, read and derive from one Error at once") {
  const Error shared = Error(Errc::rate_limited, "slow down").with_errcode("M_LIMIT_EXCEEDED");
  std::atomic<int> right{0};
  on_threads(6, [&](int index) {
    for (int n = 0; n < 500; ++n) {
      Error copy = shared;
      const Error derived = copy.with_http_status(400 + index);
      copy = derived;
      if (copy.http_status() == 400 + index && copy.errcode() == "M_LIMIT_EXCEEDED" && shared.http_status() == 0)
        ++right;
    }
  });
  CHECK(right == 6 * 500);
}

TEST_CASE("transaction ids made by many threads at once are all different") {
  std::vector<std::vector<std::string>> made(4);
  on_threads(4, [&](int index) {
    for (int n = 0; n < 500; ++n) made[static_cast<std::size_t>(index)].push_back(confab::make_transaction_id().str());
  });
  std::set<std::string> all;
  for (const auto& each : made) all.insert(each.begin(), each.end());
  CHECK(all.size() == 2000);
}
