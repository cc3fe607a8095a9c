// May this redirect be followed, and where to?
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <confab/result.hpp>

#include "net/url.hpp"

namespace confab::net {

// Redirects followed for one request. Over it: Errc::protocol. Browsers allow 20; well-known documents need one or two.
constexpr unsigned max_redirects = 5;

// One per request. Redirects are followed only where the Matrix specification asks for it: GET of
// /.well-known/matrix/client ("Client-server API, Server discovery"). Anywhere else a redirect means a wrong URL or a
// captive portal, and following it would hand a token to whoever wrote the Location. That document is public: whoever
// asks for it sends no token (redirected_get.hpp).
class RedirectPolicy {
 public:
  RedirectPolicy(std::string_view method, Url start);

  // Whether an answer of this status is a redirect at all; 304 and 300 are not.
  [[nodiscard]] static bool is_redirect(int status) noexcept;

  // The URL to GET next. Errc::protocol, saying why, where it may not be followed: not a well-known document, no or a
  // broken Location, from https to http, seen before, too many.
  [[nodiscard]] Result<Url> follow(int status, std::optional<std::string_view> location);

  [[nodiscard]] const Url& current() const noexcept { return visited_.back(); }

 private:
  std::vector<Url> visited_;
  bool followable_;
};

}  // namespace confab::net
