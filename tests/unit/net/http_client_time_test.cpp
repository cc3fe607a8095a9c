// Deadlines, stops, many at once, and what one user's trouble costs the others.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "http_client_fixture.hpp"
#include "support/fake_homeserver.hpp"

using namespace confab::test;

namespace {

std::chrono::milliseconds percentile(std::vector<std::chrono::milliseconds> times, double part) {
  std::sort(times.begin(), times.end());
  return times[static_cast<std::size_t>(part * static_cast<double>(times.size() - 1))];
}

}  // namespace

TEST_CASE("http client: the deadline ends what is held, dripped or not begun") {
  FakeHomeserver server;
  server.on("GET", "/held", Answer().hold());
  server.on("GET", "/drip", Answer(200, std::string(100000, 'd')).drip(1, 5ms));
  ClientFixture client(server.url());
  for (const std::string path : {"/held", "/drip"}) {
    CAPTURE(path);
    const auto begun = Clock::now();
    check_failure(client.get(path, 100ms), TransferFailure::timed_out, true);
    CHECK(Clock::now() - begun >= 100ms);
    CHECK(Clock::now() - begun < 10s);
    CHECK(client.transfers() == 0);
    CHECK(server.wait_connections_closed(10s));
  }
  check_failure(client.get("/held", 0ms), TransferFailure::timed_out, false);
  CHECK(server.count() == 2);
  server.release();
}

TEST_CASE("http client: a stop frees the transfer within 10 ms, and closes its connection") {
  FakeHomeserver server;
  server.on("GET", "/held", Answer().hold());
  ClientFixture client(server.url());
  std::vector<std::chrono::nanoseconds> took;
  for (int i = 0; i < 20; ++i) {
    std::stop_source stop;
    auto outcome = client.begin(HttpRequest("GET", "/held"), 20s, stop.get_token());
    REQUIRE(server.wait_for(static_cast<std::size_t>(i) + 1, "GET", "/held", 10s));
    CHECK(client.transfers() == 1);
    const auto asked = Clock::now();
    stop.request_stop();
    check_failure(outcome.get(), TransferFailure::cancelled, true);
    took.push_back(Clock::now() - asked);
    CHECK(client.transfers() == 0);
    REQUIRE(server.wait_connections_closed(10s));
  }
  // Of one in four: a busy machine may take our slices away.
  std::sort(took.begin(), took.end());
  CHECK(took[took.size() / 4] < 10ms);
  std::stop_source already;
  already.request_stop();
  check_failure(client(HttpRequest("GET", "/held"), 20s, already.get_token()), TransferFailure::cancelled, false);
  CHECK(server.count() == 20);
}

namespace {

// A reader that takes so many bytes and then holds the body up.
struct HoldsUp {
  explicit HoldsUp(std::size_t after) : most(after) {}
  HttpRequest request(const std::string& target) {
    return std::move(
        HttpRequest("GET", target).max_answer(64U << 20U).flow(flow).on_body([this](std::string_view bytes) {
          read += bytes.size();
          if (read >= most) flow->hold(true);
          return true;
        }));
  }
  const std::shared_ptr<BodyFlow> flow = std::make_shared<BodyFlow>();
  std::atomic<std::size_t> most;
  std::atomic<std::size_t> read{0};
};

constexpr std::size_t held_body = 16U << 20U;  // more than what the system's buffers hold
constexpr std::size_t one_step = 64U << 10U;   // what libcurl may hand over after it was paused, generously

HttpClientOptions holding(const FakeHomeserver& server, std::chrono::milliseconds limit) {
  return std::move(HttpClientOptions(base_url(server.url())).longest_hold(limit));
}

// Reads no more than a step beyond where it is held up; true once it has stood still there.
bool stands_still(ClientFixture& client, const HoldsUp& reader) {
  while (reader.read < reader.most) std::this_thread::yield();
  for (int i = 0; i < 200; ++i) client.on_loop([] {});
  const std::size_t read = reader.read;
  client.get("/other");  // bytes of others come and go meanwhile
  for (int i = 0; i < 200; ++i) client.on_loop([] {});
  return reader.read == read && read < reader.most + one_step;
}

}  // namespace

