#include "matrix/member_names.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace confab;
using namespace confab::matrix;

namespace {

RoomEvent member(const std::string& user, const std::string& content, const std::string& type = "m.room.member") {
  return RoomEvent::read(R"({"event_id":"$1","origin_server_ts":1,"sender":"@by:hs","state_key":")" + user +
                         R"(","type":")" + type + R"(","content":)" + content + "}")
      .value();
}

}  // namespace

TEST_CASE("MemberNames: the latest name of each user, whoever wrote it") {
  MemberNames names;
  CHECK(names.of(MatrixUserId("@ana:hs")).empty());
  names.note(member("@ana:hs", R"({"membership":"join","displayname":"Ana"})"));
  names.note(member("@ben:hs", R"({"membership":"invite","displayname":"Ben"})"));
  CHECK(names.of(MatrixUserId("@ana:hs")) == "Ana");
  CHECK(names.of(MatrixUserId("@ben:hs")) == "Ben");
  names.note(member("@ana:hs", R"({"membership":"join","displayname":"Anna"})"));
  CHECK(names.of(MatrixUserId("@ana:hs")) == "Anna");
  names.note(member("@ana:hs", R"({"membership":"join"})"));
  CHECK(names.of(MatrixUserId("@ana:hs")).empty());
}

TEST_CASE("MemberNames: who leaves without a name keeps the one they spoke under") {
  MemberNames names;
  names.note(member("@ana:hs", R"({"membership":"join","displayname":"Ana"})"));
  names.note(member("@ana:hs", R"({"membership":"leave"})"));
  CHECK(names.of(MatrixUserId("@ana:hs")) == "Ana");
}

TEST_CASE("MemberNames: other events and what is no name say nothing; long names are cut between characters") {
  MemberNames names;
  names.note(member("@ana:hs", R"({"membership":"join","displayname":"Ana"})"));
  names.note(member("@ana:hs", R"({"membership":"join","displayname":"Eve"})", "m.room.name"));
  CHECK(names.of(MatrixUserId("@ana:hs")) == "Ana");
  names.note(member("@ana:hs", R"({"membership":"join","displayname":7})"));
  CHECK(names.of(MatrixUserId("@ana:hs")).empty());
  std::string long_name;
  while (long_name.size() <= MemberNames::longest_member_name) long_name += "\xe2\x82\xac";
  names.note(member("@ana:hs", R"({"membership":"join","displayname":")" + long_name + "\"}"));
  CHECK(names.of(MatrixUserId("@ana:hs")).size() == MemberNames::longest_member_name - 1);
}
