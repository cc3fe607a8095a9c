// Every fault at every rung of the ladder: what the host is told, which rung comes next, how often the homeserver is
// asked, and how it heals once the fault is over.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "unit/credentials/ladder.hpp"

using namespace confab;
using namespace std::chrono_literals;
using confab::test::Access;
using confab::test::Answer;
using confab::test::Asked;
using confab::test::FakeMatrix;
using confab::test::LadderFault;
using confab::test::leaves;
using confab::test::login_key;
using confab::test::LoginKey;
using confab::test::outcome;
using confab::test::paused;
using confab::test::Process;
using confab::test::Request;
using confab::test::retries;
using confab::test::SealedStore;
using confab::test::Then;
using confab::test::Together;
using confab::test::waits;

namespace {

struct FaultRow {
  std::string fault;
  std::string end;      // "ok" or the name of the Errc
  std::string climbed;  // from the fault on; the requests that met it one after the other count as one
  std::size_t met;      // requests at the rung of the fault
  Then then;
  std::string healed;  // by the next call: once the pause has ended, or by another process as if the wait were over
  bool acted = false;  // it is the admin who acts for the user from now on
};
using Rows = std::vector<FaultRow>;

constexpr std::chrono::hours never{1};  // while a test runs

// How a user is acted for whose token is dead.
class Setting {
 public:
  Setting(Access access, bool on_device, LoginKey key = nullptr)
      : access_(access), on_device_(on_device), key_(std::move(key)) {}
  [[nodiscard]] Access access() const { return access_; }
  // At first.
  [[nodiscard]] bool on_device() const { return on_device_; }
  [[nodiscard]] const LoginKey& key() const { return key_; }

 private:
  Access access_;
  bool on_device_;
  LoginKey key_;
};

// A user whose token is dead and whose call meets a fault at one rung.
class FaultTrial {
 public:
  FaultTrial(Setting setting, Asked asked, const LadderFault& fault)
      : setting_(std::move(setting)), asked_(asked), fault_(fault) {
    if (setting_.key()) hs_.accept_jwt(setting_.key()->reveal());
    if (fault_.is_silence()) store_.lease_length = test::short_lease;
    // Who has a device already.
    if (setting_.on_device()) {
      CHECK(make(Access::device)->whoami(ana_).wait().has_value());
    }
    begin_process();
    device_ = here_->whoami(ana_).wait().value().device_id();
    CHECK(device_.has_value() == setting_.on_device());
    let_die();
    hs_.forget_requests();
    hs_.on("*", "/**").then([this](const Request& request) {
      if (test::word_of(request) != test::word(asked_) || met_.fetch_add(1) >= fault_.times()) return Answer::real();
      return fault_.answer();
    });
    call_.start(whoami());
  }

  void judge(const FaultRow& row) {
    const auto ended = call_.all();
    REQUIRE(ended.size() == 1);
    CHECK(outcome(ended[0]) == row.end);
    test::await_admin(*here_);
    CHECK(trace(test::word(asked_)) == row.climbed);
    CHECK(met_.load() == row.met);
    CHECK(hs_.count("*", "/**") < 40);
    if (row.then == paused || row.then == waits) {
      // Nobody is asked again before, however many want to know.
      const std::size_t met = met_;
      Together<matrix::WhoamiAnswer> more;
      for (int i = 0; i < test::burst; ++i) more.start(whoami());
      for (const auto& ended_too : more.all()) {
        CHECK(outcome(ended_too) == row.end);
        REQUIRE_FALSE(ended_too.has_value());
        CHECK(ended_too.error().retry_after().has_value());
      }
      CHECK(met_.load() == met);
    }
    if (row.then == paused) here_->tokens->forget_refusal(ana_);
    if (row.then == waits || row.then == leaves) {
      test::forget_waits(store_);
      begin_process();
    }
    hs_.clear_scripts();
    hs_.forget_requests();
    const auto healed = whoami().wait();
    CHECK(outcome(healed) == "ok");
    if (healed) CHECK(healed->device_id() == (row.acted ? std::nullopt : device_));
    CHECK(trace("") == row.healed);
  }

