#include "credentials/token_recovery.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;
using namespace confab;
using credentials::Intent;
using credentials::PasswordOwner;
using credentials::Rung;
using credentials::StoredToken;
using credentials::TokenRecovery;
using Kind = StoredToken::Kind;
using Step = TokenRecovery::Step;
using credentials::Need;
using Outcome = store::LeaseMachine::Outcome;

namespace {

constexpr auto lease_length = 20s;
constexpr auto patience = 15s;

// What all processes share: the account's record, who holds the lease and until when, and what time it is.
struct Shared {
  TokenRecovery::Time now{1000s};
  std::optional<StoredToken> record;
  StoreVersion versions = 100;
  StoreVersion fences = 1;
  int holder = 0;  // 0: nobody
  TokenRecovery::Time held_until{};
  int made = 0;

  [[nodiscard]] TokenRecovery::Moment moment() const {
    return {now, StoredToken::Time(std::chrono::duration_cast<StoredToken::Time::duration>(now.time_since_epoch()))};
  }
  // As a device has it after its first login; generation 1.
  void device(bool refreshable = true) {
    StoredToken token(Kind::device);
    token.token(Secret("token-0"), std::nullopt).device(DeviceId("CONFAB")).generation(1).version(++versions);
    token.password(Secret("password"), true);
    if (refreshable) token.refresh_token(Secret("refresh-0"));
    record = token;
  }
};

std::string_view name_of(Rung rung) {
  switch (rung) {
    case Rung::refresh:
      return "refresh";
    case Rung::log_in:
      return "login";
    case Rung::set_password:
      return "password";
    case Rung::act_as:
      return "act";
  }
  return "?";
}

Error error_of(std::string_view answer) {
  const auto status = [](Errc code, int http) { return Error(code, "made up").with_http_status(http); };
  if (answer == "net") return Error(Errc::unreachable, "made up");
  if (answer == "lost") return Error(Errc::outcome_unknown, "made up");
  if (answer == "slow") return Error(Errc::timed_out, "made up");
  if (answer == "500") return status(Errc::unavailable, 500);
  if (answer == "503") return status(Errc::unavailable, 503);
  if (answer == "429") return status(Errc::rate_limited, 429).with_retry_after(2s);
  if (answer == "429 long") return status(Errc::rate_limited, 429).with_retry_after(331s);
  if (answer == "401") return status(Errc::session_expired, 401);
  if (answer == "403") return status(Errc::forbidden, 403);
  if (answer == "404") return status(Errc::unsupported, 404);
  if (answer == "locked") return status(Errc::account_locked, 401);
  if (answer == "suspended") return status(Errc::account_suspended, 403);
  if (answer == "closed") return status(Errc::account_deactivated, 403);
  if (answer == "config") return Error(Errc::config, "made up");
  if (answer == "gone") return status(Errc::not_found, 404);
  return Error(Errc::internal, "the test names no answer " + std::string(answer));
}

// One process: runs a recovery against what is shared, and holds it to what it must never do.
class Climber {
 public:
  Climber(Shared& shared, Kind kind, std::uint64_t dead, std::vector<std::string> answers = {})
      : shared_(shared),
        kind_(kind),
        answers_(answers.begin(), answers.end()),
        id_(++last_id),
        recovery_(kind, dead, patience, shared.now + 60s, [] { return ~std::uint64_t{0}; }) {}

