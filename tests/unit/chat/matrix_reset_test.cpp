// A full reset that is cut short at any step, and the process that comes after it.
#include "chat/matrix_reset.hpp"

#include <doctest/doctest.h>

#include <confab/homeserver.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "chat/matrix_provider.hpp"
#include "contract/faulty_store.hpp"
#include "contract/store_client.hpp"
#include "support/fake_matrix.hpp"
#include "unit/net/on_runtime.hpp"

using namespace confab;
using confab::test::FakeMatrix;
using confab::test::Fault;
using confab::test::FaultyStore;
using confab::test::StoreClient;

namespace {

constexpr const char* note = "reset/hs.test/tenant/park_";

class Process {
 public:
  Process(FakeMatrix& hs, const std::shared_ptr<Store>& store, const StoreKeys& keys, LogSink heard = nullptr)
      : runtime_(heard ? RuntimeOptions().log(std::move(heard)) : RuntimeOptions()),
        homeserver_(Homeserver::create(runtime_, HomeserverOptions(hs.url(), "hs.test", "admin",
                                                                   Secret(std::string(FakeMatrix::admin_password)))
                                                     .store(store, keys))
                        .value()),
        provider_(homeserver_.provider("park")) {}

  void speak(const MatrixUserId& user, const std::string& consumer) {
    REQUIRE(provider_->ensure_account(user, "Somebody", CallOptions()).wait());
    const auto room = provider_->ensure_room(ProviderRoomRequest("park_event_fair", user), CallOptions()).wait();
    REQUIRE(room.has_value());
    REQUIRE(provider_->join(*room, user, CallOptions()).wait());
    EventStream stream = provider_->events(user, EventsOptions().remember_as(consumer));
    REQUIRE(stream.ready().wait());
    stream.close();
  }
  Result<ResetCounts> reset(ProviderReset request) {
    return provider_->reset(std::move(request), CallOptions()).wait();
  }
  [[nodiscard]] MatrixProvider& provider() {
    auto* const provider = dynamic_cast<MatrixProvider*>(provider_.get());
    REQUIRE(provider != nullptr);
    return *provider;
  }
  // As making a service of the tenant does, and until it has ended.
  Result<ResetCounts> finish() { return provider().finishing(all()).wait(); }
  static ProviderReset all() {
    return ProviderReset([](const MatrixUserId& user) { return user.str().starts_with("@park_"); })
        .full(true)
        .rooms("park_");
  }

 private:
  Runtime runtime_;
  Homeserver homeserver_;
  std::shared_ptr<ChatProvider> provider_;
};

struct Deployment {
  std::size_t left(const std::string& prefix) const { return StoreClient(store).keys(prefix).size(); }
  // What is known of passwords stays.
  std::size_t tokens() const {
    const StoreClient client(store);
    std::size_t count = 0;
    for (const std::string& key : client.keys("token/@park_")) {
      if (client.value(key).find(R"("token":)") != std::string::npos) ++count;
    }
    return count;
  }
  // Readers' places, rooms and what was begun, too.
  std::size_t left() const { return tokens() + left("events/park/") + left("rooms/hs.test/park_") + left(note); }

  FakeMatrix hs;
  std::shared_ptr<Store> store = make_memory_store().value();
  StoreKeys keys = StoreKeys::make().value();
  MatrixUserId ana{"@park_1:hs.test"};
  MatrixUserId ben{"@park_2:hs.test"};
};

}  // namespace

TEST_CASE_FIXTURE(Deployment, "a full reset is done whole by the next process, wherever it was cut short") {
  for (const Fault fault : {Fault::before, Fault::after}) {
    int fails_at = 0;
    for (bool cut = true; cut; ++fails_at) {
      CAPTURE(fails_at);
      {
        Process before(hs, store, keys);
        before.speak(ana, "bridge");
        before.speak(ben, "bridge");
      }
      REQUIRE(tokens() == 2);
      REQUIRE(left("events/park/") == 2);
      REQUIRE(left("rooms/hs.test/park_") == 1);
      bool resetting = false;
      int seen = 0;
      const auto faulty = std::make_shared<FaultyStore>(store, Errc::store, [&](int) {
        // From there on: as a process that is gone.
        return resetting && seen++ >= fails_at ? fault : Fault::none;
      });
      Process dying(hs, faulty, keys);
      REQUIRE(dying.reset(ProviderReset(MatrixUserId("@park_99:hs.test"))).has_value());  // its keys are looked at once
      resetting = true;
      const Result<ResetCounts> counts = dying.reset(Process::all());
      cut = !counts.has_value();
      const bool begun = left(note) != 0;
      if (!begun && cut) continue;  // nothing was done, and it was said
      const Result<ResetCounts> rest = Process(hs, store, keys).finish();
      REQUIRE(rest.has_value());
      CHECK(left() == 0);
      if (!cut) CHECK(rest->tokens() + rest->positions() + rest->rooms() == 0);
    }
    CHECK(fails_at > 6);
  }
}

