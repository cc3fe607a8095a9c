#include "matrix/endpoints/synapse_admin_rooms.hpp"

#include "matrix/identifiers.hpp"

namespace confab::matrix {

Result<EndpointRequest> AdminJoin::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_), check_user_id(user_)})) return *wrong;
  json::Writer w;
  w.object().member("user_id", user_.str());
  return EndpointRequest(Method::post, path_of({"/_synapse/admin/v1/join/", room_.str()}))
      .body(std::move(w).finish())
      .idempotent(true)
      .expect({Errc::forbidden});
}

Result<EndpointRequest> AdminMakeRoomAdmin::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_), check_user_id(user_)})) return *wrong;
  json::Writer w;
  w.object().member("user_id", user_.str());
  return EndpointRequest(Method::post, path_of({"/_synapse/admin/v1/rooms/", room_.str(), "/make_room_admin"}))
      .body(std::move(w).finish())
      .idempotent(true)
      .expect({Errc::not_found, Errc::invalid_argument});
}

Result<EndpointRequest> AdminServerVersion::encode() const {
  return EndpointRequest(Method::get, "/_synapse/admin/v1/server_version").expect({Errc::unsupported, Errc::protocol});
}

Result<AdminServerVersion::Answer> AdminServerVersion::decode(const json::Value& body) {
  json::Reader read(body);
  std::string version{read.string("server_version")};
  return read.finish(AdminServerVersionAnswer(std::move(version)));
}

}  // namespace confab::matrix