TEST_CASE("http client: a reader that holds the body up gets no more of it, and the rest when it goes on") {
  FakeHomeserver server;
  server.on("GET", "/large", Answer(200, "").huge(held_body));
  server.on("GET", "/packed", Answer(200, std::string(held_body, 'p')).gzip());
  server.on("GET", "/other", Answer());
  ClientFixture client(holding(server, 60s));
  HoldsUp reader(1U << 20U);
  auto outcome = client.begin(reader.request("/large"));
  for (int i = 0; i < 3; ++i) {
    CHECK(stands_still(client, reader));
    const std::size_t before = reader.read;
    client.on_loop([&] { reader.flow->hold(false); });
    while (reader.read == before) std::this_thread::yield();  // it goes on, to be held up at its next bytes
  }
  client.on_loop([&] {
    reader.most = held_body + 1;
    reader.flow->hold(false);
  });
  CHECK(outcome.get().answered());
  CHECK(reader.read == held_body);
  HoldsUp packed(1U << 20U);
  auto unpacked = client.begin(packed.request("/packed"));
  while (packed.read < packed.most) std::this_thread::yield();
  client.on_loop([&] { packed.flow->hold(false); });
  while (unpacked.wait_for(1ms) != std::future_status::ready) client.on_loop([&] { packed.flow->hold(false); });
  CHECK(unpacked.get().answered());
  CHECK(packed.read == held_body);
}

TEST_CASE("http client: a held body puts the deadline off, by no more than it is held, and not for ever") {
  FakeHomeserver server;
  server.on("GET", "/large", Answer(200, "").huge(held_body));
  server.on("GET", "/cut", Answer(200, "").huge(held_body).cut_after(held_body / 2));
  server.on("GET", "/drip", Answer(200, std::string(100000, 'd')).drip(1, 5ms));
  server.on("GET", "/other", Answer());
  ClientFixture client(holding(server, 600ms));
  // Nobody goes on: when the time is over, the rest comes all the same, though the deadline would have passed.
  HoldsUp gone(1U << 20U);
  auto begun = Clock::now();
  CHECK(client(gone.request("/large"), 300ms).answered());
  CHECK(gone.read == held_body);
  CHECK(Clock::now() - begun >= 600ms);
  HoldsUp cut(1U << 20U);
  check_failure(client(cut.request("/cut")), TransferFailure::cut, true);
  CHECK(cut.read == held_body / 2);
  // What is late is late, held up or not.
  HoldsUp late(1);
  begun = Clock::now();
  check_failure(client(late.request("/drip"), 100ms), TransferFailure::timed_out, true);
  CHECK(Clock::now() - begun >= 700ms);
  CHECK(Clock::now() - begun < 5s);
  CHECK(client.transfers() == 0);
}

TEST_CASE("http client: what is held up ends at a stop, with its client, and after it ended") {
  FakeHomeserver server;
  server.on("GET", "/large", Answer(200, "").huge(held_body));
  server.on("GET", "/other", Answer());
  ClientFixture client(holding(server, 60s));
  HoldsUp stopped(1);
  std::stop_source stop;
  auto outcome = client.begin(stopped.request("/large"), 20s, stop.get_token());
  CHECK(stands_still(client, stopped));
  stop.request_stop();
  check_failure(outcome.get(), TransferFailure::cancelled, true);
  client.on_loop([&] { stopped.flow->hold(false); });  // of nobody any more
  HoldsUp closed(1);
  outcome = client.begin(closed.request("/large"));
  CHECK(stands_still(client, closed));
  client.close_client();
  check_failure(outcome.get(), TransferFailure::cancelled, true);
  client.on_loop([&] { closed.flow->hold(false); });
  CHECK(server.wait_connections_closed(10s));
}