 private:
  void let_die() {
    const std::string ana = ana_.str();
    switch (asked_) {
      case Asked::call:
        return;
      case Asked::refresh:
        return hs_.kill_access_token(ana);
      case Asked::admin:
      case Asked::lift_admin:
        hs_.kill_token(hs_.user_id(FakeMatrix::admin_localpart));
        break;
      default:
        break;
    }
    hs_.kill_token(ana);
    if (!setting_.on_device() || asked_ == Asked::login || asked_ == Asked::lift) return;
    // So that the login is refused: its password is to be set, or the admin acts.
    if (setting_.key() && setting_.access() == Access::both) hs_.accept_jwt("another key of thirty-two bytes, or more");
    if (!setting_.key()) hs_.set_password(ana, "of somebody else");
  }
  [[nodiscard]] std::unique_ptr<Process> make(Access access) {
    return test::make_process(hs_, store_, access, setting_.key(), never);
  }
  void begin_process() { here_ = make(setting_.access()); }
  [[nodiscard]] Pending<matrix::WhoamiAnswer> whoami() const {
    const bool bounded = fault_.is_silence() && asked_ == Asked::call;
    return here_->whoami(ana_, bounded ? CallOptions().within(1s) : CallOptions());
  }
  [[nodiscard]] std::string trace(const std::string& from) const { return test::trace_of(hs_, asked_, from); }

