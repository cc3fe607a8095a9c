// The contract: one record, its versions, its end.
#include <set>
#include <string>

#include "contract/backends.hpp"

using namespace confab;
using namespace confab::test;
using namespace std::chrono_literals;

CONTRACT(nothing_there, "a record that was never written reads as absent") {
  CHECK(backend.client().value("t/a") == "-");
}
CONTRACT(read_back, "what was put is read back, bytes and key") {
  const auto c = backend.client();
  REQUIRE(c.put("t/a", 0, R"({"a":1})"));
  const auto record = c.get("t/a");
  REQUIRE(record);
  REQUIRE(*record);
  CHECK((**record).key() == "t/a");
  CHECK((**record).value() == R"({"a":1})");
  CHECK_FALSE((**record).expires());
}
CONTRACT(version_read, "the version that a put gives is the one that is read") {
  const auto c = backend.client();
  const auto put = c.put("t/a", 0, "1");
  REQUIRE(put);
  CHECK(*put != 0);
  CHECK(c.version("t/a") == *put);
}
CONTRACT(create_once, "a put that expects nothing fails on a record") {
  const auto c = backend.client();
  REQUIRE(c.put("t/a", 0, "1"));
  CHECK(outcome(c.put("t/a", 0, "2")) == "conflict");
  CHECK(c.value("t/a") == "1");
}
CONTRACT(conflict_names, "a conflict names the key, and cannot be helped by repeating") {
  const auto c = backend.client();
  REQUIRE(c.put("t/a", 0, "1"));
  const auto second = c.put("t/a", 0, "2");
  REQUIRE_FALSE(second);
  CHECK(second.error().subject() == "t/a");
  CHECK_FALSE(second.error().retriable());
}
CONTRACT(replace, "a put with the right version replaces") {
  const auto c = backend.client();
  const auto first = c.put("t/a", 0, "1");
  REQUIRE(first);
  const auto second = c.put("t/a", *first, "2");
  REQUIRE(second);
  CHECK(*second > *first);
  CHECK(c.value("t/a") == "2");
}
CONTRACT(stale, "a put with an old version fails") {
  const auto c = backend.client();
  const auto first = c.put("t/a", 0, "1");
  REQUIRE(c.put("t/a", *first, "2"));
  CHECK(outcome(c.put("t/a", *first, "3")) == "conflict");
  CHECK(c.value("t/a") == "2");
}
CONTRACT(future_version, "a put with a version that never was fails") {
  const auto c = backend.client();
  const auto first = c.put("t/a", 0, "1");
  CHECK(outcome(c.put("t/a", *first + 1000, "2")) == "conflict");
}
CONTRACT(expecting_absent, "a put that expects a version fails where there is no record") {
  CHECK(outcome(backend.client().put("t/a", 1, "1")) == "conflict");
  CHECK(backend.client().value("t/a") == "-");
}
CONTRACT(huge_version, "the largest version is no other than any that never was") {
  CHECK(outcome(backend.client().put("t/a", ~StoreVersion{0}, "1")) == "conflict");
}
CONTRACT(erased, "what was erased reads as absent") {
  const auto c = backend.client();
  const auto first = c.put("t/a", 0, "1");
  const auto erased = c.erase("t/a", *first);
  REQUIRE(erased);
  CHECK(*erased == 0);
  CHECK(c.value("t/a") == "-");
}
CONTRACT(erase_stale, "an erase with an old version fails") {
  const auto c = backend.client();
  const auto first = c.put("t/a", 0, "1");
  REQUIRE(c.put("t/a", *first, "2"));
  CHECK(outcome(c.erase("t/a", *first)) == "conflict");
  CHECK(c.value("t/a") == "2");
}
CONTRACT(erase_nothing, "an erase that expects nothing states that there is nothing") {
  const auto c = backend.client();
  CHECK(outcome(c.erase("t/a", 0)) == "ok");
  REQUIRE(c.put("t/a", 0, "1"));
  CHECK(outcome(c.erase("t/a", 0)) == "conflict");
}
CONTRACT(erase_twice, "an erase repeated fails") {
  const auto c = backend.client();
  const auto first = c.put("t/a", 0, "1");
  REQUIRE(c.erase("t/a", *first));
  CHECK(outcome(c.erase("t/a", *first)) == "conflict");
}
CONTRACT(never_again, "versions grow on, also after the record was erased") {
  const auto c = backend.client();
  StoreVersion last = 0;
  for (int i = 0; i < 20; ++i) {
    const auto put = c.put("t/a", 0, "1");
    REQUIRE(put);
    CHECK(*put > last);
    last = *put;
    REQUIRE(c.erase("t/a", *put));
  }
}
CONTRACT(old_version_after_erase, "a version from before an erase never fits again") {
  const auto c = backend.client();
  const auto first = c.put("t/a", 0, "1");
  REQUIRE(c.erase("t/a", *first));
  REQUIRE(c.put("t/a", 0, "2"));
  CHECK(outcome(c.put("t/a", *first, "3")) == "conflict");
}
CONTRACT(same_value, "the same value again is a new version") {
  const auto c = backend.client();
  const auto first = c.put("t/a", 0, "1");
  const auto second = c.put("t/a", *first, "1");
  REQUIRE(second);
  CHECK(*second > *first);
}
CONTRACT(check_holds, "a check alone changes nothing") {
  const auto c = backend.client();
  const auto first = c.put("t/a", 0, "1");
  const auto checked = c.put_if(StoreWrite::check("t/a", *first));
  REQUIRE(checked);
  CHECK(*checked == *first);
  CHECK(c.version("t/a") == *first);
}
CONTRACT(check_fails, "a check with another version fails") {
  const auto c = backend.client();
  const auto first = c.put("t/a", 0, "1");
  CHECK(outcome(c.put_if(StoreWrite::check("t/a", *first + 1))) == "conflict");
  CHECK(outcome(c.put_if(StoreWrite::check("t/a", 0))) == "conflict");
}
CONTRACT(check_absent, "a check may demand that there is no record") {
  CHECK(outcome(backend.client().put_if(StoreWrite::check("t/a", 0))) == "ok");
}
CONTRACT(relaxed, "a relaxed write is seen like any other") {
  const auto c = backend.client();
  const auto first = c.put_if(StoreWrite::put("t/a", 0, "1"), Durability::relaxed);
  REQUIRE(first);
  CHECK(c.value("t/a") == "1");
  REQUIRE(c.put_if(StoreWrite::put("t/a", *first, "2"), Durability::promised));
  CHECK(c.value("t/a") == "2");
}
CONTRACT(exact_bytes, "values keep their bytes: spaces, escapes, characters beyond the first plane") {
  const auto c = backend.client();
  const std::string value = "{ \"a\" : [1.0, 1e3, \"\\u0000\\n\", \"\xF0\x9F\xA6\x86\", \"\xE2\x80\xA8\"] }\n";
  REQUIRE(c.put("t/a", 0, value));
  CHECK(c.value("t/a") == value);
}
CONTRACT(every_json, "any JSON value can be stored") {
  const auto c = backend.client();
  int n = 0;
  for (const char* value : {"null", "true", "0", "-1.5e10", "\"text\"", "[]", "{}"}) {
    const std::string key = "t/" + std::to_string(n++);
    REQUIRE(c.put(key, 0, value));
    CHECK(c.value(key) == value);
  }
}
CONTRACT(largest_value, "the largest value is kept whole") {
  const auto c = backend.client();
  const std::string value = json_of(std::size_t{256} << 10U);
  REQUIRE(c.put("t/a", 0, value));
  CHECK(c.value("t/a") == value);
}
CONTRACT(keys_apart, "keys that look alike are different records") {
  const auto c = backend.client();
  const std::set<std::string> keys = {"t/a",   "t/A", "t/a ",       "t/a/b",      "t/ab",
                                      "t/%61", "t/_", "t/\xC3\xA4", "t/a\xCC\x88"};
  for (const auto& key : keys) REQUIRE(c.put(key, 0, "\"" + key + "\""));
  for (const auto& key : keys) CHECK(c.value(key) == "\"" + key + "\"");
}
CONTRACT(longest_key, "the longest key is kept whole") {
  const auto c = backend.client();
  const std::string key(512, 'k');
  REQUIRE(c.put(key, 0, "1"));
  CHECK(c.value(key) == "1");
  CHECK(c.value(std::string(511, 'k')) == "-");
}

