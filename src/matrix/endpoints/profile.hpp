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

}  // namespace confab::matrix
