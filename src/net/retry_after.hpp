// For how long does the server ask us to wait?
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "net/backoff.hpp"
#include "net/headers.hpp"

namespace confab::net {

// Longest wait that a server may impose; what asks for more is taken for this much. Synapse's shipped limits ask for up
// to 334 s. A caller whose deadline is nearer gives up at once and learns the wait.
constexpr std::chrono::milliseconds max_retry_after = max_wait;

// The wait where a 429 names none.
constexpr std::chrono::milliseconds default_retry_after{1'000};

// One of RFC 9110's three date forms ("Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
// "Sun Nov  6 08:49:37 1994"). `wall_now` decides the century of a two-digit year. Nothing for anything else.
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text,
                                                                      std::chrono::sys_seconds wall_now);

// A Retry-After value: seconds (a fraction, as some proxies send, is rounded up) or a date. A date that has passed is
// 0. Nothing for garbage; at most max_retry_after.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value,
                                                                         std::chrono::sys_seconds wall_now);

// The longest of all Retry-After fields and of `retry_after_ms` from the body (as JSON numbers come: maybe negative,
// not finite, or huge). Dates are measured from the answer's own Date where it has one, so that a wrong clock here or
// there does not matter. Nothing where the answer names no wait.
[[nodiscard]] std::optional<std::chrono::milliseconds> retry_after(const Headers& headers,
                                                                   std::optional<double> retry_after_ms,
                                                                   std::chrono::sys_seconds wall_now);

}  // namespace confab::net
