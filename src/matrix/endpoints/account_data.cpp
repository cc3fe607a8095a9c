#include "matrix/endpoints/account_data.hpp"

#include "matrix/event.hpp"
#include "matrix/identifiers.hpp"

namespace confab::matrix {
namespace {

std::string data_path(const MatrixUserId& user, const MatrixRoomId* room, const std::string& type) {
  std::string path = path_of({"/_matrix/client/v3/user/", user.str()});
  if (room != nullptr) path += path_of({"/rooms/", room->str()});
  return path + path_of({"/account_data/", type});
}

}  // namespace

Result<EndpointRequest> GetAccountData::encode() const {
  if (const auto wrong = first_wrong(
          {check_user_id(user_), in_room_ ? check_room_id(room_) : Result<void>(), check_event_type(type_)})) {
    return *wrong;
  }
  return EndpointRequest(Method::get, data_path(user_, in_room_ ? &room_ : nullptr, type_)).expect({Errc::not_found});
}

Result<EndpointRequest> PutAccountData::encode() const {
  if (const auto wrong = first_wrong(
          {check_user_id(user_), in_room_ ? check_room_id(room_) : Result<void>(), check_event_type(type_)})) {
    return *wrong;
  }
  if (type_ == "m.fully_read" || type_ == "m.push_rules")
    return wrong_argument("event_type", "of the caller's own; this one has an endpoint of its own");
  const auto content = parse_object_argument("content", content_);
  if (!content) return content.error();
  if (const auto fits = check_event_size(content->root(), type_.size()); !fits) return fits.error();
  return EndpointRequest(Method::put, data_path(user_, in_room_ ? &room_ : nullptr, type_))
      .body(content->root().to_json())
      .idempotent(true);
}

}  // namespace confab::matrix
