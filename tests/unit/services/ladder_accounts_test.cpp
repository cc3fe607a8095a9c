// Every fault where accounts are made, and where an application service speaks for the users: what the host is told,
// how often the homeserver is asked, and that the same call does it once the fault is over.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/user_service.hpp"
#include "unit/credentials/ladder.hpp"

using namespace confab;
using namespace std::chrono_literals;
using confab::test::Access;
using confab::test::Answer;
using confab::test::Asked;
using confab::test::FakeMatrix;
using confab::test::LadderFault;
using confab::test::outcome;
using confab::test::Process;
using confab::test::Request;
using confab::test::SealedStore;

namespace {

// Who makes the same call once the fault is over.
enum class Again : std::uint8_t {
  here,        // this process
  elsewhere,   // another one: here the one before is still under way
  after_wait,  // another one, as if the wait were over: here nobody is asked again
};

struct AccountRow {
  std::string fault;
  std::string end;      // "ok" or the name of the Errc
  std::string climbed;  // from the fault on
  std::size_t met;
  std::string healed;  // by the same call again
  Again then = Again::here;
};
using AccountRows = std::vector<AccountRow>;

constexpr const char* as_token = "as-token-that-is-in-no-log";

enum class Doing : std::uint8_t {
  provisions,             // by the admin
  provisions_by_service,  // by the application service
  acts,                   // by the application service
};

class AccountTrial {
 public:
  AccountTrial(Doing doing, Asked asked, const LadderFault& fault) : doing_(doing), asked_(asked), fault_(fault) {
    if (doing_ != Doing::provisions) hs_.register_appservice(as_token, "park_");
    if (fault_.is_silence()) store_.lease_length = test::short_lease;
    if (doing_ == Doing::acts) hs_.add_user("park_ana");
    begin_process();
    // Who acts has a device, but where that is to be made.
    if (doing_ == Doing::acts && asked_ != Asked::device) CHECK(outcome(act()) == "ok");
    hs_.forget_requests();
    hs_.on("*", "/**").then([this](const Request& request) {
      const std::string name = test::word_of(request);
      if (asked_ == Asked::who && name == test::word(Asked::call)) return Answer::error(403, "M_FORBIDDEN");
      if (name != test::word(asked_) || met_.fetch_add(1) >= fault_.times()) return Answer::real();
      return fault_.answer();
    });
    first_ = std::async(std::launch::async, [this] { return act(); });
  }

  void judge(const AccountRow& row) {
    CHECK(outcome(first_.get()) == row.end);
    test::await_admin(*at_);
    CHECK(test::trace_of(hs_, asked_, test::word(asked_)) == row.climbed);
    CHECK(met_.load() == row.met);
    hs_.clear_scripts();
    if (row.then == Again::elsewhere) begin_process();
    if (row.then == Again::after_wait) {
      const std::size_t before = hs_.count("*", "/**");
      CHECK(outcome(act()) == row.end);
      CHECK(hs_.count("*", "/**") - before <= 1);  // the look
      test::forget_waits(store_);
      begin_process();
    }
    hs_.forget_requests();
    CHECK(outcome(act()) == "ok");
    CHECK(test::trace_of(hs_, asked_, "") == row.healed);
    CHECK_FALSE(hs_.token_for(ana_.str()).empty());
  }

 private:
  void begin_process() {
    at_ = test::make_process(hs_, store_, Access::puppet, nullptr, 1h);
    if (doing_ != Doing::provisions) {
      at_->tokens->set_appservice(std::make_shared<credentials::Appservice>(at_->client, Secret(as_token)));
      at_->tokens->use_appservice("");
    }
    users_ = std::make_shared<services::UserService>(at_->tokens);
  }
  [[nodiscard]] Result<void> act() {
    const CallOptions options = fault_.is_silence() ? CallOptions().within(1500ms) : CallOptions();
    if (doing_ == Doing::acts) {
      const auto answer = at_->whoami(ana_, options).wait();
      if (!answer) return answer.error();
      CHECK(answer->device_id() == DeviceId("CONFAB"));
      return Result<void>();
    }
    return net::describe<void>(at_->runtime.core(), "test", options,
                               [users = users_, user = ana_](net::CallContext context) {
                                 return services::UserService::ensure_account(users, user, "", std::move(context));
                               })
        .wait();
  }

