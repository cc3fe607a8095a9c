// Every fault at every rung of the ladder: what the host is told, which rung comes next, how often the homeserver is
// asked, and how it heals once the fault is over.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "contract/store_client.hpp"
#include "unit/credentials/at_homeserver.hpp"

using namespace confab;
using namespace std::chrono_literals;
using confab::test::Answer;
using confab::test::FakeMatrix;
using confab::test::outcome;
using confab::test::Process;
using confab::test::Request;
using confab::test::SealedStore;
using confab::test::StoreClient;
using confab::test::TestJson;
using confab::test::Together;

namespace {

// The requests of a ladder, as traces call them; each is a rung, or a part of one, that may meet the fault.
constexpr const char* refresh_rung = "refresh";
constexpr const char* login_rung = "login";  // the user's, on the device
constexpr const char* look_rung = "look";    // at the account, before its password is set
constexpr const char* put_rung = "put";      // the password
constexpr const char* act_rung = "act";      // the admin's login-as-user
constexpr const char* admin_rung = "admin";  // the admin's login

// A request by its name; of one that is none of a ladder's all of it, so that no trace has it. Empty: it says nothing
// of the ladder.
std::string word_of(const Request& request) {
  const std::string& last = request.segments.back();
  const bool admin_api = request.segments.front() == "_synapse";
  const bool account = admin_api && request.segments.size() == 5;
  if (last == "override_ratelimit") return {};
  if (request.method == "GET" && last == "whoami") return "call";
  if (request.method == "POST" && last == "refresh") return refresh_rung;
  if (request.method == "POST" && last == "login" && admin_api) return act_rung;
  if (request.method == "POST" && last == "login") {
    const std::string user = TestJson::parse(request.body).value()["identifier"]["user"].as_string();
    return user.find(FakeMatrix::admin_localpart) != std::string::npos ? admin_rung : login_rung;
  }
  if (request.method == "GET" && account) return look_rung;
  if (request.method == "PUT" && account) {
    // Anything else in it may log devices out, or be refused for its own limits.
    const TestJson body = TestJson::parse(request.body).value();
    const bool alone = body.as_object().size() == 2 && body["password"].is_string();
    if (alone && !body["logout_devices"].as_bool(true)) return put_rung;
  }
  return request.method + " " + request.target + " " + request.body;
}

constexpr std::size_t always = 1'000;

class LadderFault {
 public:
  LadderFault(const char* name, Answer answer, std::size_t times = always)
      : name_(name), answer_(std::move(answer)), times_(times) {}
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const Answer& answer() const { return answer_; }
  [[nodiscard]] std::size_t times() const { return times_; }

