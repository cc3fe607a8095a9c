#include "services/send_attempts.hpp"

#include <string>

namespace confab::services {

namespace {

// Whether the homeserver may have stored the event although it, or something in between, told us otherwise.
bool leaves_open(const Error& error) {
  return error.code() == Errc::outcome_unknown || error.http_status() >= 500 || error.code() == Errc::protocol;
}

}  // namespace

void SendAttempts::end(Result<EventId> result) {
  step_ = Step::end;
  result_.emplace(std::move(result));
}

void SendAttempts::end_open(const Error& last) {
  if (last.code() == Errc::outcome_unknown) {
    end(last.with_transaction_id(transaction_id_.str()));
    return;
  }
  end(last.with_code(Errc::outcome_unknown)
          .with_retriable(true)
          .with_transaction_id(transaction_id_.str())
          .with_message("the message may have arrived; repeat it with the same transaction id, marked as repeated. Last: " +
                        std::string(last.message())));
}

void SendAttempts::sent(Result<EventId> result, unsigned requests_left) {
  if (result) {
    end(std::move(result));
    return;
  }
  const Error& error = result.error();
  if (leaves_open(error)) {
    open_ = true;
    last_ = error;
    // A look and another try take two requests.
    if (requests_left < 2) {
      end_open(error);
    } else {
      step_ = Step::wait;
    }
    return;
  }
  // Refused for certain. An earlier attempt that may have arrived was looked for before this one, so it has not.
  end(error.with_transaction_id(transaction_id_.str()));
}

void SendAttempts::waited(bool in_time) {
  if (in_time) {
    step_ = Step::look;
  } else {
    end_open(*last_);
  }
}

void SendAttempts::looked(Result<std::optional<EventId>> found, unsigned requests_left) {
  if (!found) {
    // Whether it arrived could not be read: sending again would gamble.
    const Error error = std::move(found).error();
    if (error.code() == Errc::forbidden || error.code() == Errc::not_found) {
      end(error.with_transaction_id(transaction_id_.str()));
    } else {
      end_open(error);
    }
    return;
  }
  if (*found) {
    end(std::move(**found));
    return;
  }
  if (requests_left < 1) {
    end_open(last_ ? *last_ : Error(Errc::outcome_unknown, "the message may have arrived; repeat the call"));
    return;
  }
  step_ = Step::send;
}

}  // namespace confab::services