  Doing doing_;
  Asked asked_;
  const LadderFault& fault_;
  FakeMatrix hs_;
  MatrixUserId ana_{hs_.user_id("park_ana")};
  SealedStore store_;
  std::atomic<std::size_t> met_{0};
  std::unique_ptr<Process> at_;
  std::shared_ptr<services::UserService> users_;
  std::future<Result<void>> first_;
};

// `next`: what follows where it succeeds; `again`: what comes before it when it is tried again; `done`: what the same
// call asks for where it was done.
AccountRows made(const std::string& asked, const std::string& next, const std::string& again, const std::string& lost,
                 const AccountRow& dead, const std::string& refused) {
  const std::string healed = again + asked + next;
  return {
      {"cut once", "ok", asked + next, 2, "look"},
      {"cut", lost, asked, 4, healed},
      {"silent", "timed_out", asked, 1, healed, Again::elsewhere},
      dead,
      {"401 bare", "forbidden", asked, 1, healed},
      {"locked", refused.empty() ? "account_locked" : refused, asked, 1, healed},
      {"suspended", refused.empty() ? "account_suspended" : refused, asked, 1, healed},
      {"closed", refused.empty() ? "account_deactivated" : refused, asked, 1, healed},
      {"403", "forbidden", asked, 1, healed},
      {"404", "unsupported", asked, 1, healed},
      {"429", "rate_limited", asked, 1, healed, Again::after_wait},
      {"500", "unavailable", asked, 4, healed},
      {"503", "unavailable", asked, 4, healed},
      {"no JSON", "protocol", asked, 1, healed},
  };
}

AccountRows admin_lets_nobody_in() {
  const std::string healed = "admin look create";
  return {
      {"cut once", "ok", healed, 2, "look"},
      {"cut", "unavailable", "admin", 4, healed},
      {"silent", "timed_out", "admin", 1, healed, Again::elsewhere},
      {"401", "admin_unavailable", "admin", 1, healed, Again::after_wait},
      {"401 bare", "admin_unavailable", "admin", 1, healed, Again::after_wait},
      {"locked", "admin_unavailable", "admin", 1, healed, Again::after_wait},
      {"suspended", "admin_unavailable", "admin", 1, healed, Again::after_wait},
      {"closed", "admin_unavailable", "admin", 1, healed, Again::after_wait},
      {"403", "admin_unavailable", "admin", 1, healed, Again::after_wait},
      {"404", "unsupported", "admin", 1, healed, Again::after_wait},
      {"429", "rate_limited", "admin", 1, healed, Again::after_wait},
      {"500", "unavailable", "admin", 4, healed},
      {"503", "unavailable", "admin", 4, healed},
      {"no JSON", "protocol", "admin", 1, healed, Again::after_wait},
  };
}

// The admin is let in: that its limits stay holds nobody back.
AccountRows admin_keeps_limits() {
  AccountRows rows;
  for (const LadderFault& fault : test::faults()) {
    const std::string& name = fault.name();
    const bool repeated = name == "cut" || name == "500" || name == "503";
    rows.push_back({name, "ok", "lift_admin look create", repeated ? 4U : name == "cut once" ? 2U : 1U, "look"});
  }
  return rows;
}

// What a user of the application service asks for. `who`: what asks whether there is such a user.
AccountRows spoken(const std::string& asked, const std::string& next, const std::string& again, const std::string& who,
                   const std::string& silent) {
  const std::string healed = again + asked + next;
  return {
      {"cut once", "ok", asked + next, 2, "call"},
      {"cut", "unavailable", asked, 4, healed},
      {"silent", silent, asked, 1, healed},
      {"401", "config", asked, 1, healed},
      {"401 bare", "forbidden", asked, 1, healed},
      {"locked", "account_locked", asked, 1, healed},
      {"suspended", "account_suspended", asked, 1, healed},
      {"closed", "account_deactivated", asked, 1, healed},
      {"403", "forbidden", asked + who, 1, healed},
      {"404", "unsupported", asked, 1, healed},
      {"429", "rate_limited", asked, 1, healed, Again::after_wait},
      {"500", "unavailable", asked, 4, healed},
      {"503", "unavailable", asked, 4, healed},
      {"no JSON", "protocol", asked, 1, healed},
  };
}

// A call was answered 403: only who is refused as a user has no account.
AccountRows looked_up() {
  AccountRows rows;
  for (const LadderFault& fault : test::faults()) {
    const std::string& name = fault.name();
    const bool repeated = name == "cut" || name == "500" || name == "503";
    const std::string end = name == "403" ? "not_found" : "forbidden";
    const std::size_t met = repeated ? 4U : name == "cut once" ? 2U : 1U;
    // The call is one of the same kind here, so the wait holds for it as well.
    rows.push_back({name, end, "who", met, "call", name == "429" ? Again::elsewhere : Again::here});
  }
  return rows;
}

void judge_accounts(Doing doing, test::Ladder<AccountRow> ladder) {
  test::judge_ladder(ladder, [doing](Asked asked, const LadderFault& fault) {
    return std::make_unique<AccountTrial>(doing, asked, fault);
  });
}

// Where accounts are made nobody speaks as their users.
test::Ladder<AccountRow> of_no_user() {
  test::Ladder<AccountRow> ladder;
  for (const Asked asked :
       {Asked::call, Asked::refresh, Asked::login, Asked::put, Asked::act, Asked::lift, Asked::device, Asked::who}) {
    ladder.never(asked, "no user asks for anything");
  }
  return ladder;
}

}  // namespace

