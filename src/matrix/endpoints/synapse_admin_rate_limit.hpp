// How fast may one user write? Synapse's admin API, override_ratelimit. To lift every limit see AdminLiftRateLimit.
#pragma once

#include <cstdint>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"

namespace confab::matrix {

class RateLimitAnswer {
 public:
  RateLimitAnswer() = default;
  RateLimitAnswer(std::int64_t per_second, std::int64_t burst)
      : per_second_(per_second), burst_(burst), overridden_(true) {}
  [[nodiscard]] static Result<RateLimitAnswer> decode(const json::Value& body);
  /// Whether this user has a limit of its own; without one the homeserver's counts.
  [[nodiscard]] bool overridden() const { return overridden_; }
  /// Whether nothing is limited but logins and joins per room.
  [[nodiscard]] bool lifted() const { return overridden_ && per_second_ == 0 && burst_ == 0; }
  [[nodiscard]] std::int64_t messages_per_second() const { return per_second_; }
  [[nodiscard]] std::int64_t burst() const { return burst_; }

 private:
  std::int64_t per_second_ = 0;
  std::int64_t burst_ = 0;
  bool overridden_ = false;
};

/// GET /_synapse/admin/v1/users/{userId}/override_ratelimit.
class AdminGetRateLimit {
 public:
  using Answer = RateLimitAnswer;
  explicit AdminGetRateLimit(MatrixUserId user) : user_(std::move(user)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return RateLimitAnswer::decode(body); }

 private:
  MatrixUserId user_;
};

/// POST of the same: values above 0 count for sending alone.
class AdminSetRateLimit {
 public:
  using Answer = RateLimitAnswer;
  AdminSetRateLimit(MatrixUserId user, std::int64_t messages_per_second, std::int64_t burst)
      : user_(std::move(user)), per_second_(messages_per_second), burst_(burst) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return RateLimitAnswer::decode(body); }

 private:
  MatrixUserId user_;
  std::int64_t per_second_;
  std::int64_t burst_;
};

/// DELETE of the same: the homeserver's own limits count again.
class AdminDeleteRateLimit {
 public:
  using Answer = Done;
  explicit AdminDeleteRateLimit(MatrixUserId user) : user_(std::move(user)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  MatrixUserId user_;
};

}  // namespace confab::matrix
