// Every endpoint's decoder against any JSON. All of them see each input, so a seed reaches the one it is named after.
#include <algorithm>
#include <array>
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

template <class Endpoint>
bool decode(const json::Value& body) {
  const auto answer = Endpoint::decode(body);
  // Decoders only ever say that the answer is wrong, and where.
  if (!answer && (answer.error().code() != Errc::protocol || answer.error().message().empty())) std::abort();
  return answer.has_value();
}

// Read while it arrives, so from its text.
bool read_sync(const json::Value& body) {
  const auto answer = SyncAnswer::read(body.source());
  if (!answer && (answer.error().code() != Errc::protocol || answer.error().message().empty())) std::abort();
  return answer.has_value();
}

struct Decoder {
  std::string_view name;
  bool (*decode)(const json::Value& body);
};
#define DECODER(Endpoint) \
  Decoder { #Endpoint, &decode < Endpoint> }
constexpr std::array decoders = {
    DECODER(Whoami),
    DECODER(GetAccountData),
    DECODER(PutAccountData),
    DECODER(GetCapabilities),
    DECODER(GetDevices),
    DECODER(GetDevice),
    DECODER(PutDevice),
    DECODER(DeleteDevice),
    DECODER(DeleteDevices),
    DECODER(ResolveAlias),
    DECODER(CreateAlias),
    DECODER(DeleteAlias),
    DECODER(GetRoomAliases),
    DECODER(GetWellKnown),
    DECODER(GetAuthMetadata),
    DECODER(UploadFilter),
    DECODER(GetFilter),
    DECODER(GetLoginFlows),
    DECODER(PasswordLogin),
    DECODER(JwtLogin),
    DECODER(RefreshToken),
    DECODER(Logout),
    DECODER(LogoutAll),
    DECODER(GetJoinedMembers),
    DECODER(GetMembers),
    DECODER(JoinRoom),
    DECODER(InviteUser),
    DECODER(LeaveRoom),
    DECODER(KickUser),
    DECODER(BanUser),
    DECODER(UnbanUser),
    DECODER(ForgetRoom),
    DECODER(GetJoinedRooms),
    DECODER(GetMessages),
    DECODER(GetProfile),
    DECODER(SetDisplayName),
    DECODER(GetProfileField),
    DECODER(SetProfileField),
    DECODER(DeleteProfileField),
    DECODER(GetPublicRooms),
    DECODER(SearchPublicRooms),
    DECODER(ListRoom),
    DECODER(SetReadMarkers),
    DECODER(SendReceipt),
    DECODER(GetUnread),
    DECODER(RedactEvent),
    DECODER(RegisterAppserviceUser),
    DECODER(GetRelations),
    DECODER(GetEvent),
    DECODER(GetContext),
    DECODER(CreateRoom),
    DECODER(SendEvent),
    DECODER(PutState),
    DECODER(GetState),
    DECODER(GetAllState),
    DECODER(AdminResetPassword),
    DECODER(AdminDeactivate),
    DECODER(AdminLockUser),
    DECODER(AdminSuspendUser),
    DECODER(AdminListDevices),
    DECODER(AdminCreateDevice),
    DECODER(AdminDeleteDevices),
    DECODER(AdminGetRateLimit),
    DECODER(AdminSetRateLimit),
    DECODER(AdminDeleteRateLimit),
    DECODER(AdminDeleteRoom),
    DECODER(AdminGetRoomDeletion),
    DECODER(AdminListRooms),
    DECODER(AdminGetRoom),
    DECODER(AdminGetRoomMembers),
    DECODER(AdminGetRoomState),
    DECODER(AdminJoin),
    DECODER(AdminMakeRoomAdmin),
    DECODER(AdminServerVersion),
    DECODER(AdminGetUser),
    DECODER(AdminListUsers),
    DECODER(AdminPutUser),
    DECODER(AdminLoginAs),
    DECODER(AdminLiftRateLimit),
    Decoder{"SyncRequest", &read_sync},
    DECODER(SetTyping),
    DECODER(GetVersions),
};
#undef DECODER

Result<json::Document> parsed(const std::uint8_t* data, std::size_t size) {
  return json::parse(std::string(reinterpret_cast<const char*>(data), size), json::Limits().depth(64));
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto body = parsed(data, size);
  if (!body) return 0;
  for (const Decoder& decoder : decoders) (void)decoder.decode(body->root());
  return 0;
}

// For the replay: the endpoint a seed is named after takes it for an answer.
extern "C" bool seed_serves(const char* name, const std::uint8_t* data, std::size_t size) {
  const auto body = parsed(data, size);
  const auto* const named = std::find_if(decoders.begin(), decoders.end(), [&](const Decoder& decoder) {
    return std::string_view(name).substr(0, std::string_view(name).find('.')) == decoder.name;
  });
  return named == decoders.end() || (body && named->decode(body->root()));
}
