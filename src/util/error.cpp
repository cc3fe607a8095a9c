#include <confab/error.hpp>
#include <confab/result.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <new>
#include <stdexcept>
#include <utility>

#include "util/no_memory.hpp"

namespace confab {

struct Error::Detail {
  std::atomic<int> references{1};
  Errc code = Errc::unknown;
  int http_status = 0;
  std::optional<bool> retriable;
  std::optional<std::chrono::milliseconds> retry_after;
  std::string message;
  std::string errcode;
  std::string server_message;
  std::string transaction_id;
  std::string subject;
};

namespace {
constexpr std::size_t max_server_message = 512;

bool retriable_by_default(Errc code) {
  switch (code) {
    case Errc::rate_limited:
    case Errc::unreachable:
    case Errc::unavailable:
    case Errc::timed_out:
    case Errc::outcome_unknown:
    case Errc::admin_unavailable:
    case Errc::busy:
    case Errc::no_memory:
      return true;
    default:
      return false;
  }
}
}  // namespace

std::string_view errc_name(Errc code) noexcept {
  switch (code) {
    case Errc::unknown:
      return "unknown";
    case Errc::invalid_argument:
      return "invalid_argument";
    case Errc::config:
      return "config";
    case Errc::not_found:
      return "not_found";
    case Errc::forbidden:
      return "forbidden";
    case Errc::conflict:
      return "conflict";
    case Errc::too_large:
      return "too_large";
    case Errc::rate_limited:
      return "rate_limited";
    case Errc::unreachable:
      return "unreachable";
    case Errc::unavailable:
      return "unavailable";
    case Errc::timed_out:
      return "timed_out";
    case Errc::cancelled:
      return "cancelled";
    case Errc::outcome_unknown:
      return "outcome_unknown";
    case Errc::protocol:
      return "protocol";
    case Errc::session_expired:
      return "session_expired";
    case Errc::admin_unavailable:
      return "admin_unavailable";
    case Errc::account_locked:
      return "account_locked";
    case Errc::account_suspended:
      return "account_suspended";
    case Errc::account_deactivated:
      return "account_deactivated";
    case Errc::encrypted_room:
      return "encrypted_room";
    case Errc::busy:
      return "busy";
    case Errc::closed:
      return "closed";
    case Errc::consumed:
      return "consumed";
    case Errc::would_deadlock:
      return "would_deadlock";
    case Errc::unsupported:
      return "unsupported";
    case Errc::store:
      return "store";
    case Errc::no_memory:
      return "no_memory";
    case Errc::internal:
      return "internal";
  }
  return "unknown";
}

Error::Error(Errc code, std::string message) : detail_(new Detail) {
  detail_->code = code;
  detail_->message = std::move(message);
}
Error::Error(const Error& other) noexcept : detail_(other.detail_) {
  if (detail_ != nullptr) detail_->references.fetch_add(1, std::memory_order_relaxed);
}
Error::Error(Error&& other) noexcept : detail_(std::exchange(other.detail_, nullptr)) {}
Error& Error::operator=(Error other) noexcept {
  std::swap(detail_, other.detail_);
  return *this;
}
Error::~Error() {
  if (detail_ != nullptr && detail_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete detail_;
}

Error::Detail* Error::clone() const {
  auto copy = std::make_unique<Detail>();  // what follows may find no memory
  copy->code = detail_->code;
  copy->http_status = detail_->http_status;
  copy->retriable = detail_->retriable;
  copy->retry_after = detail_->retry_after;
  copy->message = detail_->message;
  copy->errcode = detail_->errcode;
  copy->server_message = detail_->server_message;
  copy->transaction_id = detail_->transaction_id;
  copy->subject = detail_->subject;
  return copy.release();
}

Errc Error::code() const noexcept { return detail_->code; }
std::string_view Error::errcode() const noexcept { return detail_->errcode; }
int Error::http_status() const noexcept { return detail_->http_status; }
bool Error::retriable() const noexcept { return detail_->retriable.value_or(retriable_by_default(detail_->code)); }
std::optional<std::chrono::milliseconds> Error::retry_after() const noexcept { return detail_->retry_after; }
std::string_view Error::message() const noexcept { return detail_->message; }
std::string_view Error::server_message() const noexcept { return detail_->server_message; }
std::string_view Error::transaction_id() const noexcept { return detail_->transaction_id; }
std::string_view Error::subject() const noexcept { return detail_->subject; }

Error Error::with_errcode(std::string_view errcode) const {
  Error copy(clone());
  copy.detail_->errcode = errcode;
  return copy;
}
Error Error::with_http_status(int status) const {
  Error copy(clone());
  copy.detail_->http_status = status;
  return copy;
}
Error Error::with_code(Errc code) const {
  Error copy(clone());
  copy.detail_->code = code;
  return copy;
}
Error Error::with_message(std::string message) const {
  Error copy(clone());
  copy.detail_->message = std::move(message);
  return copy;
}
Error Error::with_retriable(bool retriable) const {
  Error copy(clone());
  copy.detail_->retriable = retriable;
  return copy;
}
Error Error::with_retry_after(std::chrono::milliseconds wait) const {
  Error copy(clone());
  copy.detail_->retry_after = wait;
  return copy;
}
Error Error::with_server_message(std::string_view text) const {
  Error copy(clone());
  // Cut at a character boundary: a half UTF-8 sequence would make the whole error unprintable as JSON.
  std::size_t end = text.size() < max_server_message ? text.size() : max_server_message;
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  copy.detail_->server_message = text.substr(0, end);
  return copy;
}
Error Error::with_transaction_id(std::string_view id) const {
  Error copy(clone());
  copy.detail_->transaction_id = id;
  return copy;
}
Error Error::with_subject(std::string_view subject) const {
  Error copy(clone());
  copy.detail_->subject = subject;
  return copy;
}

Error no_memory() noexcept {
  // Never destroyed, and its message is short enough to need no memory of its own.
  alignas(Error::Detail) static std::byte place[sizeof(Error::Detail)];
  static Error::Detail* const detail = [] {
    auto* const made = new (place) Error::Detail;
    made->code = Errc::no_memory;
    made->message = "out of memory";
    return made;
  }();
  detail->references.fetch_add(1, std::memory_order_relaxed);
  return Error(detail);
}

namespace detail {
void bad_result_access(const Error& error) {
  throw std::logic_error("confab: value() of a Result that holds an error: " + std::string(errc_name(error.code())));
}
}  // namespace detail

}  // namespace confab
