// The ladder as a product: every request that it is made of, in every setting, by everything that may become of it. A
// pair for which nobody says what comes of it, or why it cannot be, fails.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <confab/secret.hpp>
#include <confab/token_metrics.hpp>

#include "contract/store_client.hpp"
#include "unit/credentials/at_homeserver.hpp"

namespace confab::test {

// The requests of a ladder; each is a rung, or a part of one, that may meet the fault.
enum class Asked : std::uint8_t {
  call,           // what the host wants, by the token
  refresh,        // by the refresh token
  login,          // the user's, on the device
  look,           // at the account, by the admin
  put,            // the password, by the admin
  act,            // the admin's login-as-user
  admin,          // the admin's login
  lift,           // the rate limits of who has logged in, by the admin
  lift_admin,     // those of the admin, who has logged in
  device,         // the one that an application service's user acts on
  who,            // an application service's user is, where a call was refused
  register_user,  // by the application service
  create,         // the account, by the admin
};
inline constexpr std::array<Asked, 13> all_asked{
    Asked::call, Asked::refresh,    Asked::login,  Asked::look, Asked::put,           Asked::act,   Asked::admin,
    Asked::lift, Asked::lift_admin, Asked::device, Asked::who,  Asked::register_user, Asked::create};

// As traces call it.
[[nodiscard]] inline const char* word(Asked asked) {
  switch (asked) {
    case Asked::call:
      return "call";
    case Asked::refresh:
      return "refresh";
    case Asked::login:
      return "login";
    case Asked::look:
      return "look";
    case Asked::put:
      return "put";
    case Asked::act:
      return "act";
    case Asked::admin:
      return "admin";
    case Asked::lift:
      return "lift";
    case Asked::lift_admin:
      return "lift_admin";
    case Asked::device:
      return "device";
    case Asked::who:
      return "who";
    case Asked::register_user:
      return "register";
    case Asked::create:
      break;
  }
  return "create";
}

// A step that is new has to have its request here: the compiler tells.
[[nodiscard]] inline Asked asked_by(TokenStep step) {
  switch (step) {
    case TokenStep::refresh:
      return Asked::refresh;
    case TokenStep::log_in:
      return Asked::login;
    case TokenStep::set_password:
      return Asked::put;
    case TokenStep::act_as:
      return Asked::act;
    case TokenStep::admin_log_in:
      break;
  }
  return Asked::admin;
}

// A request by its name; of one that is none of a ladder's all of it, so that no trace has it.
[[nodiscard]] inline std::string word_of(const Request& request) {
  const std::string& last = request.segments.back();
  const bool admin_api = request.segments.front() == "_synapse";
  const bool account = admin_api && request.segments.size() == 5;
  if (last == "override_ratelimit") {
    const bool own = request.segments[4].find(FakeMatrix::admin_localpart) != std::string::npos;
    return word(own ? Asked::lift_admin : Asked::lift);
  }
  if (request.method == "GET" && last == "whoami") {
    const bool on_device = !request.parameter("user_id") || request.parameter("device_id");
    return word(on_device ? Asked::call : Asked::who);
  }
  if (request.method == "POST" && last == "refresh") return word(Asked::refresh);
  if (request.method == "POST" && last == "login" && admin_api) return word(Asked::act);
  if (request.method == "POST" && last == "login") {
    const std::string user = TestJson::parse(request.body).value()["identifier"]["user"].as_string();
    return word(user.find(FakeMatrix::admin_localpart) != std::string::npos ? Asked::admin : Asked::login);
  }
  if (request.method == "POST" && last == "register") return word(Asked::register_user);
  if (request.method == "GET" && account) return word(Asked::look);
  if (request.method == "PUT" && account) {
    // Anything else in it may log devices out, or be refused for its own limits.
    const TestJson body = TestJson::parse(request.body).value();
    if (!body["password"].is_string()) return word(Asked::create);
    const bool alone = body.as_object().size() == 2;
    if (alone && !body["logout_devices"].as_bool(true)) return word(Asked::put);
  }
  if (request.method == "PUT" && request.segments.size() == 5 && request.segments[3] == "devices") {
    return word(Asked::device);
  }
  return request.method + " " + request.target + " " + request.body;
}

inline constexpr std::size_t always = 1'000;

class LadderFault {
 public:
  LadderFault(const char* name, Answer answer, std::size_t times = always)
      : name_(name), answer_(std::move(answer)), times_(times) {}
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const Answer& answer() const { return answer_; }
  [[nodiscard]] std::size_t times() const { return times_; }
  // Nobody says anything: it ends by the deadline.
  [[nodiscard]] bool is_silence() const { return answer_.parts().hold; }