 private:
  std::string name_;
  Answer answer_;
  std::size_t times_;
};

const std::vector<LadderFault>& faults() {
  static const std::vector<LadderFault> all = {
      {"cut once", Answer().close_before_answer(), 1},
      {"cut", Answer().close_before_answer()},
      {"401", Answer::error(401, "M_UNKNOWN_TOKEN")},
      {"401 bare", Answer(401, R"({"flows":[{"stages":["m.login.password"]}],"session":"s"})")},
      {"locked", Answer(401, R"({"errcode":"M_USER_LOCKED","error":"made up","soft_logout":true})")},
      {"suspended", Answer::error(403, "M_USER_SUSPENDED")},
      {"closed", Answer::error(403, "M_USER_DEACTIVATED")},
      {"403", Answer::error(403, "M_FORBIDDEN")},
      {"404", Answer::error(404, "M_UNRECOGNIZED")},
      {"429", Answer::error(429, "M_LIMIT_EXCEEDED").header("Retry-After", "333")},
      {"500", Answer::error(500, "M_UNKNOWN")},
      {"503", Answer(503, "<html>").content_type("text/html")},
      {"no JSON", Answer(200, "<html>").content_type("text/html")},
  };
  return all;
}

const LadderFault& fault_of(const std::string& name) {
  for (const LadderFault& fault : faults()) {
    if (fault.name() == name) return fault;
  }
  throw std::invalid_argument("there is no fault " + name);
}

// What a fault leaves behind in this process.
enum class Then {
  retries,  // nothing: the next call asks again
  paused,   // a refusal of this user: this process asks again after a pause, or once something was done about it
  waits,    // what is said of all, or to all processes: asked again after the wait, which the store remembers
};
constexpr Then retries = Then::retries;
constexpr Then paused = Then::paused;
constexpr Then waits = Then::waits;

// Calls that come together while it is remembered.
constexpr int burst = 20;

struct FaultRow {
  const char* fault;
  const char* end;      // "ok" or the name of the Errc
  const char* climbed;  // from the fault on; the requests that met it one after the other count as one
  std::size_t met;      // requests at the rung of the fault
  Then then;
  const char* healed;  // by the next call: once the pause has ended, or by another process as if the wait were over
  bool acted = false;  // it is the admin who acts for the user from now on
};

// How the user is acted for.
enum class Access {
  puppet,
  device,
  both,  // access `auto`
};

// What logs users in without passwords, where there is one.
using Key = std::shared_ptr<const Secret>;
const Key& login_key() {
  static const Key key = std::make_shared<const Secret>("a key of thirty-two bytes, or more");
  return key;
}

std::unique_ptr<Process> make_process(FakeMatrix& hs, const SealedStore& store, Access access, const Key& key,
                                      std::chrono::milliseconds moves_after) {
  auto process = std::make_unique<Process>(hs, store);
  process->tokens = std::make_shared<credentials::UserTokens>(process->admin, process->token_store, moves_after, key);
  if (access == Access::device) process->tokens->use_devices("");
  if (access == Access::both) process->tokens->use_both("");
  return process;
}

// As if the time that the store remembers were over.
void forget_waits(const SealedStore& store) {
  const StoreClient records(store.store);
  for (const char* prefix : {"logins/", "refused/"}) {
    for (const auto& key : records.keys(prefix)) REQUIRE(records.erase(key, records.version(key)).has_value());
  }
}

// A user whose token is dead and whose call meets a fault at one rung.
class FaultTrial {
 public:
  FaultTrial(std::string rung, const LadderFault& fault, Access access, Key key)
      : rung_(std::move(rung)), fault_(fault), access_(access), key_(std::move(key)) {
    if (key_) hs_.accept_jwt(key_->reveal());
    // Who has a device already.
    if (access_ == Access::both && rung_ != act_rung) {
      CHECK(make_process(hs_, store_, Access::device, key_, never)->whoami(ana_).wait().has_value());
    }
    begin_process();
    device_ = here_->whoami(ana_).wait().value().device_id();
    CHECK(device_.has_value() == (rung_ != act_rung && rung_ != admin_rung));
    if (rung_ == refresh_rung) {
      hs_.kill_access_token(ana_.str());
    } else if (rung_ == admin_rung) {
      hs_.kill_all_tokens();
    } else {
      hs_.kill_token(ana_.str());
    }
    // So that its password is to be set.
    if (rung_ == look_rung || rung_ == put_rung) hs_.set_password(ana_.str(), "of somebody else");
    hs_.forget_requests();
    hs_.on("*", "/**").then([this](const Request& request) {
      if (word_of(request) != rung_ || met_.fetch_add(1) >= fault_.times()) return Answer::real();
      return fault_.answer();
    });
    call_.start(here_->whoami(ana_));
  }

  void judge(const FaultRow& row) {
    const auto ended = call_.all();
    REQUIRE(ended.size() == 1);
    CHECK(outcome(ended[0]) == row.end);
    CHECK(trace(rung_) == row.climbed);
    CHECK(met_.load() == row.met);
    CHECK(hs_.count("*", "/**") < 40);
    if (row.then != retries) {
      // Nobody is asked again before, however many want to know.
      const std::size_t met = met_;
      Together<matrix::WhoamiAnswer> more;
      for (int i = 0; i < burst; ++i) more.start(here_->whoami(ana_));
      for (const auto& ended_too : more.all()) {
        CHECK(outcome(ended_too) == row.end);
        REQUIRE_FALSE(ended_too.has_value());
        CHECK(ended_too.error().retry_after().has_value());
      }
      CHECK(met_.load() == met);
    }
    if (row.then == paused) here_->tokens->forget_refusal(ana_);
    if (row.then == waits) {
      forget_waits(store_);
      begin_process();
    }
    hs_.clear_scripts();
    hs_.forget_requests();
    const auto healed = here_->whoami(ana_).wait();
    CHECK(outcome(healed) == "ok");
    if (healed) CHECK(healed->device_id() == (row.acted ? std::nullopt : device_));
    CHECK(trace(rung_ == admin_rung ? admin_rung : "") == row.healed);
  }

