// Which homeserver does a server name publish, and is it one? Specification: client-server API, "Well-known URI".
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <confab/result.hpp>

#include "matrix/endpoints/discovery.hpp"
#include "net/call_context.hpp"
#include "net/http_client.hpp"
#include "net/runtime_core.hpp"
#include "net/url.hpp"
#include "util/task.hpp"

namespace confab::matrix {

/// The subject of an error about the URL that is published: the specification's FAIL_ERROR.
inline constexpr const char* published_url_subject = "m.homeserver.base_url";

/// Where a server name's document is: https, the host without the port. Errc::invalid_argument about server_name.
[[nodiscard]] Result<net::Url> well_known_url(std::string_view server_name);

/// The document, through redirects, each URL tried `tries` times. Errc::not_found: there is none (IGNORE).
/// Errc::protocol with the status of an answer that is neither 200 nor 404; Errc::protocol or Errc::too_large without
/// one, or with that of a redirect: what is there is broken (FAIL_PROMPT). Otherwise why it could not be read. The
/// subject of all is server_name, but published_url_subject where a URL is named that is none. `like`: whom to trust
/// and through which proxy to go.
[[nodiscard]] Task<Result<WellKnownAnswer>> read_well_known(std::shared_ptr<net::RuntimeCore> core, net::Url document,
                                                            net::HttpClientOptions like, unsigned tries,
                                                            net::CallContext context);

/// The published URL, after a homeserver has answered there. Errors as above, and those of that homeserver, with
/// published_url_subject.
[[nodiscard]] Task<Result<std::string>> discover_homeserver(std::shared_ptr<net::RuntimeCore> core, net::Url document,
                                                            net::HttpClientOptions like, net::CallContext context);

}  // namespace confab::matrix
