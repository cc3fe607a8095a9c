#include "services/send_attempts.hpp"

#include <string>

namespace confab::services {

namespace {

constexpr int request_timeout = 408;

// Whether the homeserver may have stored the event although it, or something in between, told us otherwise.
bool leaves_open(const Error& error) {
  switch (error.code()) {
    case Errc::outcome_unknown:
    case Errc::protocol:
      return true;
    // A homeserver says so with a status; without one it was its answer that passed our bound.
    case Errc::too_large:
      return error.http_status() < 300;
    // 408 comes from a proxy that may have handed the request on.
    default:
      return error.http_status() >= 500 || error.http_status() == request_timeout;
  }
}

// Whether asking again, as the same user, can tell more.
bool may_be_read_later(const Error& error) {
  switch (error.code()) {
    case Errc::forbidden:
    case Errc::not_found:
    case Errc::account_locked:
    case Errc::account_suspended:
    case Errc::account_deactivated:
    case Errc::closed:
      return false;
    default:
      return true;
  }
}

}  // namespace

void SendAttempts::end(Result<EventId> result) {
  step_ = Step::end;
  result_.emplace(std::move(result));
}

void SendAttempts::end_open(const Error& last) {
  if (last.code() == Errc::outcome_unknown) return end(last.with_transaction_id(transaction_id_.str()));
  end(last.with_code(Errc::outcome_unknown)
          .with_retriable(may_be_read_later(last))
          .with_transaction_id(transaction_id_.str())
          .with_message(
              "the message may have arrived; repeat it with the same transaction id, marked as repeated. Last: " +
              std::string(last.message())));
}

void SendAttempts::sent(Result<EventId> result, unsigned requests_left) {
  if (result) return end(std::move(result));
  const Error& error = result.error();
  if (!leaves_open(error)) return not_sent(error);
  last_ = error;
  if (requests_left == 0) return end_open(error);
  step_ = Step::wait;
}

void SendAttempts::not_sent(const Error& error) {
  // An earlier attempt that may have arrived was looked for before this one, so none has.
  end(error.with_transaction_id(transaction_id_.str()));
}

void SendAttempts::waited(bool in_time) {
  if (!in_time) return end_open(*last_);
  step_ = Step::look;
}

void SendAttempts::looked(Result<std::optional<EventId>> found, unsigned requests_left) {
  // Whether it arrived could not be read: sending again would gamble, and giving up for certain would lie.
  if (!found) return end_open(found.error());
  if (*found) return end(std::move(**found));
  if (requests_left == 0) {
    return end_open(last_ ? *last_ : Error(Errc::outcome_unknown, "the message may have arrived; repeat the call"));
  }
  step_ = Step::send;
}

}  // namespace confab::services
