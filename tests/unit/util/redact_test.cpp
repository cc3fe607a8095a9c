#include "util/redact.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace confab;

TEST_CASE("redact: secrets vanish, the rest stays") {
  struct {
    std::string_view from, to;
  } cases[] = {
      {"", ""},
      {"plain text, nothing here: 42", "plain text, nothing here: 42"},
      {"Authorization: Bearer abc.def-123", "Authorization: Bearer ***"},
      {"authorization: bearer  abc\r\nHost: x", "authorization: bearer  ***\r\nHost: x"},
      {"Proxy-Authorization: Basic dXNlcjpwYXNz", "Proxy-Authorization: Basic ***"},
      {"/sync?since=s1&access_token=MDAx.x&timeout=3", "/sync?since=s1&access_token=***&timeout=3"},
      {R"({"access_token":"abc","user_id":"@a:b"})", R"({"access_token":"***","user_id":"@a:b"})"},
      {R"({"password" : "a\"b\\" , "x":1})", R"({"password" : "***" , "x":1})"},
      {R"("{\"refresh_token\":\"abc\",\"x\":1}")", R"("{\"refresh_token\":\"***\",\"x\":1}")"},
      {R"({'token': 'abc'})", R"({'token': '***'})"},
      {R"({"new_password":12345})", R"({"new_password":***})"},
      {"token syt_YWxpY2U_abcdefgh_0000 was used", "token *** was used"},
      {"(syr_abcdefgh)", "(***)"},
      {"mat_abcdef_1", "***"},
      {"the mat_ is red, syt_x too", "the mat_ is red, syt_x too"},
      {"postgresql://confab:hunter2@db:5432/x?sslmode=require", "postgresql://***@db:5432/x?sslmode=require"},
      {"https://user@host/path", "https://***@host/path"},
      {"https://host/@path", "https://host/@path"},
      {"host=db password=hunter2 dbname=x", "host=db password=*** dbname=x"},
      {"password='hun ter2' dbname=x", "password='***' dbname=x"},
      {"the password is wrong", "the password is wrong"},
      {R"("password":{"algorithm":"x"})", R"("password":{"algorithm":"x"})"},
      {"ACCESS_TOKEN=abc", "ACCESS_TOKEN=***"},
      {R"({"password":"unterminated)", R"({"password":"***)"},
      {"Bearer", "Bearer"},
      {"password=", "password="},
      {R"("password\")", R"("password\")"},
      {"://mct_secret/x\\y@host", "://***@host"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.from);
    CHECK(redact(c.from) == c.to);
    CHECK(redact(redact(c.from)) == c.to);
  }
}

TEST_CASE("redact: names of secrets") {
  CHECK(names_a_secret("Access_Token"));
  CHECK_FALSE(names_a_secret("room_id"));
}
