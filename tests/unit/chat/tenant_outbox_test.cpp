#include "chat/tenant_outbox.hpp"

#include <doctest/doctest.h>

#include <confab/homeserver.hpp>
#include <confab/memory_provider.hpp>
#include <confab/open_store.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "contract/store_client.hpp"
#include "support/fake_matrix.hpp"
#include "unit/chat/recording_provider.hpp"

using namespace std::chrono_literals;
using namespace confab;
using namespace confab::test;

namespace {

constexpr const char* put_path = "/_matrix/client/v3/rooms/*/send/*/*";

std::shared_ptr<HostDirectory> picnic_directory() {
  return *read_directory(R"({
      "users": [{"id": "1", "slug": "ana", "name": "Ana Lima"}, {"id": "2", "slug": "ben", "name": "Ben"}],
      "events": [{"slug": "picnic", "name": "Picnic", "visibility": "private", "creator": "ana",
                  "attendees": [{"user": "ben", "role": "guest", "permissions": []}]}]})");
}

// What is there of one process of a host.
struct Host {
  explicit Host(std::shared_ptr<ChatProvider> (*transport)(Runtime&)) : provider(transport(runtime)) { open(); }
  Host(const FakeMatrix& hs, const std::shared_ptr<Store>& store, const StoreKeys& keys) {
    HomeserverOptions options(hs.url(), "hs.test", "admin", Secret(std::string(FakeMatrix::admin_password)));
    options.store(store, keys);
    provider = Homeserver::create(runtime, options).value().provider("park");
    open();
  }
  void open() { chat = *make_chat_service(runtime, provider, TenantOptions(TenantId("park")), picnic_directory()); }
  [[nodiscard]] Message message(const std::string& body) const { return Message(picnic, ana, body); }

  Runtime runtime;
  std::shared_ptr<ChatProvider> provider;
  std::shared_ptr<ChatService> chat;
  RoomRef picnic = RoomRef::event(RoomSlug("picnic"));
  UserSlug ana{"ana"};
};

std::shared_ptr<ChatProvider> in_memory(Runtime& runtime) { return make_memory_provider(runtime, "hs.test").value(); }

// The first `count` outcomes.
std::vector<ChatEvent> outcomes(EventStream& stream, std::size_t count) {
  std::vector<ChatEvent> all;
  while (all.size() < count) {
    const Result<EventBatch> batch = stream.next(CallOptions().within(30s)).wait();
    REQUIRE(batch);
    all.insert(all.end(), batch->begin(), batch->end());
  }
  return all;
}

struct AtHomeserver {
  AtHomeserver() {
    Host host(hs, store, keys);
    room = host.chat->ensure_room(RoomRequest(host.picnic, host.ana)).wait().value().room_id().str();
  }
  [[nodiscard]] std::size_t posted(const std::string& body) const {
    const auto bodies = hs.bodies(room);
    return static_cast<std::size_t>(std::count(bodies.begin(), bodies.end(), body));
  }
  FakeMatrix hs;
  std::shared_ptr<Store> store = make_memory_store().value();
  StoreKeys keys = StoreKeys::make().value();
  std::string room;
};

}  // namespace

TEST_CASE("TenantOutbox: an accepted message is sent, told, shown and listed, over the transport in memory") {
  Host host(&in_memory);
  REQUIRE(host.chat->ensure_room(RoomRequest(host.picnic, host.ana)).wait());
  EventStream stream = host.chat->outbox_events();
  const Result<TransactionId> id =
      host.chat->send_durably(host.message("hi").transaction_id(TransactionId("42"))).wait();
  REQUIRE(id);
  CHECK(id->str().starts_with("42."));
  const ChatEvent told = outcomes(stream, 1).front();
  CHECK(told.kind() == EventKind::sent);
  CHECK(told.transaction_id() == *id);
  CHECK(told.user().str().find("park_1") != std::string::npos);
  const Result<OutboxMessage> shown = host.chat->outbox_message(*id).wait();
  REQUIRE(shown);
  CHECK(shown->state() == OutboxState::sent);
  CHECK(shown->event() == told.id());
  const Result<MessagePage> page = host.chat->history(HistoryRequest(host.picnic, host.ana)).wait();
  REQUIRE(page);
  REQUIRE(page->messages().size() == 1);
  CHECK(page->messages().front().id() == told.id());
  CHECK(page->messages().front().body() == "hi");
  CHECK(host.chat->outbox().wait()->messages().empty());
  // Said again under the host's id or ours, it is the same message.
  CHECK(*host.chat->send_durably(host.message("hi").transaction_id(TransactionId("42"))).wait() == *id);
  CHECK(*host.chat->send_durably(host.message("hi").transaction_id(*id)).wait() == *id);
}

