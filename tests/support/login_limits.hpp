// The limits that Synapse ships for logins, as it keeps them: leaky buckets by address, by account and by wrong
// passwords.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace confab::test {

/// Told the time: a bucket that leaks once in 333 s is not waited for.
class LeakyBuckets {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Milliseconds = std::chrono::milliseconds;

  LeakyBuckets(double per_second, double burst) : per_second_(per_second), burst_(burst) {}
  /// How long to wait; nothing: it may be done, and is counted unless it is only asked for. What is refused is not
  /// counted.
  [[nodiscard]] std::optional<Milliseconds> refuse(std::string_view key, Time now, bool counts = true);

 private:
  struct Bucket {
    double actions = 0;
    Time since;
  };
  double per_second_;
  double burst_;
  std::map<std::string, Bucket, std::less<>> buckets_;
};

/// `rc_login` of Synapse, in the order in which a password login meets it. Login-as-user and /refresh meet none of it.
class LoginLimits {
 public:
  using Time = LeakyBuckets::Time;
  using Wait = std::optional<LeakyBuckets::Milliseconds>;

  /// Before the password is looked at: each attempt of the address counts, right or wrong.
  [[nodiscard]] Wait address(std::string_view address, Time now) { return address_.refuse(address, now); }
  /// Likewise, for wrong passwords that came before; asking counts nothing.
  [[nodiscard]] Wait failed_before(std::string_view account, Time now) { return failed_.refuse(account, now, false); }
  void failed(std::string_view account, Time now) { (void)failed_.refuse(account, now); }
  /// Once the password was right.
  [[nodiscard]] Wait account(std::string_view account, Time now) { return account_.refuse(account, now); }

 private:
  static constexpr double logins_per_second = 0.003;
  static constexpr double logins_burst = 5;
  static constexpr double failures_per_second = 0.17;
  static constexpr double failures_burst = 3;
  LeakyBuckets address_{logins_per_second, logins_burst};
  LeakyBuckets account_{logins_per_second, logins_burst};
  LeakyBuckets failed_{failures_per_second, failures_burst};
};

/// Work that is done one piece after the other, each taking so long: what a homeserver needs its one core for.
class OneAtATime {
 public:
  using Time = LeakyBuckets::Time;
  void takes(LeakyBuckets::Milliseconds each) { each_ = each; }
  /// From now until another piece, which is begun when those before it are done, is done too.
  [[nodiscard]] LeakyBuckets::Milliseconds add(Time now);

 private:
  LeakyBuckets::Milliseconds each_{0};
  Time free_at_;
};

}  // namespace confab::test
