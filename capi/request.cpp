#include "capi/request.hpp"

#include <algorithm>

namespace confab::capi {

std::size_t check_struct(const void* given, std::size_t known, std::size_t earlier, std::string_view name) {
  if (given == nullptr) refuse(Errc::invalid_argument, name, "this argument is NULL");
  std::uint32_t size = 0;
  std::memcpy(&size, given, sizeof size);
  if (size == earlier) return earlier;
  if (size < known) refuse(Errc::invalid_argument, "struct_size", "struct_size is not set to the size of the struct");
  if (size > largest_struct) refuse(Errc::unsupported, "struct_size", "struct_size is larger than any struct");
  const auto* bytes = static_cast<const unsigned char*>(given);
  if (std::any_of(bytes + known, bytes + size, [](unsigned char byte) { return byte != 0; })) {
    refuse(Errc::unsupported, name, "something is asked for that this version of the library does not know");
  }
  return known;
}

CallOptions call_options(std::uint32_t timeout_ms) {
  return timeout_ms == 0 ? CallOptions() : CallOptions().within(std::chrono::milliseconds(timeout_ms));
}

MessageKind message_kind(std::int32_t kind) {
  switch (kind) {
    case CONFAB_MESSAGE_TEXT:
      return MessageKind::text;
    case CONFAB_MESSAGE_NOTICE:
      return MessageKind::notice;
    case CONFAB_MESSAGE_EMOTE:
      return MessageKind::emote;
    default:
      refuse(Errc::invalid_argument, "message_kind", "this is no CONFAB_MESSAGE_...");
  }
}

std::vector<UserSlug> first_members(const confab_room_request& given) {
  constexpr std::uint32_t most = 1000;
  check_reserved(given.reserved);
  if (given.member_count > most || (given.member_count > 0 && given.members == nullptr)) {
    refuse(Errc::invalid_argument, "members", "these are no members: too many, or NULL");
  }
  std::vector<UserSlug> members;
  for (std::uint32_t i = 0; i < given.member_count; ++i) members.emplace_back(text(given.members[i]));
  return members;
}

RoomRef room_ref(std::int32_t kind, const char* room, const char* user) {
  switch (kind) {
    case CONFAB_ROOM_EVENT:
      return RoomRef::event(RoomSlug(text(room)));
    case CONFAB_ROOM_GROUP:
      return RoomRef::group(RoomSlug(text(room)));
    case CONFAB_ROOM_DIRECT:
      return RoomRef::direct(UserSlug(text(user)), UserSlug(text(room)));
    default:
      refuse(Errc::invalid_argument, "room_kind", "this is no CONFAB_ROOM_...");
  }
}

void check_reserved(std::uint32_t reserved) {
  if (reserved != 0) refuse(Errc::unsupported, "reserved", "a reserved member is not zero");
}

}  // namespace confab::capi