  // Fails the n-th use of the store, from 0.
  Climber& store_fails(int n, Errc code) {
    failing_ = n;
    code_ = code;
    return *this;
  }
  // Stops it for so long before the n-th request.
  Climber& stopped(int n, std::chrono::milliseconds how_long) {
    stop_before_ = n;
    stopped_for_ = how_long;
    return *this;
  }
  Climber& need(Need need) {
    recovery_.need(need);
    return *this;
  }
  Climber& without_password() {
    recovery_.without_password(true);
    return *this;
  }
  Climber& acts_meanwhile() {
    recovery_.acts_meanwhile(true);
    return *this;
  }
  // Runs until it ends or has done so many steps.
  Climber& run(int most = 1000) {
    for (int i = 0; i < most && recovery_.step() != Step::end; ++i) do_step();
    return *this;
  }
  [[nodiscard]] bool ended() const { return recovery_.step() == Step::end; }
  [[nodiscard]] const std::string& trace() const { return trace_; }
  [[nodiscard]] int steps() const { return steps_; }
  [[nodiscard]] int requests() const { return requests_; }
  [[nodiscard]] int store_uses() const { return uses_; }
  [[nodiscard]] Result<TokenRecovery::Found> result() { return std::move(recovery_).result(); }
  // "ok fresh", "ok found", or the error's code.
  [[nodiscard]] std::string end() {
    REQUIRE(ended());
    const auto result = std::move(recovery_).result();
    if (!result) return std::string(errc_name(result.error().code()));
    // Whatever was handed out lies in the store, in the same generation.
    REQUIRE(shared_.record.has_value());
    CHECK(shared_.record->token() == result->token().token());
    CHECK(shared_.record->generation() == result->token().generation());
    CHECK_FALSE(shared_.record->intent().has_value());
    return result->is_fresh() ? "ok fresh" : "ok found";
  }

 private:
  void say(std::string_view word) { trace_ += (trace_.empty() ? "" : " ") + std::string(word); }
  [[nodiscard]] std::optional<Error> fault() {
    if (uses_++ != failing_) return std::nullopt;
    return Error(code_, "made to fail");
  }
  [[nodiscard]] bool holds() const { return shared_.holder == id_ && shared_.now < shared_.held_until; }
  Result<StoredToken> write(StoredToken token, bool guarded) {
    if (auto error = fault()) return *error;
    const StoreVersion version = shared_.record ? shared_.record->version() : 0;
    if (token.version() != version || (guarded && !holds())) return Error(Errc::conflict, "made up");
    token.version(++shared_.versions);
    shared_.record = token;
    return token;
  }

  void do_step() {
    ++steps_;
    switch (recovery_.step()) {
      case Step::read: {
        say("read");
        if (auto error = fault()) return recovery_.read(*error, shared_.moment());
        return recovery_.read(shared_.record, shared_.moment());
      }
      case Step::lease: {
        say("lease");
        if (fault()) return recovery_.leased(Outcome::failed, 0, {}, shared_.moment());
        const bool free = shared_.holder == 0 || shared_.now >= shared_.held_until;
        if (!free && shared_.holder != id_) return recovery_.leased(Outcome::taken, 0, {}, shared_.moment());
        if (free) fence_ = ++shared_.fences;
        shared_.holder = id_;
        shared_.held_until = shared_.now + lease_length;
        return recovery_.leased(Outcome::held, fence_, shared_.held_until, shared_.moment());
      }
      case Step::wait:
        say("wait");
        REQUIRE(recovery_.at() > shared_.now);
        shared_.now = recovery_.at();
        return recovery_.waited(shared_.moment());
      case Step::note: {
        say("note");
        StoredToken record = recovery_.record();
        REQUIRE(record.intent().has_value());
        CHECK(record.intent()->rung() == recovery_.rung());
        if (recovery_.rung() == Rung::set_password && record.password().empty()) {
          record.password(Secret("password"), false);
        }
        record.kind(recovery_.rung() == Rung::act_as ? Kind::puppet : kind_);
        recovery_.prepared(record);
        return recovery_.noted(write(recovery_.record(), true), shared_.moment());
      }
      case Step::climb:
        return climb();
      case Step::keep: {
        say("keep");
        const bool ends = recovery_.ends_lease();
        auto kept = write(recovery_.record(), ends);
        if (kept && ends) shared_.holder = 0;
        return recovery_.kept(std::move(kept), shared_.moment());
      }
      case Step::let_go:
        say("let_go");
        if (recovery_.tidies()) (void)write(recovery_.record(), true);
        if (shared_.holder == id_) shared_.holder = 0;
        return recovery_.let_go();
      case Step::end:
        return;
    }
  }
  void climb() {
    // A request whose deadline has passed before it was begun is not sent.
    if (shared_.now >= recovery_.at()) return recovery_.climbed(error_of("slow"));
    say(name_of(recovery_.rung()));
    // Nobody else can be the holder until this request has ended, and the intent to send it is in the store.
    CHECK(holds());
    CHECK(recovery_.at() < shared_.held_until);
    REQUIRE(shared_.record.has_value());
    REQUIRE(shared_.record->intent().has_value());
    CHECK(shared_.record->intent()->rung() == recovery_.rung());
    CHECK(shared_.record->intent()->generation() == fence_);
    if (requests_++ == stop_before_) shared_.now += stopped_for_;
    std::string answer = "ok";
    if (!answers_.empty()) {
      answer = answers_.front();
      answers_.pop_front();
    }
    if (answer == "slow") shared_.now = recovery_.at();
    if (answer != "ok") return recovery_.climbed(error_of(answer));
    StoredToken made = recovery_.record();
    if (recovery_.rung() == Rung::set_password) {
      made.password(made.password(), true);
    } else {
      const std::string number = std::to_string(++shared_.made);
      const bool acted = recovery_.rung() == Rung::act_as;
      made.kind(acted ? Kind::puppet : kind_).token(Secret("token-" + number), std::nullopt);
      if (kind_ == Kind::device && !acted)
        made.refresh_token(Secret("refresh-" + number)).password(made.password(), true);
    }
    recovery_.climbed(made);
  }

