// The handles of the public API, shared by threads: one service, one homeserver, one stream, against a homeserver in
// this process.
#include <doctest/doctest.h>

#include <latch>
#include <optional>

#include <confab/confab.hpp>

#include "support/fake_matrix.hpp"
#include "threads/on_threads.hpp"
#include "threads/operations.hpp"

using namespace confab_threads;
using namespace std::chrono_literals;
using confab::Account;
using confab::ChatService;
using confab::EventBatch;
using confab::EventId;
using confab::EventStream;
using confab::Homeserver;
using confab::Message;
using confab::RoomRef;
using confab::RoomSlug;
using confab::UserSlug;
using confab::test::FakeMatrix;

namespace {

// A host's directory that counts how it is asked, from however many threads.
class Everybody final : public confab::HostDirectory {
 public:
  std::optional<confab::DirectoryUser> user(const UserSlug& slug) const override {
    ++asked;
    return confab::DirectoryUser("id-" + slug.str(), slug, slug.str());
  }
  std::optional<confab::DirectoryUser> user_by_id(std::string_view id) const override {
    ++asked;
    const std::string slug(id.substr(3));
    return confab::DirectoryUser(std::string(id), UserSlug(slug), slug);
  }
  std::optional<confab::DirectoryRoom> room(const RoomRef& ref) const override {
    ++asked;
    std::vector<confab::DirectoryMember> members;
    for (int i = 0; i < 8; ++i) {
      members.emplace_back(UserSlug("user" + std::to_string(i)), "guest", std::vector<std::string>());
    }
    return confab::DirectoryRoom(ref, "Room", false, UserSlug("user0"), std::move(members));
  }
  mutable std::atomic<int> asked{0};
};

class Host {
 public:
  explicit Host(RuntimeOptions options = RuntimeOptions().loop_threads(2))
      : runtime(std::make_unique<Runtime>(std::move(options))),
        homeserver(Homeserver::create(
                       *runtime, confab::HomeserverOptions(hs.url(), hs.server_name(), "admin",
                                                           confab::Secret(std::string(FakeMatrix::admin_password))))
                       .value()),
        directory(std::make_shared<Everybody>()),
        chat(confab::make_chat_service(*runtime, homeserver.provider("acme"),
                                       confab::TenantOptions(confab::TenantId("acme")), directory)
                 .value()) {}

  FakeMatrix hs;
  std::unique_ptr<Runtime> runtime;
  Homeserver homeserver;
  std::shared_ptr<Everybody> directory;
  std::shared_ptr<ChatService> chat;
  RoomRef room = RoomRef::event(RoomSlug("standup"));
};

UserSlug user(int index) { return UserSlug("user" + std::to_string(index)); }

}  // namespace

TEST_CASE("eight threads share one ChatService and one HostDirectory") {
  Host host;
  REQUIRE(host.chat->ensure_user(user(0)).wait().has_value());
  REQUIRE(host.chat->ensure_room(confab::RoomRequest(host.room, user(0))).wait().has_value());
  std::atomic<int> sent{0};
  on_threads(8, [&](int index) {
    if (!host.chat->ensure_user(user(index)).wait().has_value()) return;
    if (!host.chat->add_member(host.room, user(index)).wait().has_value()) return;
    for (int n = 0; n < 5; ++n) {
      if (host.chat->send(Message(host.room, user(index), "hi")).wait().has_value()) ++sent;
    }
    static_cast<void>(host.chat->history(confab::HistoryRequest(host.room, user(index)).limit(10)).wait());
  });
  CHECK(sent == 40);
  CHECK(host.directory->asked >= 40);
  const auto rooms = host.hs.room_ids();
  REQUIRE(rooms.size() == 1);
  CHECK(host.hs.bodies(rooms.front()).size() == 40);
}

TEST_CASE("threads share one Homeserver and take providers from it while it is examined") {
  Host host;
  std::atomic<int> right{0};
  on_threads(6, [&](int index) {
    const Homeserver copy = host.homeserver;
    const auto provider = copy.provider("tenant" + std::to_string(index));
    const confab::MatrixUserId id("@made" + std::to_string(index) + ":" + provider->server_name());
    if (provider->ensure_account(id, "Made", CallOptions()).wait().has_value() && copy.examine().wait().has_value())
      ++right;
  });
  CHECK(right == 6);
}

