// The tokens of all users of two tenants die at once, in one process, before a homeserver that limits logins as Synapse
// does. Prints one JSON object; exit 1 if anything did not hold.
//
//   storm_identities SERVER [--large 9000] [--small 1000] [--store FOLDER] [--access puppet|auto]
//                    [--as-user-ms 4] [--hash-ms 450] [--one-group] [--spent N]
//
// SERVER is the program confab-fake-homeserver. --store: the tokens lie in an SQLite file there, sealed by its file
// "keys", and all that the library logs stands in its file "log"; without it they lie in memory. What the report names
// as "secrets" must be found in none of these files.
// --as-user-ms: what one login-as-user takes, one after the other. --one-group and --spent show that the judge sees
// what is wrong: both tenants in one group, so that nothing is fair; and logins of the address that others have done.
#include <malloc.h>

#include <confab/confab.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fake_process.hpp"
#include "identities_judge.hpp"
#include "support/test_json.hpp"

namespace confab::storm {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using test::TestJson;

constexpr std::size_t room_members = 20;
// Of a call, and of a whole round: a host that has the time to wait.
constexpr auto patience = 15min;

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "storm_identities: %s\n", why.c_str());
  std::_Exit(2);
}

double seconds_since(Clock::time_point begun) { return std::chrono::duration<double>(Clock::now() - begun).count(); }

struct Wanted {
  std::string server;
  std::string store;
  std::size_t large = 9'000;
  std::size_t small = 1'000;
  std::size_t spent = 0;
  std::int64_t as_user_ms = 4;
  std::int64_t hash_ms = 450;
  Access access = Access::puppet;
  bool one_group = false;

  [[nodiscard]] std::size_t users() const { return large + small; }
  [[nodiscard]] bool is_small(std::size_t user) const { return user >= large; }
};

Wanted read_arguments(const std::vector<std::string>& args) {
  Wanted wanted;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& name = args[i];
    if (name == "--one-group") {
      wanted.one_group = true;
      continue;
    }
    if (!name.starts_with("--")) {
      wanted.server = name;
      continue;
    }
    if (i + 1 == args.size()) give_up("nothing stands behind " + name);
    const std::string& value = args[++i];
    const std::size_t number = std::strtoul(value.c_str(), nullptr, 10);
    if (name == "--large") {
      wanted.large = number;
    } else if (name == "--small") {
      wanted.small = number;
    } else if (name == "--spent") {
      wanted.spent = number;
    } else if (name == "--as-user-ms") {
      wanted.as_user_ms = static_cast<std::int64_t>(number);
    } else if (name == "--hash-ms") {
      wanted.hash_ms = static_cast<std::int64_t>(number);
    } else if (name == "--store") {
      wanted.store = value;
    } else if (name == "--access" && (value == "auto" || value == "puppet")) {
      wanted.access = value == "auto" ? Access::automatic : Access::puppet;
    } else {
      give_up("unknown: " + name + " " + value + "; see the head of identities.cpp");
    }
  }
  if (wanted.server.empty()) give_up("see the head of identities.cpp");
  return wanted;
}

// Bytes of this process: what is allocated, and what the system has given.
struct Memory {
  double heap_kb = 0;
  double resident_kb = 0;
  double peak_kb = 0;  // resident, so far
  static Memory now() {
    Memory memory;
    const struct mallinfo2 info = ::mallinfo2();
    memory.heap_kb = static_cast<double>(info.uordblks + info.hblkhd) / 1024;
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmRSS:")) memory.resident_kb = std::strtod(line.c_str() + 6, nullptr);
      if (line.starts_with("VmHWM:")) memory.peak_kb = std::strtod(line.c_str() + 6, nullptr);
    }
    return memory;
  }
};

// Who has a new token, in the order in which the library tells it.
class Recoveries {
 public:
  Recoveries(std::string server_name, const Wanted& wanted) : server_name_(std::move(server_name)) {
    order_.reserve(wanted.users() * 2);
    for (std::size_t user = 0; user < wanted.users(); ++user) numbers_.emplace(id(user), user);
  }
  [[nodiscard]] std::string id(std::size_t user) const { return "@u" + std::to_string(user) + ":" + server_name_; }
  [[nodiscard]] std::size_t number(std::string_view id) const {
    const auto found = numbers_.find(std::string(id));
    if (found == numbers_.end()) give_up("nobody knows " + std::string(id));
    return found->second;
  }
  void told(std::string_view id) {
    const std::size_t user = number(id);
    const std::lock_guard lock(mutex_);
    order_.push_back(user);
    last_ = Clock::now();
  }
  [[nodiscard]] std::vector<std::size_t> take() {
    const std::lock_guard lock(mutex_);
    std::vector<std::size_t> taken = order_;
    order_.clear();
    return taken;
  }
  [[nodiscard]] Clock::time_point last() const {
    const std::lock_guard lock(mutex_);
    return last_;
  }