  static inline int last_id = 0;
  Shared& shared_;
  Kind kind_;
  std::deque<std::string> answers_;
  int id_;
  StoreVersion fence_ = 0;
  TokenRecovery recovery_;
  std::string trace_;
  int steps_ = 0;
  int requests_ = 0;
  int uses_ = 0;
  int failing_ = -1;
  Errc code_ = Errc::store;
  int stop_before_ = -1;
  std::chrono::milliseconds stopped_for_{0};
};

struct Row {
  std::vector<std::string> answers;
  std::string trace;
  std::string end;
};

void check(const std::vector<Row>& rows, Kind kind, bool known, bool refreshable) {
  for (const Row& row : rows) {
    std::string all;
    for (const auto& answer : row.answers) all += answer + ", ";
    CAPTURE(all);
    Shared shared;
    if (known) shared.device(refreshable);
    Climber process(shared, kind, known ? 1 : 0, row.answers);
    process.run();
    CHECK(process.trace() == row.trace);
    CHECK(process.end() == row.end);
    CHECK(shared.holder == 0);
  }
}

const std::string begin = "read lease read note ";

}  // namespace

TEST_CASE("TokenRecovery: a device with a refresh token, by what the homeserver answers") {
  check(
      {
          {{"ok"}, begin + "refresh keep", "ok fresh"},
          // Lost, limited or met by a homeserver in trouble: the same was sent again as often as it may.
          {{"net"}, begin + "refresh read let_go", "unreachable"},
          {{"lost"}, begin + "refresh read let_go", "unavailable"},
          {{"slow"}, begin + "refresh read let_go", "unavailable"},
          {{"503"}, begin + "refresh read let_go", "unavailable"},
          {{"429"}, begin + "refresh read let_go", "rate_limited"},
          {{"429 long"}, begin + "refresh read let_go", "rate_limited"},
          // Refused: the store is read again, and only then comes the next rung.
          {{"401", "ok"}, begin + "refresh read note login keep", "ok fresh"},
          {{"403", "ok"}, begin + "refresh read note login keep", "ok fresh"},
          {{"404", "ok"}, begin + "refresh read note login keep", "ok fresh"},
          {{"500", "ok"}, begin + "refresh read note login keep", "ok fresh"},
          // Whatever else speaks of the account never climbs.
          {{"locked"}, begin + "refresh let_go", "account_locked"},
          {{"suspended"}, begin + "refresh let_go", "account_suspended"},
          {{"closed"}, begin + "refresh let_go", "account_deactivated"},
      },
      Kind::device, true, true);
}

