#include "matrix/paging.hpp"

#include <string>

namespace confab::matrix {

Result<void> check_page_limit(int limit) {
  if (limit < 1 || limit > max_page_entries) return wrong_argument("limit", "from 1 to 1000");
  return {};
}

std::optional<PageToken> optional_page_token(json::Reader& read, std::string_view key) {
  const auto token = read.optional_string(key);
  if (!token || token->empty()) return std::nullopt;
  return PageToken(std::string(*token));
}

}  // namespace confab::matrix