  Setting setting_;
  Asked asked_;
  const LadderFault& fault_;
  FakeMatrix hs_;
  MatrixUserId ana_{hs_.add_user("ana")};
  SealedStore store_;
  std::optional<DeviceId> device_;
  std::atomic<std::size_t> met_{0};
  std::unique_ptr<Process> here_;
  Together<matrix::WhoamiAnswer> call_;
};

// The call itself; `again`: what brings the next token, in vain.
Rows calls(const std::string& again) {
  return {
      {"cut once", "ok", "call", 2, retries, "call"},
      {"cut", "unavailable", "call", 4, retries, "call"},
      {"silent", "timed_out", "call", 1, retries, "call"},
      {"401", "session_expired", "call " + again + " call", 2, retries, "call"},
      {"401 bare", "forbidden", "call", 1, retries, "call"},
      {"locked", "account_locked", "call", 1, retries, "call"},
      {"suspended", "account_suspended", "call", 1, retries, "call"},
      {"closed", "account_deactivated", "call", 1, retries, "call"},
      {"403", "forbidden", "call", 1, retries, "call"},
      {"404", "unsupported", "call", 1, retries, "call"},
      {"429", "rate_limited", "call", 1, waits, "call"},
      {"500", "unavailable", "call", 4, retries, "call"},
      {"503", "unavailable", "call", 4, retries, "call"},
      {"no JSON", "protocol", "call", 1, retries, "call"},
  };
}

Rows refreshes() {
  return {
      {"cut once", "ok", "refresh call", 2, retries, "call"},
      {"cut", "unavailable", "refresh", 4, retries, "refresh call"},
      {"silent", "unavailable", "refresh", 1, retries, "refresh call"},
      {"401", "ok", "refresh login call", 1, retries, "call"},
      {"401 bare", "ok", "refresh login call", 1, retries, "call"},
      {"locked", "account_locked", "refresh", 1, paused, "refresh call"},
      {"suspended", "account_suspended", "refresh", 1, paused, "refresh call"},
      {"closed", "account_deactivated", "refresh", 1, paused, "refresh call"},
      {"403", "ok", "refresh login call", 1, retries, "call"},
      {"404", "ok", "refresh login call", 1, retries, "call"},
      {"429", "rate_limited", "refresh", 1, waits, "call refresh call"},
      {"500", "ok", "refresh login call", 4, retries, "call"},
      {"503", "unavailable", "refresh", 4, retries, "refresh call"},
      {"no JSON", "protocol", "refresh", 1, paused, "refresh call"},
  };
}

// The user's login, where the refresh token is dead as well. What is said of the password, or the key, and of the rate
// of logins differs.
Rows logins(FaultRow bare, FaultRow refused, FaultRow limited) {
  const std::string healed = "refresh login call";
  return {
      {"cut once", "ok", "login call", 2, retries, "call"},
      {"cut", "unavailable", "login", 4, retries, healed},
      {"silent", "unavailable", "login", 1, retries, healed},
      {"401", "session_expired", "login", 1, paused, healed},
      std::move(bare),
      {"locked", "account_locked", "login", 1, paused, healed},
      {"suspended", "account_suspended", "login", 1, paused, healed},
      {"closed", "account_deactivated", "login", 1, paused, healed},
      std::move(refused),
      {"404", "unsupported", "login", 1, paused, healed},
      std::move(limited),
      {"500", "unavailable", "login", 4, retries, healed},
      {"503", "unavailable", "login", 4, retries, healed},
      {"no JSON", "protocol", "login", 1, paused, healed},
  };
}

// What the admin asks for: a refusal is one of the admin.
Rows told_to_admin(const std::string& asked, const std::string& next, const std::string& healed, bool acted) {
  return {
      {"cut once", "ok", asked + " " + next, 2, retries, "call", acted},
      {"cut", "unavailable", asked, 4, retries, healed, acted},
      {"silent", "unavailable", asked, 1, retries, healed, acted},
      {"401", "admin_unavailable", asked + " admin " + asked, 2, paused, healed, acted},
      {"401 bare", "admin_unavailable", asked, 1, paused, healed, acted},
      {"locked", "admin_unavailable", asked, 1, paused, healed, acted},
      {"suspended", "admin_unavailable", asked, 1, paused, healed, acted},
      {"closed", "admin_unavailable", asked, 1, paused, healed, acted},
      {"403", "admin_unavailable", asked, 1, paused, healed, acted},
      {"404", "unsupported", asked, 1, paused, healed, acted},
      {"429", "rate_limited", asked, 1, waits, "call " + healed, acted},
      {"500", "unavailable", asked, 4, retries, healed, acted},
      {"503", "unavailable", asked, 4, retries, healed, acted},
      {"no JSON", "protocol", asked, 1, paused, healed, acted},
  };
}

// The admin's own login, all tokens being dead. `again`: what comes before it when it is tried again, by this process;
// `anew`: by another one.
Rows admin_logins(const std::string& next, const std::string& again, const std::string& anew, bool acted) {
  const std::string healed = again + "admin " + next;
  const std::string other = anew + "admin " + next;
  return {
      {"cut once", "ok", "admin " + next, 2, retries, "call", acted},
      {"cut", "unavailable", "admin", 4, retries, healed, acted},
      {"silent", "unavailable", "admin", 1, retries, healed, acted},
      {"401", "admin_unavailable", "admin", 1, waits, other, acted},
      {"401 bare", "admin_unavailable", "admin", 1, waits, other, acted},
      {"locked", "admin_unavailable", "admin", 1, waits, other, acted},
      {"suspended", "admin_unavailable", "admin", 1, waits, other, acted},
      {"closed", "admin_unavailable", "admin", 1, waits, other, acted},
      {"403", "admin_unavailable", "admin", 1, waits, other, acted},
      {"404", "unsupported", "admin", 1, waits, other, acted},
      {"429", "rate_limited", "admin", 1, waits, other, acted},
      {"500", "unavailable", "admin", 4, retries, healed, acted},
      {"503", "unavailable", "admin", 4, retries, healed, acted},
      {"no JSON", "protocol", "admin", 1, waits, other, acted},
  };
}

// The admin's login for a user who has a token: nobody is told. What it was for is done later.
Rows admin_logins_afterwards() {
  Rows rows = {{"cut once", "ok", "admin call", 2, leaves, "call"}};
  for (const LadderFault& fault : test::faults()) {
    if (fault.name() == "cut once") continue;
    const bool repeated = fault.name() == "cut" || fault.name() == "500" || fault.name() == "503";
    rows.push_back({fault.name(), "ok", "admin call", repeated ? 4U : 1U, leaves, "admin call"});
  }
  return rows;
}

// Limits that are not lifted are no reason to hold a user back. Who knows no such call keeps them.
Rows lifts() {
  return {
      {"cut once", "ok", "lift call", 2, leaves, "call"},
      {"cut", "ok", "lift call", 4, leaves, "lift call"},
      {"silent", "ok", "lift call", 1, leaves, "lift call"},
      {"401", "ok", "lift admin lift call", 2, leaves, "lift call"},
      {"401 bare", "ok", "lift call", 1, leaves, "call"},
      {"locked", "ok", "lift call", 1, leaves, "lift call"},
      {"suspended", "ok", "lift call", 1, leaves, "lift call"},
      {"closed", "ok", "lift call", 1, leaves, "lift call"},
      {"403", "ok", "lift call", 1, leaves, "call"},
      {"404", "ok", "lift call", 1, leaves, "call"},
      {"429", "ok", "lift call", 1, leaves, "lift call"},
      {"500", "ok", "lift call", 4, leaves, "lift call"},
      {"503", "ok", "lift call", 4, leaves, "lift call"},
      {"no JSON", "ok", "lift call", 1, leaves, "call"},
  };
}

// The same of the admin's own, with its login. By whom it is done later is judged where another process needs the
// admin: `silent` and `limited` say what that asks for.
Rows admin_lifts(const std::string& next, bool acted, const std::string& silent, const std::string& limited) {
  const std::string climbed = "lift_admin " + next;
  Rows rows;
  for (const LadderFault& fault : test::faults()) {
    const std::string& name = fault.name();
    const bool repeated = name == "cut" || name == "500" || name == "503";
    const std::size_t met = repeated ? 4U : name == "cut once" ? 2U : 1U;
    const std::string healed = name == "silent" ? silent : name == "429" ? limited : "call";
    rows.push_back({name, "ok", climbed, met, leaves, healed, acted});
  }
  return rows;
}

void judge(const Setting& setting, test::Ladder<FaultRow> ladder) {
  ladder.never(Asked::device, "only of users of an application service")
      .never(Asked::who, "only of users of an application service")
      .never(Asked::register_user, "only of who has no account")
      .never(Asked::create, "only of who has no account");
  test::judge_ladder(ladder, [&setting](Asked asked, const LadderFault& fault) {
    return std::make_unique<FaultTrial>(setting, asked, fault);
  });
}

}  // namespace