TEST_CASE("TokenRecovery: a device that has to log in, by what the homeserver answers") {
  check(
      {
          {{"ok"}, begin + "login keep", "ok fresh"},
          // Tried once: only a refused password is set anew.
          {{"403", "ok", "ok"}, begin + "login note password note login keep", "ok fresh"},
          {{"403", "ok", "403"}, begin + "login note password note login let_go", "session_expired"},
          {{"403", "closed"}, begin + "login note password let_go", "account_deactivated"},
          {{"403", "gone"}, begin + "login note password let_go", "not_found"},
          {{"403", "net"}, begin + "login note password let_go", "unreachable"},
          {{"403", "503"}, begin + "login note password let_go", "unavailable"},
          {{"403", "429"}, begin + "login note password let_go", "rate_limited"},
          {{"403", "ok", "429"}, begin + "login note password note login let_go", "rate_limited"},
          {{"403", "ok", "lost"}, begin + "login note password note login let_go", "unavailable"},
          {{"net"}, begin + "login let_go", "unreachable"},
          {{"lost"}, begin + "login let_go", "unavailable"},
          {{"slow"}, begin + "login let_go", "unavailable"},
          {{"500"}, begin + "login let_go", "unavailable"},
          {{"503"}, begin + "login let_go", "unavailable"},
          {{"429"}, begin + "login let_go", "rate_limited"},
          {{"401"}, begin + "login let_go", "session_expired"},
          {{"locked"}, begin + "login let_go", "account_locked"},
          {{"suspended"}, begin + "login let_go", "account_suspended"},
          {{"closed"}, begin + "login let_go", "account_deactivated"},
      },
      Kind::device, true, false);
}

TEST_CASE("TokenRecovery: a device that was never logged in has its password set first") {
  check(
      {
          {{"ok", "ok"}, begin + "password note login keep", "ok fresh"},
          {{"gone"}, begin + "password let_go", "not_found"},
          {{"closed"}, begin + "password let_go", "account_deactivated"},
      },
      Kind::device, false, false);
}

TEST_CASE("TokenRecovery: a user who is acted for, and the admin") {
  for (const Kind kind : {Kind::puppet, Kind::admin}) {
    const std::string rung = kind == Kind::puppet ? "act" : "login";
    std::vector<Row> rows{{{"ok"}, begin + rung + " keep", "ok fresh"}};
    for (const auto& [answer, code] : std::vector<std::pair<std::string, std::string>>{{"net", "unreachable"},
                                                                                       {"lost", "unavailable"},
                                                                                       {"500", "unavailable"},
                                                                                       {"503", "unavailable"},
                                                                                       {"429", "rate_limited"},
                                                                                       {"401", "session_expired"},
                                                                                       {"403", "forbidden"},
                                                                                       {"gone", "not_found"},
                                                                                       {"locked", "account_locked"}}) {
      rows.push_back({{answer}, begin + rung + " let_go", code});
    }
    check(rows, kind, false, false);
  }
}

TEST_CASE("TokenRecovery: that the account was closed is told as the loss it is, not to be tried again") {
  Shared shared;
  shared.device(false);
  Climber process(shared, Kind::device, 1, {"403", "closed"});
  const Error error = process.run().result().error();
  CHECK(error.code() == Errc::account_deactivated);
  CHECK_FALSE(error.retriable());
  CHECK(error.message().find("identity is lost") != std::string_view::npos);
}

