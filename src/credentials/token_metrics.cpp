#include <confab/token_metrics.hpp>

namespace confab {

const char* token_step_name(TokenStep step) noexcept {
  switch (step) {
    case TokenStep::refresh:
      return "refresh";
    case TokenStep::log_in:
      return "log_in";
    case TokenStep::set_password:
      return "set_password";
    case TokenStep::act_as:
      return "act_as";
    case TokenStep::admin_log_in:
      return "admin_log_in";
  }
  return "unknown";
}

const char* token_reason_name(TokenReason reason) noexcept {
  switch (reason) {
    case TokenReason::first:
      return "first";
    case TokenReason::recovery:
      return "recovery";
    case TokenReason::renewal:
      return "renewal";
    case TokenReason::move:
      return "move";
  }
  return "unknown";
}

}  // namespace confab
