// What do users cost who listen, and one who gets a large answer? Prints one JSON object.
//
//   bench_live_users idle BASE N HOLD_SECONDS PUSHES   N users with their own sync; idle; PUSHES messages to all
//   bench_live_users initial BASE                      one user's first sync, whatever BASE answers to it
//   bench_live_users send BASE USERS CONCURRENCY COUNT plain|live      COUNT messages of USERS; live: while they listen
//   bench_live_users large ROOMS stopped|keeping       one answer of so many rooms to a reader who comes back, and then
//                                                      stops or keeps up
//
// BASE is a homeserver for measuring, such as bench_sync_server; or `-` for one that is started here, or 5x10 for one
// whose users are in 5 rooms of 10 members. It answers any login; POST /_fake/push?room=R&n=1 and /_fake/stats do what
// bench_sync_server says. With CONFAB_BENCH_TOKENS=1 nobody logs in, and each user has a token in the store beforehand,
// as clients start that were given one; it is not asked either whether the room is encrypted.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <confab/confab.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "contender.hpp"
#include "credentials/token_record.hpp"
#include "credentials/token_store.hpp"
#include "server_process.hpp"
#include "store/waited_store.hpp"

namespace confab::bench {

void give_up(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::_Exit(1);
}

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

double cpu_us() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) * 1e-3;
}

double memory_kb(std::string_view what) {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with(what)) return std::strtod(line.c_str() + what.size() + 1, nullptr);
  }
  return 0;
}

// The number behind `key` in the answer to a POST.
double told(const std::string& base, const std::string& path, const std::string& key) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::strtoul(base.c_str() + base.rfind(':') + 1, nullptr, 10)));
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) give_up("no server at " + base);
  const std::string request = "POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
  if (::send(socket, request.data(), request.size(), MSG_NOSIGNAL) < 0) give_up("the server is gone");
  std::string in;
  while (in.find('}') == std::string::npos) {
    char buffer[4096];
    const ssize_t got = ::recv(socket, buffer, sizeof buffer, 0);
    if (got <= 0) give_up("the server is gone");
    in.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(socket);
  const std::size_t at = in.find("\"" + key + "\":");
  return at == std::string::npos ? 0 : std::strtod(in.c_str() + at + key.size() + 3, nullptr);
}

struct Tally {
  std::atomic<std::size_t> events{0};
  std::atomic<std::size_t> messages{0};
  std::atomic<bool> asking{true};
  std::mutex mutex;
  std::vector<double> delays_ms;
  Clock::time_point pushed{};
};

class Listener {
 public:
  Listener(EventStream stream, Tally& tally) : stream_(std::move(stream)), tally_(&tally) {}
  void ask() {
    stream_.next(CallOptions().within(24h)).start([this](Result<EventBatch> batch) {
      if (!batch) {
        if (batch.error().code() == Errc::closed) return;
        give_up("next: " + std::string(batch.error().message()));
      }
      tally_->events += batch->size();
      std::size_t said = 0;
      for (const ChatEvent& event : *batch) said += event.kind() == EventKind::message ? 1U : 0U;
      if (said > 0) {
        const std::lock_guard lock(tally_->mutex);
        tally_->delays_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - tally_->pushed).count());
      }
      tally_->messages += said;
      if (tally_->asking) ask();
    });
  }
  void close() { stream_.close(); }

 private:
  EventStream stream_;
  Tally* tally_;
};

MatrixUserId user(std::size_t number) { return MatrixUserId("@u" + std::to_string(number) + ":example.org"); }

void remember_tokens(HomeserverOptions& options, std::size_t users) {
  const Secret bytes(std::string(store::sealing_key_bytes, 'k'));
  auto shared = make_memory_store();
  auto keys = StoreKeys::of({{"bench", bytes}});
  auto sealing = store::SealingKeys::of({store::SealingKey("bench", bytes)});
  if (!shared || !keys || !sealing) give_up("no store for the tokens");
  const store::WaitedStore waited(*shared);
  for (std::size_t i = 0; i < users; ++i) {
    const std::string key = credentials::TokenStore::record_key(user(i));
    credentials::StoredToken token(credentials::StoredToken::Kind::puppet);
    token.token(Secret("t" + std::to_string(i)), std::nullopt).generation(1);
    auto record = credentials::token_record(token, key, *sealing);
    if (!record || !waited.transact({StoreWrite::put(key, 0, *record)})) give_up("a token was not stored");
  }
  options.store(*shared, *keys);
}

bool tokens_are_given() { return std::getenv("CONFAB_BENCH_TOKENS") != nullptr; }

