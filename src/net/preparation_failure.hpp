// How does a request end that was never begun, because its host's name or whom to trust was not found out?
#pragma once

#include <string>

#include "net/http_client.hpp"
#include "net/name_resolver.hpp"

namespace confab::net {

[[nodiscard]] inline HttpOutcome name_failure(const NameAnswer& answer) {
  switch (answer.failure()) {
    case NameFailure::timed_out:
      return HttpOutcome(TransferFailure::timed_out, false, answer.reason());
    case NameFailure::cancelled:
      return HttpOutcome(TransferFailure::cancelled, false, answer.reason());
    case NameFailure::unknown:
    case NameFailure::temporary:
      break;
  }
  return HttpOutcome(TransferFailure::name, false, answer.reason());
}

[[nodiscard]] inline HttpOutcome trust_failure(const Error& error) {
  const auto how = error.code() == Errc::timed_out   ? TransferFailure::timed_out
                   : error.code() == Errc::cancelled ? TransferFailure::cancelled
                                                     : TransferFailure::trust;
  return HttpOutcome(how, false, std::string(error.message()));
}

}  // namespace confab::net
