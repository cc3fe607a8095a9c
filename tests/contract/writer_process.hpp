// WriterProcess: a confab-store-writer, what it said, and what the store must hold after it was killed.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <map>
#include <random>
#include <string>

#include "contract/pairs.hpp"
#include "contract/store_client.hpp"

extern char** environ;

namespace confab::test {

class WriterProcess {
 public:
  WriterProcess(const std::string& path, const std::string& work, const std::string& times = "1") {
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
  WriterProcess(const WriterProcess&) = delete;
  WriterProcess& operator=(const WriterProcess&) = delete;
  ~WriterProcess() {
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

// What the store must hold after a kill: every pair whole, none older than its promise, none invented. What is found
// counts as promised from then on: a commit may have come just before its promise could be told.
// `ahead`: how many commits of one chain may have been on their way, and are found though nobody was told.
inline void check_pairs(const StoreClient& client, std::map<int, int>& promised, int ahead) {
  for (int chain = 0; chain < pair_chains; ++chain) {
    const auto page = client.list(pair_prefix(chain));  // at one moment
    REQUIRE(page);
    const auto found = promised.find(chain);
    const int told = found == promised.end() ? -1 : found->second;
    if (page->records().empty()) {
      CHECK(told == -1);
      continue;
    }
    REQUIRE(page->records().size() == 2);
    const int number = number_of_pair(page->records()[0].value());
    CHECK(number == number_of_pair(page->records()[1].value()));
    CHECK(number >= 0);
    CHECK(number >= told);
    if (told >= 0) CHECK(number <= told + ahead);
    promised[chain] = number;
  }
}

inline int wanted_kills(int usual) {
  const char* text = std::getenv("CONFAB_STORE_KILLS");  // fewer where time is short, more where it is not
  return text == nullptr ? usual : std::max(1, std::atoi(text));
}

/// Starts a writer and kills it at any moment, many times, and looks at the store after each.
template <class F>
void kill_writers(const std::string& where, int kills, int ahead, F client) {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::map<int, int> promised;
  int lines = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kills; ++i) {
    CAPTURE(i);
    WriterProcess writer(where, "pairs");
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
    check_pairs(client(), promised, ahead);
  }
  const auto took = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start);
  MESSAGE(kills, " kills, ", lines, " promises, ", took.count(), " s");
  CHECK(lines > kills);
}

}  // namespace confab::test
