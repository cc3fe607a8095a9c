#include "matrix/seen_events.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <random>
#include <utility>

namespace confab::matrix {
namespace {

__extension__ typedef unsigned __int128 Wide;

constexpr std::uint64_t prime = (std::uint64_t{1} << 61U) - 1;

std::uint64_t times(std::uint64_t a, std::uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  const std::uint64_t sum = static_cast<std::uint64_t>(product & prime) + static_cast<std::uint64_t>(product >> 61U);
  return sum >= prime ? sum - prime : sum;
}

std::uint64_t any_point() {
  std::random_device random;
  return std::uniform_int_distribution<std::uint64_t>(1, prime - 1)(random);
}

}  // namespace

SeenEvents::SeenEvents(std::size_t most)
    : most_(std::clamp<std::size_t>(most, 1, std::numeric_limits<Slot>::max())), point_(any_point()) {}

SeenEvents::Print SeenEvents::print_of(std::string_view id) const {
  // As many bytes at once as are below the prime, whatever their order. The length stands first: ids that differ only
  // in zeros at their ends differ in it.
  constexpr std::size_t at_once = 7;
  Print print = id.size();
  for (std::size_t at = 0; at < id.size(); at += at_once) {
    std::uint64_t word = 0;
    if (id.size() - at >= at_once) {
      std::memcpy(&word, id.data() + at, at_once);
    } else {
      std::memcpy(&word, id.data() + at, id.size() - at);
    }
    print = times(print, point_) + word;
    if (print >= prime) print -= prime;
  }
  return times(print, point_);
}

// Where it is, or where it would be put.
std::size_t SeenEvents::slot_of(Print print) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = print & mask;
  while (slots_[slot] != 0 && prints_[slots_[slot] - 1U] != print) slot = (slot + 1) & mask;
  return slot;
}

void SeenEvents::put(std::size_t at) { slots_[slot_of(prints_[at])] = static_cast<Slot>(at + 1); }

// What stands behind a slot that is freed moves up, where it could not stand for it.
void SeenEvents::forget(std::size_t at) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t free = slot_of(prints_[at]);
  for (std::size_t slot = (free + 1) & mask; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const std::size_t wanted = prints_[slots_[slot] - 1U] & mask;
    if (((slot - wanted) & mask) < ((slot - free) & mask)) continue;
    slots_[free] = slots_[slot];
    free = slot;
  }
  slots_[free] = 0;
}

void SeenEvents::grow() {
  slots_.assign(std::max<std::size_t>(16, slots_.size() * 2), 0);
  for (std::size_t at = 0; at < prints_.size(); ++at) put(at);
}

bool SeenEvents::add(const EventId& id) {
  const Print print = print_of(id.str());
  if (slots_.empty()) grow();
  if (slots_[slot_of(print)] != 0) return false;
  // All that needs memory comes first: an id is remembered wholly or not at all.
  if (prints_.size() < most_) {
    if (prints_.size() == prints_.capacity()) prints_.reserve(std::max<std::size_t>(1, 2 * prints_.size()));
    if (slots_.size() < 2 * (prints_.size() + 1)) grow();
  }
  if (whole_.size() < most_whole_ids) {
    if (whole_.size() == whole_.capacity()) whole_.reserve(std::max<std::size_t>(1, 2 * whole_.size()));
    whole_.push_back(id);
  } else {
    whole_[next_whole_] = id;  // in the memory of the oldest
  }
  next_whole_ = (next_whole_ + 1) % most_whole_ids;
  if (prints_.size() < most_) {
    prints_.push_back(print);
    put(prints_.size() - 1);
  } else {
    forget(oldest_);
    prints_[oldest_] = print;
    put(oldest_);
    oldest_ = (oldest_ + 1) % most_;
  }
  return true;
}

std::vector<EventId> SeenEvents::newest(std::size_t most) const {
  const std::size_t count = std::min({most, most_, whole_.size()});
  std::vector<EventId> ids;
  ids.reserve(count);
  for (std::size_t back = count; back > 0; --back) {
    ids.push_back(whole_[(next_whole_ + most_whole_ids - back) % most_whole_ids]);
  }
  return ids;
}

bool SeenEvents::knows(const EventId& id) const { return !slots_.empty() && slots_[slot_of(print_of(id.str()))] != 0; }

std::size_t SeenEvents::bytes() const { return prints_.capacity() * sizeof(Print) + slots_.capacity() * sizeof(Slot); }

}  // namespace confab::matrix
