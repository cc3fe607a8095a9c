#include "matrix/endpoints/account_data.hpp"

#include "unit/matrix/endpoints/endpoint_checks.hpp"

using namespace confab;
using namespace confab::matrix;
using namespace confab::matrix::test;

TEST_CASE("account data: reading, for all rooms or one") {
  CHECK(encoded(GetAccountData(ana, "org.example.x")).target() ==
        "/_matrix/client/v3/user/%40ana%3Ahs/account_data/org.example.x");
  CHECK(encoded(GetAccountData(ana, "m.tag").room(room)).target() ==
        "/_matrix/client/v3/user/%40ana%3Ahs/rooms/%21r%3Ahs/account_data/m.tag");
  CHECK(encoded(GetAccountData(ana, "m.tag")).expects(Errc::not_found));
  refuses(GetAccountData(MatrixUserId("ana"), "m.tag"), "user_id");
  refuses(GetAccountData(ana, ""), "event_type");
  refuses(GetAccountData(ana, "m.tag").room(MatrixRoomId()), "room_id");
  const auto answer = decode<GetAccountData>(R"({"custom_account_data_key":"custom_config_value"})");
  CHECK(answer->object()["custom_account_data_key"].string_or("") == "custom_config_value");
  CHECK_FALSE(decode<GetAccountData>("\"x\""));
}

TEST_CASE("account data: writing") {
  const auto put = encoded(PutAccountData(ana, "org.example.x", R"({ "a" : [1] })").room(room));
  CHECK(put.method() == Method::put);
  CHECK(put.target() == "/_matrix/client/v3/user/%40ana%3Ahs/rooms/%21r%3Ahs/account_data/org.example.x");
  CHECK(put.body() == R"({"a":[1]})");
  CHECK(put.idempotent());
  CHECK(encoded(PutAccountData(ana, "x", "{}")).path() == "/_matrix/client/v3/user/%40ana%3Ahs/account_data/x");
  refuses(PutAccountData(ana, "m.fully_read", "{}").room(room), "event_type");
  refuses(PutAccountData(ana, "m.push_rules", "{}"), "event_type");
  refuses(PutAccountData(ana, "x", "5"), "content");
  refuses(PutAccountData(ana, "x", R"({"a":")" + std::string(70'000, 'x') + "\"}"), "content", Errc::too_large);
  refuses(PutAccountData(ana, "x", "{}").room(MatrixRoomId("r")), "room_id");
  CHECK(decode<PutAccountData>("{}"));
  CHECK_FALSE(decode<PutAccountData>("[]"));
}
