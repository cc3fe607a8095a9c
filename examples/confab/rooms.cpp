// `confab room ...`
#include "commands.hpp"
#include "report.hpp"
#include "ride_through.hpp"

namespace program {
namespace {

JsonLine room_line(const confab::Room& room) {
  JsonLine line;
  line.text("room_id", room.room_id().str());
  line.text("kind", room.ref().kind() == confab::RoomKind::group ? "group" : "event");
  line.text("slug", room.ref().slug().str()).text("name", room.name());
  return line;
}

}  // namespace

int create_room(Session& session, const std::string& kind, const std::string& slug, const std::string& creator,
                const std::string& name, bool is_public) {
  RideThrough ride(session.homeserver(), session.limit());
  confab::Result<confab::Room> room = ride.run([&](confab::CallOptions options, bool) {
    confab::RoomRequest request(room_ref(kind, slug), confab::UserSlug(creator));
    request.name(name);
    if (is_public) request.make_public(true);
    return session.chat().ensure_room(std::move(request), options).wait();
  });
  if (!room) return fail(room.error());
  if (confab::Result<void> printed = print(room_line(*room)); !printed) return fail(printed.error());
  return exit_done;
}

int add_to_room(Session& session, const std::string& kind, const std::string& slug, const std::string& user) {
  RideThrough ride(session.homeserver(), session.limit());
  confab::Result<confab::Room> room = ride.run([&](confab::CallOptions options, bool) {
    return session.chat().add_member(room_ref(kind, slug), confab::UserSlug(user), options).wait();
  });
  if (!room) return fail(room.error());
  JsonLine line = room_line(*room);
  line.text("user", user);
  if (confab::Result<void> printed = print(line); !printed) return fail(printed.error());
  return exit_done;
}

}  // namespace program