CONTRACT(expiry, "a record reads as absent from its end on, and not before") {
  const auto c = backend.client();
  REQUIRE(c.put_for("t/a", 0, "1", 1000ms));
  backend.clock.advance(999ms);
  CHECK(c.value("t/a") == "1");
  backend.clock.advance(1ms);
  CHECK(c.value("t/a") == "-");
}
CONTRACT(expiry_told, "a record tells when it ends, by the store's clock") {
  const auto c = backend.client();
  const auto now = c.now();
  REQUIRE(c.put_for("t/a", 0, "1", 1500ms));
  const auto record = c.get("t/a");
  REQUIRE(record);
  REQUIRE(*record);
  REQUIRE((**record).expires());
  CHECK(*(**record).expires() - *now == 1500ms);
}
CONTRACT(expired_version, "the version of a record that has ended never fits again") {
  const auto c = backend.client();
  const auto first = c.put_for("t/a", 0, "1", 10ms);
  backend.clock.advance(10ms);
  CHECK(outcome(c.put("t/a", *first, "2")) == "conflict");
  CHECK(outcome(c.erase("t/a", *first)) == "conflict");
  CHECK(outcome(c.put_if(StoreWrite::check("t/a", *first))) == "conflict");
}
CONTRACT(expired_anew, "where a record has ended another can begin, with a larger version") {
  const auto c = backend.client();
  const auto first = c.put_for("t/a", 0, "1", 10ms);
  backend.clock.advance(10ms);
  const auto second = c.put("t/a", 0, "2");
  REQUIRE(second);
  CHECK(*second > *first);
  backend.clock.advance(1h);
  CHECK(c.value("t/a") == "2");
}
CONTRACT(expired_anew_shorter, "a new record does not take over the end of the old one") {
  const auto c = backend.client();
  const auto first = c.put_for("t/a", 0, "1", 10ms);
  REQUIRE(c.put("t/a", *first, "2"));
  backend.clock.advance(1h);
  CHECK(c.value("t/a") == "2");
}
CONTRACT(prolonged, "a record put again lives from then") {
  const auto c = backend.client();
  auto version = c.put_for("t/a", 0, "1", 10ms);
  for (int i = 0; i < 5; ++i) {
    backend.clock.advance(9ms);
    version = c.put_for("t/a", *version, "1", 10ms);
    REQUIRE(version);
  }
  CHECK(c.value("t/a") == "1");
}
CONTRACT(expired_unlisted, "what has ended is not listed") {
  const auto c = backend.client();
  REQUIRE(c.put_for("t/a", 0, "1", 10ms));
  REQUIRE(c.put("t/b", 0, "1"));
  backend.clock.advance(10ms);
  CHECK(c.keys("t/") == std::vector<std::string>{"t/b"});
}
CONTRACT(swept, "thousands of records that have ended get into nobody's way") {
  const auto c = backend.client();
  for (int i = 0; i < 10; ++i) {
    std::vector<StoreWrite> writes;
    for (int j = 0; j < 100; ++j) {
      writes.push_back(StoreWrite::put("t/" + std::to_string(i * 100 + j), 0, "1").expires_after(5ms));
    }
    REQUIRE(c.transact(writes));
  }
  backend.clock.advance(1h);
  for (int i = 0; i < 5; ++i) {
    REQUIRE(c.put("u/" + std::to_string(i), 0, "1"));
    backend.clock.advance(11s);
  }
  CHECK(c.keys("").size() == 5);
  CHECK(c.value("t/7") == "-");
  CHECK(outcome(c.put("t/7", 0, "2")) == "ok");
}
CONTRACT(clock, "the clock moves on, and never back") {
  const auto c = backend.client();
  const auto first = c.now();
  REQUIRE(first);
  backend.clock.advance(50ms);
  const auto second = c.now();
  CHECK(*second - *first == 50ms);
  backend.clock.advance(-20ms);
  CHECK(*c.now() == *second);
}
