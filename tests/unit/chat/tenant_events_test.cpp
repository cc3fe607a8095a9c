#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "unit/chat/tenant.hpp"

using namespace confab;
using confab::test::Asked;

namespace {

// A host's data that changes while streams run.
class Changing final : public HostDirectory {
 public:
  std::optional<DirectoryUser> user(const UserSlug& slug) const override {
    const std::lock_guard lock(mutex_);
    const auto at = ids.find(slug.str());
    if (at == ids.end()) return std::nullopt;
    return DirectoryUser(at->second, slug, slug.str());
  }
  std::optional<DirectoryUser> user_by_id(std::string_view id) const override {
    const std::lock_guard lock(mutex_);
    for (const auto& [slug, its] : ids) {
      if (its == id) return DirectoryUser(its, UserSlug(slug), slug);
    }
    return std::nullopt;
  }
  std::optional<DirectoryRoom> room(const RoomRef& ref) const override {
    const std::lock_guard lock(mutex_);
    if (rooms.count(ref.slug().str()) == 0) return std::nullopt;
    std::vector<DirectoryMember> members;
    for (const std::string& guest : guests) members.emplace_back(UserSlug(guest), "guest");
    return DirectoryRoom(ref, "", false, UserSlug("ana"), std::move(members));
  }
  template <class Change>
  void change(Change what) {
    const std::lock_guard lock(mutex_);
    what(*this);
  }
  std::map<std::string, std::string> ids = {{"ana", "1"}, {"ben", "2"}, {"eve", "3"}};
  std::set<std::string> rooms = {"picnic"};
  std::set<std::string> guests = {"ben"};

 private:
  mutable std::mutex mutex_;
};

ChatEvent said(const char* room, const char* id) {
  ChatEvent event(EventKind::message, MatrixRoomId(room));
  event.id(EventId(id));
  return event;
}

ChatEvent moved(const char* room, const char* id, const char* user, const char* membership) {
  ChatEvent event(EventKind::membership, MatrixRoomId(room));
  event.id(EventId(id)).user(MatrixUserId(user)).membership(membership);
  return event;
}

struct Live {
  Runtime runtime;
  std::shared_ptr<test::RecordingProvider> provider = std::make_shared<test::RecordingProvider>(runtime);
  std::shared_ptr<Changing> directory = std::make_shared<Changing>();
  std::shared_ptr<ChatService> chat = service();
  UserSlug ana{"ana"};
  UserSlug ben{"ben"};
  RoomRef picnic = RoomRef::event(RoomSlug("picnic"));