TEST_CASE("TenantOutbox: what can never be sent is not accepted") {
  Host host(&in_memory);
  CHECK(host.chat->send_durably(host.message("")).wait().error().code() == Errc::invalid_argument);
  CHECK(host.chat->send_durably(host.message(std::string(70'000, 'x'))).wait().error().code() == Errc::too_large);
  CHECK(host.chat->send_durably(Message(host.picnic, UserSlug("eve"), "hi")).wait().error().code() == Errc::not_found);
  CHECK(host.chat->outbox(OutboxRequest().limit(0)).wait().error().code() == Errc::invalid_argument);
  CHECK(host.chat->outbox_message(TransactionId("none")).wait().error().code() == Errc::not_found);
}

TEST_CASE("TenantOutbox: a message whose room was never made is given up with the reason, and goes out when it is") {
  Host host(&in_memory);
  EventStream stream = host.chat->outbox_events();
  const Result<TransactionId> id = host.chat->send_durably(host.message("hi").formatted("<b>hi</b>")).wait();
  REQUIRE(id);
  const ChatEvent told = outcomes(stream, 1).front();
  CHECK(told.kind() == EventKind::given_up);
  CHECK(told.reason() == "not_found");
  CHECK(told.transaction_id() == *id);
  const Result<OutboxPage> dead = host.chat->outbox(OutboxRequest().dead(true)).wait();
  REQUIRE(dead);
  REQUIRE(dead->messages().size() == 1);
  CHECK(dead->messages().front().state() == OutboxState::dead);
  CHECK(dead->messages().front().body() == "hi");
  CHECK(dead->messages().front().sender() == host.ana);
  CHECK(*dead->messages().front().room() == host.picnic);
  REQUIRE(host.chat->ensure_room(RoomRequest(host.picnic, host.ana)).wait());
  REQUIRE(host.chat->outbox_retry(*id).wait());
  CHECK(outcomes(stream, 1).front().kind() == EventKind::sent);
  const Result<MessagePage> page = host.chat->history(HistoryRequest(host.picnic, host.ana)).wait();
  CHECK(page->messages().front().formatted_body() == "<b>hi</b>");
  CHECK(host.chat->outbox_drop(*id).wait().error().code() == Errc::conflict);
}

TEST_CASE("TenantOutbox: a host's own transport keeps no outbox, and says so") {
  Runtime runtime;
  auto chat = *make_chat_service(runtime, std::make_shared<RecordingProvider>(runtime), TenantOptions(TenantId("park")),
                                 picnic_directory());
  const Message message(RoomRef::event(RoomSlug("picnic")), UserSlug("ana"), "hi");
  CHECK(chat->send_durably(message).wait().error().code() == Errc::unsupported);
  CHECK(chat->outbox().wait().error().code() == Errc::unsupported);
}

TEST_CASE("TenantOutbox: a stream of outcomes ends when it is closed, and waits as long as it may") {
  Host host(&in_memory);
  EventStream stream = host.chat->outbox_events();
  REQUIRE(stream.ready().wait());
  CHECK(stream.next(CallOptions().within(20ms)).wait().error().code() == Errc::timed_out);
  stream.close();
  CHECK(stream.next().wait().error().code() == Errc::closed);
}

TEST_CASE_FIXTURE(AtHomeserver,
                  "TenantOutbox: an answer that was lost with the process is found in the room by the next") {
  TransactionId id;
  {
    Host host(hs, store, keys);
    hs.fail_next(1, "PUT", put_path, Answer::real().after(10s));
    id = *host.chat->send_durably(host.message("once")).wait();
    REQUIRE(hs.wait_for(1, "PUT", put_path, 10s));
  }
  hs.restart();  // it remembers no transaction id
  Host next(hs, store, keys);
  for (int i = 0; i < 600 && next.chat->outbox_message(id).wait()->state() != OutboxState::sent; ++i)
    (void)next.chat->outbox_events().next(CallOptions().within(50ms)).wait();
  CHECK(next.chat->outbox_message(id).wait()->state() == OutboxState::sent);
  CHECK(posted("once") == 1);
}

TEST_CASE_FIXTURE(AtHomeserver,
                  "TenantOutbox: while the admin is refused nobody gets a token, and no message is given up") {
  TransactionId id;
  for (const char* account : {"@park_1:hs.test", "@admin:hs.test"}) hs.kill_token(account);
  hs.fail_next(1000, "POST", "/_matrix/client/v3/login", Answer::error(403, "M_FORBIDDEN"));
  {
    Host host(hs, store, keys);
    EventStream stream = host.chat->outbox_events();
    REQUIRE(stream.ready().wait());
    id = *host.chat->send_durably(host.message("held up")).wait();
    REQUIRE(hs.wait_for(1, "POST", "/_matrix/client/v3/login", 10s));
    const Result<EventBatch> told = stream.next(CallOptions().within(500ms)).wait();
    REQUIRE_FALSE(told.has_value());
    CHECK(told.error().code() == Errc::timed_out);
    CHECK(host.chat->outbox_message(id).wait()->state() != OutboxState::dead);
  }
  hs.clear_scripts();
  // All on the store would leave this password alone for a while; a right one is tried at once.
  const test::StoreClient client(store);
  REQUIRE(client.erase("refused/@admin:hs.test", client.version("refused/@admin:hs.test")));
  Host next(hs, store, keys);
  EventStream stream = next.chat->outbox_events();
  CHECK(outcomes(stream, 1).front().kind() == EventKind::sent);
  CHECK(posted("held up") == 1);
}

TEST_CASE_FIXTURE(AtHomeserver, "TenantOutbox: no send, however it goes, ends a device or a session of anybody") {
  Host host(hs, store, keys);
  EventStream stream = host.chat->outbox_events();
  hs.fail_next(1, "PUT", put_path, Answer::real().close_before_answer());
  REQUIRE(host.chat->send_durably(host.message("one")).wait());
  (void)outcomes(stream, 1);
  hs.kill_token("@park_1:hs.test");
  REQUIRE(host.chat->send_durably(host.message("two")).wait());
  (void)outcomes(stream, 1);
  CHECK(posted("one") == 1);
  CHECK(posted("two") == 1);
  CHECK(hs.count("POST", "/_matrix/client/v3/logout/**") == 0);
  CHECK(hs.count("POST", "/_matrix/client/v3/logout") == 0);
  CHECK(hs.count("DELETE", "/_matrix/client/v3/devices/*") == 0);
  CHECK(hs.count("POST", "/_synapse/admin/v2/users/*/delete_devices") == 0);
}
