// Every fault on the way of a user, for whom the admin acts, to a device of their own: nobody notices, the move is not
// tried with every call, and another process makes it once the fault is over.
#include <doctest/doctest.h>

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
using confab::test::login_key;
using confab::test::LoginKey;
using confab::test::outcome;
using confab::test::Process;
using confab::test::Request;
using confab::test::SealedStore;

namespace {

struct MoveRow {
  std::string fault;
  std::string climbed;  // from the fault on, calls of the user apart
  std::size_t met;
  bool moved;          // all the same
  std::string healed;  // what the move by another process takes
};
using MoveRows = std::vector<MoveRow>;

// A user of access `auto` for whom the admin acts, and whose turn to come to a device meets a fault.
class MoveTrial {
 public:
  MoveTrial(LoginKey key, Asked asked, const LadderFault& fault) : key_(std::move(key)), asked_(asked), fault_(fault) {
    if (key_) hs_.accept_jwt(key_->reveal());
    if (fault_.is_silence()) store_.lease_length = test::short_lease;
    // By another process, so that the first call here finds a token, and the second one asks for a device.
    {
      const auto before = make(1h);
      REQUIRE(test::run<void>(before->runtime, [this, &before](net::CallContext context) {
                return credentials::UserTokens::note_password_owner(
                    before->tokens, ana_, credentials::PasswordOwner::library, std::move(context));
              }).has_value());
      CHECK(outcome(before->whoami(ana_).wait()) == "ok");
    }
    if (asked_ == Asked::admin || asked_ == Asked::lift_admin) {
      hs_.kill_token(hs_.user_id(FakeMatrix::admin_localpart));
    }
    hs_.on("*", "/**").then([this](const Request& request) {
      if (test::word_of(request) != test::word(asked_) || met_.fetch_add(1) >= fault_.times()) return Answer::real();
      return fault_.answer();
    });
    hs_.forget_requests();
    here_ = make(0ms);
    for (int i = 0; i < 2; ++i) CHECK(device().has_value());
  }

  void judge(const MoveRow& row) {
    const auto until = net::Clock::now() + 20s;
    const auto is_over = [this] {
      const auto seen = here_->token_store->counts().now();
      // Of a move that succeeded the last step, of another one the one that failed.
      return seen.step(TokenStep::log_in).attempts() > 0 || failed(seen.step(TokenStep::set_password));
    };
    while (!is_over() && net::Clock::now() < until) CHECK(device().has_value());
    while (row.moved && device() != "CONFAB" && net::Clock::now() < until) continue;
    for (int i = 0; i < test::burst; ++i) CHECK(device() == (row.moved ? "CONFAB" : "none"));
    test::await_admin(*here_);
    CHECK(met_.load() == row.met);
    CHECK(trace(test::word(asked_)) == row.climbed);
    hs_.clear_scripts();
    test::forget_waits(store_);
    hs_.forget_requests();
    here_ = make(0ms);
    const auto heals_until = net::Clock::now() + 20s;
    while (device() != "CONFAB" && net::Clock::now() < heals_until) continue;
    CHECK(device() == "CONFAB");
    CHECK(trace("") == row.healed);
  }

 private:
  [[nodiscard]] static bool failed(const TokenStepMetrics& step) {
    return step.attempts() > step.outcome(TokenOutcome::succeeded);
  }
  [[nodiscard]] std::unique_ptr<Process> make(std::chrono::milliseconds moves_after) {
    return test::make_process(hs_, store_, Access::both, key_, moves_after);
  }
  // On which device the user acts; nothing where the call failed.
  [[nodiscard]] std::optional<std::string> device() {
    const auto answer = here_->whoami(ana_).wait();
    CHECK(outcome(answer) == "ok");
    if (!answer) return std::nullopt;
    return answer->device_id() ? answer->device_id()->str() : "none";
  }
  [[nodiscard]] std::string trace(const std::string& from) const { return test::trace_of(hs_, asked_, from, false); }

