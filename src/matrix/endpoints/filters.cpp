#include "matrix/endpoints/filters.hpp"

#include "matrix/identifiers.hpp"

namespace confab::matrix {
namespace {
constexpr std::size_t max_filter_bytes = std::size_t{64} << 10U;
}  // namespace

Result<EndpointRequest> UploadFilter::encode() const {
  if (const auto wrong = first_wrong({check_user_id(user_)})) return *wrong;
  if (filter_.size() > max_filter_bytes)
    return Error(Errc::too_large, "filter: is over 64 KiB; name fewer rooms and senders").with_subject("filter");
  const auto filter = parse_object_argument("filter", filter_);
  if (!filter) return filter.error();
  return EndpointRequest(Method::post, path_of({"/_matrix/client/v3/user/", user_.str(), "/filter"}))
      .body(filter->root().to_json())
      .idempotent(true);
}

Result<UploadFilter::Answer> UploadFilter::decode(const json::Value& body) {
  json::Reader read(body);
  std::string id{read.non_empty_string("filter_id")};
  // What begins so would be taken for a filter written out.
  if (id.starts_with('{')) read.fail(body.wrong("filter_id", "an id"));
  return read.finish(FilterIdAnswer(std::move(id)));
}

Result<EndpointRequest> GetFilter::encode() const {
  if (const auto wrong = first_wrong({check_user_id(user_), check_text("filter_id", id_)})) return *wrong;
  if (id_.empty()) return wrong_argument("filter_id", "not empty");
  return EndpointRequest(Method::get, path_of({"/_matrix/client/v3/user/", user_.str(), "/filter/", id_}))
      .expect({Errc::not_found});
}

}  // namespace confab::matrix
