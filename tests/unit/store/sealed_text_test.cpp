#include "store/sealed_text.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace confab;
using namespace confab::store;

namespace {
SealingKey key(const std::string& id, char fill) { return {id, Secret(std::string(32, fill))}; }
SealingKeys keys(std::vector<SealingKey> list) {
  auto made = SealingKeys::of(std::move(list));
  REQUIRE(made);
  return *made;
}
const SealedPlace place("t/user/ana", "token");

Result<Secret> open(const SealingKeys& with, const SealedPlace& at, const std::string& sealed) {
  const auto parsed = json::parse(sealed);
  REQUIRE(parsed);
  return unseal(with, at, parsed->root());
}
std::string member(const std::string& sealed, std::string_view name) {
  return std::string(json::parse(sealed)->root()[name].string_or(""));
}
}  // namespace

TEST_CASE("a sealed secret opens with the same keys in the same place") {
  const auto with = keys({key("a", 'x')});
  for (const std::string& text :
       {std::string("syt_token"), std::string(), std::string("\0\xff binary", 9), std::string(60'000, 's')}) {
    const auto sealed = seal(with, place, Secret(text));
    REQUIRE(sealed);
    const auto opened = open(with, place, *sealed);
    REQUIRE(opened);
    CHECK(opened->reveal() == text);
  }
}
TEST_CASE("a sealed secret is JSON with two members, and does not show the secret") {
  const auto sealed = seal(keys({key("a", 'x')}), place, Secret("syt_token"));
  REQUIRE(sealed);
  CHECK(sealed->starts_with(R"({"sealed":")"));
  CHECK(sealed->ends_with(R"(","key":"a"})"));
  CHECK(sealed->find("syt_token") == std::string::npos);
}
TEST_CASE("no two seals of one secret are alike") {
  const auto with = keys({key("a", 'x')});
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) CHECK(seen.insert(member(*seal(with, place, Secret("s")), "sealed")).second);
}
TEST_CASE("what another implementation of AES-256-GCM sealed opens") {
  // By Python's cryptography.AESGCM: nonce of twelve bytes 1, the place's text as associated data.
  const auto opened = open(keys({key("a", 'x')}), place,
                           R"({"sealed":"AQEBAQEBAQEBAQEBIbY1VA8eQz/+8nnykDy7iu+EZxHi6IeVNQ==","key":"a"})");
  REQUIRE(opened);
  CHECK(opened->reveal() == "syt_token");
}
TEST_CASE("a seal does not open in another record or member") {
  const auto with = keys({key("a", 'x')});
  const auto sealed = *seal(with, place, Secret("s"));
  for (const auto& other : {SealedPlace("t/user/bob", "token"), SealedPlace("t/user/ana", "password"),
                            SealedPlace("t/user", "ana/token"), SealedPlace("", "")}) {
    const auto opened = open(with, other, sealed);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code() == Errc::store);
    CHECK(opened.error().subject() == "store.key_file");
  }
}
TEST_CASE("a seal in which any character was changed does not open") {
  const auto with = keys({key("a", 'x')});
  const auto sealed = *seal(with, place, Secret("syt_token"));
  const std::string text = member(sealed, "sealed");
  const auto at = sealed.find(text);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = sealed;
    changed[at + i] = changed[at + i] == 'A' ? 'B' : 'A';
    CHECK_FALSE(open(with, place, changed));
  }
}
TEST_CASE("a missing key is named; a wrong key of the same name is told apart") {
  const auto sealed = *seal(keys({key("winter", 'x')}), place, Secret("s"));
  const auto missing = open(keys({key("summer", 'x')}), place, sealed);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().subject() == "store.key_file");
  CHECK(missing.error().message().find("\"winter\" is missing") != std::string_view::npos);
  const auto wrong = open(keys({key("winter", 'y')}), place, sealed);
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().subject() == "store.key_file");
  CHECK(wrong.error().message().find("another key") != std::string_view::npos);
}
TEST_CASE("several keys open, the first seals") {
  const auto old = keys({key("a", 'x')});
  const auto both = keys({key("b", 'y'), key("a", 'x')});
  const auto sealed = *seal(old, place, Secret("s"));
  CHECK(open(both, place, sealed)->reveal() == "s");
  CHECK(wants_resealing(both, json::parse(sealed)->root()));
  const auto anew = *seal(both, place, Secret("s"));
  CHECK(member(anew, "key") == "b");
  CHECK_FALSE(wants_resealing(both, json::parse(anew)->root()));
  CHECK_FALSE(open(old, place, anew));
}
TEST_CASE("what is no sealed value is an error of the store") {
  const auto with = keys({key("a", 'x')});
  for (const char* text : {"null", "[]", "{}", R"({"sealed":1,"key":"a"})", R"({"key":"a"})", R"("s")"}) {
    const auto opened = open(with, place, text);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code() == Errc::store);
  }
  for (const char* text : {"", "AAAA", "====", "AAA", "A A=", "\\n\\n\\n\\n", "!!!!"}) {
    CHECK_FALSE(open(with, place, std::string(R"({"key":"a","sealed":")") + text + "\"}"));
  }
}
TEST_CASE("a secret over its bound is refused") {
  const auto sealed = seal(keys({key("a", 'x')}), place, Secret(std::string(65'537, 's')));
  REQUIRE_FALSE(sealed);
  CHECK(sealed.error().code() == Errc::too_large);
}