  LoginKey key_;
  Asked asked_;
  const LadderFault& fault_;
  FakeMatrix hs_;
  MatrixUserId ana_{hs_.add_user("ana")};
  SealedStore store_;
  std::atomic<std::size_t> met_{0};
  std::unique_ptr<Process> here_;
};

// It is asked once, or four times where that may help.
MoveRows moves(const std::string& asked, const std::string& next, const std::string& healed, const std::string& dead) {
  return {
      {"cut once", asked + next, 2, true, ""}, {"cut", asked, 4, false, healed},
      {"silent", asked, 1, false, healed},     {"401", dead, dead == asked ? 1U : 2U, false, healed},
      {"401 bare", asked, 1, false, healed},   {"locked", asked, 1, false, healed},
      {"suspended", asked, 1, false, healed},  {"closed", asked, 1, false, healed},
      {"403", asked, 1, false, healed},        {"404", asked, 1, false, healed},
      {"429", asked, 1, false, healed},        {"500", asked, 4, false, healed},
      {"503", asked, 4, false, healed},        {"no JSON", asked, 1, false, healed},
  };
}

// Limits that are not lifted hold no move back. Who finds them, lifts them; who knows no such call keeps them.
MoveRows lifted_moves() {
  return {
      {"cut once", "lift", 2, true, ""},      {"cut", "lift", 4, true, "lift"},
      {"silent", "lift", 1, true, "lift"},    {"401", "lift admin lift", 2, true, "lift"},
      {"401 bare", "lift", 1, true, ""},      {"locked", "lift", 1, true, "lift"},
      {"suspended", "lift", 1, true, "lift"}, {"closed", "lift", 1, true, "lift"},
      {"403", "lift", 1, true, ""},           {"404", "lift", 1, true, ""},
      {"429", "lift", 1, true, "lift"},       {"500", "lift", 4, true, "lift"},
      {"503", "lift", 4, true, "lift"},       {"no JSON", "lift", 1, true, ""},
  };
}

// The same of what the admin needs for it. `healed`: where the fault stayed; `silent` and `limited` where that differs.
MoveRows admin_moves(const std::string& climbed, const std::string& healed, const std::string& silent,
                     const std::string& limited) {
  MoveRows rows;
  for (const LadderFault& fault : test::faults()) {
    const std::string& name = fault.name();
    const bool once = name == "cut once";
    const bool repeated = name == "cut" || name == "500" || name == "503";
    const std::string other = name == "silent" ? silent : name == "429" ? limited : healed;
    rows.push_back({name, climbed, repeated ? 4U : once ? 2U : 1U, true, once ? "" : other});
  }
  return rows;
}

void judge_moves(const LoginKey& key, test::Ladder<MoveRow> ladder) {
  ladder.never(Asked::call, "as where the admin acts: the move goes on beside it")
      .never(Asked::refresh, "there is nothing to refresh by yet")
      .never(Asked::act, "the admin acts already")
      .never(Asked::device, "only of users of an application service")
      .never(Asked::who, "only of users of an application service")
      .never(Asked::register_user, "only of who has no account")
      .never(Asked::create, "only of who has no account");
  test::judge_ladder(
      ladder, [&key](Asked asked, const LadderFault& fault) { return std::make_unique<MoveTrial>(key, asked, fault); });
}

}  // namespace

// A password that was set a moment before is tried by the next one without setting it again.
TEST_CASE("ladder: every fault on the way to a device") {
  judge_moves(nullptr, test::Ladder<MoveRow>()
                           .meets(Asked::look, moves("look", " put login", "look put login", "look admin look"))
                           .meets(Asked::put, moves("put", " login", "look put login", "put admin put"))
                           .meets(Asked::login, moves("login", "", "login", "login"))
                           .meets(Asked::admin, moves("admin", " look put login", "look admin look put login", "admin"))
                           .meets(Asked::lift, lifted_moves())
                           .meets(Asked::lift_admin, admin_moves("lift_admin look put login", "", "", "lift_admin")));
}

TEST_CASE("ladder: every fault on the way to a device by the homeserver's key") {
  judge_moves(login_key(), test::Ladder<MoveRow>()
                               .meets(Asked::login, moves("login", "", "login", "login"))
                               .meets(Asked::admin, admin_moves("admin", "admin", "admin", "admin"))
                               .meets(Asked::lift, lifted_moves())
                               .meets(Asked::lift_admin, admin_moves("lift_admin", "", "lift_admin", "lift_admin"))
                               .never(Asked::look, "no password is set")
                               .never(Asked::put, "no password is set"));
}
