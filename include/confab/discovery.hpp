/// @file
/// DiscoveryOptions: how Homeserver::discover() goes about it, for hosts that know a server name and no URL.
///
///     auto url = Homeserver::discover(runtime, "example.org").wait();
///     if (url) options.url(*url);
///
/// A domain publishes where its homeserver is in one document, https://SERVER_NAME/.well-known/matrix/client. Other
/// Matrix clients look there, too, when somebody signs in with nothing but an id such as @ana:example.org.
///
/// What is found may change, as the domain does: find it at each start, and keep it no longer than the process lives. A
/// host that has been told the URL needs none of this, and should not have it depend on another web server.
#pragma once

#include <string>
#include <utility>

namespace confab {

/// Whom discovery trusts, and the way it goes.
///
/// @par Errors     Its members check nothing. Copying may throw std::bad_alloc.
/// @par Lifetime   Copied into the operation.
/// @par Threads    As for a plain value.
class DiscoveryOptions {
 public:
  /// The system's authorities, and no proxy.
  DiscoveryOptions() = default;
  /// Trust the authorities in this PEM file instead of the system's, for the domain's web server and for the
  /// homeserver.
  ///
  /// @param path     As for HomeserverOptions::ca_file(). One that holds no certificate is Errc::invalid_argument
  ///                 when the operation runs.
  DiscoveryOptions& ca_file(std::string path) {
    ca_file_ = std::move(path);
    return *this;
  }
  /// Go through this proxy, as HomeserverOptions::proxy() says.
  ///
  /// @param url      What is no URL is Errc::invalid_argument when the operation runs.
  DiscoveryOptions& proxy(std::string url) {
    proxy_ = std::move(url);
    return *this;
  }
  /// As set; empty for the system's authorities.
  [[nodiscard]] const std::string& ca_file() const noexcept { return ca_file_; }
  /// As set; empty for none.
  [[nodiscard]] const std::string& proxy() const noexcept { return proxy_; }

 private:
  std::string ca_file_;
  std::string proxy_;
};

}  // namespace confab
