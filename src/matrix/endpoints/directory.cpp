#include "matrix/endpoints/directory.hpp"

#include "matrix/identifiers.hpp"

namespace confab::matrix {
namespace {
std::string alias_path(const RoomAlias& alias) { return path_of({"/_matrix/client/v3/directory/room/", alias.str()}); }
}  // namespace

Result<EndpointRequest> ResolveAlias::encode() const {
  if (const auto wrong = first_wrong({check_room_alias(alias_)})) return *wrong;
  return EndpointRequest(Method::get, alias_path(alias_)).expect({Errc::not_found});
}

Result<ResolveAlias::Answer> ResolveAlias::decode(const json::Value& body) {
  json::Reader read(body);
  MatrixRoomId room{std::string(read.non_empty_string("room_id"))};
  std::vector<std::string> servers;
  for (const json::Value server : read.optional_array("servers").elements()) {
    if (const auto name = server.string()) {
      servers.emplace_back(*name);
    } else {
      read.fail(name.error());
    }
  }
  return read.finish(ResolveAliasAnswer(std::move(room), std::move(servers)));
}

Result<EndpointRequest> CreateAlias::encode() const {
  if (const auto wrong = first_wrong({check_room_alias(alias_), check_room_id(room_)})) return *wrong;
  json::Writer w;
  w.object().member("room_id", room_.str());
  return EndpointRequest(Method::put, alias_path(alias_))
      .body(std::move(w).finish())
      .idempotent(false)
      .expect({Errc::conflict});
}

Result<EndpointRequest> DeleteAlias::encode() const {
  if (const auto wrong = first_wrong({check_room_alias(alias_)})) return *wrong;
  return EndpointRequest(Method::del, alias_path(alias_)).idempotent(true).expect({Errc::not_found});
}

Result<EndpointRequest> GetRoomAliases::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_)})) return *wrong;
  return EndpointRequest(Method::get, path_of({"/_matrix/client/v3/rooms/", room_.str(), "/aliases"}))
      .expect({Errc::forbidden});
}

Result<GetRoomAliases::Answer> GetRoomAliases::decode(const json::Value& body) {
  json::Reader read(body);
  std::vector<RoomAlias> aliases;
  for (const json::Value alias : read.array("aliases").elements()) {
    if (const auto text = alias.string()) {
      aliases.emplace_back(std::string(*text));
    } else {
      read.fail(text.error());
    }
  }
  return read.finish(RoomAliasesAnswer(std::move(aliases)));
}

}  // namespace confab::matrix