 private:
  std::string name_;
  Answer answer_;
  std::size_t times_;
};

[[nodiscard]] inline const std::vector<LadderFault>& faults() {
  static const std::vector<LadderFault> all = {
      {"cut once", Answer().close_before_answer(), 1},
      {"cut", Answer().close_before_answer()},
      {"silent", Answer().hold()},
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

// What is said of one setting: of each request a table with a row for each fault, or why the request is not made there.
template <class Row>
class Ladder {
 public:
  Ladder& meets(Asked asked, std::vector<Row> rows) {
    tables_.emplace_back(asked, std::move(rows));
    return *this;
  }
  Ladder& never(Asked asked, std::string why) {
    reasons_.emplace_back(asked, std::move(why));
    return *this;
  }
  [[nodiscard]] const std::vector<std::pair<Asked, std::vector<Row>>>& tables() const { return tables_; }
  [[nodiscard]] bool has(Asked asked) const {
    return std::any_of(tables_.begin(), tables_.end(), [asked](const auto& table) { return table.first == asked; });
  }

  // The product is there, each pair once.
  [[nodiscard]] std::vector<std::string> gaps() const {
    std::vector<std::string> wrong;
    for (const Asked asked : all_asked) {
      const auto is_it = [asked](const auto& each) { return each.first == asked; };
      const auto told =
          std::count_if(tables_.begin(), tables_.end(), is_it) + std::count_if(reasons_.begin(), reasons_.end(), is_it);
      if (told != 1) wrong.push_back(std::string(word(asked)) + " is told of " + std::to_string(told) + " times");
    }
    for (const auto& [asked, why] : reasons_) {
      if (why.empty()) wrong.push_back(std::string(word(asked)) + " is left out without a reason");
    }
    for (const auto& [asked, rows] : tables_) {
      for (const LadderFault& fault : faults()) {
        const auto told =
            std::count_if(rows.begin(), rows.end(), [&fault](const Row& row) { return row.fault == fault.name(); });
        if (told == 1) continue;
        std::string gap = word(asked);
        gap.append(" has ").append(std::to_string(told)).append(" rows for ").append(fault.name());
        wrong.push_back(std::move(gap));
      }
      if (rows.size() != faults().size()) wrong.push_back(std::string(word(asked)) + " has rows for what is no fault");
    }
    return wrong;
  }

 private:
  std::vector<std::pair<Asked, std::vector<Row>>> tables_;
  std::vector<std::pair<Asked, std::string>> reasons_;
};

// All pairs at the same time: most of it is waiting. A Trial of (Asked, fault) judges a row.
template <class Row, class Begin>
void judge_ladder(const Ladder<Row>& ladder, Begin begin) {
  for (const std::string& gap : ladder.gaps()) FAIL_CHECK(gap);
  using Trial = decltype(begin(Asked::call, faults().front()));
  std::vector<std::tuple<std::string, const Row*, Trial>> trials;
  for (const auto& [asked, rows] : ladder.tables()) {
    for (const Row& row : rows) {
      for (const LadderFault& fault : faults()) {
        if (fault.name() == row.fault) trials.emplace_back(word(asked), &row, begin(asked, fault));
      }
    }
  }
  for (const auto& each : trials) {
    const std::string at = std::get<0>(each);
    const std::string fault = std::get<1>(each)->fault;
    CAPTURE(at);
    CAPTURE(fault);
    std::get<2>(each)->judge(*std::get<1>(each));
  }
}

// What a fault leaves behind in this process.
enum class Then : std::uint8_t {
  retries,  // nothing: the next call asks again
  paused,   // a refusal of this user: this process asks again after a pause, or once something was done about it
  waits,    // what is said of all, or to all processes: asked again after the wait, which the store remembers
  leaves,   // nothing: what it left undone another process does, though the token serves
};
inline constexpr Then retries = Then::retries;
inline constexpr Then paused = Then::paused;
inline constexpr Then waits = Then::waits;
inline constexpr Then leaves = Then::leaves;

// Calls that come together while it is remembered.
inline constexpr int burst = 20;

// So short that silence is heard soon: a rung is given three quarters of it.
inline constexpr std::chrono::milliseconds short_lease{2'000};

// As if the time that the store remembers were over.
inline void forget_waits(const SealedStore& store) {
  const StoreClient records(store.store);
  for (const char* prefix : {"logins/", "refused/"}) {
    for (const auto& key : records.keys(prefix)) REQUIRE(records.erase(key, records.version(key)).has_value());
  }
}

// How the users are acted for.
enum class Access : std::uint8_t {
  puppet,
  device,
  both,  // access `auto`
  appservice,
};

// What logs users in without passwords, where there is one.
using LoginKey = std::shared_ptr<const Secret>;
[[nodiscard]] inline const LoginKey& login_key() {
  static const LoginKey key = std::make_shared<const Secret>("a key of thirty-two bytes, or more");
  return key;
}

[[nodiscard]] inline std::unique_ptr<Process> make_process(FakeMatrix& hs, const SealedStore& store, Access access,
                                                           const LoginKey& key, std::chrono::milliseconds moves_after) {
  // What is remembered of a refusal must not end before its trial is judged, however busy the machine.
  constexpr std::chrono::hours first_refusal{1};
  auto password = std::make_shared<credentials::AdminPassword>(Secret(std::string(FakeMatrix::admin_password)));
  auto process =
      std::make_unique<Process>(hs, store, std::move(password), RuntimeOptions().loop_threads(1), first_refusal);
  process->tokens =
      std::make_shared<credentials::UserTokens>(process->admin, process->token_store, moves_after, key, first_refusal);
  if (access == Access::device) process->tokens->use_devices("");
  if (access == Access::both) process->tokens->use_both("");
  return process;
}

// Who waited for the admin's login in vain may be told before it has ended, and with it its lease.
inline void await_admin(const Process& process) {
  const auto latest = net::Clock::now() + std::chrono::seconds(20);
  while (process.admin->slot()->busy() && net::Clock::now() < latest) std::this_thread::yield();
}

// The words of all requests from the first of that name on. Requests that met the fault one after the other count as
// one; limits that are lifted are told of only where that is what is judged.
[[nodiscard]] inline std::string trace_of(const FakeMatrix& hs, Asked asked, const std::string& from,
                                          bool with_calls = true) {
  std::string all;
  std::string before;
  for (const Request& request : hs.requests()) {
    const std::string name = word_of(request);
    if (!with_calls && name == word(Asked::call)) continue;
    if (name != word(asked) && (name == word(Asked::lift) || name == word(Asked::lift_admin))) continue;
    if (all.empty() && !from.empty() && name != from) continue;
    if (name == word(asked) && name == before) continue;
    all += (all.empty() ? "" : " ") + name;
    before = name;
  }
  return all;
}

}  // namespace confab::test
