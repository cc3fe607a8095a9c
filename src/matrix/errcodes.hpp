// Which standard Matrix error codes exist, and what can be done about each? (Specification, "Standard error response".)
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <confab/error.hpp>

namespace confab::matrix {

/// The 52 codes of specification v1.19; `other` is everything else, such as codes in a namespace of their own.
enum class Errcode : std::uint8_t {
  other,
  appservice_login_unsupported,
  bad_alias,
  bad_json,
  bad_state,
  bad_status,
  cannot_leave_server_notice_room,
  cannot_overwrite_media,
  captcha_invalid,
  captcha_needed,
  connection_failed,
  connection_timeout,
  duplicate_annotation,
  exclusive,
  forbidden,
  guest_access_forbidden,
  incompatible_room_version,
  invalid_param,
  invalid_room_state,
  invalid_signature,
  invalid_username,
  invite_blocked,
  key_too_large,
  limit_exceeded,
  missing_param,
  missing_token,
  not_found,
  not_json,
  not_yet_uploaded,
  profile_too_large,
  resource_limit_exceeded,
  room_in_use,
  server_not_trusted,
  threepid_auth_failed,
  threepid_denied,
  threepid_in_use,
  threepid_medium_not_supported,
  threepid_not_found,
  too_large,
  unauthorized,
  unknown,
  unknown_device,
  unknown_token,
  unrecognized,
  unsupported_room_version,
  url_not_set,
  user_deactivated,
  user_in_use,
  user_limit_exceeded,
  user_locked,
  user_suspended,
  weak_password,
  wrong_room_keys_version,
};

/// What one code means to a caller.
struct ErrcodeRow {
  Errcode errcode;
  std::string_view text;     ///< "M_FORBIDDEN"
  Errc code;                 ///< What can be done about it.
  std::string_view message;  ///< The same in words; says what to do.
};

/// Every standard code once, in the order of the enumeration.
[[nodiscard]] std::span<const ErrcodeRow> errcode_rows();

/// Recognise a code. A standard code that still wears its proposal's namespace ("ORG.MATRIX.MSC4326.M_UNKNOWN_DEVICE",
/// as Synapse writes some) counts as the standard one.
[[nodiscard]] Errcode errcode_from(std::string_view text);

/// "M_FORBIDDEN"; empty for `other`.
[[nodiscard]] std::string_view errcode_text(Errcode errcode);

/// The row of a standard code; nullptr for `other`.
[[nodiscard]] const ErrcodeRow* errcode_row(Errcode errcode);

}  // namespace confab::matrix
