#include "http_request.hpp"

namespace confab::test {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && text.size() - i > 2 && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::vector<std::string> decoded_segments(std::string_view path) {
  std::vector<std::string> out;
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  while (true) {
    const auto slash = path.find('/');
    out.push_back(percent_decoded(path.substr(0, slash)));
    if (slash == std::string_view::npos) return out;
    path.remove_prefix(slash + 1);
  }
}

std::string Request::header(std::string_view name) const {
  const auto found = headers.find(std::string(name));
  return found == headers.end() ? std::string() : found->second;
}

std::optional<std::string> Request::parameter(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const auto end = rest.find('&');
    std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    const auto equals = pair.find('=');
    if (percent_decoded(pair.substr(0, equals)) != name) continue;
    std::string value(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
    for (char& c : value) {
      if (c == '+') c = ' ';
    }
    return percent_decoded(value);
  }
  return std::nullopt;
}

std::string Request::token() const {
  const std::string authorization = header("authorization");
  constexpr std::string_view scheme = "Bearer ";
  if (authorization.starts_with(scheme)) return authorization.substr(scheme.size());
  return parameter("access_token").value_or("");
}

PathPattern::PathPattern(std::string_view method, std::string_view path)
    : method_(method), segments_(decoded_segments(path)) {}

bool PathPattern::matches(const Request& request, std::vector<std::string>* captured) const {
  if (method_ != "*" && method_ != request.method) return false;
  const bool any_rest = !segments_.empty() && segments_.back() == "**";
  const std::size_t fixed = any_rest ? segments_.size() - 1 : segments_.size();
  if (any_rest ? request.segments.size() < fixed : request.segments.size() != fixed) return false;
  std::vector<std::string> stars;
  for (std::size_t i = 0; i < fixed; ++i) {
    if (segments_[i] == "*") {
      stars.push_back(request.segments[i]);
    } else if (segments_[i] != request.segments[i]) {
      return false;
    }
  }
  if (captured != nullptr) *captured = std::move(stars);
  return true;
}

}  // namespace confab::test