  Live() {
    REQUIRE(chat->ensure_room(RoomRequest(picnic, ana)).wait().has_value());
    REQUIRE(chat->add_member(picnic, ben).wait().has_value());
    (void)provider->asked();
  }
  std::shared_ptr<ChatService> service(const char* tenant = "park") {
    return make_chat_service(runtime, provider, TenantOptions(TenantId(tenant)), directory).value();
  }
  std::vector<std::string> next(EventStream& stream) {
    auto batch = stream.next().wait();
    REQUIRE(batch.has_value());
    std::vector<std::string> ids;
    for (const ChatEvent& event : *batch) ids.push_back(event.id().str());
    return ids;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Live, "events of rooms that are not the tenant's are dropped, and each room is looked up once") {
  const auto restarted = service();  // it remembers nothing
  provider->batches = {{said("!9", "$a")},
                       {said("!1", "$b"), said("!9", "$c"), ChatEvent(EventKind::missed, MatrixRoomId())},
                       {said("!9", "$d"), said("!1", "$e")}};
  EventStream stream = restarted->events(ben);
  CHECK(next(stream) == Asked{"$b", ""});
  const Asked asked = provider->asked();
  CHECK(asked == Asked{"next @park_2:hs.test", "name !9", "next @park_2:hs.test", "name !1"});
  CHECK(next(stream) == Asked{"$e"});
  CHECK(next(stream) == Asked{""});
  CHECK(provider->asked() == Asked{"next @park_2:hs.test", "next @park_2:hs.test"});
}

TEST_CASE_FIXTURE(Live, "a room that this process made or used costs no look-up at all") {
  provider->batches = {{said("!1", "$a")}};
  EventStream stream = chat->events(ben);
  CHECK(next(stream) == Asked{"$a"});
  CHECK(provider->asked() == Asked{"next @park_2:hs.test"});
}

TEST_CASE_FIXTURE(Live, "whoever the directory no longer lists hears only that they are out") {
  provider->batches = {{said("!1", "$a")}};
  EventStream stream = chat->events(ben);
  CHECK(next(stream) == Asked{"$a"});
  directory->change([](Changing& all) { all.guests.clear(); });
  provider->batches = {{said("!1", "$b")},
                       {moved("!1", "$c", "@park_1:hs.test", "leave"), moved("!1", "$d", "@park_2:hs.test", "join"),
                        moved("!1", "$e", "@park_2:hs.test", "leave"), said("!1", "$f")},
                       {moved("!1", "$g", "@park_2:hs.test", "ban"), moved("!9", "$h", "@park_2:hs.test", "leave")}};
  CHECK(next(stream) == Asked{"$e"});
  CHECK(next(stream) == Asked{"$g"});
  // Listed again, and then the whole event is gone.
  directory->change([](Changing& all) { all.guests = {"ben"}; });
  provider->batches = {{said("!1", "$i")}};
  CHECK(next(stream) == Asked{"$i"});
  directory->change([](Changing& all) { all.rooms.clear(); });
  provider->batches = {{said("!1", "$j")}, {moved("!1", "$k", "@park_2:hs.test", "leave")}};
  CHECK(next(stream) == Asked{"$k"});
}

TEST_CASE_FIXTURE(Live, "a conversation is heard by its two while both are listed, whatever they are called") {
  REQUIRE(chat->send(Message(RoomRef::direct(ana, ben), ana, "hi")).wait().has_value());
  for (const auto& asker : {chat, service()}) {
    provider->batches = {{said("!2", "$a")}};
    EventStream stream = asker->events(ben);
    CHECK(next(stream) == Asked{"$a"});
    directory->change([](Changing& all) { all.ids = {{"anna", "1"}, {"ben", "2"}, {"eve", "3"}}; });
    provider->batches = {{said("!2", "$b")}};
    CHECK(next(stream) == Asked{"$b"});
    directory->change([](Changing& all) { all.ids.erase("anna"); });
    provider->batches = {{said("!2", "$c")}, {said("!1", "$d")}};
    CHECK(next(stream) == Asked{"$d"});
    directory->change([](Changing& all) { all.ids = {{"ana", "1"}, {"ben", "2"}, {"eve", "3"}}; });
  }
  // A third who got in by whatever way hears nothing.
  REQUIRE(chat->ensure_user(UserSlug("eve")).wait().has_value());
  directory->change([](Changing& all) { all.guests.insert("eve"); });
  provider->batches = {{said("!2", "$e"), said("!1", "$f")}};
  EventStream third = chat->events(UserSlug("eve"));
  CHECK(next(third) == Asked{"$f"});
}

TEST_CASE_FIXTURE(Live, "a conversation whose alias is a hash is known by its members") {
  const std::string one(90, 'x');
  const std::string two(90, 'Y');
  directory->change([&](Changing& all) { all.ids = {{"ana", one}, {"ben", two}}; });
  REQUIRE(chat->send(Message(RoomRef::direct(ana, ben), ana, "hi")).wait().has_value());
  const auto restarted = service();
  (void)provider->asked();
  provider->batches = {{said("!2", "$a")}, {said("!2", "$b")}};
  EventStream stream = restarted->events(ben);
  CHECK(next(stream) == Asked{"$a"});
  const std::string user = "next " + restarted->ensure_user(ben).wait()->user_id().str();
  const Asked asked = provider->asked();
  REQUIRE(asked.size() == 4);
  CHECK(Asked(asked.begin(), asked.begin() + 3) == Asked{user, "name !2", "members !2"});
  CHECK(next(stream) == Asked{"$b"});
  CHECK(provider->asked() == Asked{user});
}

TEST_CASE_FIXTURE(Live, "another tenant hears nothing of a room, though its user were in it") {
  const auto other = service("zoo");
  REQUIRE(other->ensure_user(ben).wait().has_value());
  REQUIRE(other->ensure_room(RoomRequest(picnic, ana)).wait().has_value());
  provider->batches = {{said("!1", "$a"), moved("!1", "$b", "@zoo_2:hs.test", "leave"), said("!2", "$c")}};
  EventStream stream = other->events(ben);
  CHECK(next(stream) == Asked{"$c"});
}

TEST_CASE_FIXTURE(Live, "a batch whose rooms cannot be looked up is kept, and consumed by nobody") {
  const auto restarted = service();
  provider->batches = {{said("!1", "$a")}, {said("!1", "$b"), said("!7", "$c")}};
  EventStream stream = restarted->events(ben);
  CHECK(next(stream) == Asked{"$a"});
  provider->replace_rooms();
  provider->batches = {{said("!2", "$b")}, {said("!2", "$c")}};
  (void)provider->asked();
  provider->fail_lookups = 2;
  CHECK(stream.next().wait().error().code() == Errc::unreachable);
  stream.ack();
  CHECK(provider->acknowledged == 0);
  CHECK(stream.next().wait().error().code() == Errc::unreachable);
  CHECK(next(stream) == Asked{"$b"});
  CHECK(provider->asked() == Asked{"next @park_2:hs.test", "name !2", "name !2", "name !2"});
  stream.ack();
  CHECK(provider->acknowledged == 1);
  CHECK(next(stream) == Asked{"$c"});
}

TEST_CASE_FIXTURE(Live, "a slug that became another user's ends what its stream tells") {
  provider->batches = {{said("!1", "$a")}};
  EventStream stream = chat->events(ben);
  CHECK(next(stream) == Asked{"$a"});
  directory->change([](Changing& all) { all.ids["ben"] = "4"; });
  CHECK(stream.next().wait().error().code() == Errc::not_found);
  directory->change([](Changing& all) { all.ids.erase("ben"); });
  CHECK(stream.next().wait().error().code() == Errc::not_found);
}