TEST_CASE("http client: stops race with answers, and each call ends once") {
  FakeHomeserver server;
  server.on("GET", "/quick", Answer(200));
  ClientFixture client(server.url());
  int answered = 0;
  for (int i = 0; i < 200; ++i) {
    std::stop_source stop;
    auto outcome = client.begin(HttpRequest("GET", "/quick"), 20s, stop.get_token());
    if (i % 2 == 0) std::this_thread::sleep_for(std::chrono::microseconds(i * 5));
    stop.request_stop();
    const auto ended = outcome.get();
    if (ended.answered()) {
      ++answered;
    } else {
      CAPTURE(ended.reason());
      CHECK(ended.failure() == TransferFailure::cancelled);
    }
  }
  CHECK(client.transfers() == 0);
  MESSAGE("answered before the stop: " << answered << " of 200");
}

TEST_CASE("http client: a client that is closed ends what runs on it") {
  FakeHomeserver server;
  server.on("GET", "/held", Answer().hold());
  ClientFixture client(server.url());
  std::vector<std::future<HttpOutcome>> outcomes;
  for (int i = 0; i < 40; ++i) outcomes.push_back(client.begin(HttpRequest("GET", "/held")));
  REQUIRE(server.wait_for(40, "GET", "/held", 10s));
  client.close_client();
  for (auto& outcome : outcomes) check_failure(outcome.get(), TransferFailure::cancelled, true);
  CHECK(server.wait_connections_closed(10s));
}

TEST_CASE("http client: the loop ends while requests are out") {
  FakeHomeserver server;
  server.on("GET", "/held", Answer().hold());
  auto client = std::make_unique<ClientFixture>(server.url());
  auto outcome = client->begin(HttpRequest("GET", "/held"));
  REQUIRE(server.wait_for(1, "GET", "/held", 10s));
  client->loop().stop_and_join(10ms);
  CHECK_THROWS_AS(outcome.get(), std::future_error);  // destroyed where it waited
  CHECK(client->client().transfers() == 0);
  // The fixture cannot end its client on a loop that has ended: it goes with a fixture that knows so.
  client->forget_client();
}

TEST_CASE("http client: 200 at once are all answered, on no more connections than allowed") {
  FakeHomeserver server;
  server.on("GET", "/n/*").then([](const Request& request) { return Answer(200, request.segments.back()).after(5ms); });
  HttpClientOptions options(base_url(server.url()));
  options.max_interactive(16);
  ClientFixture client(options);
  std::vector<std::future<HttpOutcome>> outcomes;
  for (int i = 0; i < 200; ++i) outcomes.push_back(client.begin(HttpRequest("GET", "/n/" + std::to_string(i))));
  for (std::size_t i = 0; i < 200; ++i) {
    const auto outcome = outcomes[i].get();
    REQUIRE(outcome.answered());
    CHECK(outcome.answer().body() == std::to_string(i));
  }
  CHECK(server.connections_accepted() <= 16);
  CHECK(client.transfers() == 0);
}

TEST_CASE("http client: one connection serves requests one after another") {
  FakeHomeserver server;
  server.on("*", "/**", Answer(200));
  ClientFixture client(server.url());
  for (int i = 0; i < 50; ++i) CHECK(client.get("/" + std::to_string(i)).answered());
  CHECK(server.connections_accepted() == 1);
}

TEST_CASE("http client: long polls have connections of their own, and go back to them") {
  FakeHomeserver server;
  server.on("GET", "/sync", Answer().hold());
  server.on("GET", "/quick", Answer(200));
  HttpClientOptions options(base_url(server.url()));
  options.polls_per_shard(4).max_interactive(1);
  ClientFixture client(options);
  const auto poll = [&] { return client.begin(HttpRequest("GET", "/sync").lane(Lane::long_poll)); };
  for (std::size_t round = 1; round <= 3; ++round) {
    std::vector<std::future<HttpOutcome>> polls;
    for (int i = 0; i < 10; ++i) polls.push_back(poll());
    REQUIRE(server.wait_for(10 * round, "GET", "/sync", 10s));
    for (int i = 0; i < 10; ++i) CHECK(client.get("/quick").answered());
    server.release();
    for (auto& each : polls) CHECK(each.get().answered());
  }
  std::set<std::uint64_t> polling;
  std::set<std::uint64_t> asking;
  for (const auto& request : server.requests("GET", "/sync")) polling.insert(request.connection);
  for (const auto& request : server.requests("GET", "/quick")) asking.insert(request.connection);
  CHECK(polling.size() == 10);
  CHECK(asking.size() == 1);
  CHECK(server.connections_accepted() == 11);
}

