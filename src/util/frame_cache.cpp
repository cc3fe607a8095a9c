#include "util/frame_cache.hpp"

#include <array>
#include <new>

namespace confab {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CONFAB_PLAIN_FRAMES
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CONFAB_PLAIN_FRAMES
#endif
#endif

#ifdef CONFAB_PLAIN_FRAMES

// Frames that are used again would hide what the sanitizers look for.
void* FrameCache::take(std::size_t bytes) { return ::operator new(bytes); }
void FrameCache::give(void* frame, std::size_t /*bytes*/) noexcept { ::operator delete(frame); }

#else

namespace {

// As the system's allocator rounds, which takes 8 bytes for itself: as many frames wait for a homeserver as there are
// users who listen, a dozen for each.
constexpr std::size_t step = 16;
constexpr std::size_t beside = 8;
constexpr std::size_t largest = 4096;
constexpr std::size_t kept_bytes = 1024 * 1024;  // by each thread: what 150 polls that end and begin again need

struct Free {
  Free* next;
};

// Gone with its thread. Trivial to make, so that a thread that has no frames pays nothing.
struct Kept {
  ~Kept() {
    for (std::size_t i = 0; i < lists.size(); ++i) {
      while (Free* const frame = lists[i]) {
        lists[i] = frame->next;
        ::operator delete(frame);
      }
    }
    closed = true;  // frames that other destructors of the thread give back go to the system
  }
  std::array<Free*, (largest + beside - 1) / step + 1> lists{};
  std::size_t bytes = 0;
  std::size_t hand = 0;  // the list that gives up a frame next
  bool closed = false;
};

thread_local constinit Kept kept;

constexpr std::size_t list_of(std::size_t bytes) { return (bytes + beside - 1) / step; }
constexpr std::size_t size_in(std::size_t list) { return (list + 1) * step - beside; }
static_assert(size_in(list_of(88)) == 88 && size_in(list_of(89)) == 104);

}  // namespace

void* FrameCache::take(std::size_t bytes) {
  if (bytes > largest) return ::operator new(bytes);
  const std::size_t list = list_of(bytes);
  const std::size_t whole = size_in(list);
  Free* const frame = kept.lists[list];
  if (frame == nullptr) return ::operator new(whole);
  kept.lists[list] = frame->next;
  kept.bytes -= whole;
  return frame;
}

void FrameCache::give(void* frame, std::size_t bytes) noexcept {
  if (bytes > largest) return ::operator delete(frame);
  const std::size_t list = list_of(bytes);
  const std::size_t whole = size_in(list);
  if (kept.closed) return ::operator delete(frame);
  kept.lists[list] = ::new (frame) Free{kept.lists[list]};
  kept.bytes += whole;
  // Of all sizes in turn, rather than what comes now: else those of a time that is over (thousands who log in) would be
  // kept for ever, and none of those that are used.
  while (kept.bytes > kept_bytes) {
    kept.hand = (kept.hand + 1) % kept.lists.size();
    Free* const given_up = kept.lists[kept.hand];
    if (given_up == nullptr) continue;
    kept.lists[kept.hand] = given_up->next;
    kept.bytes -= size_in(kept.hand);
    ::operator delete(given_up);
  }
}

#endif

}  // namespace confab