 private:
  std::string server_name_;
  std::unordered_map<std::string, std::size_t> numbers_;
  mutable std::mutex mutex_;
  std::vector<std::size_t> order_;
  Clock::time_point last_;
};

// All that the library logs.
class LogFile {
 public:
  explicit LogFile(const std::string& path) : file_(path, std::ios::binary) {
    if (!file_) give_up("cannot write " + path);
  }
  void add(const LogRecord& line) {
    constexpr std::array levels{"debug", "info", "warning", "error"};
    const std::lock_guard lock(mutex_);
    file_ << levels.at(static_cast<std::size_t>(line.level())) << ' ' << line.component() << ' ' << line.code() << ' '
          << line.subject() << ' ' << line.message() << '\n';
  }

 private:
  std::mutex mutex_;
  std::ofstream file_;
};

// Everybody says one thing, at once. What is refused as too much is repeated when something of the same tenant has
// ended, as the error says, with the same transaction id.
class Round {
 public:
  Round(const Wanted& wanted, const Recoveries& names, const std::vector<MatrixRoomId>& rooms,
        std::array<std::shared_ptr<ChatProvider>, 2> providers, std::string word)
      : wanted_(wanted),
        names_(names),
        rooms_(rooms),
        providers_(std::move(providers)),
        word_(std::move(word)),
        confirmed_(wanted.users(), 0) {}

  void run(const std::vector<std::size_t>& users) {
    left_ = users.size();
    for (const std::size_t user : users) say(user);
    std::unique_lock lock(mutex_);
    if (!ended_.wait_for(lock, patience, [this] { return left_ == 0; })) give_up("a call has not ended");
  }
  [[nodiscard]] const std::vector<std::size_t>& confirmed() const { return confirmed_; }
  [[nodiscard]] const std::vector<std::string>& failed() const { return failed_; }
  [[nodiscard]] std::size_t busy() const { return busy_; }

 private:
  void say(std::size_t user) {
    const std::size_t tenant = wanted_.is_small(user) ? 1 : 0;
    {
      const std::lock_guard lock(mutex_);
      ++under_way_[tenant];
    }
    const std::string number = std::to_string(user);
    ProviderMessage message(rooms_.at(user), MatrixUserId(names_.id(user)), word_ + " " + number,
                            TransactionId(word_ + "-" + number));
    providers_.at(tenant)->send(std::move(message), CallOptions().within(patience)).start([=, this](auto sent) {
      ended(user, tenant, sent);
    });
  }
  void ended(std::size_t user, std::size_t tenant, const Result<EventId>& sent) {
    std::vector<std::size_t> again;
    {
      const std::lock_guard lock(mutex_);
      --under_way_.at(tenant);
      std::deque<std::size_t>& refused = refused_.at(tenant);
      const bool busy = !sent && sent.error().code() == Errc::busy;
      if (busy) {
        ++busy_;
        refused.push_back(user);
      } else if (sent) {
        ++confirmed_[user];
      } else {
        failed_.push_back(std::string(errc_name(sent.error().code())) + ": " + std::string(sent.error().message()));
      }
      // With nothing of the tenant under way nothing would end that could be waited for.
      if (!refused.empty() && (!busy || under_way_.at(tenant) == 0)) {
        again.push_back(refused.front());
        refused.pop_front();
      }
      if (!busy && --left_ == 0) ended_.notify_all();
    }
    for (const std::size_t next : again) say(next);
  }

  const Wanted& wanted_;
  const Recoveries& names_;
  const std::vector<MatrixRoomId>& rooms_;
  std::array<std::shared_ptr<ChatProvider>, 2> providers_;
  std::string word_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::size_t left_ = 0;
  std::array<std::size_t, 2> under_way_{};
  std::array<std::deque<std::size_t>, 2> refused_;
  std::vector<std::size_t> confirmed_;
  std::vector<std::string> failed_;
  std::size_t busy_ = 0;
};