TEST_CASE("http client: the names of others may hang, ours answers as ever") {
  FakeHomeserver server;
  server.on("*", "/**", Answer(200));
  std::mutex mutex;
  std::condition_variable changed;
  bool let_go = false;
  int hanging = 0;
  NameResolver::Options names;
  names.lookup([&](const std::string& host) {
    if (host == "hung.example") {
      std::unique_lock lock(mutex);
      ++hanging;
      changed.notify_all();
      changed.wait(lock, [&] { return let_go; });
      --hanging;
      changed.notify_all();
      return NameAnswer(NameFailure::temporary, "let go");
    }
    return NameAnswer(std::make_shared<AddressList>(AddressList{"127.0.0.1"}));
  });
  {
    // One loop and one resolver for both, as in a Runtime.
    ClientFixture good(HttpClientOptions(base_url("http://good.example:" + std::to_string(server.port()))), names);
    std::unique_ptr<HttpClient> hung;
    good.on_loop([&] {
      hung = std::make_unique<HttpClient>(good.loop(), HttpClientOptions(base_url("http://hung.example")),
                                          good.resolver(), std::make_shared<TrustStore>());
    });
    REQUIRE(good.get("/first").answered());
    const auto measure = [&] {
      std::vector<std::chrono::milliseconds> times;
      for (int i = 0; i < 300; ++i) {
        const auto begun = Clock::now();
        CHECK(good.get("/x").answered());
        times.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun));
      }
      return percentile(times, 0.99);
    };
    std::vector<std::future<HttpOutcome>> victims;
    for (int i = 0; i < 100; ++i) victims.push_back(good.begin_on(*hung, HttpRequest("GET", "/"), 30s));
    {
      std::unique_lock lock(mutex);
      REQUIRE(changed.wait_for(lock, 10s, [&] { return hanging == 1; }));
    }
    const auto p99 = measure();
    CHECK(p99 < 2s);
    check_failure(good.begin_on(*hung, HttpRequest("GET", "/"), 20ms).get(), TransferFailure::timed_out, false);
    {
      std::unique_lock lock(mutex);
      let_go = true;
      changed.notify_all();
    }
    for (auto& victim : victims) check_failure(victim.get(), TransferFailure::name, false);
    good.on_loop([&] { hung.reset(); });
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return hanging == 0; });
}

TEST_CASE("http client: addresses are tried in turn, and new ones are told to libcurl") {
  FakeHomeserver server;
  server.on("*", "/**", Answer(200));
  std::mutex mutex;
  AddressList list{"127.0.0.2", "127.0.0.1"};  // nothing listens on the first
  NameResolver::Options names;
  names.good_for(0ms).bad_for(0ms).lookup([&](const std::string&) {
    const std::lock_guard lock(mutex);
    return NameAnswer(std::make_shared<AddressList>(list));
  });
  ClientFixture client(HttpClientOptions(base_url("http://moving.example:" + std::to_string(server.port()))), names);
  CHECK(client.get("/a").answered());
  CHECK(server.requests().at(0).header("host") == "moving.example:" + std::to_string(server.port()));
  {
    const std::lock_guard lock(mutex);
    list = {"127.0.0.3"};
  }
  server.drop_connections();
  const auto until = Clock::now() + 10s;
  HttpOutcome last = client.get("/b");
  while (last.answered() && Clock::now() < until) {
    server.drop_connections();
    last = client.get("/b");
  }
  REQUIRE_FALSE(last.answered());
  CHECK(last.failure() == TransferFailure::connect);
  {
    const std::lock_guard lock(mutex);
    list = {"127.0.0.1"};
  }
  while (!last.answered() && Clock::now() < until) last = client.get("/c");
  CHECK(last.answered());
}
