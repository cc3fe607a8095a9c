// SendAttempts: after an attempt to send, look into the room, send, or end? A machine without I/O: one per message.
#pragma once

#include <optional>
#include <utility>

#include <confab/error.hpp>
#include <confab/ids.hpp>
#include <confab/result.hpp>

namespace confab::services {

class SendAttempts {
 public:
  enum class Step {
    look,  // read the room: an earlier attempt may have arrived
    send,  // put the event
    wait,  // let the homeserver recover, then ask again
    end,   // see result()
  };

  // `may_have_arrived`: the caller knows of an attempt whose outcome is open.
  SendAttempts(TransactionId transaction_id, bool may_have_arrived)
      : transaction_id_(std::move(transaction_id)), step_(may_have_arrived ? Step::look : Step::send) {}

  [[nodiscard]] Step step() const noexcept { return step_; }
  // `requests_left`: what the call may still spend; at none it ends with what is known.
  void looked(Result<std::optional<EventId>> found, unsigned requests_left);
  void sent(Result<EventId> result, unsigned requests_left);
  // The attempt ended before its request was sent, or the homeserver refused it for its token alone.
  void not_sent(const Error& error);
  void waited(bool in_time);
  [[nodiscard]] Result<EventId> result() && { return std::move(*result_); }

 private:
  void end(Result<EventId> result);
  void end_open(const Error& last);

  TransactionId transaction_id_;
  Step step_;
  std::optional<Error> last_;
  std::optional<Result<EventId>> result_;
};

}  // namespace confab::services