TEST_CASE_FIXTURE(Deployment, "a reset of one user that was cut short stays theirs, and one of all takes it in") {
  Process process(hs, store, keys);
  process.speak(ana, "bridge");
  process.speak(ben, "bridge");
  const StoreClient client(store);
  REQUIRE(client.put(note, 0, R"({"version":1,"user":"@park_1:hs.test"})"));
  SUBCASE("by the next process") {
    const Result<ResetCounts> rest = process.finish();
    REQUIRE(rest.has_value());
    CHECK(rest->users() == 1);
    CHECK(tokens() == 1);
    CHECK(left("events/park/") == 1);
  }
  SUBCASE("before another's") {
    REQUIRE(process.reset(ProviderReset(ben).full(true).rooms("park_")).has_value());
    CHECK(tokens() == 0);
    CHECK(left("events/park/") == 0);
  }
  SUBCASE("with everybody's") {
    REQUIRE(process.reset(Process::all()).has_value());
    CHECK(tokens() == 0);
    CHECK(left("events/park/") == 0);
  }
  CHECK(left(note) == 0);
  // Once more finds nothing to do.
  CHECK(process.finish().value().users() == 0);
}

TEST_CASE_FIXTURE(Deployment, "a reset of one user who is nobody's by now is no reset of all") {
  Process process(hs, store, keys);
  process.speak(ana, "bridge");
  for (const char* user : {"@zoo_1:hs.test", "@park_1:elsewhere.test", "@admin:hs.test", "nonsense"}) {
    CAPTURE(user);
    REQUIRE(StoreClient(store).put(note, 0, std::string(R"({"version":1,"user":")") + user + R"("})"));
    CHECK(process.finish().value().users() == 0);
    CHECK(left(note) == 0);
    CHECK(tokens() == 1);
    CHECK(left("events/park/") == 1);
  }
}

TEST_CASE_FIXTURE(Deployment, "full resets at the same time all end well") {
  Process process(hs, store, keys);
  process.speak(ana, "bridge");
  process.speak(ben, "bridge");
  test::Together<ResetCounts> resets;
  for (int i = 0; i < 4; ++i) {
    for (const MatrixUserId& user : {ana, ben}) {
      resets.start(process.provider().reset(ProviderReset(user).full(true).rooms("park_"), CallOptions()));
    }
  }
  for (const auto& counts : resets.all()) {
    // At worst the others were faster too often, which says that it may be repeated.
    if (!counts) CHECK(counts.error().code() == Errc::busy);
  }
  REQUIRE(process.reset(Process::all()).has_value());
  CHECK(left() == 0);
}

TEST_CASE_FIXTURE(Deployment, "a reader that begins while a reset is being finished begins anew") {
  {
    Process before(hs, store, keys);
    before.speak(ana, "bridge");
  }
  REQUIRE(StoreClient(store).put(note, 0, R"({"version":1})"));
  Process process(hs, store, keys);
  std::promise<void> forgotten;
  process.provider().finish_reset(Process::all(), [&] { forgotten.set_value(); });
  EventStream stream = process.provider().events(ana, EventsOptions().remember_as("bridge"));
  REQUIRE(stream.ready().wait());
  CHECK(forgotten.get_future().wait_for(std::chrono::seconds(0)) == std::future_status::ready);
  CHECK(left(note) == 0);
}

TEST_CASE_FIXTURE(Deployment, "a full reset needs no group") {
  Runtime runtime;
  const Homeserver homeserver =
      Homeserver::create(
          runtime, HomeserverOptions(hs.url(), "hs.test", "admin", Secret(std::string(FakeMatrix::admin_password)))
                       .store(store, keys))
          .value();
  const std::shared_ptr<ChatProvider> provider = homeserver.provider();
  CHECK(provider->reset(Process::all(), CallOptions()).wait().has_value());
  CHECK(provider->reset(ProviderReset(ana).full(true), CallOptions()).wait().has_value());
  CHECK(left("reset/") == 0);
}

TEST_CASE_FIXTURE(Deployment, "one user's reset does not end everybody's that was begun") {
  Process process(hs, store, keys);
  process.speak(ana, "bridge");
  process.speak(ben, "bridge");
  REQUIRE(StoreClient(store).put(note, 0, R"({"version":1})"));
  REQUIRE(process.reset(ProviderReset(ana).full(true)).has_value());
  CHECK(left(note) == 1);
  CHECK(tokens() == 1);
  REQUIRE(process.finish().has_value());
  CHECK(left() == 0);
}
