#include "util/json_scan.hpp"

#include <doctest/doctest.h>

#include <random>
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
  std::size_t depth_noted = 99;
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
  void note(char what, std::size_t depth) {
    if (depth <= depth_noted) told += std::string(1, what) + std::to_string(depth);
  }
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

// What comes of a text: where it ends, why, and what was told of what is no deeper than `noted`.
std::string course(std::string_view first, std::string_view second, std::size_t watched, std::size_t noted) {
  Notes notes;
  notes.depth_watched = watched;
  notes.depth_noted = noted;
  notes.fail_at = std::string::npos;
  json::Scan<Notes> scan(notes);
  // Each in memory of its own: whoever reads behind it, reads what is nobody's.
  const std::vector<char> begins(first.begin(), first.end());
  const std::vector<char> ends(second.begin(), second.end());
  if (scan.feed({begins.data(), begins.size()}) && scan.feed({ends.data(), ends.size()})) (void)scan.finish();
  return std::to_string(scan.passed()) + (scan.fault() == nullptr ? " sound" : scan.fault()) + notes.told;
}

// What nobody watches goes another way, with the same end; and it is all the same how it is split.
void check_same_unwatched(std::string_view text) {
  CAPTURE(text);
  const std::string whole = course(text, "", 99, 99);
  for (std::size_t split = 0; split <= text.size(); ++split) {
    const std::string_view first = text.substr(0, split);
    const std::string_view second = text.substr(split);
    const bool split_is_told = whole.find("UTF-8") != std::string::npos;  // a chunk is judged before it is read
    if (!split_is_told) REQUIRE(course(first, second, 99, 99) == whole);
    for (const std::size_t watched : {0U, 1U, 3U}) {
      REQUIRE(course(first, second, watched, 99) == course(first, second, 99, watched));
    }
  }
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

TEST_CASE("json scan: strings end, escape and break off anywhere in a block") {
  const std::vector<std::string> ends = {
      "",     "\\\"",     "\\\\", "\\n",  "\\u00e9", "\\u00g9",  "\\x",       "\n",
      "\x1f", "\\\\\\\"", "{[",   "}],:", "\x7f",    "\xc3\xa9", "\\/\\b\\f", " !#[]^"};
  for (std::size_t length = 0; length <= 70; length += length < 34 ? 1 : 3) {
    for (const std::string& end : ends) {
      const std::string string = '"' + std::string(length, 'x') + end + '"';
      const bool good = end != "\\u00g9" && end != "\\x" && end != "\n" && end != "\x1f";
      const std::string text = "[{" + string + ":" + string + "}]";
      CAPTURE(text);
      for (const std::size_t watched : {0U, 1U, 2U, 99U}) CHECK(sound(text, text.size(), watched) == good);
      if (length % 8 < 2) check_same_unwatched(text);
    }
  }
}

TEST_CASE("json scan: strings are found again behind any length of numbers and brackets") {
  for (std::size_t count = 0; count <= 130; ++count) {
    std::string numbers;
    for (std::size_t i = 0; i < count; ++i) numbers += i % 5 == 4 ? "[]," : "1,";
    const std::string text = R"([{"a":[)" + numbers + R"(2],"bc":"d\"e"},")" + numbers + "\"," + numbers + R"("f"])";
    CAPTURE(text);
    CHECK(sound(text, text.size(), 0));
    CHECK_FALSE(sound(text.substr(0, text.size() - 2), text.size(), 0));
    if (count % 32 == 31) check_same_unwatched(text);
  }
}

TEST_CASE("json scan: what nobody watches is judged by the same rules, whatever is wrong with it") {
  const std::vector<std::string> texts = {
      R"({"a":[{"b":12,"c":[],"d":{},"e":[1,[2],"x",{"y":0}],"f":true},{"b":[]},-3.5e1,false,null]})",
      R"([[{"body":"say \"hi\"\n","list":["a","b",["c"]],"age":10,"zero":0,"gone":null}],[{}],[ ]])",
      R"({"rooms" : { "a": [ {"k" : "v" , "n": [ 1 , 2 ] } , "\u00e9\/" ] , "b":{"c":{"d":{"e":"f"}}}}})",
  };
  constexpr std::string_view bytes = "{}[]\",:\\ 01-.eEtfnu\n\x01\x80x";
  std::mt19937 random(4711);
  for (const std::string& text : texts) {
    REQUIRE(sound(text, text.size()));
    check_same_unwatched(text);
    for (int round = 0; round < 300; ++round) {
      std::string broken = text;
      const std::size_t at = random() % broken.size();
      const char byte = bytes[random() % bytes.size()];
      switch (random() % 4) {
        case 0:
          broken.insert(at, 1, byte);
          break;
        case 1:
          broken.erase(at, 1 + random() % 3);
          break;
        case 2:
          broken.resize(at);
          break;
        default:
          broken[at] = byte;
      }
      check_same_unwatched(broken);
    }
  }
}

TEST_CASE("json scan: nesting where nobody watches is followed so far and no further") {
  for (const std::string opening : {"[", "{\"a\":"}) {
    std::string text;
    for (std::size_t i = 0; i < json::max_scan_depth; ++i) text += opening;
    std::string closing(json::max_scan_depth, opening == "[" ? ']' : '}');
    CHECK(sound(text + "[" + closing, 1000, 0) == false);
    text.resize(text.size() - opening.size());
    text += opening == "[" ? "[" : "{";
    CHECK(sound(text + closing, 1000, 0));
  }
}
