#include "credentials/device_moves.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace std::chrono_literals;
using confab::MatrixUserId;
using confab::credentials::DeviceMoves;

namespace {

constexpr confab::net::TimePoint moving_begin{1000s};

std::string order_of(DeviceMoves& moves) {
  std::string order;
  while (const auto user = moves.front()) {
    order += user->str() + " ";
    moves.pop();
  }
  return order;
}

}  // namespace

TEST_CASE("DeviceMoves: groups in turn, and within a group in the order of asking, each once") {
  DeviceMoves moves;
  for (const char* user : {"a1", "a2", "a3", "a4"}) moves.want("a", MatrixUserId(user));
  moves.want("b", MatrixUserId("b1"));
  moves.want("a", MatrixUserId("a1"));
  moves.want("c", MatrixUserId("c1"));
  moves.want("c", MatrixUserId("c2"));
  CHECK(order_of(moves) == "a1 b1 c1 a2 c2 a3 a4 ");
  // Who was moved, or was to be, may ask again.
  moves.want("a", MatrixUserId("a1"));
  CHECK(order_of(moves) == "a1 ");
}

TEST_CASE("DeviceMoves: one at a time, not before its time, and not while a recovery waits") {
  DeviceMoves moves;
  CHECK_FALSE(moves.begin(moving_begin));
  moves.want("a", MatrixUserId("a1"));
  moves.recovery_begins();
  moves.recovery_begins();
  CHECK_FALSE(moves.begin(moving_begin));
  moves.recovery_ended();
  CHECK_FALSE(moves.may_go_on());
  moves.recovery_ended();
  CHECK(moves.begin(moving_begin));
  CHECK_FALSE(moves.begin(moving_begin));
  moves.stopped();
  moves.hold(moving_begin + 1s);
  CHECK_FALSE(moves.begin(moving_begin + 999ms));
  CHECK(moves.begin(moving_begin + 1s));
}

TEST_CASE("DeviceMoves: so many wait, and no more") {
  DeviceMoves moves;
  for (std::size_t i = 0; i <= DeviceMoves::most_waiting; ++i) moves.want("a", MatrixUserId(std::to_string(i)));
  std::size_t waiting = 0;
  for (; moves.front(); ++waiting) moves.pop();
  CHECK(waiting == DeviceMoves::most_waiting);
}
