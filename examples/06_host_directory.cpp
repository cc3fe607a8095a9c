// 6. The host's directory: the library asks the host who there is, at every call.
//
// Shows   a HostDirectory over data that the host holds in memory anyway, and that what changes there counts with the
//         next call. Data that is pushed into a store instead is docs/directory.md.
// Needs   as 01; of the file it uses the homeserver and the tenant's name, and brings users and an event of its own.
// Run     example_06_host_directory confab.json
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <confab/confab.hpp>

namespace {

using confab::DirectoryMember;
using confab::DirectoryRoom;
using confab::DirectoryUser;
using confab::UserSlug;

const confab::RoomRef quiz = confab::RoomRef::event(confab::RoomSlug("quiz"));

// Loops ask, several at once, so it answers from memory, under a lock that is held for moments only.
class QuizNight final : public confab::HostDirectory {
 public:
  void join(const std::string& slug) {
    const std::lock_guard lock(mutex_);
    players_.emplace_back(UserSlug(slug), "guest", std::vector<std::string>());
  }

  std::optional<DirectoryUser> user(const UserSlug& slug) const override {
    const std::lock_guard lock(mutex_);
    const auto at = people_.find(slug.str());
    if (at == people_.end()) return std::nullopt;
    return DirectoryUser(at->second, slug, "Player " + at->second);
  }
  // The way back from a Matrix id, whose localpart is made of the host's id.
  std::optional<DirectoryUser> user_by_id(std::string_view id) const override {
    const std::lock_guard lock(mutex_);
    for (const auto& [slug, its_id] : people_) {
      if (its_id == id) return DirectoryUser(its_id, UserSlug(slug), "Player " + its_id);
    }
    return std::nullopt;
  }
  std::optional<DirectoryRoom> room(const confab::RoomRef& ref) const override {
    if (!(ref == quiz)) return std::nullopt;
    const std::lock_guard lock(mutex_);
    return DirectoryRoom(ref, "Quiz night", false, UserSlug("master"), players_);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> people_ = {{"master", "q1"}, {"zoe", "q2"}};  // ids by slug; an id never changes
  std::vector<DirectoryMember> players_;
};

int fail(const char* what, const confab::Error& error) {
  std::fprintf(stderr, "%s: %s\n", what, std::string(error.message()).c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CONFIG\n", argv[0]);
    return 2;
  }
  auto configuration = confab::read_configuration(argv[1]);
  if (!configuration) return fail("configuration", configuration.error());
  confab::Runtime runtime;
  auto homeserver = confab::Homeserver::create(runtime, configuration->homeserver());
  if (!homeserver) return fail("homeserver", homeserver.error());

  const auto directory = std::make_shared<QuizNight>();
  const confab::TenantOptions& tenant = configuration->tenants().front().options();
  auto service = confab::make_chat_service(runtime, homeserver->provider(tenant.id().str()), tenant, directory);
  if (!service) return fail("tenant", service.error());
  confab::ChatService& chat = **service;

  auto room = chat.ensure_room(confab::RoomRequest(quiz, UserSlug("master"))).wait();
  if (!room) return fail("room", room.error());

  // Zoe exists, but takes no part: nothing is sent, and no request is made.
  auto outside = chat.send(confab::Message(quiz, UserSlug("zoe"), "Am I in?")).wait();
  if (outside) return 1;
  std::printf("before: %s\n", std::string(confab::errc_name(outside.error().code())).c_str());

  // She joins in the host's data; that is all. Her account and membership on the homeserver are made by the way.
  directory->join("zoe");
  auto inside = chat.send(confab::Message(quiz, UserSlug("zoe"), "Now I am in")).wait();
  if (!inside) return fail("message", inside.error());
  std::printf("after: %s\n", inside->str().c_str());
  return 0;
}