TEST_CASE("TokenRecovery: a generation that has moved is taken, before the lease and under it") {
  Shared shared;
  shared.device();
  Climber late(shared, Kind::device, 9);
  CHECK(late.run().trace() == "read");
  CHECK(late.end() == "ok found");

  Climber first(shared, Kind::device, 1);
  Climber second(shared, Kind::device, 1);
  first.run(1);
  second.run();
  CHECK(second.end() == "ok fresh");
  first.run();
  CHECK(first.trace() == "read lease read let_go");
  CHECK(first.end() == "ok found");
}

TEST_CASE("TokenRecovery: who finds the lease taken looks until the holder is done, and sends nothing") {
  Shared shared;
  shared.device();
  Climber holder(shared, Kind::device, 1);
  Climber waiting(shared, Kind::device, 1);
  holder.run(4);
  waiting.run(8);
  CHECK(waiting.trace() == "read lease wait read lease wait read lease");
  holder.run();
  waiting.run();
  CHECK(waiting.requests() == 0);
  CHECK(waiting.end() == "ok found");
}

TEST_CASE("TokenRecovery: a holder that dies at any step delays the next one by its lease, and nothing is lost") {
  for (const bool refreshable : {true, false}) {
    for (int died_after = 0; died_after < 12; ++died_after) {
      CAPTURE(died_after);
      Shared shared;
      shared.device(refreshable);
      Climber dead(shared, Kind::device, 1, {"403", "ok", "ok"});
      dead.run(died_after);
      if (dead.ended()) break;
      const auto begun = shared.now;
      Climber next(shared, Kind::device, 1);
      next.run();
      CHECK(next.end() == "ok fresh");
      CHECK(shared.now - begun <= lease_length + 2s);
      CHECK(shared.record->password() == Secret("password"));
      CHECK(shared.record->generation() > 1);
    }
  }
}

TEST_CASE("TokenRecovery: a password at which two have died is not tried a third time, but set") {
  Shared shared;
  shared.device(false);
  for (int i = 1; i <= 2; ++i) {
    Climber dies(shared, Kind::device, 1);
    while (dies.requests() == 0) dies.run(1);
    CHECK(dies.trace().ends_with("login"));
    CHECK(shared.record->intent()->times() == static_cast<unsigned>(i));
    shared.now += lease_length;
  }
  Climber next(shared, Kind::device, 1);
  CHECK(next.run().trace() == begin + "password note login keep");
  CHECK(next.end() == "ok fresh");
}

TEST_CASE("TokenRecovery: an ordinary failure leaves no intent behind") {
  Shared shared;
  shared.device(false);
  for (int i = 0; i < 5; ++i) {
    Climber fails(shared, Kind::device, 1, {"net"});
    CHECK(fails.run().end() == "unreachable");
    CHECK_FALSE(shared.record->intent().has_value());
  }
  Climber next(shared, Kind::device, 1);
  CHECK(next.run().trace() == begin + "login keep");
}

TEST_CASE("TokenRecovery: a pair that comes late is adopted while the stored one is dead") {
  Shared shared;
  shared.device();
  Climber stopped(shared, Kind::device, 1);
  stopped.stopped(0, lease_length + 1s);
  CHECK(stopped.run().trace() == begin + "refresh keep read keep let_go");
  CHECK(stopped.end() == "ok fresh");
}

TEST_CASE("TokenRecovery: a pair that comes late gives way to the younger one that is stored") {
  Shared shared;
  shared.device();
  Climber stopped(shared, Kind::device, 1);
  stopped.run(4);  // its intent is noted
  shared.now += lease_length + 1s;
  Climber other(shared, Kind::device, 1);
  CHECK(other.run().end() == "ok fresh");
  stopped.run();
  // It asks for the lease again before it sends anything, and finds what the other has made.
  CHECK(stopped.requests() == 0);
  CHECK(stopped.end() == "ok found");
}

