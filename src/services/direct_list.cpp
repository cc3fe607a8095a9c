#include "services/direct_list.hpp"

#include <optional>
#include <string>

#include "matrix/endpoints/account_data.hpp"
#include "util/json.hpp"

namespace confab::services {
namespace {

constexpr const char* direct_type = "m.direct";

// The list with `room` among those with `other`; nothing where it is there.
std::optional<std::string> with_room(const json::Value& list, const MatrixUserId& other, const MatrixRoomId& room) {
  json::Writer writer;
  writer.object();
  for (const json::Member member : list.members()) {
    if (member.key != other.str()) writer.member(member.key, member.value);
  }
  writer.key(other.str()).array();
  for (const json::Value known : list[other.str()].elements()) {
    if (known.string_or("") == room.str()) return std::nullopt;
    writer.value(known);
  }
  writer.value(room.str()).end();
  return std::move(writer).finish();
}

Task<void> list_for(std::shared_ptr<credentials::UserTokens> tokens, MatrixUserId user, MatrixUserId other,
                    MatrixRoomId room, net::CallContext context) {
  Result<matrix::ObjectAnswer> kept =
      co_await tokens->call(user, matrix::GetAccountData(user, direct_type), context.step());
  if (!kept && kept.error().code() != Errc::not_found) co_return;
  const std::optional<std::string> list = with_room(kept ? kept->object() : json::Value(), other, room);
  if (!list) co_return;
  matrix::PutAccountData put(user, direct_type, *list);
  (void)co_await tokens->call(user, std::move(put), context.step());
}

}  // namespace

Task<void> list_as_direct(std::shared_ptr<credentials::UserTokens> tokens, ProviderRoomRequest request,
                          MatrixRoomId room, net::CallContext context) {
  co_await list_for(tokens, request.creator(), request.other(), room, context);
  co_await list_for(tokens, request.other(), request.creator(), room, context);
}

}  // namespace confab::services
