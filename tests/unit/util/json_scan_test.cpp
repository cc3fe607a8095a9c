#include "util/json_scan.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "util/json.hpp"

using namespace confab;

namespace {

// Writes down what it is told.
struct Notes {
  std::string told;
  std::size_t depth_watched = 99;
  std::size_t fail_at = 1000;

  void opened(const char* at, bool object, std::size_t depth) {
    note(*at, depth);
    CHECK((*at == '{') == object);
  }
  void closed(const char*, std::size_t depth) { note('e', depth); }
  void string_began(const char* at, bool key, std::size_t depth) {
    CHECK(*at == '"');
    note(key ? 'k' : 's', depth);
  }
  void string_ended(const char*, bool key, std::size_t depth) { note(key ? 'K' : 'S', depth); }
  void scalar(char first, std::size_t depth) { note(first, depth); }
  void scalar_ended(const char*, std::size_t depth) { note('.', depth); }
  [[nodiscard]] std::size_t watched() const { return depth_watched; }
  [[nodiscard]] bool failed() const { return told.size() >= fail_at; }

 private:
  void note(char what, std::size_t depth) { told += std::string(1, what) + std::to_string(depth); }
};

bool sound(std::string_view text, std::size_t chunk, std::size_t watched) {
  Notes notes;
  notes.depth_watched = watched;
  json::Scan<Notes> scan(notes);
  for (std::size_t at = 0; at < text.size(); at += chunk) {
    if (!scan.feed(text.substr(at, chunk))) {
      CHECK(scan.fault() != nullptr);
      CHECK_FALSE(scan.feed("{}"));
      return false;
    }
  }
  return scan.finish();
}

// However deep somebody watches.
bool sound(std::string_view text, std::size_t chunk) {
  const bool all_watched = sound(text, chunk, 99);
  for (const std::size_t watched : {0U, 1U, 2U}) CHECK(sound(text, chunk, watched) == all_watched);
  return all_watched;
}

}  // namespace

TEST_CASE("json scan: tells where values begin and end, however the text is split") {
  constexpr std::string_view text = R"({"a":[1,"x\"",-0.5e+3,{}],"b":true})";
  for (std::size_t chunk = 1; chunk <= text.size(); ++chunk) {
    Notes notes;
    json::Scan<Notes> scan(notes);
    for (std::size_t at = 0; at < text.size(); at += chunk) REQUIRE(scan.feed(text.substr(at, chunk)));
    CHECK(scan.finish());
    CHECK(scan.passed() == text.size());
    CHECK(notes.told == "{0k1K1[112.2s2S2-2.2{2e2e1k1K1t1.1e0");
  }
}

TEST_CASE("json scan: no word about what is deeper than the handler watches, and none after it fails") {
  Notes shallow;
  shallow.depth_watched = 1;
  json::Scan<Notes> scan(shallow);
  CHECK(scan.feed(R"({"a":[1,{"b":2}]})"));
  CHECK(shallow.told == "{0k1K1[1e1e0");
  Notes failing;
  failing.fail_at = 2;
  json::Scan<Notes> ended(failing);
  CHECK_FALSE(ended.feed(R"({"a":1})"));
  CHECK(failing.told == "{0");
}

TEST_CASE("json scan: what is JSON and what is not, byte by byte and at once, as the parser finds too") {
  const std::vector<std::string> good = {
      "{}",
      "[]",
      " [ ] ",
      "[0,-0,0.1,1e5,1E-2,-1.5e+3,10]",
      R"(["","\"\\\/\b\f\n\r\t\u00Ef","é🎉"])",
      "{\"a\":{\"b\":[null,true,false]},\"\":\t1}\n",
      R"({"a":[{"b":12},{"b":[]},3.5,4E1,{},[[{"c":{"d":"e\n"}}]] , 77],"f":{"g":9}})",
  };
  for (const std::string& text : good) {
    CAPTURE(text);
    CHECK(json::parse(text));
    for (const std::size_t chunk : {std::size_t{1}, std::size_t{3}, text.size()}) {
      CHECK(sound(text, chunk));
      CHECK(sound("[{\"x\":" + text + "}," + text + "]", chunk));
    }
    // Cut anywhere, it is not whole.
    const std::size_t last = text.find_last_not_of(" \n") + 1;
    for (std::size_t at = 0; at < last; ++at) CHECK_FALSE(sound(text.substr(0, at), 1));
  }
  const std::vector<std::string> bad = {
      "",
      " ",
      "{]",
      "[}",
      "{}x",
      "{} {}",
      "[1,]",
      "[,1]",
      "{,}",
      "{\"a\"}",
      "{\"a\":}",
      "{\"a\":1,}",
      "{a:1}",
      "[01]",
      "[1.]",
      "[.5]",
      "[-]",
      "[1e]",
      "[1e+]",
      "[+1]",
      "[tru]",
      "[truee]",
      "[nul]",
      "[\"\n\"]",
      "[\"\\x\"]",
      "[\"\\u00g0\"]",
      "[\"a]",
      "[1 2]",
      "{\"a\" 1}",
      "{\"a\":1 \"b\":2}",
      "5",
      "[--1]",
      "[1.5.5]",
      "[\"\xff\"]",
      "[\"\xc3\"]",
      "[\"\xed\xa0\x80\"]",
      "[\"\xf0\x9f\x8e\"]",
      "\xef\xbb\xbf{}",
      "['a']",
  };
  for (const std::string& text : bad) {
    CAPTURE(text);
    for (const std::size_t chunk : {std::size_t{1}, std::size_t{3}, text.size() + 1}) {
      CHECK_FALSE(sound(text, chunk));
      if (text != "5") CHECK_FALSE(sound("[[{\"x\":" + text + "}]]", chunk));
    }
    if (text != "5") CHECK_FALSE(json::parse(text));
  }
}

TEST_CASE("json scan: nesting is followed so far and no further") {
  const std::string deepest = std::string(json::max_scan_depth, '[') + std::string(json::max_scan_depth, ']');
  CHECK(sound(deepest, 5));
  CHECK_FALSE(sound("[" + deepest + "]", 5));
}