TEST_CASE("TokenRecovery: the younger of two pairs wins, whoever comes first") {
  Shared shared;
  shared.device();
  Climber late(shared, Kind::device, 1);
  late.stopped(0, lease_length + 1s);
  while (late.requests() == 0) late.run(1);  // its request is answered, but not stored yet
  Climber young(shared, Kind::device, 1);
  while (young.requests() == 0) young.run(1);
  late.run();
  CHECK(late.end() == "ok fresh");
  young.run();
  CHECK(young.trace() == begin + "refresh keep read keep let_go");
  CHECK(young.end() == "ok fresh");
}

TEST_CASE("TokenRecovery: a store that fails at any step is told, or survived once there is a new token") {
  for (const bool refreshable : {true, false}) {
    for (const Errc code : {Errc::store, Errc::busy, Errc::conflict}) {
      bool reached_the_end = false;
      for (int failing = 0; !reached_the_end; ++failing) {
        CAPTURE(failing);
        REQUIRE(failing < 30);
        Shared shared;
        shared.device(refreshable);
        Climber process(shared, Kind::device, 1, {"403"});
        process.store_fails(failing, code).run();
        reached_the_end = process.store_uses() <= failing;
        const std::string end = process.end();
        if (end != "ok fresh") CHECK((end == "store" || end == "busy" || end == "conflict"));
        // A token that was made is never thrown away for one failed write.
        if (process.trace().find("keep") != std::string::npos) CHECK(end == "ok fresh");
        shared.now += lease_length;
        Climber next(shared, Kind::device, 1);
        CHECK(next.run().end().starts_with("ok"));
      }
    }
  }
}

TEST_CASE("TokenRecovery: a token near its end is replaced, one that never ends is not") {
  Shared shared;
  shared.device();
  const auto ends_in = [&](std::chrono::seconds left) {
    shared.record->token(Secret("token-0"), shared.moment().wall() + left).generation(1);
    Climber process(shared, Kind::device, 0);
    return process.run(1).ended();
  };
  CHECK(ends_in(31s));
  CHECK_FALSE(ends_in(30s));
  CHECK_FALSE(ends_in(-5s));
}

TEST_CASE("TokenRecovery: nothing is begun after the flight's deadline") {
  Shared shared;
  shared.device();
  shared.holder = -1;  // for ever another's
  shared.held_until = shared.now + 1h;
  Climber process(shared, Kind::device, 1);
  CHECK(process.run().end() == "busy");
  CHECK(process.requests() == 0);
}

TEST_CASE("TokenRecovery: why a token was made is told by what was there, and counted with it") {
  const auto puppet = [](Shared& shared) {
    shared.record = StoredToken(Kind::puppet);
    shared.record->token(Secret("token-0"), shared.moment().wall() + 10s).generation(1).version(++shared.versions);
  };
  struct Why {
    TokenReason reason;
    Kind kind;
    bool refused;
    std::function<void(Shared&)> before;
  };
  const Why rows[] = {
      {TokenReason::first, Kind::puppet, false, [](Shared&) {}},
      {TokenReason::first, Kind::device, false, [](Shared&) {}},
      {TokenReason::renewal, Kind::puppet, false, puppet},
      {TokenReason::recovery, Kind::puppet, true, puppet},
      {TokenReason::move, Kind::device, false, puppet},
      {TokenReason::recovery, Kind::device, true, puppet},
      {TokenReason::renewal, Kind::device, false, [](Shared& shared) { shared.device(); }},
      {TokenReason::recovery, Kind::device, true, [](Shared& shared) { shared.device(); }},
  };
  for (const Why& row : rows) {
    CAPTURE(std::string(token_reason_name(row.reason)));
    Shared shared;
    row.before(shared);
    if (shared.record) shared.record->made(row.reason, 4);
    Climber process(shared, row.kind, shared.record ? 1 : 0);
    if (row.refused) process.need(Need::dead);
    process.run();
    const bool is_first = row.reason == TokenReason::first;
    REQUIRE(process.end() == "ok fresh");
    for (const TokenReason each : token_reasons) {
      CHECK(shared.record->made(each) == (each != row.reason ? 0U : is_first ? 1U : 5U));
    }
  }
}

