#include "matrix/endpoints/read_markers.hpp"

#include "matrix/identifiers.hpp"

namespace confab::matrix {
namespace {
Result<void> check_if_given(const EventId& event) { return event.empty() ? Result<void>() : check_event_id(event); }
}  // namespace

Result<EndpointRequest> SetReadMarkers::encode() const {
  if (const auto wrong = first_wrong(
          {check_room_id(room_), check_if_given(fully_read_), check_if_given(read_), check_if_given(read_private_)})) {
    return *wrong;
  }
  if (fully_read_.empty() && read_.empty() && read_private_.empty())
    return wrong_argument("event_id", "given for one marker at least");
  json::Writer w;
  w.object();
  if (!fully_read_.empty()) w.member("m.fully_read", fully_read_.str());
  if (!read_.empty()) w.member("m.read", read_.str());
  if (!read_private_.empty()) w.member("m.read.private", read_private_.str());
  return EndpointRequest(Method::post, path_of({"/_matrix/client/v3/rooms/", room_.str(), "/read_markers"}))
      .body(std::move(w).finish())
      .idempotent(true)
      .expect({Errc::forbidden});
}

}  // namespace confab::matrix
