#include "util/frame_cache.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <set>
#include <thread>
#include <vector>

using confab::FrameCache;

// g++ says it in one way, clang in the other.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FRAMES_ARE_PLAIN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FRAMES_ARE_PLAIN
#endif
#endif

TEST_CASE("frame cache: frames of all sizes are apart, whole and writable, also when they are used again") {
  for (int round = 0; round < 3; ++round) {
    std::vector<std::pair<unsigned char*, std::size_t>> frames;
    for (std::size_t bytes = 1; bytes < 9000; bytes += 37) {
      auto* const frame = static_cast<unsigned char*>(FrameCache::take(bytes));
      std::memset(frame, static_cast<int>(bytes % 251), bytes);
      frames.emplace_back(frame, bytes);
    }
    std::size_t spoilt = 0;
    for (const auto& [frame, bytes] : frames) {
      for (std::size_t i = 0; i < bytes; ++i) spoilt += frame[i] != bytes % 251;
      FrameCache::give(frame, bytes);
    }
    CHECK(spoilt == 0);
  }
}

TEST_CASE("frame cache: a frame may be given back on another thread, which may end") {
  std::vector<void*> frames;
  for (int i = 0; i < 1000; ++i) frames.push_back(FrameCache::take(500));
  CHECK(std::set<void*>(frames.begin(), frames.end()).size() == 1000);
  std::thread([&] {
    for (void* const frame : frames) FrameCache::give(frame, 500);
    FrameCache::give(FrameCache::take(500), 500);
  }).join();
  void* const frame = FrameCache::take(500);
  CHECK(frame != nullptr);
  FrameCache::give(frame, 500);
}

TEST_CASE("frame cache: sizes that are used are kept, after many of a size that is used no more") {
#ifdef FRAMES_ARE_PLAIN
  MESSAGE("not under a sanitizer, where no frame is used again");
#else
  std::thread([] {
    std::vector<void*> past;
    for (int i = 0; i < 8000; ++i) past.push_back(FrameCache::take(300));
    for (void* const frame : past) FrameCache::give(frame, 300);
    std::vector<void*> given;
    std::vector<void*> taken;
    for (int round = 0; round < 20; ++round) {
      taken.clear();
      for (int i = 0; i < 40; ++i) taken.push_back(FrameCache::take(500));
      if (round == 19) CHECK(taken == std::vector<void*>(given.rbegin(), given.rend()));  // last given, first taken
      given = taken;
      for (void* const frame : given) FrameCache::give(frame, 500);
    }
  }).join();
#endif
}
