#include "store/record_line.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "store/record_rules.hpp"

using namespace std::chrono_literals;
using namespace confab;
using confab::store::RecordLine;

namespace {

constexpr StoreTime import_time{std::chrono::milliseconds(1'000'000)};

std::string line_again(const std::string& line) {
  const auto read = RecordLine::read(line, import_time);
  REQUIRE(read);
  std::optional<StoreTime> expires;
  if (read->put().lifetime()) expires = import_time + *read->put().lifetime();
  const auto value = json::parse(read->put().value());
  REQUIRE(value);
  return RecordLine::write(StoreRecord(read->put().key(), 7, read->put().value(), expires), value->root());
}

}  // namespace

TEST_CASE("record line: what was written is read, and written the same again") {
  for (const char* line : {R"({"key":"a/b","value":{"n":1e3,"t":"\n\u0001"}})",
                           R"({"key":"a","value":[],"expires":1000001})", R"({"key":"ü","value":null})"}) {
    CHECK(line_again(line) == line);
  }
}

TEST_CASE("record line: one whose time is over is one, but ended") {
  CHECK(RecordLine::read(R"({"key":"a","value":1,"expires":1000000})", import_time)->ended());
  const auto left = RecordLine::read(R"({"key":"a","value":1,"expires":1000005})", import_time);
  REQUIRE(left);
  CHECK_FALSE(left->ended());
  CHECK(left->put().lifetime() == 5ms);
  CHECK(left->put().expected() == 0);
}

TEST_CASE("record line: what no store takes is none, ended or not") {
  for (const char* line : {R"({"key":"a//b","value":1})", R"({"key":"a//b","value":1,"expires":1})", R"({"key":"a"})",
                           R"({"key":5,"value":1})", R"({"key":"a","value":1,"expires":0})",
                           R"({"key":"a","value":1,"expires":9223372036854775807})"}) {
    CAPTURE(line);
    CHECK_FALSE(RecordLine::read(line, import_time));
  }
  const std::string deep = std::string(65, '[') + std::string(65, ']');
  CHECK_FALSE(RecordLine::read(R"({"key":"a","value":)" + deep + "}", import_time));
  CHECK_FALSE(
      RecordLine::read(R"({"key":"a","value":")" + std::string(store::most_value_bytes, 'x') + R"("})", import_time));
  CHECK_FALSE(RecordLine::read(R"({"key":"a","value":1})" + std::string(store::most_line_bytes, ' '), import_time));
}
