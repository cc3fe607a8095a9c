// The SQLite store between processes: several on one file, and one that is killed while it writes, many times.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <map>
#include <random>
#include <string>

#include "contract/backends.hpp"
#include "contract/pairs.hpp"

using namespace confab;
using namespace confab::test;

extern char** environ;

namespace {

StoreClient client_of(const std::string& path) {
  auto opened = store::open_sqlite_store(store::SqliteStoreOptions(path).readers(1));
  if (!opened) throw std::runtime_error(std::string(opened.error().message()));
  return StoreClient(*opened);
}

/// A confab-store-writer and what it says.
class Writer {
 public:
  Writer(const std::string& path, const std::string& work, const std::string& times = "1") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    std::string program = CONFAB_STORE_WRITER;
    std::array<std::string, 3> arguments = {path, work, times};
    std::array<char*, 5> argv = {program.data(), arguments[0].data(), arguments[1].data(), arguments[2].data(),
                                 nullptr};
    REQUIRE(::posix_spawn(&child_, program.c_str(), &actions, nullptr, argv.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    from_ = ends[0];
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() {
    if (child_ > 0) {
      kill();
      (void)status();
    }
    ::close(from_);
  }

  /// Reads on; false at the end.
  bool read() {
    std::array<char, 4096> buffer{};
    pollfd waiting{from_, POLLIN, 0};
    REQUIRE(::poll(&waiting, 1, 60'000) == 1);
    const ssize_t size = ::read(from_, buffer.data(), buffer.size());
    if (size <= 0) return false;
    text_.append(buffer.data(), static_cast<std::size_t>(size));
    for (auto end = text_.find('\n'); end != std::string::npos; end = text_.find('\n')) {
      const auto space = text_.find(' ');
      promised_[std::stoi(text_.substr(0, space))] = std::stoi(text_.substr(space + 1, end));
      ++lines_;
      text_.erase(0, end + 1);
    }
    return true;
  }
  void kill() const { ::kill(child_, SIGKILL); }
  int status() {
    int status = 0;
    ::waitpid(child_, &status, 0);
    child_ = 0;
    return status;
  }
  [[nodiscard]] int lines() const { return lines_; }
  [[nodiscard]] const std::map<int, int>& promised() const { return promised_; }

 private:
  pid_t child_ = 0;
  int from_ = -1;
  std::string text_;
  int lines_ = 0;
  std::map<int, int> promised_;
};

int wanted_kills() {
  const char* text = std::getenv("CONFAB_STORE_KILLS");  // fewer where time is short
  return text == nullptr ? 200 : std::max(1, std::atoi(text));
}

// What the store must hold after a kill: every pair whole, none older than its promise, none invented. What is found
// counts as promised from then on: a commit may have come just before its promise could be told.
void check_pairs(const StoreClient& client, std::map<int, int>& promised) {
  for (int chain = 0; chain < pair_chains; ++chain) {
    const std::string a = client.value(pair_key(chain, 'a'));
    const std::string b = client.value(pair_key(chain, 'b'));
    const auto found = promised.find(chain);
    const int told = found == promised.end() ? -1 : found->second;
    CHECK(a == b);
    if (a == "-") {
      CHECK(told == -1);
      continue;
    }
    const int number = number_of_pair(a);
    CHECK(number >= 0);
    CHECK(number >= told);
    if (told >= 0) CHECK(number <= told + 1);
    promised[chain] = number;
  }
}

}  // namespace

TEST_CASE("sqlite: a writer killed at any moment loses no promise and leaves no half") {
  const TemporaryDirectory folder;
  const std::string path = folder.file("store");
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const int kills = wanted_kills();
  std::map<int, int> promised;
  int lines = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kills; ++i) {
    CAPTURE(i);
    Writer writer(path, "pairs");
    const int after = static_cast<int>(random() % 60);
    while (writer.lines() < after) REQUIRE(writer.read());
    // Not always just after a promise: somewhere in the next commits.
    const auto moment = std::chrono::steady_clock::now() + std::chrono::microseconds(random() % 5000);
    while (std::chrono::steady_clock::now() < moment) {
    }
    writer.kill();
    while (writer.read()) {
    }
    const int status = writer.status();
    REQUIRE(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGKILL);
    for (const auto& [chain, number] : writer.promised()) promised[chain] = number;
    lines += writer.lines();
    check_pairs(client_of(path), promised);
  }
  const auto took = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start);
  MESSAGE(kills, " kills, ", lines, " promises, ", took.count(), " s");
  CHECK(lines > kills);
}

TEST_CASE("sqlite: two processes raise one counter, and nothing is lost") {
  const TemporaryDirectory folder;
  const std::string path = folder.file("store");
  const StoreClient client = client_of(path);
  Writer one(path, "count", "150");
  Writer two(path, "count", "150");
  int versions = 0;
  StoreVersion last = 0;
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(100);
  while (client.value("shared/counter") != "300") {
    REQUIRE(std::chrono::steady_clock::now() < limit);
    const auto record = client.get("shared/counter");
    REQUIRE(record);
    if (!*record) continue;
    CHECK((**record).version() >= last);
    if ((**record).version() > last) ++versions;
    last = (**record).version();
    REQUIRE(versions <= 300);
  }
  CHECK(one.status() == 0);
  CHECK(two.status() == 0);
  CHECK(client.version("shared/counter") == 300);
}

TEST_CASE("sqlite: processes that make the same file at once agree on it") {
  for (int round = 0; round < 5; ++round) {
    const TemporaryDirectory folder;
    const std::string path = folder.file("store");
    Writer one(path, "count", "5");
    Writer two(path, "count", "5");
    Writer three(path, "count", "5");
    CHECK(one.status() == 0);
    CHECK(two.status() == 0);
    CHECK(three.status() == 0);
    CHECK(client_of(path).value("shared/counter") == "15");
  }
}