TEST_CASE("ladder: each step has a request of its own") {
  for (const TokenStep step : token_steps) {
    const Asked asked = test::asked_by(step);
    CHECK(std::count_if(token_steps.begin(), token_steps.end(),
                        [asked](TokenStep each) { return test::asked_by(each) == asked; }) == 1);
  }
}

TEST_CASE("ladder: a pair that nobody tells of is found") {
  test::Ladder<FaultRow> ladder;
  for (const Asked asked : test::all_asked) ladder.never(asked, "so");
  CHECK(ladder.gaps().empty());
  CHECK(test::Ladder<FaultRow>().gaps().size() == test::all_asked.size());
  CHECK(test::Ladder<FaultRow>(ladder).never(Asked::put, "twice").gaps().size() == 1);
  Rows rows = refreshes();
  rows.pop_back();
  CHECK(test::Ladder<FaultRow>(ladder).meets(Asked::refresh, rows).gaps().size() == 3);
  rows.push_back(rows.front());
  CHECK(test::Ladder<FaultRow>(ladder).meets(Asked::refresh, rows).gaps().size() == 3);
}

// A locked or closed account is the admin's where the admin asks: the user's own is no matter to these requests.
TEST_CASE("ladder: every fault where the admin acts for the users") {
  Access access = Access::puppet;
  SUBCASE("for good") {}
  SUBCASE("until there is a device") { access = Access::both; }
  judge(Setting(access, false), test::Ladder<FaultRow>()
                                    .meets(Asked::call, calls("look act"))
                                    .meets(Asked::look, told_to_admin("look", "act call", "look act call", false))
                                    .meets(Asked::act, told_to_admin("act", "call", "look act call", false))
                                    .meets(Asked::admin, admin_logins("look act call", "", "call look ", false))
                                    .meets(Asked::lift_admin, admin_lifts("look act call", false, "call", "call"))
                                    .never(Asked::refresh, "the admin's tokens for users have none to refresh by")
                                    .never(Asked::login, "the admin acts")
                                    .never(Asked::put, "the admin acts")
                                    .never(Asked::lift, "the admin's own limits are those of its tokens for users"));
}

