#include "identities_judge.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace confab::storm;

namespace {

// As it should be: by turns, until the small tenant is done.
StormSeen good(std::size_t large = 900, std::size_t small = 100) {
  StormSeen seen;
  seen.large = large;
  seen.small = small;
  for (std::size_t i = 0; i < large; ++i) {
    seen.recovered.push_back(i);
    if (i < small) seen.recovered.push_back(large + i);
  }
  seen.given = seen.confirmed = seen.said = std::vector<std::size_t>(large + small, 1);
  return seen;
}

// The small tenant's turns come with every `nth` recovery.
StormSeen every(std::size_t nth) {
  StormSeen seen = good();
  seen.recovered.clear();
  std::size_t large = 0;
  std::size_t small = 0;
  while (large < seen.large || small < seen.small) {
    const bool turn = small < seen.small && (large == seen.large || (seen.recovered.size() + 1) % nth == 0);
    seen.recovered.push_back(turn ? seen.large + small++ : large++);
  }
  return seen;
}

bool one_fault(const StormSeen& seen, const std::string& word) {
  const std::vector<std::string> found = faults(seen);
  return found.size() == 1 && found.front().find(word) != std::string::npos;
}

}  // namespace

TEST_CASE("identities: by turns is fair, and every fourth is just so") {
  CHECK(faults(good()).empty());
  CHECK(shares_of_small(good()).done == 200);
  CHECK(shares_of_small(good()).of_a_hundred == 0.5);
  CHECK(faults(every(4)).empty());
  CHECK(shares_of_small(every(4)).done == 400);
}

TEST_CASE("identities: less than every fourth is found, and so is a small tenant that comes last") {
  CHECK(faults(every(5)).size() == 2);
  StormSeen last = good();
  std::sort(last.recovered.begin(), last.recovered.end());
  CHECK(faults(last).size() == 2);
  CHECK(faults(last).front().find("unfair") == 0);
}

TEST_CASE("identities: a drought after a good beginning is found") {
  StormSeen seen = good();
  // The small tenant's last one has to wait for all others.
  const auto one = std::find(seen.recovered.begin(), seen.recovered.end(), seen.large + seen.small - 1);
  seen.recovered.erase(one);
  seen.recovered.push_back(seen.large + seen.small - 1);
  CHECK(faults(seen).size() == 2);
  // And one in the middle, though it has a good third of them all.
  seen = good(900, 400);
  std::stable_partition(seen.recovered.begin() + 300, seen.recovered.begin() + 500,
                        [&](std::size_t user) { return user < seen.large; });
  CHECK(shares_of_small(seen).until_done > 0.4);
  CHECK(one_fault(seen, "a hundred in a row"));
}

TEST_CASE("identities: a small tenant that is done by the hundredth recovery was not starved") {
  CHECK(faults(good(450, 50)).empty());
  StormSeen early = good(450, 20);
  CHECK(shares_of_small(early).done == 40);
  CHECK(faults(early).empty());
  // Its last one comes a moment later: one of five is no less than a quarter, rounded down.
  StormSeen just = good(450, 50);
  std::rotate(just.recovered.begin() + 99, just.recovered.begin() + 100, just.recovered.begin() + 104);
  CHECK(shares_of_small(just).until_done == doctest::Approx(0.2));
  CHECK(faults(just).empty());
}

TEST_CASE("identities: each thing that is not once, and each refusal, is found") {
  StormSeen seen = good();
  seen.limited.emplace_back("POST /_matrix/client/v3/login");
  CHECK(one_fault(seen, "1 requests were answered 429; POST /_matrix/client/v3/login"));
  seen = good();
  seen.failed.emplace_back("rate_limited");
  CHECK(one_fault(seen, "1 calls failed; rate_limited"));
  seen = good();
  seen.given[7] = 2;
  CHECK(one_fault(seen, "given a token"));
  seen = good();
  seen.said[7] = 0;
  CHECK(one_fault(seen, "the text is there"));
  seen = good();
  seen.confirmed[7] = 0;
  CHECK(one_fault(seen, "confirmed"));
  seen = good();
  seen.recovered.push_back(7);
  CHECK(one_fault(seen, "recovered"));
}
