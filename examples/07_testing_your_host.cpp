// 7. Testing a host: its own unit test, with no homeserver anywhere.
//
// Shows   the transport in memory in Matrix's place: the code under test is the host's, the library is the real one.
// Needs   nothing: no file, no network.
// Run     example_07_testing_your_host
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <confab/confab.hpp>

namespace {

using confab::DirectoryMember;
using confab::DirectoryRoom;
using confab::DirectoryUser;
using confab::UserSlug;

const confab::RoomRef kitchen = confab::RoomRef::group(confab::RoomSlug("kitchen"));

// The host's code under test: it greets a room, once, however often it is asked to.
confab::Result<confab::EventId> greet(confab::ChatService& chat, const UserSlug& cook) {
  confab::Message greeting(kitchen, cook, "Dinner is ready");
  greeting.transaction_id(confab::TransactionId("dinner-of-today"));
  return chat.send(greeting).wait();
}

// Who there is, in this test.
class Household final : public confab::HostDirectory {
 public:
  std::optional<DirectoryUser> user(const UserSlug& slug) const override { return user_by_id(slug.str()); }
  std::optional<DirectoryUser> user_by_id(std::string_view id) const override {
    if (id != "cook" && id != "guest") return std::nullopt;
    return DirectoryUser(std::string(id), UserSlug(std::string(id)), "The " + std::string(id));
  }
  std::optional<DirectoryRoom> room(const confab::RoomRef& ref) const override {
    if (!(ref == kitchen)) return std::nullopt;
    std::vector<DirectoryMember> members;
    members.emplace_back(UserSlug("guest"), "guest", std::vector<std::string>());
    return DirectoryRoom(ref, "Kitchen", false, UserSlug("cook"), members);
  }
};

int failed(const char* what) {
  std::printf("failed: %s\n", what);
  return 1;
}

}  // namespace

int main() {
  using std::chrono::seconds;
  confab::Runtime runtime;
  auto provider = confab::make_memory_provider(runtime, "test.example");
  if (!provider) return failed("provider");
  auto service = confab::make_chat_service(runtime, *provider, confab::TenantOptions(confab::TenantId("home")),
                                           std::make_shared<Household>());
  if (!service) return failed("service");
  confab::ChatService& chat = **service;
  const UserSlug cook("cook");
  const UserSlug guest("guest");
  if (!chat.ensure_room(confab::RoomRequest(kitchen, cook)).wait()) return failed("room");

  // The guest is there first: what happens from ready() on is in the stream.
  if (!chat.send(confab::Message(kitchen, guest, "I am hungry")).wait()) return failed("guest");
  confab::EventStream stream = chat.events(guest);
  if (!stream.ready().wait()) return failed("stream");

  // Nobody calls twice: the second greeting is the first one.
  const auto first = greet(chat, cook);
  const auto second = greet(chat, cook);
  if (!first || !second || *first != *second) return failed("one greeting");
  std::printf("greeted once: %s\n", first->str().c_str());

  for (bool heard = false; !heard;) {
    const auto batch = stream.next(confab::CallOptions().within(seconds(5))).wait();
    if (!batch) return failed("the guest heard nothing");
    for (const confab::ChatEvent& event : *batch) heard = heard || event.id() == *first;
  }
  std::printf("heard live\n");

  const auto page = chat.history(confab::HistoryRequest(kitchen, guest)).wait();
  if (!page || page->messages().size() != 2) return failed("history");
  std::printf("read back: %s\n", page->messages().front().body().c_str());

  // Strangers are refused, by the host's own directory.
  const auto stranger = chat.send(confab::Message(kitchen, UserSlug("stranger"), "Hello?")).wait();
  if (stranger || stranger.error().code() != confab::Errc::not_found) return failed("a stranger spoke");
  std::printf("passed\n");
  return 0;
}