struct Client {
  Client(const std::string& base, std::size_t users) : runtime(RuntimeOptions()) {
    HomeserverOptions options(base, "example.org", "me", Secret("password"));
    if (tokens_are_given()) remember_tokens(options, users);
    auto homeserver = Homeserver::create(runtime, std::move(options));
    if (!homeserver) give_up(std::string(homeserver.error().message()));
    provider = homeserver->provider();
  }
  ~Client() { end(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  void end() {
    for (auto& listener : listeners) listener->close();
  }
  [[nodiscard]] EventStream stream(std::size_t number, EventsOptions options) const {
    return provider->events(user(number), std::move(options));
  }
  void listen(std::size_t number, EventsOptions options = EventsOptions()) {
    listeners.push_back(std::make_unique<Listener>(stream(number, std::move(options)), tally));
    listeners.back()->ask();
  }
  Tally tally;
  std::vector<std::unique_ptr<Listener>> listeners;
  Runtime runtime;
  std::shared_ptr<ChatProvider> provider;
};

void wait_until(const std::string& what, const std::function<bool()>& done) {
  const auto until = Clock::now() + 120s;
  while (!done()) {
    if (Clock::now() > until) give_up("waited too long for " + what);
    std::this_thread::sleep_for(20ms);
  }
}
void wait_held(const std::string& base, double count) {
  wait_until("held polls", [&] { return told(base, "/_fake/stats", "hung") >= count; });
}

double share(std::vector<double> values, double of) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(static_cast<double>(values.size() - 1) * of)];
}

void idle(const std::string& base, std::size_t n, int hold, int pushes) {
  Client client(base, n + 1);
  client.listen(n);  // one beforehand, for what is there once
  wait_held(base, 1);
  const double rss0 = memory_kb("VmRSS");
  const double before = cpu_us();
  for (std::size_t i = 0; i < n; ++i) client.listen(i);
  wait_held(base, static_cast<double>(n) + 1);
  const double start = cpu_us() - before;
  std::this_thread::sleep_for(1s);
  const double rss = memory_kb("VmRSS");
  const double idle_before = cpu_us();
  std::this_thread::sleep_for(std::chrono::seconds(hold));
  const double idle_us = cpu_us() - idle_before;
  // What an answer brought before counts neither as pushed nor as late.
  const std::size_t read_before = client.tally.messages;
  client.tally.delays_ms.clear();
  double woken = 0;
  double wake_us = 0;
  for (int i = 0; i < pushes; ++i) {
    client.tally.pushed = Clock::now();
    const double from = cpu_us();
    woken += told(base, "/_fake/push?n=1&room=%21r0%3Aexample.org", "woken");
    wait_until("messages", [&] { return static_cast<double>(client.tally.messages - read_before) >= woken; });
    wait_held(base, static_cast<double>(n) + 1);
    wake_us += cpu_us() - from;
  }
  const auto users = static_cast<double>(n);
  std::printf(
      R"({"sdk":"confab","op":"idle","n":%zu,"rss0_kb":%.0f,"kb_client":%.2f,"kb_client_raw":%.2f,"peak_kb":%.0f,)"
      R"("start_ms_client":%.3f,"idle_ms_s":%.3f,"wake_us":%.1f,"p50_ms":%.1f,"p99_ms":%.1f,"got":%zu,"woken":%.0f,)"
      R"("kb_client_after":%.2f})"
      "\n",
      n, rss0, (rss - rss0) / users, (rss - rss0) / users, memory_kb("VmHWM"), start / 1000 / users,
      hold > 0 ? idle_us / 1000 / hold : 0, woken > 0 ? wake_us / woken : 0, share(client.tally.delays_ms, 0.5),
      share(client.tally.delays_ms, 0.99), client.tally.messages - read_before, woken,
      (memory_kb("VmRSS") - rss0) / users);
}

void initial(const std::string& base) {
  Client client(base, 1);
  const double rss0 = memory_kb("VmRSS");
  const double before = cpu_us();
  const auto began = Clock::now();
  client.listen(0);
  wait_held(base, 1);
  std::printf(
      R"({"sdk":"confab","op":"initial","wall_ms":%.1f,"cpu_ms":%.1f,"rss0_kb":%.0f,"peak_kb":%.0f,"rss_kb":%.0f})"
      "\n",
      std::chrono::duration<double, std::milli>(Clock::now() - began).count(), (cpu_us() - before) / 1000, rss0,
      memory_kb("VmHWM"), memory_kb("VmRSS"));
}

