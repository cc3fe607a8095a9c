#include "capi/no_memory/failing_memory.hpp"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>

#include <confab.h>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
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

// The same for the library's threads, which count together.
thread_local constinit bool of_library = false;
std::atomic<bool> library_armed{false};
std::atomic<unsigned long> library_allocations{0};
std::atomic<unsigned long> library_failures{0};
unsigned long library_first = 0;  // written while it is not armed
unsigned long library_end = 0;
std::uintptr_t library_code = 0;
std::uintptr_t library_code_end = 0;

// `plain`: whoever asks may be somebody else's C.
bool fails_in_library(bool plain, const void* caller) noexcept {
  if (!of_library || !library_armed.load(std::memory_order_acquire)) return false;
  const auto from = reinterpret_cast<std::uintptr_t>(caller);
  if (plain && (from < library_code || from >= library_code_end)) return false;
  const unsigned long number = library_allocations.fetch_add(1);
  if (number < library_first || number >= library_end) return false;
  library_failures.fetch_add(1);
  errno = ENOMEM;
  return true;
}

int find_library(dl_phdr_info* loaded, std::size_t /*size*/, void* /*unused*/) {
  const auto inside = reinterpret_cast<std::uintptr_t>(&confab_abi);
  for (int i = 0; i < loaded->dlpi_phnum; ++i) {
    const auto& part = loaded->dlpi_phdr[i];
    const std::uintptr_t begin = loaded->dlpi_addr + part.p_vaddr;
    if (part.p_type != PT_LOAD || inside < begin || inside >= begin + part.p_memsz) continue;
    library_code = begin;
    library_code_end = begin + part.p_memsz;
    return 1;
  }
  return 0;
}

struct Start {
  void* (*routine)(void*);
  void* argument;
};

void* start_of_library(void* given) {
  const Start start = *static_cast<Start*>(given);
  std::free(given);
  of_library = true;
  return start.routine(start.argument);
}

thread_local constinit bool makes_library_threads = false;

bool fails(bool plain, const void* caller) noexcept {
  if (!armed) return fails_in_library(plain, caller);
  if (still_good > 0) {
    --still_good;
    return false;
  }
  if (failures > 0 && !all_from_then_on) return false;
  ++failures;
  errno = ENOMEM;
  return true;
}

void* underlying(std::size_t size, std::size_t alignment) noexcept {
  return alignment <= alignof(std::max_align_t) ? CONFAB_UNDERLYING(malloc)(size)
                                                : CONFAB_UNDERLYING(memalign)(alignment, size);
}

void* allocate(std::size_t size, std::size_t alignment) noexcept {
  return fails(false, nullptr) ? nullptr : underlying(size, alignment);
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

LibraryThreads::LibraryThreads() noexcept {
  if (library_code == 0) dl_iterate_phdr(&find_library, nullptr);
  makes_library_threads = true;
}

LibraryThreads::~LibraryThreads() { makes_library_threads = false; }

FailingLibraryMemory::FailingLibraryMemory(unsigned long after, unsigned long many) noexcept {
  library_first = after;
  library_end = after + many;
  library_allocations = 0;
  library_failures = 0;
  library_armed.store(true, std::memory_order_release);
}

FailingLibraryMemory::~FailingLibraryMemory() { library_armed = false; }

unsigned long FailingLibraryMemory::failed() const noexcept { return library_failures; }

}  // namespace confab::test

// The C library, libstdc++, libcurl, OpenSSL, SQLite and libconfab.so call these.
extern "C" {
void* malloc(std::size_t size) noexcept {
  return fails(true, __builtin_return_address(0)) ? nullptr : underlying(size, 1);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  return fails(true, __builtin_return_address(0)) ? nullptr : CONFAB_UNDERLYING(calloc)(count, size);
}
void* realloc(void* old, std::size_t size) noexcept {
  return size != 0 && fails(true, __builtin_return_address(0)) ? nullptr : CONFAB_UNDERLYING(realloc)(old, size);
}
void* memalign(std::size_t alignment, std::size_t size) noexcept {
  return fails(true, __builtin_return_address(0)) ? nullptr : underlying(size, alignment);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return fails(true, __builtin_return_address(0)) ? nullptr : underlying(size, alignment);
}
int posix_memalign(void** place, std::size_t alignment, std::size_t size) noexcept {
  if (fails(true, __builtin_return_address(0))) return ENOMEM;
  void* const memory = underlying(size, alignment);
  if (memory == nullptr) return ENOMEM;
  *place = memory;
  return 0;
}
// Marks whom a marked thread makes.
__attribute__((visibility("default"))) int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                                                          void* (*routine)(void*), void* argument) noexcept {
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const auto create = reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
  if (!makes_library_threads && !of_library) return create(thread, attributes, routine, argument);
  auto* const start = static_cast<Start*>(underlying(sizeof(Start), 1));
  if (start == nullptr) return EAGAIN;
  *start = Start{routine, argument};
  const int failure = create(thread, attributes, &start_of_library, start);
  if (failure != 0) std::free(start);
  return failure;
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
