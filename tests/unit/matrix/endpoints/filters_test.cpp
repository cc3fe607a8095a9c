#include "matrix/endpoints/filters.hpp"

#include "unit/matrix/endpoints/endpoint_checks.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;

TEST_CASE("filters: upload") {
  const auto request = encoded(UploadFilter(ana, R"({ "room": {"timeline": {"limit": 10}} })"));
  CHECK(request.method() == Method::post);
  CHECK(request.target() == "/_matrix/client/v3/user/%40ana%3Ahs/filter");
  CHECK(request.body() == R"({"room":{"timeline":{"limit":10}}})");
  CHECK(request.idempotent());
  refuses(UploadFilter(ana, "[]"), "filter");
  refuses(UploadFilter(ana, "{"), "filter");
  refuses(UploadFilter(ana, R"({"x":")" + std::string(65536, 'x') + "\"}"), "filter", Errc::too_large);
  refuses(UploadFilter(MatrixUserId("ana"), "{}"), "user_id");
  requires_fields<UploadFilter>(R"({"filter_id":"66696p746572"})", {"filter_id"});
  CHECK(decode<UploadFilter>(R"({"filter_id":"{}"})").error().subject() == "filter_id");
  CHECK_FALSE(decode<UploadFilter>(R"({"filter_id":""})"));
}

TEST_CASE("filters: read back") {
  CHECK(encoded(GetFilter(ana, "6/6")).target() == "/_matrix/client/v3/user/%40ana%3Ahs/filter/6%2F6");
  CHECK(encoded(GetFilter(ana, "6")).expects(Errc::not_found));
  refuses(GetFilter(ana, ""), "filter_id");
  refuses(GetFilter(ana, "\xFF"), "filter_id");
  refuses(GetFilter(MatrixUserId(), "6"), "user_id");
  const auto answer = decode<GetFilter>(R"({"event_format":"client","room":{"timeline":{"limit":10}}})");
  CHECK(answer->object()["room"]["timeline"]["limit"].integer_or(0) == 10);
  CHECK_FALSE(decode<GetFilter>("[]"));
}
