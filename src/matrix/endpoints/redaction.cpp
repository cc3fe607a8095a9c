#include "matrix/endpoints/redaction.hpp"

#include "matrix/identifiers.hpp"

namespace confab::matrix {

Result<EndpointRequest> RedactEvent::encode() const {
  if (const auto wrong =
          first_wrong({check_room_id(room_), check_event_id(event_), check_transaction_id(txn_),
                       check_text("reason", reason_), check_text("key", key_), check_text("value", value_)})) {
    return *wrong;
  }
  json::Writer w;
  w.object();
  if (!reason_.empty()) w.member("reason", reason_);
  if (!key_.empty()) w.member(key_, value_);
  return EndpointRequest(Method::put,
                         path_of({"/_matrix/client/v3/rooms/", room_.str(), "/redact/", event_.str(), "/", txn_.str()}))
      .body(std::move(w).finish())
      .idempotent(true)
      .ends_with_transaction();
}

}  // namespace confab::matrix
