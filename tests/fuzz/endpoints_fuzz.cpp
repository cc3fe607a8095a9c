// Every endpoint's decoder against any JSON; the first byte chooses the endpoint.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "matrix/endpoints/account.hpp"
#include "matrix/endpoints/directory.hpp"
#include "matrix/endpoints/login.hpp"
#include "matrix/endpoints/members.hpp"
#include "matrix/endpoints/membership.hpp"
#include "matrix/endpoints/messages.hpp"
#include "matrix/endpoints/profile.hpp"
#include "matrix/endpoints/rooms_create.hpp"
#include "matrix/endpoints/send.hpp"
#include "matrix/endpoints/synapse_admin_rooms.hpp"
#include "matrix/endpoints/synapse_admin_users.hpp"
#include "matrix/endpoints/sync.hpp"
#include "matrix/endpoints/versions.hpp"

namespace {
using namespace confab;
using namespace confab::matrix;

template <class Endpoint>
void decode(const json::Value& body) {
  const auto answer = Endpoint::decode(body);
  if (answer) return;
  // Decoders only ever say that the answer is wrong, and where.
  if (answer.error().code() != Errc::protocol || answer.error().subject().empty()) std::abort();
}

constexpr std::array decoders = {
    &decode<GetVersions>,        &decode<GetLoginFlows>,    &decode<PasswordLogin>,
    &decode<RefreshToken>,       &decode<Logout>,           &decode<Whoami>,
    &decode<CreateRoom>,         &decode<JoinRoom>,         &decode<InviteUser>,
    &decode<SendEvent>,          &decode<PutState>,         &decode<GetState>,
    &decode<GetAllState>,        &decode<GetMessages>,      &decode<SyncRequest>,
    &decode<ResolveAlias>,       &decode<GetJoinedMembers>, &decode<GetProfile>,
    &decode<AdminGetUser>,       &decode<AdminLoginAs>,     &decode<AdminJoin>,
    &decode<AdminServerVersion>,
};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const auto parsed =
      json::parse(std::string(reinterpret_cast<const char*>(data) + 1, size - 1), json::Limits().depth(64));
  if (!parsed) return 0;
  // Letters choose, so that seeds are text: 'a' is the first endpoint.
  decoders[static_cast<std::size_t>(data[0] + 256 - 'a') % decoders.size()](parsed->root());
  return 0;
}