 private:
  static constexpr std::chrono::hours never{1};  // while a test runs

  void begin_process() { here_ = make_process(hs_, store_, access_, key_, never); }
  // From the first request of that name on.
  [[nodiscard]] std::string trace(const std::string& from) const {
    // Whether the account is looked at before the admin acts for it is not judged here.
    const bool acted = rung_ == act_rung || rung_ == admin_rung;
    std::string all;
    std::string before;
    for (const Request& request : hs_.requests()) {
      const std::string word = word_of(request);
      if (word.empty() || (acted && word == look_rung)) continue;
      if (all.empty() && !from.empty() && word != from) continue;
      if (word == rung_ && word == before) continue;
      all += (all.empty() ? "" : " ") + word;
      before = word;
    }
    return all;
  }

  std::string rung_;
  const LadderFault& fault_;
  Access access_;
  Key key_;
  FakeMatrix hs_;
  MatrixUserId ana_{hs_.add_user("ana")};
  SealedStore store_;
  std::optional<DeviceId> device_;
  std::atomic<std::size_t> met_{0};
  std::unique_ptr<Process> here_;
  Together<matrix::WhoamiAnswer> call_;
};

// All rows at the same time: most of it is waiting.
void judge_all(const char* rung, Access access, const std::vector<FaultRow>& rows, const Key& key = nullptr) {
  std::vector<std::unique_ptr<FaultTrial>> trials;
  for (const FaultRow& row : rows) {
    trials.push_back(std::make_unique<FaultTrial>(rung, fault_of(row.fault), access, key));
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string fault = rows[i].fault;
    CAPTURE(fault);
    trials[i]->judge(rows[i]);
  }
}

}  // namespace

TEST_CASE("ladder: every fault at the refresh") {
  judge_all(refresh_rung, Access::device,
            {
                {"cut once", "ok", "refresh call", 2, retries, "call"},
                {"cut", "unavailable", "refresh", 4, retries, "refresh call"},
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
            });
}

// The refresh token is dead as well.
TEST_CASE("ladder: every fault at the user's login") {
  judge_all(login_rung, Access::device,
            {
                {"cut once", "ok", "login call", 2, retries, "call"},
                {"cut", "unavailable", "login", 4, retries, "refresh login call"},
                {"401", "session_expired", "login", 1, paused, "refresh login call"},
                {"401 bare", "forbidden", "login", 1, paused, "refresh login call"},
                {"locked", "account_locked", "login", 1, paused, "refresh login call"},
                {"suspended", "account_suspended", "login", 1, paused, "refresh login call"},
                {"closed", "account_deactivated", "login", 1, paused, "refresh login call"},
                {"403", "session_expired", "login look put login", 2, paused, "refresh login call"},
                {"404", "unsupported", "login", 1, paused, "refresh login call"},
                {"429", "rate_limited", "login", 1, waits, "call refresh login call"},
                {"500", "unavailable", "login", 4, retries, "refresh login call"},
                {"503", "unavailable", "login", 4, retries, "refresh login call"},
                {"no JSON", "protocol", "login", 1, paused, "refresh login call"},
            });
}

// The password was refused; what is said here is said to the admin. Nobody tries the refused one again.
TEST_CASE("ladder: every fault at the look before a password is set") {
  constexpr const char* healed = "refresh look put login call";
  judge_all(look_rung, Access::device,
            {
                {"cut once", "ok", "look put login call", 2, retries, "call"},
                {"cut", "unavailable", "look", 4, retries, healed},
                {"401", "admin_unavailable", "look admin look", 2, paused, healed},
                {"401 bare", "admin_unavailable", "look", 1, paused, healed},
                {"locked", "admin_unavailable", "look", 1, paused, healed},
                {"suspended", "admin_unavailable", "look", 1, paused, healed},
                {"closed", "admin_unavailable", "look", 1, paused, healed},
                {"403", "admin_unavailable", "look", 1, paused, healed},
                {"404", "unsupported", "look", 1, paused, healed},
                {"429", "rate_limited", "look", 1, waits, "call refresh look put login call"},
                {"500", "unavailable", "look", 4, retries, healed},
                {"503", "unavailable", "look", 4, retries, healed},
                {"no JSON", "protocol", "look", 1, paused, healed},
            });
}