TEST_CASE("TokenRecovery: who has no device yet is acted for; a device's login that has to wait as well") {
  struct Meanwhile {
    bool device;
    bool refreshable;
    std::vector<std::string> answers;
    std::string trace;
    std::string end;
    Kind kind;
  };
  const Meanwhile rows[] = {
      {false, false, {}, begin + "act keep", "ok fresh", Kind::puppet},
      {false, false, {"429 long"}, begin + "act let_go", "rate_limited", Kind::puppet},
      {true, true, {}, begin + "refresh keep", "ok fresh", Kind::device},
      {true, true, {"401", "ok"}, begin + "refresh read note login keep", "ok fresh", Kind::device},
      {true,
       true,
       {"401", "429 long", "ok"},
       begin + "refresh read note login note act keep",
       "ok fresh",
       Kind::puppet},
      {true, false, {"429 long", "ok"}, begin + "login note act keep", "ok fresh", Kind::puppet},
      {true, false, {"429 long", "403"}, begin + "login note act let_go", "forbidden", Kind::device},
      // Somebody has changed the password: it is left to them.
      {true, false, {"403"}, begin + "login note act keep", "ok fresh", Kind::puppet},
      {true, true, {"401", "403"}, begin + "refresh read note login note act keep", "ok fresh", Kind::puppet},
      // Nothing else of a login is a reason to act.
      {true, false, {"locked"}, begin + "login let_go", "account_locked", Kind::device},
      {true, false, {"503"}, begin + "login let_go", "unavailable", Kind::device},
  };
  for (const Meanwhile& row : rows) {
    CAPTURE(row.trace);
    for (const Need need : {Need::ends, Need::dead}) {
      Shared shared;
      if (row.device) shared.device(row.refreshable);
      Climber process(shared, Kind::device, row.device ? 1 : 0, row.answers);
      process.acts_meanwhile().need(need).run();
      CHECK(process.trace() == row.trace);
      CHECK(process.end() == row.end);
      if (row.end == "ok fresh") CHECK(shared.record->kind() == row.kind);
      const bool changed = std::count(row.answers.begin(), row.answers.end(), "403") > 0 && row.end == "ok fresh";
      REQUIRE((!changed || shared.record));
      if (changed) CHECK(shared.record->password_owner() == PasswordOwner::user);
    }
  }
}

TEST_CASE("TokenRecovery: a password of the user's own is neither tried nor replaced, whatever the access") {
  struct Owned {
    bool device;
    bool refreshable;
    std::vector<std::string> answers;
    std::string trace;
    Kind kind;
  };
  const Owned rows[] = {
      {false, false, {}, begin + "act keep", Kind::puppet},
      {true, false, {}, begin + "act keep", Kind::puppet},
      // The device that is there stays while it can.
      {true, true, {}, begin + "refresh keep", Kind::device},
      {true, true, {"401"}, begin + "refresh read note act keep", Kind::puppet},
      {true, true, {"500"}, begin + "refresh read note act keep", Kind::puppet},
  };
  for (const Owned& row : rows) {
    CAPTURE(row.trace);
    for (const bool meanwhile : {false, true}) {
      for (const Need need : {Need::ends, Need::dead, Need::moves}) {
        Shared shared;
        if (row.device) shared.device(row.refreshable);
        if (!row.device) shared.record = StoredToken(Kind::puppet).version(++shared.versions);
        shared.record->password_owner(PasswordOwner::user);
        Climber process(shared, Kind::device, row.device ? 1 : 0, row.answers);
        if (meanwhile) process.acts_meanwhile();
        process.need(need).run();
        CHECK(process.trace() == row.trace);
        CHECK(process.end() == "ok fresh");
        CHECK(shared.record->kind() == row.kind);
        CHECK(shared.record->password_owner() == PasswordOwner::user);
      }
    }
  }
}

