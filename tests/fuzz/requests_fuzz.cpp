// Any text as ids, types, tokens, names and contents: what an endpoint does not refuse asks for what it was told to ask
// for. Each text stays within its one segment or parameter, and the body is JSON. Four texts, a line each.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "matrix/endpoints/account.hpp"
#include "matrix/endpoints/account_data.hpp"
#include "matrix/endpoints/capabilities.hpp"
#include "matrix/endpoints/devices.hpp"
#include "matrix/endpoints/directory.hpp"
#include "matrix/endpoints/discovery.hpp"
#include "matrix/endpoints/filters.hpp"
#include "matrix/endpoints/login.hpp"
#include "matrix/endpoints/members.hpp"
#include "matrix/endpoints/membership.hpp"
#include "matrix/endpoints/messages.hpp"
#include "matrix/endpoints/profile.hpp"
#include "matrix/endpoints/public_rooms.hpp"
#include "matrix/endpoints/read_markers.hpp"
#include "matrix/endpoints/receipts.hpp"
#include "matrix/endpoints/redaction.hpp"
#include "matrix/endpoints/registration.hpp"
#include "matrix/endpoints/relations.hpp"
#include "matrix/endpoints/room_event.hpp"
#include "matrix/endpoints/rooms_create.hpp"
#include "matrix/endpoints/send.hpp"
#include "matrix/endpoints/synapse_admin_account.hpp"
#include "matrix/endpoints/synapse_admin_devices.hpp"
#include "matrix/endpoints/synapse_admin_rate_limit.hpp"
#include "matrix/endpoints/synapse_admin_room_delete.hpp"
#include "matrix/endpoints/synapse_admin_room_list.hpp"
#include "matrix/endpoints/synapse_admin_rooms.hpp"
#include "matrix/endpoints/synapse_admin_users.hpp"
#include "matrix/endpoints/sync.hpp"
#include "matrix/endpoints/typing.hpp"
#include "matrix/endpoints/unread.hpp"
#include "matrix/endpoints/versions.hpp"

