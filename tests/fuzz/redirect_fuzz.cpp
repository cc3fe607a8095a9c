// Any row of Locations, a line each: never from https to http, never in a circle, never too many.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "net/redirect_policy.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace confab::net;
  const Url start = *Url::parse("https://confab.test/.well-known/matrix/client");
  RedirectPolicy policy("GET", start);
  RedirectPolicy other("GET", *Url::parse("https://confab.test/_matrix/client/versions"));
  std::vector<std::string> visited{start.text()};
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view location = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (other.follow(302, location)) std::abort();
    const auto next = policy.follow(302, location);
    if (!next) continue;
    if (!next->is_https() || next->text() != policy.current().text()) std::abort();
    for (const std::string& before : visited) {
      if (before == next->text()) std::abort();
    }
    visited.push_back(next->text());
    if (visited.size() > max_redirects + 1) std::abort();
  }
  return 0;
}
