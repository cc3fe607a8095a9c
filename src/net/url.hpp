// Which URLs do we accept, what is their origin, and which targets may follow a base?
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <confab/result.hpp>

namespace confab::net {

// Longest URL accepted anywhere: base URL, joined target, redirect. Over it: Errc::too_large. Proxies in the field
// refuse request lines above 8 KB, so nothing longer would arrive.
constexpr std::size_t max_url_bytes = 8192;
// Longest host name (RFC 1035, 2.3.4) and label. Over it: Errc::invalid_argument.
constexpr std::size_t max_host_bytes = 253;
constexpr std::size_t max_label_bytes = 63;

// An absolute http or https URL, validated and in canonical form: scheme and host in lower case, IPv6 compressed, no
// user, no fragment, no default port, no dot segments. Errors never quote the text: it may hold a password.
class Url {
 public:
  // A base to join paths to: as parse(), and without a query; a trailing slash is dropped.
  [[nodiscard]] static Result<Url> parse_base(std::string_view text);
  // Any absolute http(s) URL; user information and fragments are refused.
  [[nodiscard]] static Result<Url> parse(std::string_view text);

  [[nodiscard]] bool is_https() const noexcept { return https_; }
  [[nodiscard]] std::string_view scheme() const noexcept { return https_ ? "https" : "http"; }
  // Name or address; an IPv6 address is without its brackets, as a resolver wants it.
  [[nodiscard]] const std::string& host() const noexcept { return host_; }
  [[nodiscard]] bool host_is_ipv6() const noexcept { return ipv6_; }
  [[nodiscard]] bool host_is_address() const noexcept { return ipv6_ || ipv4_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  // Empty or beginning with a slash.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // Without the question mark.
  [[nodiscard]] const std::string& query() const noexcept { return query_; }

  // "host", "host:8008" or "[::1]:8008": the Host header's value.
  [[nodiscard]] std::string authority() const;
  // "https://host:8448": what credentials are bound to.
  [[nodiscard]] std::string origin() const;
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool same_origin(const Url& other) const noexcept;

  // Whether a request's path and query, percent encoded already, may follow this base's path. Refused: what does not
  // begin with a slash, characters that must be encoded, broken escapes, dot segments (a proxy would resolve them to
  // another endpoint), and more than max_url_bytes in all.
  [[nodiscard]] Result<void> check_target(std::string_view target) const;

  // Follow a reference (a Location header) as RFC 3986, 5.2 says; a fragment in it is dropped.
  [[nodiscard]] Result<Url> resolve(std::string_view reference) const;

 private:
  Url() = default;
  bool https_ = false;
  bool ipv4_ = false;
  bool ipv6_ = false;
  std::uint16_t port_ = 0;
  std::string host_;
  std::string path_;
  std::string query_;
  friend class UrlReader;
};

}  // namespace confab::net
