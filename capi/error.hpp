// confab_error: an Error, its texts ended by NUL.
#pragma once

#include <cstdint>
#include <string>

#include <confab/error.hpp>

#include "capi/handle.hpp"
#include "capi/include/confab.h"

struct confab_error : confab::capi::HandleOf<confab::capi::Kind::error> {
  explicit confab_error(const confab::Error& error);

  confab_status status;
  std::string message;
  std::string subject;
  std::string errcode;
  std::string server_message;
  std::string transaction_id;
  std::int32_t http_status;
  bool retriable;
  std::int64_t retry_after_ms;
};

namespace confab::capi {

[[nodiscard]] inline confab_status status_of(Errc code) noexcept { return static_cast<confab_status>(code); }

}  // namespace confab::capi
