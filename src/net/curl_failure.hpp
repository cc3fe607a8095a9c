// What does libcurl's code mean to us? In our words, which are safe to log.
#pragma once

#include <curl/curl.h>

#include "net/http_client.hpp"

namespace confab::net {

inline constexpr const char* connect_timeout_reason = "no connection within the connect timeout";

// `easy` still holds the details of its last transfer.
[[nodiscard]] HttpOutcome curl_failure(CURL* easy, CURLcode code, bool sent);

}  // namespace confab::net