// Of the admin speaks what it is told. That an account was made and its answer lost shows at the look.
TEST_CASE("ladder: every fault where the admin makes an account") {
  judge_accounts(Doing::provisions,
                 of_no_user()
                     .meets(Asked::look, made("look", " create", "", "unavailable",
                                              {"401", "admin_unavailable", "look admin look", 2, "look create"},
                                              "admin_unavailable"))
                     .meets(Asked::create, made("create", "", "look ", "outcome_unknown",
                                                {"401", "admin_unavailable", "create admin create", 2, "look create"},
                                                "admin_unavailable"))
                     .meets(Asked::admin, admin_lets_nobody_in())
                     .meets(Asked::lift_admin, admin_keeps_limits())
                     .never(Asked::register_user, "there is no application service"));
}

TEST_CASE("ladder: every fault where an application service makes an account") {
  judge_accounts(Doing::provisions_by_service,
                 of_no_user()
                     .meets(Asked::register_user, made("register", "", "look ", "outcome_unknown",
                                                       {"401", "config", "register", 1, "look register"}, ""))
                     .never(Asked::look, "as where the admin makes it")
                     .never(Asked::create, "the application service makes it")
                     .never(Asked::admin, "as where the admin makes it")
                     .never(Asked::lift_admin, "as where the admin makes it"));
}

TEST_CASE("ladder: every fault where an application service speaks for the users") {
  judge_accounts(Doing::acts, test::Ladder<AccountRow>()
                                  .meets(Asked::call, spoken("call", "", "", " who", "timed_out"))
                                  .meets(Asked::device, spoken("device", " call", "call ", "", "unavailable"))
                                  .meets(Asked::who, looked_up())
                                  .never(Asked::refresh, "its token does not end")
                                  .never(Asked::login, "its token serves for all")
                                  .never(Asked::look, "the admin has no part in it")
                                  .never(Asked::put, "the admin has no part in it")
                                  .never(Asked::act, "the admin has no part in it")
                                  .never(Asked::admin, "the admin has no part in it")
                                  .never(Asked::lift, "its users have no limits")
                                  .never(Asked::lift_admin, "the admin has no part in it")
                                  .never(Asked::register_user, "who acts has an account")
                                  .never(Asked::create, "who acts has an account"));
}
