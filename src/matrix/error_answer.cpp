#include "matrix/error_answer.hpp"

#include <algorithm>
#include <chrono>

#include "net/backoff.hpp"
#include "util/json.hpp"

namespace confab::matrix {
namespace {

// An error body is a few hundred bytes; a megabyte of HTML is not read as JSON at all.
constexpr std::size_t max_error_body = 64 * 1024;
constexpr std::size_t max_errcode = 255;

// The code is shown and logged beside our words, so it must look like one.
bool is_errcode(std::string_view text) {
  return !text.empty() && text.size() <= max_errcode && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  });
}

struct Meaning {
  Errc code;
  std::string_view message;
};

// When only the status speaks: M_UNKNOWN, codes of other namespaces, and answers that are no Matrix at all.
Meaning by_status(int status, bool is_matrix) {
  // These keep their meaning whoever answers; proxies send them too.
  if (status == 429) return {Errc::rate_limited, "the homeserver asks to slow down; wait, then repeat"};
  if (status == 413) return {Errc::too_large, "the request is too large for the homeserver or its proxy; shorten it"};
  if (status == 501) return {Errc::unsupported, "the homeserver does not have this endpoint"};
  if (status >= 500 && status <= 599)
    return {Errc::unavailable, "the homeserver or its proxy is failing; repeat later"};
  if (status == 408) return {Errc::unavailable, "the homeserver's proxy gave up waiting for the request; repeat later"};
  if (status >= 300 && status <= 399) {
    return {Errc::protocol, "redirected, which this endpoint never is; use the homeserver's own URL"};
  }
  if (!is_matrix)
    return {Errc::protocol, "the answer is no Matrix; check the homeserver's URL and the proxy before it"};
  switch (status) {
    case 400:
      return {Errc::invalid_argument, "the homeserver refuses the request as it stands; correct it"};
    case 401:
      return {Errc::session_expired, "the homeserver wants another token"};
    case 403:
      return {Errc::forbidden, "the homeserver does not allow it"};
    case 404:
      return {Errc::not_found, "it does not exist, or may not be seen by this user"};
    case 405:
      return {Errc::unsupported, "the homeserver does not have this endpoint"};
    case 409:
      return {Errc::conflict, "somebody else made or changed it first; read again, then decide"};
    default:
      return {Errc::unknown, "the homeserver refused without a reason that is known here"};
  }
}

Error make_error(int status, Errc code, std::string_view message) {
  return Error(code, std::string(message)).with_http_status(status);
}

}  // namespace

ErrorAnswer::ErrorAnswer(int status, std::string_view body) : error_(Errc::unknown, {}) {
  json::Value root;
  json::Document document;
  if (body.size() <= max_error_body) {
    if (auto parsed = json::parse(std::string(body), json::Limits().depth(32))) {
      document = *std::move(parsed);
      root = document.root();
    }
  }
  const std::string_view errcode = root["errcode"].string_or("");
  is_matrix_ = is_errcode(errcode);
  if (!is_matrix_) {
    // User-interactive authentication is the one answer of a homeserver that may lack an errcode.
    interactive_ = status == 401 && root["flows"].is_array();
    if (interactive_) {
      error_ =
          make_error(status, Errc::forbidden, "the homeserver asks for the account's password before it does this");
      return;
    }
    const Meaning meaning = by_status(status, false);
    error_ = make_error(status, meaning.code, meaning.message);
    return;
  }

  errcode_ = errcode_from(errcode);
  const ErrcodeRow* row = errcode_ == Errcode::unknown ? nullptr : errcode_row(errcode_);
  const Meaning meaning = row != nullptr ? Meaning{row->code, row->message} : by_status(status, true);
  soft_logout_ =
      root["soft_logout"].boolean_or(false) && (errcode_ == Errcode::unknown_token || errcode_ == Errcode::user_locked);
  error_ = make_error(status, meaning.code, meaning.message).with_errcode(errcode);
  if (const auto words = root["error"].string_or(""); !words.empty()) error_ = error_.with_server_message(words);
  if (const json::Value wait = root["retry_after_ms"];
      wait.kind() == json::Kind::integer || wait.kind() == json::Kind::number) {
    retry_after_ms_ = wait.number_or(0);
    const double bounded = std::clamp(*retry_after_ms_, 0.0, static_cast<double>(net::max_wait.count()));
    if (meaning.code == Errc::rate_limited || meaning.code == Errc::unavailable) {
      error_ = error_.with_retry_after(std::chrono::milliseconds(static_cast<std::int64_t>(bounded)));
    }
  }
}

Error error_from_answer(int status, std::string_view body) { return ErrorAnswer(status, body).error(); }

}  // namespace confab::matrix
