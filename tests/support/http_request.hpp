// One request as the fake homeserver saw it, and the patterns that pick requests.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace confab::test {

/// What a client sent. Plain data; a record of it is kept for every request.
struct Request {
  std::uint64_t number = 0;      ///< 1 for the first request of the server
  std::uint64_t connection = 0;  ///< 1 for the first connection of the server
  std::chrono::steady_clock::time_point time;
  std::string method;
  std::string target;                          ///< exactly as sent
  std::string path;                            ///< percent-decoded, without the query
  std::string query;                           ///< raw, without the question mark
  std::vector<std::string> segments;           ///< of the path, each percent-decoded by itself
  std::map<std::string, std::string> headers;  ///< names in lower case; repeated ones joined by ", "
  std::string body;
  int status = 0;  ///< in a record: of the answer that was chosen, once there is one; it may be on its way, or be lost

  /// The header's value, empty where there is none; name in lower case.
  [[nodiscard]] std::string header(std::string_view name) const;
  /// The decoded query parameter.
  [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
  /// The access token: of the Authorization header, else of the query.
  [[nodiscard]] std::string token() const;
};

/// A method ("*" for any) and a path. In the path a segment "*" stands for any one segment and a last segment "**"
/// for any rest, none included. Both sides are compared percent-decoded.
class PathPattern {
 public:
  PathPattern(std::string_view method, std::string_view path);
  /// `captured` receives what the "*" stood for.
  [[nodiscard]] bool matches(const Request& request, std::vector<std::string>* captured = nullptr) const;

 private:
  std::string method_;
  std::vector<std::string> segments_;
};

[[nodiscard]] std::string percent_decoded(std::string_view text);
/// Splits "/a/b/" to "a", "b", "" and decodes each.
[[nodiscard]] std::vector<std::string> decoded_segments(std::string_view path);

}  // namespace confab::test
