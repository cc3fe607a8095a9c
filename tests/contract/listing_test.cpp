// The contract: listings, arguments, and how operations end.
#include <atomic>
#include <string>
#include <thread>
#include <utility>

#include "contract/backends.hpp"

using namespace confab;
using namespace confab::test;
using Keys = std::vector<std::string>;
using Writes = std::vector<StoreWrite>;

namespace {
void fill(const StoreClient& c, const Keys& keys) {
  for (const auto& key : keys) REQUIRE(c.put(key, 0, "1"));
}
std::string with_key(const Backend& backend, const std::string& key) {
  const auto got = outcome(backend.client().get(key));
  CHECK(outcome(backend.client().put(key, 0, "1")) == got);
  CHECK(outcome(backend.client().erase(key, 0)) == got);
  return got;
}
std::string with_value(const Backend& backend, const std::string& value) {
  const auto put = outcome(backend.client().put("t/a", 0, value));
  if (put != "ok") CHECK(backend.client().value("t/a") == "-");
  return put;
}
}  // namespace

CONTRACT(empty_list, "an empty listing ends at once") {
  const auto page = backend.client().list("t/");
  REQUIRE(page);
  CHECK(page->records().empty());
  CHECK(page->cursor().empty());
}
CONTRACT(order, "a listing is in the order of the keys' bytes, not of any language") {
  const auto c = backend.client();
  fill(c, {"t/b", "t/B", "t/\xC3\xA4", "t/a", "t/10", "t/9", "t/a/b", "t/a-b", "t/\xF0\x9F\xA6\x86", "t/\xEF\xBF\xBD"});
  CHECK(c.keys("t/") == Keys{"t/10", "t/9", "t/B", "t/a", "t/a-b", "t/a/b", "t/b", "t/\xC3\xA4", "t/\xEF\xBF\xBD",
                             "t/\xF0\x9F\xA6\x86"});
}
CONTRACT(prefix, "a listing holds what begins with its prefix, and that only") {
  const auto c = backend.client();
  fill(c, {"t", "t/a", "t/b/c", "ta", "s/t/a", "u"});
  CHECK(c.keys("t/") == Keys{"t/a", "t/b/c"});
  CHECK(c.keys("t") == Keys{"t", "t/a", "t/b/c", "ta"});
  CHECK(c.keys("").size() == 6);
  CHECK(c.keys("v").empty());
}
CONTRACT(prefix_is_text, "a prefix is text: no character of it means anything else") {
  const auto c = backend.client();
  fill(c, {"t%/a", "t_/a", "tx/a", "t*/a", "t?/a", "t[x]/a", "t'/a"});
  for (const char* each : {"t%/", "t_/", "t*/", "t?/", "t[x]/", "t'/"})
    CHECK(c.keys(each) == Keys{std::string(each) + "a"});
}
CONTRACT(pages, "pages of every size give each record once") {
  const auto c = backend.client();
  Keys keys;
  for (int i = 10; i < 47; ++i) keys.push_back("t/" + std::to_string(i));
  fill(c, keys);
  for (const std::size_t limit : {1U, 2U, 3U, 7U, 36U, 37U, 38U, 1000U}) CHECK(c.keys("t/", limit) == keys);
}
CONTRACT(page_limit, "a page has at most as many records as asked for") {
  const auto c = backend.client();
  fill(c, {"t/a", "t/b", "t/c"});
  const auto page = c.list("t/", "", 2);
  REQUIRE(page);
  CHECK(page->records().size() == 2);
  CHECK_FALSE(page->cursor().empty());
}
CONTRACT(prefix_is_key, "a prefix that is a key itself is listed once") {
  const auto c = backend.client();
  fill(c, {"t/a", "t/a/b", "t/a/c"});
  CHECK(c.keys("t/a", 1) == Keys{"t/a", "t/a/b", "t/a/c"});
}
CONTRACT(moving_list, "a listing goes on where its page ended, though that record is gone") {
  const auto c = backend.client();
  fill(c, {"t/a", "t/b", "t/c"});
  const auto page = c.list("t/", "", 2);
  REQUIRE(page);
  REQUIRE(c.erase("t/b", c.version("t/b")));
  const auto rest = c.list("t/", page->cursor(), 2);
  REQUIRE(rest);
  REQUIRE(rest->records().size() == 1);
  CHECK(rest->records()[0].key() == "t/c");
}
CONTRACT(list_content, "a listing gives values and versions as get does") {
  const auto c = backend.client();
  const auto put = c.put("t/a", 0, "[1]");
  const auto page = c.list("t/");
  REQUIRE(page);
  REQUIRE(page->records().size() == 1);
  CHECK(page->records()[0].value() == "[1]");
  CHECK(page->records()[0].version() == *put);
}
CONTRACT(large_pages, "pages of large values end early and lose nothing") {
  const auto c = backend.client();
  const std::string value = json_of(200'002);
  for (int i = 0; i < 12; ++i) REQUIRE(c.put("t/" + std::to_string(10 + i), 0, value));
  const auto page = c.list("t/");
  REQUIRE(page);
  CHECK(page->records().size() < 12);
  CHECK_FALSE(page->records().empty());
  CHECK(c.keys("t/").size() == 12);
}

CONTRACT(empty_key, "an empty key is refused") { CHECK(with_key(backend, "") == "invalid_argument"); }
CONTRACT(long_key, "a key over its bound is refused") {
  CHECK(with_key(backend, std::string(513, 'k')) == "too_large");
}
CONTRACT(slash_before, "a key that begins with a slash is refused") {
  CHECK(with_key(backend, "/a") == "invalid_argument");
}
CONTRACT(slash_behind, "a key that ends with a slash is refused") {
  CHECK(with_key(backend, "a/") == "invalid_argument");
}
CONTRACT(slash_twice, "a key with an empty part is refused") { CHECK(with_key(backend, "a//b") == "invalid_argument"); }
CONTRACT(no_utf8_key, "a key that is no UTF-8 is refused") {
  CHECK(with_key(backend, "t/\xFF") == "invalid_argument");
  CHECK(with_key(backend, "t/\xED\xA0\x80") == "invalid_argument");
}
CONTRACT(nul_key, "a key with a control character is refused") {
  CHECK(with_key(backend, std::string("t/a\0b", 5)) == "invalid_argument");
  CHECK(with_key(backend, "t/a\nb") == "invalid_argument");
}
CONTRACT(empty_value, "an empty value is refused") { CHECK(with_value(backend, "") == "invalid_argument"); }
CONTRACT(no_json, "a value that is no JSON is refused") {
  for (const char* value : {"{", "{}{}", "text", "{'a':1}", "[1,]"})
    CHECK(with_value(backend, value) == "invalid_argument");
}
CONTRACT(no_utf8_value, "a value that is no UTF-8 is refused") {
  CHECK(with_value(backend, "\"\xFF\"") == "invalid_argument");
}
CONTRACT(large_value, "a value over its bound is refused") {
  CHECK(with_value(backend, json_of((std::size_t{256} << 10U) + 2)) == "too_large");
}
CONTRACT(value_unquoted, "an error does not quote the value") {
  const auto put = backend.client().put("t/a", 0, "{\"password\": hunter2}");
  REQUIRE_FALSE(put);
  CHECK(put.error().message().find("hunter2") == std::string_view::npos);
}
CONTRACT(no_steps, "a transaction without steps is refused") {
  CHECK(outcome(backend.client().transact({})) == "invalid_argument");
}
CONTRACT(too_many_steps, "a transaction of too many steps is refused") {
  Writes writes;
  for (int i = 0; i < 129; ++i) writes.push_back(StoreWrite::put("t/" + std::to_string(i), 0, "1"));
  CHECK(outcome(backend.client().transact(writes)) == "too_large");
  CHECK(backend.client().keys("t/").empty());
}
CONTRACT(too_many_bytes, "a transaction of too many bytes is refused") {
  Writes writes;
  for (int i = 0; i < 5; ++i) {
    std::string value(250'002, 'x');
    value.front() = value.back() = '"';
    writes.push_back(StoreWrite::put("t/" + std::to_string(i), 0, std::move(value)));
  }
  CHECK(outcome(backend.client().transact(writes)) == "too_large");
  CHECK(backend.client().keys("t/").empty());
}
CONTRACT(key_twice, "a transaction that names a key twice is refused") {
  CHECK(outcome(backend.client().transact({StoreWrite::put("t/a", 0, "1"), StoreWrite::check("t/a", 0)})) ==
        "invalid_argument");
  CHECK(backend.client().value("t/a") == "-");
}
CONTRACT(one_bad_step, "one step that is refused keeps the others from happening") {
  CHECK(outcome(backend.client().transact({StoreWrite::put("t/a", 0, "1"), StoreWrite::put("t/b", 0, "no")})) ==
        "invalid_argument");
  CHECK(backend.client().value("t/a") == "-");
}
CONTRACT(bad_lifetime, "a lifetime of nothing, or without a put, is refused") {
  using std::chrono::milliseconds;
  const auto c = backend.client();
  CHECK(outcome(c.put_for("t/a", 0, "1", milliseconds(0))) == "invalid_argument");
  CHECK(outcome(c.put_for("t/a", 0, "1", milliseconds(-5))) == "invalid_argument");
  CHECK(outcome(c.put_for("t/a", 0, "1", milliseconds::max())) == "invalid_argument");
  CHECK(outcome(c.put_if(StoreWrite::erase("t/a", 0).expires_after(milliseconds(5)))) == "invalid_argument");
}
CONTRACT(bad_limit, "a listing of no records, or of too many, is refused") {
  CHECK(outcome(backend.client().list("t/", "", 0)) == "invalid_argument");
  CHECK(outcome(backend.client().list("t/", "", 1001)) == "invalid_argument");
}
CONTRACT(foreign_cursor, "a cursor of another listing is refused") {
  CHECK(outcome(backend.client().list("t/", "u/a")) == "invalid_argument");
}

CONTRACT(not_inside, "no handler runs inside the call, or on the thread, that began the operation") {
  const auto me = std::this_thread::get_id();
  for (const char* key : {"t/a", "", "t/b"}) {
    std::promise<std::thread::id> ran;
    backend.store->get(key,
                       [&](const Result<std::optional<StoreRecord>>&) { ran.set_value(std::this_thread::get_id()); });
    CHECK(ran.get_future().get() != me);
  }
}
CONTRACT(all_end, "every operation of many ends once, whatever comes of it") {
  std::atomic<int> ends{0};
  std::promise<void> last;
  constexpr int most = 900;
  const auto end = [&] {
    if (++ends == most) last.set_value();
  };
  for (int i = 0; i < most / 3; ++i) {
    backend.store->get("t/" + std::to_string(i % 7), [&](const Result<std::optional<StoreRecord>>&) { end(); });
    backend.store->list(i % 2 == 0 ? "t/" : "\x01", "", 3, [&](const Result<StorePage>&) { end(); });
    backend.store->put_if(StoreWrite::put("t/" + std::to_string(i % 7), 0, "1"), Durability::relaxed,
                          [&](const Result<StoreVersion>&) { end(); });
  }
  CHECK(last.get_future().wait_for(std::chrono::seconds(60)) == std::future_status::ready);
  CHECK(ends == most);
}
CONTRACT(handler_throws, "a handler that throws disturbs nobody") {
  std::promise<void> ran;
  backend.store->now([&](const Result<StoreTime>&) {
    ran.set_value();
    throw 1;
  });
  ran.get_future().get();
  CHECK(outcome(backend.client().now()) == "ok");
  CHECK(outcome(backend.client().put("t/a", 0, "1")) == "ok");
}
CONTRACT(from_handler, "an operation may begin in the handler of another") {
  std::promise<std::string> ended;
  auto* store = backend.store.get();
  store->now([&, store](const Result<StoreTime>&) {
    store->put_if(StoreWrite::put("t/a", 0, "1"), Durability::promised, [&, store](const Result<StoreVersion>&) {
      store->get("t/a", [&](const Result<std::optional<StoreRecord>>& got) { ended.set_value(outcome(got)); });
    });
  });
  CHECK(!ended.get_future().get().empty());
}
CONTRACT(end_with_work, "a store that ends answers all that waits, before it is gone") {
  std::atomic<int> ends{0};
  std::atomic<int> others{0};
  for (int i = 0; i < 200; ++i) {
    backend.store->put_if(StoreWrite::put("t/" + std::to_string(i), 0, "1"), Durability::promised,
                          [&](const Result<StoreVersion>& result) {
                            ++ends;
                            const auto how = outcome(result);
                            if (how != "ok" && how != "closed" && how != "busy") ++others;
                          });
  }
  backend.store.reset();
  CHECK(ends == 200);
  CHECK(others == 0);
}
CONTRACT(end_in_handler, "a store may end in a handler of its own") {
  std::promise<void> ended;
  auto held = std::make_shared<std::shared_ptr<Store>>(std::move(backend.store));
  backend.store.reset();
  Store& store = **held;
  store.now([held = std::move(held), &ended](const Result<StoreTime>&) mutable {
    held->reset();
    held.reset();
    ended.set_value();
  });
  CHECK(ended.get_future().wait_for(std::chrono::seconds(60)) == std::future_status::ready);
}