TEST_CASE("ladder: every fault at the setting of a password") {
  constexpr const char* healed = "refresh look put login call";
  judge_all(put_rung, Access::device,
            {
                {"cut once", "ok", "put login call", 2, retries, "call"},
                {"cut", "unavailable", "put", 4, retries, healed},
                {"401", "admin_unavailable", "put admin put", 2, paused, healed},
                {"401 bare", "admin_unavailable", "put", 1, paused, healed},
                {"locked", "admin_unavailable", "put", 1, paused, healed},
                {"suspended", "admin_unavailable", "put", 1, paused, healed},
                {"closed", "admin_unavailable", "put", 1, paused, healed},
                {"403", "admin_unavailable", "put", 1, paused, healed},
                {"404", "unsupported", "put", 1, paused, healed},
                {"429", "rate_limited", "put", 1, waits, "call refresh look put login call"},
                {"500", "unavailable", "put", 4, retries, healed},
                {"503", "unavailable", "put", 4, retries, healed},
                {"no JSON", "protocol", "put", 1, paused, healed},
            });
}

// A locked or closed account is the admin's here: the user's own is no matter to this request.
TEST_CASE("ladder: every fault at the admin's login as the user") {
  Access access = Access::puppet;
  SUBCASE("who has no device") {}
  SUBCASE("who has none yet") { access = Access::both; }
  judge_all(act_rung, access,
            {
                {"cut once", "ok", "act call", 2, retries, "call"},
                {"cut", "unavailable", "act", 4, retries, "act call"},
                {"401", "admin_unavailable", "act admin act", 2, paused, "act call"},
                {"401 bare", "admin_unavailable", "act", 1, paused, "act call"},
                {"locked", "admin_unavailable", "act", 1, paused, "act call"},
                {"suspended", "admin_unavailable", "act", 1, paused, "act call"},
                {"closed", "admin_unavailable", "act", 1, paused, "act call"},
                {"403", "admin_unavailable", "act", 1, paused, "act call"},
                {"404", "unsupported", "act", 1, paused, "act call"},
                {"429", "rate_limited", "act", 1, waits, "call act call"},
                {"500", "unavailable", "act", 4, retries, "act call"},
                {"503", "unavailable", "act", 4, retries, "act call"},
                {"no JSON", "protocol", "act", 1, paused, "act call"},
            });
}

// All tokens are dead.
TEST_CASE("ladder: every fault at the admin's own login") {
  judge_all(admin_rung, Access::puppet,
            {
                {"cut once", "ok", "admin act call", 2, retries, ""},
                {"cut", "unavailable", "admin", 4, retries, "admin act call"},
                {"401", "admin_unavailable", "admin", 1, waits, "admin act call"},
                {"401 bare", "admin_unavailable", "admin", 1, waits, "admin act call"},
                {"locked", "admin_unavailable", "admin", 1, waits, "admin act call"},
                {"suspended", "admin_unavailable", "admin", 1, waits, "admin act call"},
                {"closed", "admin_unavailable", "admin", 1, waits, "admin act call"},
                {"403", "admin_unavailable", "admin", 1, waits, "admin act call"},
                {"404", "unsupported", "admin", 1, waits, "admin act call"},
                {"429", "rate_limited", "admin", 1, waits, "admin act call"},
                {"500", "unavailable", "admin", 4, retries, "admin act call"},
                {"503", "unavailable", "admin", 4, retries, "admin act call"},
                {"no JSON", "protocol", "admin", 1, waits, "admin act call"},
            });
}