// Nobody tries a password again that was refused.
TEST_CASE("ladder: every fault where users are on devices of their own") {
  const std::string healed = "refresh look put login call";
  judge(Setting(Access::device, true),
        test::Ladder<FaultRow>()
            .meets(Asked::call, calls("refresh"))
            .meets(Asked::refresh, refreshes())
            .meets(Asked::login,
                   logins({"401 bare", "forbidden", "login", 1, paused, "refresh login call"},
                          {"403", "session_expired", "login look put login", 2, paused, "refresh login call"},
                          {"429", "rate_limited", "login", 1, waits, "call refresh login call"}))
            .meets(Asked::look, told_to_admin("look", "put login call", healed, false))
            .meets(Asked::put, told_to_admin("put", "login call", healed, false))
            .meets(Asked::admin, admin_logins("look put login call", "refresh ", "call refresh look ", false))
            .meets(Asked::lift, lifts())
            .meets(Asked::lift_admin, admin_lifts("look put login call", false, "call", "lift_admin call"))
            .never(Asked::act, "only for who has a password of their own, and then as where the admin acts for good"));
}

// A refusal is one of the key, and no password is looked for.
TEST_CASE("ladder: every fault where users log in by the homeserver's key") {
  judge(Setting(Access::device, true, login_key()),
        test::Ladder<FaultRow>()
            .meets(Asked::call, calls("refresh"))
            .meets(Asked::refresh, refreshes())
            .meets(Asked::login, logins({"401 bare", "config", "login", 1, paused, "refresh login call"},
                                        {"403", "config", "login", 1, paused, "refresh login call"},
                                        {"429", "rate_limited", "login", 1, waits, "call refresh login call"}))
            .meets(Asked::admin, admin_logins_afterwards())
            .meets(Asked::lift, lifts())
            .meets(Asked::lift_admin, admin_lifts("call", false, "lift_admin call", "lift_admin call"))
            .never(Asked::look, "no password is set")
            .never(Asked::put, "no password is set")
            .never(Asked::act, "whoever the user is, there is a login"));
}

// Meanwhile, or for good where somebody has changed the password.
TEST_CASE("ladder: every fault where the admin may act for users who are on devices") {
  const FaultRow refused = {"403", "ok", "login look act call", 1, retries, "call", true};
  const FaultRow limited = {"429", "ok", "login look act call", 1, retries, "call", true};
  FaultRow bare = {"401 bare", "forbidden", "login", 1, paused, "refresh login call"};
  LoginKey key;
  SUBCASE("by passwords") {}
  SUBCASE("by the homeserver's key") {
    key = login_key();
    bare = {"401 bare", "ok", "login look act call", 1, retries, "call", true};
  }
  judge(Setting(Access::both, true, key),
        test::Ladder<FaultRow>()
            .meets(Asked::call, calls("refresh"))
            .meets(Asked::refresh, refreshes())
            .meets(Asked::login, logins(bare, refused, limited))
            .meets(Asked::look, told_to_admin("look", "act call", "look act call", true))
            .meets(Asked::act, told_to_admin("act", "call", "look act call", true))
            .meets(Asked::admin, admin_logins("look act call", "", "call look ", true))
            .meets(Asked::lift, lifts())
            .meets(Asked::lift_admin, admin_lifts("look act call", true, "call", "call"))
            .never(Asked::put, "a password that was refused is the user's from then on"));
}
