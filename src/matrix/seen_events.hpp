// Has this event been delivered already? A bounded memory of event ids, eight bytes for each.
//
// Kept are fingerprints: the id read as the coefficients of a polynomial, evaluated modulo 2^61 - 1 at a point that is
// drawn for each stream and told to nobody. Two ids of n times four bytes have the same one for at most n + 1 of the
// 2^61 points, whoever chose them. So a new event is taken for one of 8,192 remembered ones (of 44 bytes: n is 11), and
// left out, once in 2 * 10^13 events at most.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <confab/ids.hpp>

namespace confab::matrix {

/// Remembers the newest `most` ids; older ones are forgotten first.
class SeenEvents {
 public:
  /// Of which the ids themselves are kept, for newest().
  static constexpr std::size_t most_whole_ids = 64;

  /// @param most   At most 65,535.
  explicit SeenEvents(std::size_t most);

  /// Remember an id; false if it was known.
  bool add(const EventId& id);
  /// The newest of them, at most most_whole_ids, oldest first.
  [[nodiscard]] std::vector<EventId> newest(std::size_t most) const;
  [[nodiscard]] bool knows(const EventId& id) const;
  [[nodiscard]] std::size_t size() const { return prints_.size(); }
  /// What it holds in memory, but for the ids of newest().
  [[nodiscard]] std::size_t bytes() const;

 private:
  using Print = std::uint64_t;
  using Slot = std::uint16_t;  // where in prints_, counted from 1; 0: free

  [[nodiscard]] Print print_of(std::string_view id) const;
  [[nodiscard]] std::size_t slot_of(Print print) const;
  void put(std::size_t at);
  void forget(std::size_t at);
  void grow();

  std::size_t most_;
  std::uint64_t point_;
  std::vector<Print> prints_;  // a ring once it is full
  std::size_t oldest_ = 0;
  std::vector<Slot> slots_;  // open addressing; at least twice as many as prints
  std::vector<EventId> whole_;
  std::size_t next_whole_ = 0;
};

}  // namespace confab::matrix
