// What a stored directory costs: memory by entry, and the time of a load, an opening, a single change and a look-up.
//
//   bench_directory [FOLDER] [USERS] [EVENTS] [ATTENDEES]     100,000 users, 10,000 events with 20 attendees each
//
// The file is made in FOLDER (the current one), so choose the disk by it.
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <confab/runtime.hpp>
#include <confab/stored_directory.hpp>

#include "store/sqlite_store.hpp"

namespace {
using namespace confab;
using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// What the process has in memory: the heap of one thread alone would not tell.
std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

template <class T>
T need(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "bench_directory: %s\n", std::string(result.error().message()).c_str());
    std::exit(1);
  }
  return std::move(*result);
}

std::string slug(int user) { return "user-" + std::to_string(user); }
RoomRef event(int number) { return RoomRef::event(RoomSlug("event-" + std::to_string(number))); }

DirectoryBatch everything(int users, int events, int attendees) {
  DirectoryBatch batch;
  for (int i = 0; i < users; ++i) {
    batch.put_user(DirectoryUser(std::to_string(i), UserSlug(slug(i)), "Name " + std::to_string(i)));
  }
  for (int i = 0; i < events; ++i) {
    batch.put_room(event(i), "Event " + std::to_string(i), i % 2 == 0, UserSlug(slug(i % users)));
    for (int k = 0; k < attendees; ++k) {
      batch.put_member(event(i),
                       DirectoryMember(UserSlug(slug((i * 7 + k * 13) % users)), k == 0 ? "host" : "guest",
                                       k == 0 ? std::vector<std::string>{"ManageEvent"} : std::vector<std::string>()));
    }
  }
  return batch;
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int at, int otherwise) { return argc > at ? std::max(1, std::atoi(argv[at])) : otherwise; };
  const int users = number(2, 100'000);
  const int events = number(3, 10'000);
  const int attendees = std::min(number(4, 20), users);
  const std::filesystem::path parent = argc > 1 ? argv[1] : ".";
  std::string folder = (parent / "bench-directory.XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  const std::string path = folder + "/store";
  const CallOptions patient = CallOptions().within(std::chrono::minutes(5));
  {
    Runtime runtime;
    const auto store = need(store::open_sqlite_store(store::SqliteStoreOptions(path)));
    DirectoryBatch batch = everything(users, events, attendees);
    std::printf("entries: %d users, %d events, %d attendees\n", users, events, events * attendees);
    {
      auto directory = need(StoredDirectory::open(runtime, store, TenantId("bench")).wait());
      const auto start = Clock::now();
      need(directory->apply(std::move(batch), 0, patient).wait());
      std::printf("load as one batch           %10.0f ms\n", milliseconds_since(start));
    }
    batch = DirectoryBatch();
    ::malloc_trim(0);
    const auto before = static_cast<double>(resident_bytes());
    const auto opening = Clock::now();
    auto directory = need(StoredDirectory::open(runtime, store, TenantId("bench"), patient).wait());
    std::printf("open                        %10.0f ms\n", milliseconds_since(opening));
    ::malloc_trim(0);
    const double held = static_cast<double>(resident_bytes()) - before;
    std::printf("memory                      %10.1f MB, %.0f bytes an entry\n", held / 1e6,
                held / (users + events + static_cast<double>(events) * attendees));
    std::vector<double> took;
    for (int i = 0; i < 200; ++i) {
      DirectoryBatch one;
      one.put_member(event(i % events), DirectoryMember(UserSlug(slug(i % users)), "role" + std::to_string(i), {}));
      const auto start = Clock::now();
      need(directory->apply(std::move(one), directory->revision()).wait());
      took.push_back(milliseconds_since(start));
    }
    std::sort(took.begin(), took.end());
    std::printf("apply one attendee          %10.2f ms (p50), %.2f ms (p99)\n", took[100], took[198]);
    const UserSlug somebody(slug(users / 2));
    const RoomRef something = event(events / 2);
    constexpr int rounds = 200'000;
    std::size_t found = 0;
    const auto looking = Clock::now();
    for (int i = 0; i < rounds; ++i) {
      found += directory->user(somebody) ? 1 : 0;
      const auto room = directory->room(something);
      found += room && !room->admits(somebody) ? 1 : 0;
    }
    std::printf("both look-ups of a send     %10.0f ns\n", milliseconds_since(looking) * 1e6 / rounds);
    if (found == 0) return 1;
    std::printf("store file                  %10.1f MB\n", static_cast<double>(std::filesystem::file_size(path)) / 1e6);
  }
  std::filesystem::remove_all(folder);
  return 0;
}