// Twenty of one tenant in each; the room of each user.
std::vector<MatrixRoomId> make_rooms(FakeProcess& server, const Wanted& wanted) {
  std::vector<MatrixRoomId> rooms;
  while (rooms.size() < wanted.users()) {
    const std::size_t end = rooms.size() < wanted.large ? wanted.large : wanted.users();
    TestJson names(TestJson::Array{});
    std::size_t members = 0;
    for (; members < room_members && rooms.size() + members < end; ++members) {
      names.push("u" + std::to_string(rooms.size() + members));
    }
    TestJson command;
    const TestJson made = server.ask(command.set("do", "add_room").set("localparts", std::move(names)));
    rooms.insert(rooms.end(), members, MatrixRoomId(made["room_id"].as_string()));
  }
  return rooms;
}

TestJson answers(FakeProcess& server, const char* method, const char* path) {
  TestJson command;
  return server.ask(command.set("do", "answers").set("method", method).set("path", path))["answers"];
}

// What the homeserver saw since it was asked to forget.
void look_at_homeserver(FakeProcess& server, const std::vector<MatrixRoomId>& rooms, const Recoveries& names,
                        StormSeen& seen) {
  seen.given.assign(rooms.size(), 0);
  constexpr std::string_view before = "/_synapse/admin/v1/users/";
  constexpr std::string_view after = "/login";
  const TestJson given = answers(server, "POST", "/_synapse/admin/v1/users/*/login");
  for (const TestJson& each : given.as_array()) {
    if (each.as_array().at(1).as_integer() != 200) continue;
    std::string_view path = each.as_array().at(0).as_string();
    path.remove_prefix(before.size());
    path.remove_suffix(after.size());
    ++seen.given[names.number(path)];
  }
  const TestJson all = answers(server, "*", "/**");
  for (const TestJson& each : all.as_array()) {
    if (each.as_array().at(1).as_integer() == 429) seen.limited.push_back(each.as_array().at(0).as_string());
  }
}

void look_into_rooms(FakeProcess& server, const std::vector<MatrixRoomId>& rooms, const std::string& word,
                     StormSeen& seen) {
  seen.said.assign(rooms.size(), 0);
  for (std::size_t user = 0; user < rooms.size(); ++user) {
    if (user > 0 && rooms[user] == rooms[user - 1]) continue;
    TestJson command;
    const TestJson found = server.ask(command.set("do", "bodies").set("room_id", rooms[user].str()));
    for (const TestJson& body : found["bodies"].as_array()) {
      const std::string& text = body.as_string();
      if (!text.starts_with(word + " ")) continue;
      ++seen.said.at(std::strtoul(text.c_str() + word.size() + 1, nullptr, 10));
    }
  }
}

// Users of both tenants in the order in which they come: mixed, so that neither is ahead.
std::vector<std::size_t> mixed(const Wanted& wanted) {
  std::vector<std::size_t> users;
  for (std::size_t large = 0, small = 0; large + small < wanted.users();) {
    const bool small_is_behind = small * wanted.large < large * wanted.small;
    users.push_back(small < wanted.small && (small_is_behind || large == wanted.large) ? wanted.large + small++
                                                                                       : large++);
  }
  return users;
}

Homeserver open_homeserver(Runtime& runtime, const TestJson& about, const std::string& store) {
  HomeserverOptions options(about["url"].as_string(), about["server_name"].as_string(), about["admin_user"].as_string(),
                            Secret(about["admin_password"].as_string()));
  if (!store.empty()) {
    Result<StoreKeys> keys = StoreKeys::from_file(store + "/keys");
    if (!keys) give_up(std::string(keys.error().message()));
    options.store_file(store + "/confab.db", std::move(*keys));
  }
  Result<Homeserver> homeserver = Homeserver::create(runtime, std::move(options));
  if (!homeserver) give_up(std::string(homeserver.error().message()));
  return std::move(*homeserver);
}

