#include "net/redirect_policy.hpp"

#include <algorithm>
#include <utility>

namespace confab::net {

namespace {
constexpr std::string_view well_known_client = "/.well-known/matrix/client";

Error refused(int status, const char* message) { return Error(Errc::protocol, message).with_http_status(status); }
}  // namespace

RedirectPolicy::RedirectPolicy(std::string_view method, Url start)
    : followable_(method == "GET" && start.path() == well_known_client) {
  visited_.push_back(std::move(start));
}

bool RedirectPolicy::is_redirect(int status) noexcept {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Result<Url> RedirectPolicy::follow(int status, std::optional<std::string_view> location) {
  if (!is_redirect(status)) return refused(status, "The answer is no redirect.");
  if (!followable_) {
    return refused(status, "The homeserver's URL redirects elsewhere: configure the URL of the homeserver itself.");
  }
  if (visited_.size() > max_redirects) return refused(status, "The well-known document redirects too many times.");
  if (!location) return refused(status, "A redirect of the well-known document names no location.");
  auto target = current().resolve(*location);
  if (!target) return refused(status, "A redirect of the well-known document names a location that is no http(s) URL.");
  if (current().is_https() && !target->is_https()) {
    return refused(status, "A redirect of the well-known document leads from https to http.");
  }
  const auto same = [&](const Url& url) { return url.text() == target->text(); };
  if (std::any_of(visited_.begin(), visited_.end(), same)) {
    return refused(status, "The well-known document redirects in a circle.");
  }
  visited_.push_back(*target);
  return target;
}

}  // namespace confab::net
