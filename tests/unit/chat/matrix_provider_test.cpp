#include "chat/matrix_provider.hpp"

#include <doctest/doctest.h>

#include <confab/homeserver.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "support/fake_matrix.hpp"
#include "unit/net/on_runtime.hpp"

using namespace std::chrono_literals;
using namespace confab;
using confab::test::Answer;
using confab::test::FakeMatrix;
using confab::test::Together;

namespace {

constexpr const char* send_path = "/_matrix/client/v3/rooms/*/send/*/*";

struct Provided {
  explicit Provided(unsigned loops = 1) : runtime(RuntimeOptions().loop_threads(loops)) {}

  // Two users and a room that both are in, made through the provider alone.
  void furnish() {
    REQUIRE(provider->ensure_account(ana, "Ana", CallOptions()).wait());
    REQUIRE(provider->ensure_account(ben, "Ben", CallOptions()).wait());
    room = provider->ensure_room(ProviderRoomRequest("room", ana).name("Room"), CallOptions()).wait().value();
    REQUIRE(provider->join(room, ana, CallOptions()).wait());
    REQUIRE(provider->join(room, ben, CallOptions()).wait());
  }
  Pending<EventId> send(const std::string& body, const std::string& id, CallOptions options = CallOptions()) {
    return provider->send(ProviderMessage(room, ana, body, TransactionId(id)), std::move(options));
  }

  FakeMatrix hs;
  Runtime runtime;
  Homeserver homeserver =
      Homeserver::create(
          runtime, HomeserverOptions(hs.url(), "hs.test", "admin", Secret(std::string(FakeMatrix::admin_password))))
          .value();
  std::shared_ptr<ChatProvider> provider = homeserver.provider("tenant");
  MatrixUserId ana{"@ana:hs.test"};
  MatrixUserId ben{"@ben:hs.test"};
  MatrixRoomId room;
};

}  // namespace

TEST_CASE("MatrixProvider: a conversation from nothing: accounts, a room, messages, history, live") {
  Provided p;
  p.furnish();
  CHECK(p.provider->find_room("room", CallOptions()).wait().value() == p.room);
  EventStream stream = p.provider->events(p.ben, EventsOptions());
  Together<EventBatch> live;
  live.start(stream.next());
  REQUIRE(p.hs.wait_for(2, "GET", "/_matrix/client/v3/sync", 10s));
  const Result<EventId> sent = p.send("hello", "t1").wait();
  REQUIRE(sent);
  const auto batch = live.all().at(0);
  REQUIRE(batch.has_value());
  REQUIRE(batch->size() == 1);
  CHECK(batch->front().id() == *sent);
  CHECK(batch->front().message()->body() == "hello");
  const MessagePage page =
      p.provider->history(ProviderHistoryRequest(p.room, p.ben).limit(10), CallOptions()).wait().value();
  REQUIRE(page.messages().size() == 1);
  CHECK(page.messages().front().id() == *sent);
}

TEST_CASE("MatrixProvider: users of another homeserver and malformed ids are refused before anything is sent") {
  Provided p;
  for (const char* id : {"@ana:other.test", "ana", "@:hs.test", "@ana", ""}) {
    CAPTURE(id);
    const MatrixUserId user{id};
    CHECK(p.provider->ensure_account(user, "Ana", CallOptions()).wait().error().code() == Errc::invalid_argument);
    CHECK(p.provider->join(MatrixRoomId("!room:hs.test"), user, CallOptions()).wait().error().code() ==
          Errc::invalid_argument);
  }
  CHECK(p.hs.count() == 0);
}

TEST_CASE("MatrixProvider: nobody acts as the library's own account") {
  Provided p;
  p.furnish();
  p.hs.forget_requests();
  const MatrixUserId admin("@admin:hs.test");
  const CallOptions options;
  CHECK(p.provider->ensure_account(admin, "Mallory", options).wait().error().code() == Errc::forbidden);
  CHECK(p.provider->join(p.room, admin, options).wait().error().code() == Errc::forbidden);
  CHECK(p.provider->send(ProviderMessage(p.room, admin, "hi", TransactionId("t1")), options).wait().error().code() ==
        Errc::forbidden);
  CHECK(p.provider->history(ProviderHistoryRequest(p.room, admin), options).wait().error().code() == Errc::forbidden);
  CHECK(p.provider->events(admin, EventsOptions()).next(CallOptions().within(200ms)).wait().has_value() == false);
  CHECK(p.hs.count() == 0);
}

