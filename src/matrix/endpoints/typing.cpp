#include "matrix/endpoints/typing.hpp"

#include "matrix/identifiers.hpp"

namespace confab::matrix {
namespace {
// Whoever died while writing must not be seen writing for ever.
constexpr std::chrono::milliseconds longest_typing = std::chrono::minutes(2);
}  // namespace

Result<EndpointRequest> SetTyping::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_), check_user_id(user_)})) return *wrong;
  if (typing_ && (lasting_ <= std::chrono::milliseconds(0) || lasting_ > longest_typing))
    return wrong_argument("lasting", "above 0 and at most 2 minutes");
  json::Writer w;
  w.object().member("typing", typing_);
  if (typing_) w.member("timeout", std::int64_t{lasting_.count()});
  return EndpointRequest(Method::put, path_of({"/_matrix/client/v3/rooms/", room_.str(), "/typing/", user_.str()}))
      .body(std::move(w).finish())
      .idempotent(true)
      .expect({Errc::forbidden});
}

}  // namespace confab::matrix
