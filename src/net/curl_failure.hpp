// What does libcurl's code mean to us? In our words, which are safe to log.
#pragma once

#include <curl/curl.h>

#include "net/http_client.hpp"

namespace confab::net {

// `easy` still holds the details of its last transfer.
[[nodiscard]] HttpOutcome curl_failure(CURL* easy, CURLcode code, bool sent);

}  // namespace confab::net