TEST_CASE("TokenRecovery: who logs in without a password needs none, and whose it is does not matter") {
  struct ByKey {
    bool device;
    bool meanwhile;
    std::vector<std::string> answers;
    std::string trace;
    std::string end;
  };
  const ByKey rows[] = {
      {false, false, {}, begin + "login keep", "ok fresh"},
      {true, false, {}, begin + "refresh keep", "ok fresh"},
      {true, false, {"401"}, begin + "refresh read note login keep", "ok fresh"},
      // No password is set in its place.
      {true, false, {"401", "config"}, begin + "refresh read note login let_go", "config"},
      {true, false, {"401", "429 long"}, begin + "refresh read note login let_go", "rate_limited"},
      {false, true, {}, begin + "act keep", "ok fresh"},
      {true, true, {"401"}, begin + "refresh read note login keep", "ok fresh"},
      {true, true, {"401", "429 long"}, begin + "refresh read note login note act keep", "ok fresh"},
      {true, true, {"401", "config"}, begin + "refresh read note login note act keep", "ok fresh"},
  };
  for (const ByKey& row : rows) {
    CAPTURE(row.trace);
    for (const PasswordOwner owner : {PasswordOwner::unknown, PasswordOwner::library, PasswordOwner::user}) {
      Shared shared;
      if (row.device) {
        shared.device();
        shared.record->password(Secret(), false);
      } else {
        shared.record = StoredToken(Kind::puppet).version(++shared.versions);
      }
      shared.record->password_owner(owner);
      Climber process(shared, Kind::device, row.device ? 1 : 0, row.answers);
      if (row.meanwhile) process.acts_meanwhile();
      process.without_password().run();
      CHECK(process.trace() == row.trace);
      CHECK(process.end() == row.end);
      REQUIRE(shared.record.has_value());
      CHECK(shared.record->password_owner() == owner);
      CHECK(shared.record->password().empty());
    }
  }
}

TEST_CASE("TokenRecovery: a move is to a device, and leaves the admin's token where it comes to nothing") {
  const auto acted_for = [](Shared& shared, bool known) {
    shared.record = StoredToken(Kind::puppet);
    shared.record->token(Secret("token-0"), shared.moment().wall() + 3600s).generation(1).version(++shared.versions);
    if (known) shared.record->password(Secret("password"), true).refresh_token(Secret("refresh-0"));
  };
  const Row unknown[] = {
      {{}, begin + "password note login keep", "ok fresh"},
      {{"ok", "429 long"}, begin + "password note login let_go", "rate_limited"},
      {{"503"}, begin + "password let_go", "unavailable"},
  };
  const Row known[] = {
      {{}, begin + "refresh keep", "ok fresh"},
      {{"401"}, begin + "refresh read note login keep", "ok fresh"},
      {{"401", "429 long"}, begin + "refresh read note login let_go", "rate_limited"},
      {{"401", "403"}, begin + "refresh read note login let_go", "forbidden"},
  };
  const auto judge = [&](const Row& row, bool with_password) {
    CAPTURE(row.trace);
    Shared shared;
    acted_for(shared, with_password);
    Climber process(shared, Kind::device, 1, row.answers);
    process.acts_meanwhile().need(Need::moves).run();
    CHECK(process.trace() == row.trace);
    CHECK(process.end() == row.end);
    REQUIRE(shared.record.has_value());
    const bool moved = row.end == "ok fresh";
    CHECK(shared.record->kind() == (moved ? Kind::device : Kind::puppet));
    CHECK((shared.record->token() == Secret("token-0")) == !moved);
    CHECK(shared.record->made(TokenReason::move) == (moved ? 1U : 0U));
    CHECK(shared.record->made(TokenReason::recovery) == 0U);
    const PasswordOwner owner = row.end == "forbidden" ? PasswordOwner::user : PasswordOwner::unknown;
    CHECK(shared.record->password_owner() == owner);
  };
  for (const Row& row : unknown) judge(row, false);
  for (const Row& row : known) judge(row, true);
}
