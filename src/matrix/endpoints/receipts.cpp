#include "matrix/endpoints/receipts.hpp"

#include "matrix/identifiers.hpp"

namespace confab::matrix {

Result<EndpointRequest> SendReceipt::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_), check_event_id(event_)})) return *wrong;
  if (!thread_.empty() && thread_ != "main" && !check_event_id(EventId(thread_)))
    return wrong_argument("thread", "an event id or \"main\"");
  json::Writer w;
  w.object();
  if (!thread_.empty()) w.member("thread_id", thread_);
  const std::string_view type = type_ == ReceiptType::read ? "m.read" : "m.read.private";
  return EndpointRequest(Method::post,
                         path_of({"/_matrix/client/v3/rooms/", room_.str(), "/receipt/", type, "/", event_.str()}))
      .body(std::move(w).finish())
      .idempotent(true)
      .expect({Errc::forbidden});
}

}  // namespace confab::matrix