// Access `auto`, of who has come to a device: the refresh token is dead as well.
TEST_CASE("ladder: every fault at the login of a user for whom the admin may act meanwhile") {
  constexpr const char* healed = "refresh login call";
  judge_all(login_rung, Access::both,
            {
                {"cut once", "ok", "login call", 2, retries, "call"},
                {"cut", "unavailable", "login", 4, retries, healed},
                {"401", "session_expired", "login", 1, paused, healed},
                {"401 bare", "forbidden", "login", 1, paused, healed},
                {"locked", "account_locked", "login", 1, paused, healed},
                {"suspended", "account_suspended", "login", 1, paused, healed},
                {"closed", "account_deactivated", "login", 1, paused, healed},
                {"403", "ok", "login look act call", 1, retries, "call", true},
                {"404", "unsupported", "login", 1, paused, healed},
                {"429", "ok", "login look act call", 1, retries, "call", true},
                {"500", "unavailable", "login", 4, retries, healed},
                {"503", "unavailable", "login", 4, retries, healed},
                {"no JSON", "protocol", "login", 1, paused, healed},
            });
}

// The same by the homeserver's key: a refusal is one of the key, and no password is looked for.
TEST_CASE("ladder: every fault at a login that is signed") {
  constexpr const char* healed = "refresh login call";
  judge_all(login_rung, Access::device,
            {
                {"cut once", "ok", "login call", 2, retries, "call"},
                {"cut", "unavailable", "login", 4, retries, healed},
                {"401", "session_expired", "login", 1, paused, healed},
                {"401 bare", "config", "login", 1, paused, healed},
                {"locked", "account_locked", "login", 1, paused, healed},
                {"suspended", "account_suspended", "login", 1, paused, healed},
                {"closed", "account_deactivated", "login", 1, paused, healed},
                {"403", "config", "login", 1, paused, healed},
                {"404", "unsupported", "login", 1, paused, healed},
                {"429", "rate_limited", "login", 1, waits, "call refresh login call"},
                {"500", "unavailable", "login", 4, retries, healed},
                {"503", "unavailable", "login", 4, retries, healed},
                {"no JSON", "protocol", "login", 1, paused, healed},
            },
            login_key());
}

TEST_CASE("ladder: every fault at a signed login of a user for whom the admin may act meanwhile") {
  constexpr const char* healed = "refresh login call";
  judge_all(login_rung, Access::both,
            {
                {"cut once", "ok", "login call", 2, retries, "call"},
                {"cut", "unavailable", "login", 4, retries, healed},
                {"401 bare", "ok", "login look act call", 1, retries, "call", true},
                {"locked", "account_locked", "login", 1, paused, healed},
                {"closed", "account_deactivated", "login", 1, paused, healed},
                {"403", "ok", "login look act call", 1, retries, "call", true},
                {"404", "unsupported", "login", 1, paused, healed},
                {"429", "ok", "login look act call", 1, retries, "call", true},
                {"503", "unavailable", "login", 4, retries, healed},
                {"no JSON", "protocol", "login", 1, paused, healed},
            },
            login_key());
}

namespace {

struct MoveRow {
  const char* fault;
  const char* climbed;  // from the fault on, calls of the user apart
  std::size_t met;
  bool moved;          // all the same
  const char* healed;  // what the move by another process takes
};

// A user of access `auto` for whom the admin acts, and whose turn to come to a device meets a fault.
class MoveTrial {
 public:
  MoveTrial(std::string rung, const LadderFault& fault, Key key)
      : rung_(std::move(rung)), fault_(fault), key_(std::move(key)) {
    if (key_) hs_.accept_jwt(key_->reveal());
    hs_.on("*", "/**").then([this](const Request& request) {
      if (word_of(request) != rung_ || met_.fetch_add(1) >= fault_.times()) return Answer::real();
      return fault_.answer();
    });
    here_ = make_process(hs_, store_, Access::both, key_, 0ms);
    REQUIRE(test::run<void>(here_->runtime, [this](net::CallContext context) {
              return credentials::UserTokens::note_password_owner(
                  here_->tokens, ana_, credentials::PasswordOwner::library, std::move(context));
            }).has_value());
    // The first call takes a token, the second one asks for a device.
    for (int i = 0; i < 2; ++i) CHECK(device().value_or("none") == "none");
  }

