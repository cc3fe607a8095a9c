// Operations about rooms and who is in them.
#include "capi/results.hpp"
#include "capi/tenant_operation.hpp"

using namespace confab::capi;
using confab::CallOptions;
using confab::ChatService;
using confab::RoomRef;
using confab::UserSlug;

namespace {

RoomRef room_of(const confab_room_request& given) { return room_ref(given.room_kind, given.room, given.user); }
UserSlug user_of(const confab_room_request& given) { return UserSlug(text(given.user)); }

}  // namespace

confab_status confab_ensure_room(confab_tenant* tenant, const confab_room_request* request, CONFAB_ASK) {
  return start({queue, tag, operation, error}, tenant, request,
               [](ChatService& chat, const confab_room_request& given, CallOptions how) {
                 confab::RoomRequest wanted(room_of(given), user_of(given));
                 wanted.name(text(given.name)).topic(text(given.topic)).make_public(given.make_public != 0);
                 wanted.members(first_members(given));
                 return std::make_pair(chat.ensure_room(std::move(wanted), std::move(how)), write_room);
               });
}

confab_status confab_add_member(confab_tenant* tenant, const confab_room_request* request, CONFAB_ASK) {
  return start({queue, tag, operation, error}, tenant, request,
               [](ChatService& chat, const confab_room_request& given, CallOptions how) {
                 return std::make_pair(chat.add_member(room_of(given), user_of(given), std::move(how)), write_room);
               });
}

confab_status confab_remove_member(confab_tenant* tenant, const confab_room_request* request, CONFAB_ASK) {
  return start({queue, tag, operation, error}, tenant, request,
               [](ChatService& chat, const confab_room_request& given, CallOptions how) {
                 return std::make_pair(chat.remove_member(room_of(given), user_of(given), std::move(how)), write_room);
               });
}

confab_status confab_members(confab_tenant* tenant, const confab_room_request* request, CONFAB_ASK) {
  return start({queue, tag, operation, error}, tenant, request,
               [](ChatService& chat, const confab_room_request& given, CallOptions how) {
                 return std::make_pair(chat.members(room_of(given), std::move(how)), write_members);
               });
}

confab_status confab_unread(confab_tenant* tenant, const confab_room_request* request, CONFAB_ASK) {
  return start({queue, tag, operation, error}, tenant, request,
               [](ChatService& chat, const confab_room_request& given, CallOptions how) {
                 return std::make_pair(chat.unread(room_of(given), user_of(given), std::move(how)), write_unread);
               });
}