TEST_CASE("a second next() while one is outstanding is busy; close() from another thread ends the first") {
  Host host;
  REQUIRE(host.chat->ensure_user(user(1)).wait().has_value());
  EventStream stream = host.chat->events(user(1));
  std::optional<Errc> first;
  Owed owed;
  owed.add();
  stream.next(CallOptions().within(1h)).start([&](Result<EventBatch> batch) {
    first = batch.has_value() ? Errc::unknown : batch.error().code();
    owed.done();
  });
  const Result<EventBatch> second = stream.next().wait();
  REQUIRE(!second.has_value());
  CHECK(second.error().code() == Errc::busy);
  std::thread closer([copy = stream]() mutable { copy.close(); });
  closer.join();
  REQUIRE(owed.wait_for_none());
  CHECK(first == Errc::closed);
}

TEST_CASE("streams and sends of several users at once: handlers of one user stay alone") {
  Pool pool(3);
  Host host(
      RuntimeOptions().loop_threads(2).executor([&pool](UniqueFunction<void()> task) { pool.post(std::move(task)); }));
  REQUIRE(host.chat->ensure_user(user(0)).wait().has_value());
  REQUIRE(host.chat->ensure_room(confab::RoomRequest(host.room, user(0))).wait().has_value());
  for (int i = 1; i < 4; ++i) {
    REQUIRE(host.chat->ensure_user(user(i)).wait().has_value());
    REQUIRE(host.chat->add_member(host.room, user(i)).wait().has_value());
  }
  std::latch heard(3);
  std::vector<std::thread> readers;
  for (int i = 1; i < 4; ++i) {
    readers.emplace_back([&, i] {
      EventStream stream = host.chat->events(user(i));
      std::size_t messages = 0;
      while (messages < 10) {
        const Result<EventBatch> batch = stream.next(CallOptions().within(60s)).wait();
        if (!batch.has_value()) break;
        for (const auto& event : *batch) messages += event.message().has_value() ? 1 : 0;
        stream.ack();
      }
      CHECK(messages >= 10);
      heard.count_down();
    });
  }
  // A stream tells what happens from the moment it is open, so messages are sent until all have heard enough.
  std::atomic<int> together{0};
  std::atomic<int> at_once{0};
  for (int n = 0; n < 2000 && !heard.try_wait(); ++n) {
    Owed owed;
    for (int i = 0; i < 4; ++i) {
      owed.add();
      host.chat->send(Message(host.room, user(0), "hi")).start([&](Result<EventId> sent) {
        if (++at_once != 1 || !sent.has_value()) ++together;
        --at_once;
        owed.done();
      });
    }
    REQUIRE(owed.wait_for_none());
  }
  CHECK(together == 0);
  for (auto& reader : readers) reader.join();
}

TEST_CASE(
    "a service, a stream and a Homeserver outlive their Runtime: what is in flight and what comes later is closed") {
  Host host;
  REQUIRE(host.chat->ensure_user(user(1)).wait().has_value());
  EventStream stream = host.chat->events(user(1));
  Owed owed;
  std::atomic<int> closed{0};
  const auto count = [&](const auto& result) {
    if (!result.has_value() && result.error().code() == Errc::closed) ++closed;
    owed.done();
  };
  owed.add();
  stream.next(CallOptions().within(1h)).start([&](Result<EventBatch> batch) { count(batch); });
  host.runtime.reset();
  CHECK(owed.count() == 0);
  CHECK(closed == 1);
  owed.add();
  host.chat->ensure_user(user(2)).start([&](Result<Account> account) { count(account); });
  owed.add();
  stream.next().start([&](Result<EventBatch> batch) { count(batch); });
  REQUIRE(owed.wait_for_none());
  CHECK(closed == 3);
  CHECK(host.homeserver.examine().wait().error().code() == Errc::closed);
}
