#include "capi/no_memory/failing_memory.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

// Where the memory really comes from.
#if defined(CONFAB_BEFORE_ADDRESS_SANITIZER)
#define CONFAB_UNDERLYING(name) __interceptor_##name
#else
#define CONFAB_UNDERLYING(name) __libc_##name
#endif

extern "C" {
void* CONFAB_UNDERLYING(malloc)(std::size_t);
void* CONFAB_UNDERLYING(calloc)(std::size_t, std::size_t);
void* CONFAB_UNDERLYING(realloc)(void*, std::size_t);
void* CONFAB_UNDERLYING(memalign)(std::size_t, std::size_t);
}

namespace {

// Constant-initialized, in the program itself: reading it allocates nothing.
thread_local constinit bool armed = false;
thread_local constinit bool all_from_then_on = false;
thread_local constinit unsigned long still_good = 0;
thread_local constinit unsigned long failures = 0;

bool fails() noexcept {
  if (!armed) return false;
  if (still_good > 0) {
    --still_good;
    return false;
  }
  if (failures > 0 && !all_from_then_on) return false;
  ++failures;
  errno = ENOMEM;
  return true;
}

void* allocate(std::size_t size, std::size_t alignment) noexcept {
  if (fails()) return nullptr;
  return alignment <= alignof(std::max_align_t) ? CONFAB_UNDERLYING(malloc)(size)
                                                : CONFAB_UNDERLYING(memalign)(alignment, size);
}

void* allocate_or_throw(std::size_t size, std::size_t alignment) {
  void* const memory = allocate(size == 0 ? 1 : size, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

namespace confab::test {

FailingMemory::FailingMemory(unsigned long after, How how) noexcept {
  all_from_then_on = how == How::from_then_on;
  still_good = after;
  failures = 0;
  armed = true;
}

FailingMemory::~FailingMemory() { armed = false; }

unsigned long FailingMemory::failed() const noexcept { return failures; }

}  // namespace confab::test

// The C library, libstdc++, libcurl, OpenSSL, SQLite and libconfab.so call these.
extern "C" {
void* malloc(std::size_t size) noexcept { return allocate(size, 1); }
void* calloc(std::size_t count, std::size_t size) noexcept {
  return fails() ? nullptr : CONFAB_UNDERLYING(calloc)(count, size);
}
void* realloc(void* old, std::size_t size) noexcept {
  return size != 0 && fails() ? nullptr : CONFAB_UNDERLYING(realloc)(old, size);
}
void* memalign(std::size_t alignment, std::size_t size) noexcept { return allocate(size, alignment); }
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept { return allocate(size, alignment); }
int posix_memalign(void** place, std::size_t alignment, std::size_t size) noexcept {
  void* const memory = allocate(size, alignment);
  if (memory == nullptr) return ENOMEM;
  *place = memory;
  return 0;
}
}

void* operator new(std::size_t size) { return allocate_or_throw(size, 1); }
void* operator new[](std::size_t size) { return allocate_or_throw(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size, 1); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size, 1); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
