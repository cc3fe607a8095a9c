#include "matrix/errcodes.hpp"

#include <algorithm>
#include <array>

namespace confab::matrix {
namespace {

// M_UNKNOWN stands for "see the HTTP status": its row is never used for a decision (error_answer.cpp).
constexpr std::array<ErrcodeRow, 52> rows = {{
    {Errcode::appservice_login_unsupported, "M_APPSERVICE_LOGIN_UNSUPPORTED", Errc::unsupported,
     "the homeserver does not let application services log in; assert the device instead"},
    {Errcode::bad_alias, "M_BAD_ALIAS", Errc::invalid_argument,
     "the alias does not point to this room; create it first"},
    {Errcode::bad_json, "M_BAD_JSON", Errc::invalid_argument,
     "the homeserver refuses the content's fields; correct them"},
    {Errcode::bad_state, "M_BAD_STATE", Errc::conflict,
     "the change does not fit the present state, for example of a membership; read it again"},
    {Errcode::bad_status, "M_BAD_STATUS", Errc::unavailable,
     "the application service answered with a failure; see its log"},
    {Errcode::cannot_leave_server_notice_room, "M_CANNOT_LEAVE_SERVER_NOTICE_ROOM", Errc::forbidden,
     "the room carries the operator's notices and cannot be left"},
    {Errcode::cannot_overwrite_media, "M_CANNOT_OVERWRITE_MEDIA", Errc::conflict, "the media id already has content"},
    {Errcode::captcha_invalid, "M_CAPTCHA_INVALID", Errc::forbidden,
     "the captcha was not solved; provision by the admin API"},
    {Errcode::captcha_needed, "M_CAPTCHA_NEEDED", Errc::forbidden,
     "a captcha is asked for; provision by the admin API"},
    {Errcode::connection_failed, "M_CONNECTION_FAILED", Errc::unavailable,
     "the homeserver cannot reach the application service; check its url"},
    {Errcode::connection_timeout, "M_CONNECTION_TIMEOUT", Errc::unavailable,
     "the application service did not answer the homeserver in time"},
    {Errcode::duplicate_annotation, "M_DUPLICATE_ANNOTATION", Errc::conflict, "the same reaction is there already"},
    {Errcode::exclusive, "M_EXCLUSIVE", Errc::forbidden,
     "the name lies in, or outside of, an application service's namespace"},
    {Errcode::forbidden, "M_FORBIDDEN", Errc::forbidden,
     "the homeserver does not allow it; check membership and power levels"},
    {Errcode::guest_access_forbidden, "M_GUEST_ACCESS_FORBIDDEN", Errc::forbidden,
     "guests are not allowed in the room"},
    {Errcode::incompatible_room_version, "M_INCOMPATIBLE_ROOM_VERSION", Errc::unsupported,
     "the homeserver does not know the room's version"},
    {Errcode::invalid_param, "M_INVALID_PARAM", Errc::invalid_argument,
     "a parameter is refused by the homeserver; correct it"},
    {Errcode::invalid_room_state, "M_INVALID_ROOM_STATE", Errc::invalid_argument,
     "the initial state of the room contradicts itself; correct it"},
    {Errcode::invalid_signature, "M_INVALID_SIGNATURE", Errc::invalid_argument, "a signature does not verify"},
    {Errcode::invalid_username, "M_INVALID_USERNAME", Errc::invalid_argument,
     "the user name is not legal: use a-z 0-9 . _ = - / +"},
    {Errcode::invite_blocked, "M_INVITE_BLOCKED", Errc::forbidden, "the invited user does not accept such invites"},
    {Errcode::key_too_large, "M_KEY_TOO_LARGE", Errc::too_large, "a key of the profile is too long"},
    {Errcode::limit_exceeded, "M_LIMIT_EXCEEDED", Errc::rate_limited,
     "the homeserver asks to slow down; wait, then repeat"},
    {Errcode::missing_param, "M_MISSING_PARAM", Errc::invalid_argument, "a parameter is missing in the request"},
    {Errcode::missing_token, "M_MISSING_TOKEN", Errc::session_expired, "the request carried no token; log in"},
    {Errcode::not_found, "M_NOT_FOUND", Errc::not_found, "it does not exist, or may not be seen by this user"},
    {Errcode::not_json, "M_NOT_JSON", Errc::invalid_argument, "the homeserver could not read the request as JSON"},
    {Errcode::not_yet_uploaded, "M_NOT_YET_UPLOADED", Errc::unavailable, "the media is not uploaded yet; repeat later"},
    {Errcode::profile_too_large, "M_PROFILE_TOO_LARGE", Errc::too_large,
     "the profile would be over 64 KiB; shorten it"},
    {Errcode::resource_limit_exceeded, "M_RESOURCE_LIMIT_EXCEEDED", Errc::forbidden,
     "the homeserver is at a limit of its operator's; ask the operator to raise it"},
    {Errcode::room_in_use, "M_ROOM_IN_USE", Errc::conflict,
     "the alias is taken, perhaps by an unfinished room; resolve it and look"},
    {Errcode::server_not_trusted, "M_SERVER_NOT_TRUSTED", Errc::forbidden,
     "the other server is not trusted by this one"},
    {Errcode::threepid_auth_failed, "M_THREEPID_AUTH_FAILED", Errc::forbidden, "the address could not be verified"},
    {Errcode::threepid_denied, "M_THREEPID_DENIED", Errc::forbidden,
     "addresses of this kind or domain are not accepted"},
    {Errcode::threepid_in_use, "M_THREEPID_IN_USE", Errc::conflict, "the address belongs to another account"},
    {Errcode::threepid_medium_not_supported, "M_THREEPID_MEDIUM_NOT_SUPPORTED", Errc::unsupported,
     "the homeserver does not support addresses of this kind"},
    {Errcode::threepid_not_found, "M_THREEPID_NOT_FOUND", Errc::not_found, "no account has the address"},
    {Errcode::too_large, "M_TOO_LARGE", Errc::too_large, "the request is too large for the homeserver; shorten it"},
    {Errcode::unauthorized, "M_UNAUTHORIZED", Errc::forbidden, "the caller is not authorised for it"},
    {Errcode::unknown, "M_UNKNOWN", Errc::unknown, "the homeserver gave no reason that is known here"},
    {Errcode::unknown_device, "M_UNKNOWN_DEVICE", Errc::not_found, "the user has no such device; create it first"},
    {Errcode::unknown_token, "M_UNKNOWN_TOKEN", Errc::session_expired,
     "the token is dead: expired, logged out or revoked; it must be replaced"},
    {Errcode::unrecognized, "M_UNRECOGNIZED", Errc::unsupported,
     "the homeserver does not have this endpoint; check its version and the URL's path"},
    {Errcode::unsupported_room_version, "M_UNSUPPORTED_ROOM_VERSION", Errc::unsupported,
     "the homeserver cannot make rooms of this version; choose another"},
    {Errcode::url_not_set, "M_URL_NOT_SET", Errc::config, "the application service's registration has no url; set it"},
    {Errcode::user_deactivated, "M_USER_DEACTIVATED", Errc::account_deactivated,
     "the account was closed; it must be reactivated"},
    {Errcode::user_in_use, "M_USER_IN_USE", Errc::conflict, "the user name is taken; read the account, then decide"},
    {Errcode::user_limit_exceeded, "M_USER_LIMIT_EXCEEDED", Errc::forbidden,
     "the account is at a limit of its plan; ask the operator to raise it"},
    {Errcode::user_locked, "M_USER_LOCKED", Errc::account_locked,
     "the operator locked the account; its token works again once it is unlocked"},
    {Errcode::user_suspended, "M_USER_SUSPENDED", Errc::account_suspended,
     "the operator suspended the account: it may read but not write"},
    {Errcode::weak_password, "M_WEAK_PASSWORD", Errc::invalid_argument,
     "the homeserver refuses the password as too weak"},
    {Errcode::wrong_room_keys_version, "M_WRONG_ROOM_KEYS_VERSION", Errc::conflict,
     "the key backup has a newer version"},
}};

}  // namespace

std::span<const ErrcodeRow> errcode_rows() { return rows; }

Errcode errcode_from(std::string_view text) {
  // Standard codes have no dot; the rest of a namespaced one is taken as the standard code only if it is one.
  if (const std::size_t dot = text.rfind('.'); dot != std::string_view::npos) text.remove_prefix(dot + 1);
  const auto* const row = std::lower_bound(rows.begin(), rows.end(), text,
                                           [](const ErrcodeRow& a, std::string_view b) { return a.text < b; });
  return row != rows.end() && row->text == text ? row->errcode : Errcode::other;
}

const ErrcodeRow* errcode_row(Errcode errcode) {
  const auto index = static_cast<std::size_t>(errcode);
  return index == 0 || index > rows.size() ? nullptr : &rows[index - 1];
}

std::string_view errcode_text(Errcode errcode) {
  const ErrcodeRow* row = errcode_row(errcode);
  return row == nullptr ? std::string_view() : row->text;
}

}  // namespace confab::matrix
