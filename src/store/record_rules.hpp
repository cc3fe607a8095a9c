// What is a key, a value, a transaction? The bounds that hold for every backend, checked once in front of each.
#pragma once

#include <confab/store.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "util/json.hpp"

namespace confab::store {

inline constexpr std::size_t most_key_bytes = 512;
inline constexpr std::size_t most_value_bytes = std::size_t{256} << 10U;
inline constexpr std::size_t most_writes = 128;
inline constexpr std::size_t most_transaction_bytes = std::size_t{1} << 20U;
inline constexpr std::size_t most_page_records = 1000;
inline constexpr std::size_t most_page_bytes = std::size_t{1} << 20U;  // a page ends early, but never empty
inline constexpr auto between_sweeps = std::chrono::seconds(10);       // of records whose time is over
inline constexpr std::chrono::milliseconds longest_lifetime = std::chrono::hours(24 * 3660);

// Each gives what is wrong, or nothing.
[[nodiscard]] std::optional<Error> check_key(std::string_view key);
[[nodiscard]] std::optional<Error> check_listing(std::string_view prefix, std::string_view cursor, std::size_t limit);
[[nodiscard]] std::optional<Error> check_writes(const std::vector<StoreWrite>& writes);

// Of what a backend gives back.
[[nodiscard]] std::optional<Error> check_record(const StoreRecord& record);

[[nodiscard]] Error conflict(std::string_view key);
[[nodiscard]] Error closed();

/// The value of a record that was read. Errc::store, with the key as subject, for what is no JSON.
[[nodiscard]] Result<json::Document> parse(const StoreRecord& record);

}  // namespace confab::store
