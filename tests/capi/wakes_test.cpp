// How often is a host woken?
#include <unistd.h>

#include <cstdint>

#include "capi/client_at_work.hpp"

using namespace confab::test;

namespace {

// One that ends at once: the directory lists nobody of this name. All of them are one user's, so they end in order.
void ask(confab_tenant* tenant, confab_queue* queue, std::uint64_t tag) {
  auto user = request<confab_user_request>();
  user.user = "nobody";
  REQUIRE(confab_account(tenant, &user, queue, tag, nullptr, nullptr) == CONFAB_OK);
}

// An eventfd counts what is written to it. A host never reads from it; a test may, to know the count.
std::uint64_t writes_to(const confab_queue* queue) {
  std::uint64_t count = 0;
  return ::read(confab_queue_fd(queue), &count, sizeof count) == sizeof count ? count : 0;
}

}  // namespace

TEST_CASE_FIXTURE(ClientAtWork, "one write to the descriptor for all that is taken together") {
  HeldQueue other;
  REQUIRE(confab_queue_new(nullptr, other.place(), nullptr) == CONFAB_OK);
  for (int drained = 0; drained < 3; ++drained) {
    constexpr std::uint64_t together = 64;
    for (std::uint64_t tag = 0; tag < together; ++tag) ask(tenant, queue, tag);
    // The last of the user's: when it has come, all before have.
    ask(tenant, other, 1);
    HeldEvent last;
    REQUIRE(confab_queue_next(other, patience_ms, last.place()) == CONFAB_OK);
    CHECK(writes_to(queue) == 1);
    for (std::uint64_t tag = 0; tag < together; ++tag) CHECK(confab_event_tag(next(0)) == tag);
    CHECK(writes_to(queue) == 0);
  }
}
