// What ends libcurl's handles when their owner goes.
#pragma once

#include <curl/curl.h>

namespace confab::net {

struct CloseShare {
  void operator()(CURLSH* share) const noexcept { curl_share_cleanup(share); }
};
struct CloseAddress {
  void operator()(CURLU* address) const noexcept { curl_url_cleanup(address); }
};
struct CloseEasy {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};

}  // namespace confab::net
