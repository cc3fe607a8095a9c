#include "chat/open_accounts.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace std::chrono_literals;
using confab::MatrixUserId;
using confab::chat::OpenAccounts;

TEST_CASE("OpenAccounts: who was seen is known for a time, each for themselves") {
  const OpenAccounts::Time now = std::chrono::steady_clock::now();
  const MatrixUserId ana("@ana:hs.test");
  OpenAccounts open;
  CHECK_FALSE(open.seen(ana, now));
  open.put(ana, now);
  CHECK(open.seen(ana, now + 9min));
  CHECK_FALSE(open.seen(ana, now + OpenAccounts::seen_for));
  CHECK_FALSE(open.seen(MatrixUserId("@ben:hs.test"), now));
  open.put(ana, now + 11min);
  CHECK(open.seen(ana, now + 12min));
  open.forget(ana);
  CHECK_FALSE(open.seen(ana, now + 12min));
}
