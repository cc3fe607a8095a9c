// How is a long list asked for, page by page? What the endpoints that page have in common.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"

namespace confab::matrix {

/// Most entries of one page. The homeserver may give fewer, however many are asked for.
inline constexpr int max_page_entries = 1000;

/// Largest page that is read: 1000 events of the largest size.
inline constexpr std::size_t max_page_bytes = std::size_t{72} << 20U;

/// Errc::invalid_argument about "limit" unless from 1 to max_page_entries.
[[nodiscard]] Result<void> check_page_limit(int limit);

/// The token of another page. Missing, null and empty all say that there is none.
[[nodiscard]] std::optional<PageToken> optional_page_token(json::Reader& read, std::string_view key);

}  // namespace confab::matrix