int run(const Wanted& wanted) {
  FakeProcess server(wanted.server);
  const TestJson about = server.about();
  TestJson limits;
  limits.set("do", "limit_logins").set("hash_ms", wanted.hash_ms).set("as_user_ms", wanted.as_user_ms);
  server.ask(limits.set("spent", static_cast<std::int64_t>(wanted.spent)));
  const std::vector<MatrixRoomId> rooms = make_rooms(server, wanted);

  Recoveries recoveries(about["server_name"].as_string(), wanted);
  std::optional<LogFile> log;
  if (!wanted.store.empty()) log.emplace(wanted.store + "/log");
  const auto hear = [&](const LogRecord& line) {
    if (line.code() == "matrix.user.token.updated") recoveries.told(line.subject());
    if (log) log->add(line);
  };
  Runtime runtime(RuntimeOptions().log(hear, log ? LogLevel::debug : LogLevel::info));
  Homeserver homeserver = open_homeserver(runtime, about, wanted.store);
  const auto providers = std::array{homeserver.provider("large", wanted.access),
                                    homeserver.provider(wanted.one_group ? "large" : "small", wanted.access)};
  const auto round = [&](const char* word) { return Round(wanted, recoveries, rooms, providers, word); };

  const auto begun = Clock::now();
  const std::vector<std::size_t> everybody = mixed(wanted);
  Round before = round("before");
  // As many calls at once each time: what memory grows by then is identities alone.
  Memory with_fifth;
  const std::size_t fifth = everybody.size() / 5;
  for (std::size_t from = 0; from < everybody.size(); from += fifth) {
    const auto at = everybody.begin() + static_cast<std::ptrdiff_t>(from);
    before.run({at, at + static_cast<std::ptrdiff_t>(std::min(fifth, everybody.size() - from))});
    if (from == 0) with_fifth = Memory::now();
  }
  const Memory with_all = Memory::now();
  const double first_s = seconds_since(begun);
  std::fprintf(stderr, "everybody has a token after %.1f s\n", first_s);
  StormSeen seen;
  seen.large = wanted.large;
  seen.small = wanted.small;
  seen.failed = before.failed();
  (void)recoveries.take();
  const TestJson logins_before = answers(server, "POST", "/_matrix/client/v3/login");
  for (const TestJson& each : logins_before.as_array()) {
    if (each.as_array().at(1).as_integer() == 429) seen.limited.emplace_back("before: /login");
  }

  server.ask("forget_requests");
  server.ask("kill_all_tokens");
  const auto dead = Clock::now();
  Round after = round("after");
  after.run(everybody);
  const double seconds = seconds_since(dead);
  const double recovering = std::chrono::duration<double>(recoveries.last() - dead).count();

  seen.recovered = recoveries.take();
  seen.confirmed = after.confirmed();
  seen.failed.insert(seen.failed.end(), after.failed().begin(), after.failed().end());
  look_at_homeserver(server, rooms, recoveries, seen);
  look_into_rooms(server, rooms, "after", seen);
  const std::vector<std::string> wrong = faults(seen);
  const Shares shares = shares_of_small(seen);

  const auto whole = [](std::size_t number) { return static_cast<std::int64_t>(number); };
  const auto made = [](std::size_t count, double over) { return static_cast<double>(count) / over; };
  TestJson list(TestJson::Array{});
  for (const auto& each : wrong) list.push(each);
  TestJson report;
  report.set("large", whole(wanted.large)).set("small", whole(wanted.small));
  report.set("as_user_ms", wanted.as_user_ms).set("first_tokens_s", first_s).set("recovered_s", seconds);
  report.set("recoveries", whole(seen.recovered.size())).set("per_second", made(seen.recovered.size(), recovering));
  report.set("small_done_at", whole(shares.done)).set("small_share", shares.until_done);
  report.set("small_share_of_a_hundred", shares.of_a_hundred).set("answers_429", whole(seen.limited.size()));
  report.set("logins", whole(answers(server, "POST", "/_matrix/client/v3/login").as_array().size() +
                             logins_before.as_array().size()));
  report.set("repeated_when_busy", whole(after.busy()));
  const auto apart = static_cast<double>(everybody.size() - fifth);
  report.set("heap_kb_each", (with_all.heap_kb - with_fifth.heap_kb) / apart);
  report.set("resident_kb_each", (with_all.resident_kb - with_fifth.resident_kb) / apart);
  report.set("resident_kb", with_all.resident_kb).set("peak_kb", Memory::now().peak_kb).set("faults", list);
  report.set("secrets", server.ask("secrets")["secrets"]);
  std::printf("%s\n", report.dump().c_str());
  std::fflush(stdout);
  return wrong.empty() ? 0 : 1;
}

}  // namespace
}  // namespace confab::storm

int main(int argc, char** argv) {
  try {
    return confab::storm::run(confab::storm::read_arguments(std::vector<std::string>(argv + 1, argv + argc)));
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "storm_identities: %s\n", problem.what());
    return 2;
  }
}
