// What is a closed account called, wherever it shows?
#pragma once

#include <confab/error.hpp>

namespace confab::credentials {

// `known`: what the homeserver said, where it did.
[[nodiscard]] inline Error closed_account(const Error& known = Error(Errc::account_deactivated, "")) {
  return known.with_code(Errc::account_deactivated)
      .with_retriable(false)
      .with_message("the user's identity is lost: the homeserver's operator closed the account, and it is not reopened")
      .with_subject("user");
}

}  // namespace confab::credentials
