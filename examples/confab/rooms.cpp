// `confab room ...`
#include <string>
#include <vector>

#include "commands.hpp"
#include "report.hpp"
#include "ride_through.hpp"

namespace program {
namespace {

JsonLine room_line(const confab::Room& room) {
  JsonLine line;
  line.text("room_id", room.room_id().str());
  if (room.ref().kind() == confab::RoomKind::direct) {
    return line.text("kind", "direct").texts("users", {room.ref().first().str(), room.ref().second().str()});
  }
  line.text("kind", room.ref().kind() == confab::RoomKind::group ? "group" : "event");
  line.text("slug", room.ref().slug().str()).text("name", room.name());
  return line;
}

JsonLine member_line(const confab::Member& member) {
  JsonLine line;
  line.text_or_null("user", member.slug().str()).text("user_id", member.user_id().str());
  line.text_or_null("name", member.name()).text("membership", member.membership());
  line.number("power_level", member.power_level());
  return line;
}

}  // namespace

int create_room(Session& session, const std::string& kind, const std::string& slug, const std::string& creator,
                const std::string& name, const std::string& topic, bool is_public) {
  RideThrough ride(session.homeserver(), session.limit());
  confab::Result<confab::Room> room = ride.run([&](confab::CallOptions options, bool) {
    confab::RoomRequest request(room_ref(kind, slug), confab::UserSlug(creator));
    request.name(name).topic(topic);
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

int make_direct(Session& session, const std::string& one, const std::string& other) {
  RideThrough ride(session.homeserver(), session.limit());
  confab::Result<confab::Room> room = ride.run([&](confab::CallOptions options, bool) {
    confab::RoomRequest request(room_ref("direct", other, one), confab::UserSlug(one));
    return session.chat().ensure_room(std::move(request), options).wait();
  });
  if (!room) return fail(room.error());
  if (confab::Result<void> printed = print(room_line(*room)); !printed) return fail(printed.error());
  return exit_done;
}

int remove_from_room(Session& session, const std::string& kind, const std::string& slug, const std::string& user) {
  RideThrough ride(session.homeserver(), session.limit());
  confab::Result<confab::Room> room = ride.run([&](confab::CallOptions options, bool) {
    return session.chat().remove_member(room_ref(kind, slug), confab::UserSlug(user), options).wait();
  });
  if (!room) return fail(room.error());
  JsonLine line = room_line(*room);
  line.text("user", user);
  if (confab::Result<void> printed = print(line); !printed) return fail(printed.error());
  return exit_done;
}

int members_of_room(Session& session, const std::string& kind, const std::string& slug) {
  RideThrough ride(session.homeserver(), session.limit());
  confab::Result<std::vector<confab::Member>> members = ride.run(
      [&](confab::CallOptions options, bool) { return session.chat().members(room_ref(kind, slug), options).wait(); });
  if (!members) return fail(members.error());
  for (const confab::Member& member : *members) {
    if (confab::Result<void> printed = print(member_line(member)); !printed) return fail(printed.error());
  }
  return exit_done;
}

}  // namespace program