  void judge(const MoveRow& row) {
    const auto until = net::Clock::now() + 20s;
    const auto step = rung_ == login_rung ? TokenStep::log_in : TokenStep::set_password;
    while (here_->token_store->counts().now().step(step).attempts() == 0 && net::Clock::now() < until) {
      CHECK(device().has_value());
    }
    while (row.moved && device() != "CONFAB" && net::Clock::now() < until) continue;
    // Nobody notices, and the move is not tried with every call.
    for (int i = 0; i < burst; ++i) CHECK(device() == (row.moved ? "CONFAB" : "none"));
    CHECK(met_.load() == row.met);
    CHECK(trace(rung_) == row.climbed);
    hs_.clear_scripts();
    forget_waits(store_);
    hs_.forget_requests();
    here_ = make_process(hs_, store_, Access::both, key_, 0ms);
    const auto heals_until = net::Clock::now() + 20s;
    while (device() != "CONFAB" && net::Clock::now() < heals_until) continue;
    CHECK(device() == "CONFAB");
    CHECK(trace("") == row.healed);
  }

 private:
  // On which device the user acts; nothing where the call failed.
  [[nodiscard]] std::optional<std::string> device() {
    const auto answer = here_->whoami(ana_).wait();
    CHECK(outcome(answer) == "ok");
    if (!answer) return std::nullopt;
    return answer->device_id() ? answer->device_id()->str() : "none";
  }
  [[nodiscard]] std::string trace(const std::string& from) const {
    std::string all;
    std::string before;
    for (const Request& request : hs_.requests()) {
      const std::string word = word_of(request);
      if (word.empty() || word == "call" || (all.empty() && !from.empty() && word != from)) continue;
      if (word == rung_ && word == before) continue;
      all += (all.empty() ? "" : " ") + word;
      before = word;
    }
    return all;
  }

  std::string rung_;
  const LadderFault& fault_;
  Key key_;
  FakeMatrix hs_;
  MatrixUserId ana_{hs_.add_user("ana")};
  SealedStore store_;
  std::atomic<std::size_t> met_{0};
  std::unique_ptr<Process> here_;
};

void judge_moves(const char* rung, const std::vector<MoveRow>& rows, const Key& key = nullptr) {
  std::vector<std::unique_ptr<MoveTrial>> trials;
  for (const MoveRow& row : rows) trials.push_back(std::make_unique<MoveTrial>(rung, fault_of(row.fault), key));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string fault = rows[i].fault;
    CAPTURE(fault);
    trials[i]->judge(rows[i]);
  }
}

}  // namespace

// The password was set a moment before.
TEST_CASE("ladder: every fault at the login by which a user comes to a device") {
  judge_moves(login_rung, {
                              {"cut once", "login", 2, true, ""},
                              {"cut", "login", 4, false, "login"},
                              {"401", "login", 1, false, "login"},
                              {"401 bare", "login", 1, false, "login"},
                              {"locked", "login", 1, false, "login"},
                              {"suspended", "login", 1, false, "login"},
                              {"closed", "login", 1, false, "login"},
                              {"403", "login", 1, false, "login"},
                              {"404", "login", 1, false, "login"},
                              {"429", "login", 1, false, "login"},
                              {"500", "login", 4, false, "login"},
                              {"503", "login", 4, false, "login"},
                              {"no JSON", "login", 1, false, "login"},
                          });
}

TEST_CASE("ladder: every fault at the setting of the password by which a user comes to a device") {
  constexpr const char* healed = "look put login";
  judge_moves(put_rung, {
                            {"cut once", "put login", 2, true, ""},
                            {"cut", "put", 4, false, healed},
                            {"401", "put admin put", 2, false, healed},
                            {"401 bare", "put", 1, false, healed},
                            {"403", "put", 1, false, healed},
                            {"404", "put", 1, false, healed},
                            {"429", "put", 1, false, healed},
                            {"500", "put", 4, false, healed},
                            {"503", "put", 4, false, healed},
                            {"no JSON", "put", 1, false, healed},
                        });
}

TEST_CASE("ladder: every fault at the signed login by which a user comes to a device") {
  judge_moves(login_rung,
              {
                  {"cut once", "login", 2, true, ""},
                  {"cut", "login", 4, false, "login"},
                  {"401 bare", "login", 1, false, "login"},
                  {"closed", "login", 1, false, "login"},
                  {"403", "login", 1, false, "login"},
                  {"404", "login", 1, false, "login"},
                  {"429", "login", 1, false, "login"},
                  {"503", "login", 4, false, "login"},
                  {"no JSON", "login", 1, false, "login"},
              },
              login_key());
}