void large(const std::string& base, std::size_t rooms, bool stopped) {
  Client client(base, 1);
  // Much comes at once to whoever was away: a reader took a place, and the next one goes on there.
  const EventsOptions remembered = EventsOptions().remember_as("bench");
  EventStream before_that = client.stream(0, remembered);
  if (!before_that.ready().wait()) give_up("no place was taken");
  before_that.close();
  const double rss0 = memory_kb("VmRSS");
  const double before = cpu_us();
  const auto began = Clock::now();
  double held_up = 0;
  client.tally.asking = !stopped;
  client.listen(0, remembered);
  if (stopped) {
    // One batch was read, nothing after it is asked for. The answer is held up at first; whole when it grows no more.
    wait_until("the first batch", [&] { return client.tally.events > 0; });
    std::this_thread::sleep_for(1s);
    held_up = memory_kb("VmHWM") - rss0;
    std::this_thread::sleep_for(10s);
    for (double last = 0; last != memory_kb("VmRSS");) {
      last = memory_kb("VmRSS");
      std::this_thread::sleep_for(500ms);
    }
  } else {
    wait_held(base, 1);
  }
  std::printf(R"({"sdk":"confab","op":"large","rooms":%zu,"reader":"%s","events":%zu,"wall_ms":%.1f,"cpu_ms":%.1f,)"
              R"("rss0_kb":%.0f,"held_up_over_kb":%.0f,"peak_over_kb":%.0f,"kept_over_kb":%.0f})"
              "\n",
              rooms, stopped ? "stopped" : "keeping", client.tally.events.load(),
              std::chrono::duration<double, std::milli>(Clock::now() - began).count(), (cpu_us() - before) / 1000, rss0,
              held_up, memory_kb("VmHWM") - rss0, memory_kb("VmRSS") - rss0);
}

void send(const std::string& base, std::size_t users, std::size_t at_once, std::size_t count, bool live) {
  Client client(base, users);
  if (live) {
    for (std::size_t i = 0; i < users; ++i) client.listen(i);
    wait_held(base, static_cast<double>(users));
  }
  std::atomic<std::size_t> next{0};
  const auto round = [&](std::size_t messages) {
    std::promise<void> done;
    std::atomic<std::size_t> left{messages};
    std::atomic<std::size_t> to_start{messages};
    std::function<void()> one = [&] {
      std::size_t before = to_start.load();
      while (before > 0 && !to_start.compare_exchange_weak(before, before - 1)) {
      }
      if (before == 0) return;
      const std::size_t number = next++;
      ProviderMessage message(MatrixRoomId("!r0:example.org"), user(number % users),
                              "hello world, message number " + std::to_string(number),
                              TransactionId("txn-" + std::to_string(number)));
      message.even_if_encrypted(tokens_are_given());
      client.provider->send(std::move(message), CallOptions().within(60s)).start([&](const Result<EventId>& sent) {
        if (!sent) give_up("send: " + std::string(sent.error().message()));
        if (left.fetch_sub(1) == 1) return done.set_value();
        one();
      });
    };
    for (std::size_t i = 0; i < at_once; ++i) one();
    done.get_future().wait();
  };
  round(std::max<std::size_t>(200, at_once * 10));
  if (live) std::this_thread::sleep_for(300ms);
  const std::size_t heard_before = client.tally.messages;
  const double before = cpu_us();
  const auto began = Clock::now();
  round(count);
  const double took = std::chrono::duration<double>(Clock::now() - began).count();
  if (live) wait_until("the messages", [&] { return client.tally.messages - heard_before >= count; });
  const double us = cpu_us() - before;
  std::printf(R"({"sdk":"confab","op":"send","conc":%zu,"users":%zu,"mode":"%s","cpu_us":%.1f,"per_s":%.0f,)"
              R"("peak_kb":%.0f,"got":%zu})"
              "\n",
              at_once, users, live ? "live" : "plain", us / static_cast<double>(count),
              static_cast<double>(count) / took, memory_kb("VmHWM"), client.tally.messages - heard_before);
}

}  // namespace

int run(int argc, char** argv) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const std::vector<std::string> args(argv + 1, argv + argc);
  const auto number = [&](std::size_t at) { return std::strtoul(args[at].c_str(), nullptr, 10); };
  const std::string what = args.empty() ? "" : args[0];
  std::optional<ServerProcess> own;
  if (args.size() >= 3 && what == "large") {
    own.emplace(argv[0], "bench_sync_server", args[1]);
    large(own->url(), number(1), args[2] == "stopped");
    return 0;
  }
  if (args.size() < 2) give_up("see the head of live_users.cpp");
  std::string base = args[1];
  if (base.find("://") == std::string::npos) {
    base = own.emplace(argv[0], "bench_sync_server", base == "-" ? "" : base).url();
  }
  if (what == "idle" && args.size() == 5) {
    idle(base, number(2), static_cast<int>(number(3)), static_cast<int>(number(4)));
  } else if (what == "initial") {
    initial(base);
  } else if (what == "send" && args.size() == 6 && (args[5] == "plain" || args[5] == "live")) {
    send(base, number(2), number(3), number(4), args[5] == "live");
  } else {
    give_up("see the head of live_users.cpp");
  }
  std::fflush(stdout);
  // Ten thousand streams are closed by the system faster than one by one.
  std::_Exit(0);
}

}  // namespace confab::bench

int main(int argc, char** argv) { return confab::bench::run(argc, argv); }
