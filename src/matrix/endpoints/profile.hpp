// What is a user called? Specification: client-server API, "Profiles".
#pragma once

#include <optional>
#include <string>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"

namespace confab::matrix {

class ProfileAnswer {
 public:
  ProfileAnswer(std::optional<std::string> display_name, std::optional<std::string> avatar_url)
      : display_name_(std::move(display_name)), avatar_url_(std::move(avatar_url)) {}
  [[nodiscard]] const std::optional<std::string>& display_name() const { return display_name_; }
  [[nodiscard]] const std::optional<std::string>& avatar_url() const { return avatar_url_; }

 private:
  std::optional<std::string> display_name_;
  std::optional<std::string> avatar_url_;
};

/// GET /profile/{userId}.
class GetProfile {
 public:
  using Answer = ProfileAnswer;
  explicit GetProfile(MatrixUserId user) : user_(std::move(user)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  MatrixUserId user_;
};

/// PUT /profile/{userId}/displayname. The homeserver carries it into the user's rooms in the background.
class SetDisplayName {
 public:
  using Answer = Done;
  SetDisplayName(MatrixUserId user, std::string name) : user_(std::move(user)), name_(std::move(name)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  MatrixUserId user_;
  std::string name_;
};

/// GET /profile/{userId}/{keyName}: any field, as an object that holds it alone; Errc::not_found where it is not set.
class GetProfileField {
 public:
  using Answer = ObjectAnswer;
  GetProfileField(MatrixUserId user, std::string key) : user_(std::move(user)), key_(std::move(key)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return ObjectAnswer::decode(body); }

 private:
  MatrixUserId user_;
  std::string key_;
};

/// PUT /profile/{userId}/{keyName}: any field, for example "m.tz", from specification v1.16 on.
class SetProfileField {
 public:
  using Answer = Done;
  /// @param value_json  Any JSON value, at most 64 KiB: the whole profile may not be larger.
  SetProfileField(MatrixUserId user, std::string key, std::string value_json)
      : user_(std::move(user)), key_(std::move(key)), value_(std::move(value_json)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  MatrixUserId user_;
  std::string key_;
  std::string value_;
};

/// DELETE /profile/{userId}/{keyName}: from specification v1.16 on. What is not set is deleted too.
class DeleteProfileField {
 public:
  using Answer = Done;
  DeleteProfileField(MatrixUserId user, std::string key) : user_(std::move(user)), key_(std::move(key)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return decode_done(body); }

 private:
  MatrixUserId user_;
  std::string key_;
};

}  // namespace confab::matrix