namespace {
using namespace confab;
using namespace confab::matrix;

struct Words {
  std::string a, b, c, d;
};

PasswordProof proof(const Words& w) { return PasswordProof(MatrixUserId(w.b), Secret(w.c), w.d); }

using Encoder = Result<EndpointRequest> (*)(const Words& w);
constexpr std::array<Encoder, 83> encoders = {
    [](const Words& w) {
      static_cast<void>(w);
      return GetVersions().encode();
    },
    [](const Words& w) {
      static_cast<void>(w);
      return GetWellKnown().encode();
    },
    [](const Words& w) {
      static_cast<void>(w);
      return GetAuthMetadata().encode();
    },
    [](const Words& w) {
      static_cast<void>(w);
      return GetLoginFlows().encode();
    },
    [](const Words& w) {
      static_cast<void>(w);
      return GetCapabilities().encode();
    },
    [](const Words& w) {
      static_cast<void>(w);
      return Whoami().encode();
    },
    [](const Words& w) {
      static_cast<void>(w);
      return Logout().encode();
    },
    [](const Words& w) {
      static_cast<void>(w);
      return LogoutAll().encode();
    },
    [](const Words& w) {
      static_cast<void>(w);
      return GetDevices().encode();
    },
    [](const Words& w) {
      static_cast<void>(w);
      return GetJoinedRooms().encode();
    },
    [](const Words& w) {
      static_cast<void>(w);
      return AdminServerVersion().encode();
    },
    [](const Words& w) {
      return PasswordLogin(w.a, Secret(w.b))
          .device_id(DeviceId(w.c))
          .device_name(w.d)
          .with_refresh_token(true)
          .encode();
    },
    [](const Words& w) {
      return JwtLogin(Secret(w.a)).device_id(DeviceId(w.b)).device_name(w.c).with_refresh_token(true).encode();
    },
    [](const Words& w) { return RefreshToken(Secret(w.a)).encode(); },
    [](const Words& w) { return RegisterAppserviceUser(w.a).log_in(DeviceId(w.b), true).encode(); },
    [](const Words& w) { return GetDevice(DeviceId(w.a)).encode(); },
    [](const Words& w) { return PutDevice(DeviceId(w.a)).display_name(w.b).encode(); },
    [](const Words& w) { return DeleteDevice(DeviceId(w.a)).proof(proof(w)).encode(); },
    [](const Words& w) {
      return DeleteDevices({DeviceId(w.a), DeviceId(w.b)}).proof(proof(w)).encode();
    },
    [](const Words& w) { return GetProfile(MatrixUserId(w.a)).encode(); },
    [](const Words& w) { return SetDisplayName(MatrixUserId(w.a), w.b).encode(); },
    [](const Words& w) { return GetProfileField(MatrixUserId(w.a), w.b).encode(); },
    [](const Words& w) { return SetProfileField(MatrixUserId(w.a), w.b, w.c).encode(); },
    [](const Words& w) { return DeleteProfileField(MatrixUserId(w.a), w.b).encode(); },
    [](const Words& w) { return GetAccountData(MatrixUserId(w.a), w.b).room(MatrixRoomId(w.c)).encode(); },
    [](const Words& w) { return PutAccountData(MatrixUserId(w.a), w.b, w.c).room(MatrixRoomId(w.d)).encode(); },
    [](const Words& w) { return UploadFilter(MatrixUserId(w.a), w.b).encode(); },
    [](const Words& w) { return GetFilter(MatrixUserId(w.a), w.b).encode(); },
    [](const Words& w) {
      return CreateRoom()
          .name(w.a)
          .topic(w.b)
          .alias_localpart(w.c)
          .room_version(w.d)
          .invite(MatrixUserId(w.d))
          .creation_content(w.c)
          .power_levels(w.d)
          .initial_state(w.a, w.b, w.c)
          .encode();
    },
    [](const Words& w) { return JoinRoom(MatrixRoomId(w.a)).via(w.b).encode(); },
    [](const Words& w) { return JoinRoom(RoomAlias(w.a)).via(w.b).encode(); },
    [](const Words& w) { return InviteUser(MatrixRoomId(w.a), MatrixUserId(w.b)).reason(w.c).encode(); },
    [](const Words& w) { return LeaveRoom(MatrixRoomId(w.a)).reason(w.b).encode(); },
    [](const Words& w) { return KickUser(MatrixRoomId(w.a), MatrixUserId(w.b)).reason(w.c).encode(); },
    [](const Words& w) { return BanUser(MatrixRoomId(w.a), MatrixUserId(w.b)).reason(w.c).encode(); },
    [](const Words& w) { return UnbanUser(MatrixRoomId(w.a), MatrixUserId(w.b)).reason(w.c).encode(); },
    [](const Words& w) { return ForgetRoom(MatrixRoomId(w.a)).encode(); },
    [](const Words& w) { return GetJoinedMembers(MatrixRoomId(w.a)).encode(); },
    [](const Words& w) { return GetMembers(MatrixRoomId(w.a)).at(PageToken(w.b)).encode(); },
    [](const Words& w) { return ResolveAlias(RoomAlias(w.a)).encode(); },
    [](const Words& w) { return CreateAlias(RoomAlias(w.a), MatrixRoomId(w.b)).encode(); },
    [](const Words& w) { return DeleteAlias(RoomAlias(w.a)).encode(); },
    [](const Words& w) { return GetRoomAliases(MatrixRoomId(w.a)).encode(); },
    [](const Words& w) { return GetPublicRooms().server(w.a).since(PageToken(w.b)).encode(); },
    [](const Words& w) { return SearchPublicRooms(w.a).server(w.b).since(PageToken(w.c)).encode(); },
    [](const Words& w) { return ListRoom(MatrixRoomId(w.a), true).encode(); },
    [](const Words& w) { return SendEvent(MatrixRoomId(w.a), w.b, TransactionId(w.c), w.d).encode(); },
    [](const Words& w) { return PutState(MatrixRoomId(w.a), w.b, w.c, w.d).encode(); },
    [](const Words& w) { return GetState(MatrixRoomId(w.a), w.b, w.c).encode(); },
    [](const Words& w) { return GetAllState(MatrixRoomId(w.a)).encode(); },
    [](const Words& w) { return GetEvent(MatrixRoomId(w.a), EventId(w.b)).encode(); },
    [](const Words& w) { return GetContext(MatrixRoomId(w.a), EventId(w.b)).filter(w.c).encode(); },
    [](const Words& w) {
      return GetMessages(MatrixRoomId(w.a)).from(PageToken(w.b)).to(PageToken(w.c)).filter(w.d).encode();
    },
    [](const Words& w) {
      return GetRelations(MatrixRoomId(w.a), EventId(w.b)).rel_type(w.c).event_type(w.d).from(PageToken(w.d)).encode();
    },
    [](const Words& w) {
      return RedactEvent(MatrixRoomId(w.a), EventId(w.b), TransactionId(w.c)).reason(w.d).encode();
    },
    [](const Words& w) { return SetTyping(MatrixRoomId(w.a), MatrixUserId(w.b), std::chrono::seconds(5)).encode(); },
    [](const Words& w) { return GetUnread(MatrixRoomId(w.a)).encode(); },
    [](const Words& w) { return SendReceipt(MatrixRoomId(w.a), EventId(w.b)).thread(w.c).encode(); },
    [](const Words& w) {
      return SetReadMarkers(MatrixRoomId(w.a))
          .fully_read(EventId(w.b))
          .read(EventId(w.c))
          .read_private(EventId(w.d))
          .encode();
    },
    [](const Words& w) { return SyncRequest().since(PageToken(w.a)).encode(); },
    [](const Words& w) { return AdminGetUser(MatrixUserId(w.a)).encode(); },
    [](const Words& w) { return AdminListUsers().from(PageToken(w.a)).matching(w.b).encode(); },
    [](const Words& w) { return AdminPutUser(MatrixUserId(w.a)).password(Secret(w.b)).display_name(w.c).encode(); },
    [](const Words& w) {
      return AdminLoginAs(MatrixUserId(w.a), std::chrono::system_clock::time_point(std::chrono::hours(1))).encode();
    },
    [](const Words& w) { return AdminLiftRateLimit(MatrixUserId(w.a)).encode(); },
    [](const Words& w) { return AdminGetRateLimit(MatrixUserId(w.a)).encode(); },
    [](const Words& w) { return AdminSetRateLimit(MatrixUserId(w.a), 1, 2).encode(); },
    [](const Words& w) { return AdminDeleteRateLimit(MatrixUserId(w.a)).encode(); },
    [](const Words& w) { return AdminResetPassword(MatrixUserId(w.a), Secret(w.b)).encode(); },
    [](const Words& w) { return AdminDeactivate(MatrixUserId(w.a)).encode(); },
    [](const Words& w) { return AdminLockUser(MatrixUserId(w.a), true).encode(); },
    [](const Words& w) { return AdminSuspendUser(MatrixUserId(w.a), true).encode(); },
    [](const Words& w) { return AdminListDevices(MatrixUserId(w.a)).encode(); },
    [](const Words& w) { return AdminCreateDevice(MatrixUserId(w.a), DeviceId(w.b)).encode(); },
    [](const Words& w) {
      return AdminDeleteDevices(MatrixUserId(w.a), {DeviceId(w.b), DeviceId(w.c)}).encode();
    },
    [](const Words& w) { return AdminDeleteRoom(MatrixRoomId(w.a)).encode(); },
    [](const Words& w) { return AdminGetRoomDeletion(w.a).encode(); },
    [](const Words& w) { return AdminListRooms().matching(w.a).encode(); },
    [](const Words& w) { return AdminGetRoom(MatrixRoomId(w.a)).encode(); },
    [](const Words& w) { return AdminGetRoomMembers(MatrixRoomId(w.a)).encode(); },
    [](const Words& w) { return AdminGetRoomState(MatrixRoomId(w.a)).encode(); },
    [](const Words& w) { return AdminJoin(MatrixRoomId(w.a), MatrixUserId(w.b)).encode(); },
    [](const Words& w) { return AdminMakeRoomAdmin(MatrixRoomId(w.a), MatrixUserId(w.b)).encode(); },
};

void check_part(std::string_view text, std::string_view forbidden) {
  for (const char c : text) {
    if (c <= ' ' || c > '~' || forbidden.find(c) != std::string_view::npos) std::abort();
  }
}

void check(const EndpointRequest& request) {
  const std::string_view path = request.path();
  if (!path.starts_with("/_matrix/") && !path.starts_with("/_synapse/admin/") && path != "/.well-known/matrix/client")
    std::abort();
  check_part(path, "?#\\");
  if ((std::string(path) + '/').find("/../") != std::string::npos) std::abort();
  if (std::count(path.begin(), path.end(), '/') > 11) std::abort();
  check_part(request.query(), "?#/");
  if (request.has_body() && !json::parse(request.body())) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  Words words;
  for (std::string* word : {&words.a, &words.b, &words.c, &words.d}) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    *word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  for (const Encoder encode : encoders) {
    const auto request = encode(words);
    if (request) {
      check(*request);
    } else if (request.error().code() != Errc::invalid_argument && request.error().code() != Errc::too_large) {
      std::abort();
    }
  }
  return 0;
}
