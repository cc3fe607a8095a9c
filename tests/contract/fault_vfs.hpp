// FaultVfs: the file system as SQLite sees it, with steps that fail, syncs that are counted, and power that is cut.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace confab::test {

/// While one lives, every file that SQLite opens in this process goes through it. One at a time.
class FaultVfs {
 public:
  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  /// Let the n-th changing step from now (0 is the next: write, sync, truncate, growth of the index) fail with a code
  /// of SQLite's, and, if `for_good`, all after it.
  void fail_at(int step, int code, bool for_good);
  /// Count reads as steps, too.
  void fail_reads_too();
  void heal();
  /// Whether a step was made to fail since fail_at().
  [[nodiscard]] bool failed() const;
  /// How often a log was synced.
  [[nodiscard]] int log_syncs() const;
  /// Put down what every file held when it was last synced: all that a loss of power leaves in the worst case.
  void after_power_cut(const std::filesystem::path& folder) const;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace confab::test
