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
  std::size_t most;     // exactly: requests at the rung of the fault
  Then then;
  const char* healed;  // by the next call: once the pause has ended, or by another process as if the wait were over
};

// A user whose token is dead and whose call meets a fault at one rung.
class FaultTrial {
 public:
  FaultTrial(std::string rung, const LadderFault& fault) : rung_(std::move(rung)), fault_(fault) {
    begin_process();
    device_ = here_->whoami(ana_).wait().value().device_id();
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
    CHECK(met_.load() == row.most);
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
      forget_waits();
      begin_process();
    }
    hs_.clear_scripts();
    hs_.forget_requests();
    const auto healed = here_->whoami(ana_).wait();
    CHECK(outcome(healed) == "ok");
    if (healed) CHECK(healed->device_id() == device_);
    CHECK(trace(rung_ == admin_rung ? admin_rung : "") == row.healed);
  }

 private:
  void begin_process() {
    here_ = std::make_unique<Process>(hs_, store_);
    if (rung_ != act_rung && rung_ != admin_rung) here_->tokens->use_devices("");
  }
  // As if the time that the store remembers were over.
  void forget_waits() {
    const StoreClient records(store_.store);
    for (const char* prefix : {"logins/", "refused/"}) {
      for (const auto& key : records.keys(prefix)) REQUIRE(records.erase(key, records.version(key)).has_value());
    }
  }
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
  FakeMatrix hs_;
  MatrixUserId ana_{hs_.add_user("ana")};
  SealedStore store_;
  std::optional<DeviceId> device_;
  std::atomic<std::size_t> met_{0};
  std::unique_ptr<Process> here_;
  Together<matrix::WhoamiAnswer> call_;
};

// All rows at the same time: most of it is waiting.
void judge_all(const char* rung, const std::vector<FaultRow>& rows) {
  std::vector<std::unique_ptr<FaultTrial>> trials;
  for (const FaultRow& row : rows) trials.push_back(std::make_unique<FaultTrial>(rung, fault_of(row.fault)));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string fault = rows[i].fault;
    CAPTURE(fault);
    trials[i]->judge(rows[i]);
  }
}

}  // namespace

TEST_CASE("ladder: every fault at the refresh") {
  judge_all(refresh_rung, {
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
  judge_all(login_rung, {
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
  judge_all(look_rung, {
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
  judge_all(put_rung, {
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
  judge_all(act_rung, {
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
  judge_all(admin_rung, {
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
