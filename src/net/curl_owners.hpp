// What ends libcurl's handles when their owner goes.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <new>
#include <string>

#include "net/url.hpp"

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

using CurlAddress = std::unique_ptr<CURLU, CloseAddress>;

[[nodiscard]] inline CurlAddress address_of(const Url& base) {
  CurlAddress address(curl_url());
  if (!address) throw std::bad_alloc();
  const std::string text = base.origin() + '/';
  if (curl_url_set(address.get(), CURLUPART_URL, text.c_str(), 0) == CURLUE_OUT_OF_MEMORY) throw std::bad_alloc();
  return address;
}

}  // namespace confab::net