TEST_CASE("MatrixProvider: no token and no password is in an error, whatever the homeserver says back") {
  Provided p;
  p.furnish();
  p.hs.on("PUT", send_path, Answer::error(400, "M_BAD_JSON", "the token was syt_fake_1, the body hello-secret"));
  const Error error = p.send("hello-secret", "t1").wait().error();
  CHECK(error.message().find("hello-secret") == std::string_view::npos);
  CHECK(error.message().find("syt_") == std::string_view::npos);
}

TEST_CASE("MatrixProvider: tenants share the homeserver's connection, limits and tokens") {
  Provided p;
  p.furnish();
  const auto other = p.homeserver.provider("other tenant");
  p.hs.forget_requests();
  CHECK(other->send(ProviderMessage(p.room, p.ana, "from the other", TransactionId("t9")), CallOptions())
            .wait()
            .has_value());
  CHECK(p.hs.count("POST", "/_matrix/client/v3/login") == 0);
}

TEST_CASE("MatrixProvider: many messages while everything is cut, killed and restarted arrive once each") {
  Provided p(2);
  p.furnish();
  REQUIRE(p.send("warm", "warm").wait());
  constexpr int count = 60;
  // Every seventh request to send is lost after its work, every eleventh before.
  std::atomic<int> seen{0};
  p.hs.on("PUT", send_path).then([&seen](const test::Request&) {
    const int number = ++seen;
    if (number % 11 == 0) return Answer(502, "<html>");
    if (number % 7 == 0) return Answer::real().close_before_answer();
    return Answer::real();
  });
  Together<EventId> sends;
  for (int i = 0; i < count; ++i) {
    sends.start(p.send("word " + std::to_string(i), "t" + std::to_string(i)));
    if (i % 20 == 10) p.hs.kill_token(p.ana.str());
    if (i % 20 == 15) p.hs.kill_all_tokens();
    if (i == 35) p.hs.restart();
  }
  std::vector<Result<EventId>> results = sends.all();
  REQUIRE(results.size() == count);
  p.hs.clear_scripts();
  for (int i = 0; i < count; ++i) {
    CAPTURE(i);
    Result<EventId>& result = results[static_cast<std::size_t>(i)];
    if (!result) {
      // What could not be settled in four requests says so, and is repeated as it says.
      CHECK(result.error().transaction_id() == "t" + std::to_string(i));
      ProviderMessage again(p.room, p.ana, "word " + std::to_string(i), TransactionId("t" + std::to_string(i)));
      again.repeated(true);
      CHECK(p.provider->send(again, CallOptions()).wait().has_value());
    }
  }
  const auto bodies = p.hs.bodies(p.room.str());
  for (int i = 0; i < count; ++i) CHECK(std::count(bodies.begin(), bodies.end(), "word " + std::to_string(i)) == 1);
}

TEST_CASE("MatrixProvider: an operation that is described and never started does nothing") {
  Provided p;
  { const auto dropped = p.provider->ensure_account(p.ana, "Ana", CallOptions()); }
  CHECK(p.provider->find_room("room", CallOptions()).wait().error().code() == Errc::not_found);
  CHECK(p.hs.count("PUT", "/_synapse/admin/v2/users/*") == 0);
}

TEST_CASE("MatrixProvider: after a reset the same user speaks on, and readers that resume begin anew if it was full") {
  Provided p;
  p.furnish();
  EventStream stream = p.provider->events(p.ana, EventsOptions().remember_as("bridge"));
  REQUIRE(stream.ready().wait());
  stream.close();
  REQUIRE(p.send("one", "t1").wait());
  const auto one = p.provider->reset(ProviderReset(p.ana), CallOptions()).wait();
  REQUIRE(one.has_value());
  CHECK(one->users() == 1);
  CHECK(one->tokens() == 1);
  CHECK(one->positions() == 0);
  REQUIRE(p.send("two", "t2").wait());
  const ProviderReset all([](const MatrixUserId& user) { return user.str().starts_with("@ana"); });
  const auto again = p.provider->reset(ProviderReset(all).full(true), CallOptions()).wait();
  REQUIRE(again.has_value());
  CHECK(again->users() == 1);
  CHECK(again->tokens() == 1);
  CHECK(again->positions() == 1);
  REQUIRE(p.send("three", "t3").wait());
  CHECK(p.provider->reset(ProviderReset(MatrixUserId("@ana:elsewhere.test")), CallOptions()).wait().error().code() ==
        Errc::invalid_argument);
}
