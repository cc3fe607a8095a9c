// How is a filter kept at the homeserver? Specification: client-server API, "Filtering".
#pragma once

#include <string>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"

namespace confab::matrix {

class FilterIdAnswer {
 public:
  explicit FilterIdAnswer(std::string id) : id_(std::move(id)) {}
  [[nodiscard]] const std::string& filter_id() const { return id_; }

 private:
  std::string id_;
};

/// POST /user/{userId}/filter. The same filter again gives the same or another id; both are good, so repeating is safe.
class UploadFilter {
 public:
  using Answer = FilterIdAnswer;
  /// @param filter_json  A JSON object, at most 64 KiB.
  UploadFilter(MatrixUserId user, std::string filter_json) : user_(std::move(user)), filter_(std::move(filter_json)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body);

 private:
  MatrixUserId user_;
  std::string filter_;
};

/// GET /user/{userId}/filter/{filterId}: the filter as it was uploaded; Errc::not_found where there is none.
class GetFilter {
 public:
  using Answer = ObjectAnswer;
  GetFilter(MatrixUserId user, std::string filter_id) : user_(std::move(user)), id_(std::move(filter_id)) {}
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return ObjectAnswer::decode(body); }

 private:
  MatrixUserId user_;
  std::string id_;
};

}  // namespace confab::matrix
