#include <confab/store_care.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "contract/store_client.hpp"
#include "store/key_check.hpp"
#include "store/memory_store.hpp"
#include "store/sealed_text.hpp"

using namespace confab;
using namespace std::chrono_literals;
using test::StoreClient;

namespace {

StoreKeys keys_of(const std::vector<std::string>& ids) {
  std::vector<std::pair<std::string, Secret>> keys;
  for (const std::string& id : ids) keys.emplace_back(id, Secret(std::string(32, id.back())));
  return StoreKeys::of(std::move(keys)).value();
}

std::string sealed_record(const StoreKeys& keys, const std::string& key, const std::string& secret, int n = 0) {
  json::Writer writer;
  writer.object().member("n", n);
  for (const char* member : {"token", "password"}) {
    writer.key(member).raw(store::seal(*keys.keys(), store::SealedPlace(key, member), Secret(secret)).value());
  }
  return std::move(writer.end()).finish();
}

std::string opened(const StoreKeys& keys, const StoreClient& client, const std::string& key,
                   const char* member = "token") {
  const auto document = json::parse(client.value(key));
  if (!document) return "no record";
  const auto secret = store::unseal(*keys.keys(), store::SealedPlace(key, member), document->root()[member]);
  return secret ? std::string(secret->reveal()) : std::string(errc_name(secret.error().code()));
}

/// A store in which some records are not what was written.
class Damaged final : public Store {
 public:
  explicit Damaged(std::shared_ptr<Store> inner) : inner_(std::move(inner)) {}
  void get(std::string key, StoreHandler<std::optional<StoreRecord>> done) override {
    inner_->get(std::move(key), std::move(done));
  }
  void list(std::string prefix, std::string cursor, std::size_t limit, StoreHandler<StorePage> done) override {
    inner_->list(std::move(prefix), std::move(cursor), limit, [done = std::move(done)](Result<StorePage> page) {
      if (!page) return done(std::move(page));
      std::vector<StoreRecord> records;
      for (const StoreRecord& each : page->records()) {
        const bool damaged = each.key().find("damaged") != std::string::npos;
        records.emplace_back(each.key(), each.version(), damaged ? "{hunter2" : each.value(), each.expires());
      }
      done(StorePage(std::move(records), page->cursor()));
    });
  }
  void transact(std::vector<StoreWrite> writes, Durability durability,
                StoreHandler<std::vector<StoreVersion>> done) override {
    inner_->transact(std::move(writes), durability, std::move(done));
  }
  void now(StoreHandler<StoreTime> done) override { inner_->now(std::move(done)); }

 private:
  std::shared_ptr<Store> inner_;
};

struct Care {
  std::shared_ptr<Store> store = store::make_memory_store();
  StoreClient client{store};
  StoreKeys old_keys = keys_of({"a"});
  StoreKeys both = keys_of({"b", "a"});
  StoreKeys new_keys = keys_of({"b"});

  void fill(int count, const std::string& prefix = "token/") {
    REQUIRE(test::finish<void>([&](auto done) { store::check_sealing_keys(store, old_keys.keys(), std::move(done)); }));
    for (int i = 0; i < count; ++i) {
      const std::string key = prefix + std::to_string(i);
      REQUIRE(client.put(key, 0, sealed_record(old_keys, key, "secret " + std::to_string(i), i)));
    }
    REQUIRE(client.put("plain/a", 0, R"({"sealed":"no","key":1})"));
    REQUIRE(client.put("plain/b", 0, "[1]"));
  }
  std::vector<std::string> exported(const std::shared_ptr<Store>& from) {
    std::vector<std::string> lines;
    const auto report = export_store(from, [&](std::string_view line) {
      lines.emplace_back(line);
      return Result<void>();
    });
    CHECK(report);
    return lines;
  }
  static Result<StoreReport> import(const std::shared_ptr<Store>& into, const std::vector<std::string>& lines,
                                    bool replace = false) {
    std::size_t next = 0;
    return import_store(
        into,
        [&]() -> Result<std::optional<std::string>> {
          if (next == lines.size()) return std::optional<std::string>();
          return std::optional<std::string>(lines[next++]);
        },
        replace);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Care, "check_store: names what is damaged and what does not open, never what is in it") {
  fill(3);
  REQUIRE(client.put("token/damaged", 0, "{}"));
  REQUIRE(client.put("token/moved", 0, client.value("token/1")));
  const auto whole = check_store(store, old_keys);
  REQUIRE(whole);
  CHECK(whole->records() == 8);
  CHECK(whole->sealed().at("a") == 9);  // a key's own record, and two of each of four
  REQUIRE(whole->fault_count() == 1);
  CHECK(whole->faults()[0].key() == "token/moved");
  const auto damaged = check_store(std::make_shared<Damaged>(store), old_keys);
  REQUIRE(damaged);
  REQUIRE(damaged->fault_count() == 2);
  CHECK(damaged->faults()[0].key() == "token/damaged");
  CHECK(damaged->faults()[0].what().find("hunter2") == std::string::npos);
  CHECK(check_store(store, new_keys)->fault_count() == 5);
  CHECK(check_store(store)->fault_count() == 0);
}

TEST_CASE_FIXTURE(Care, "rotate_store_keys: seals everything anew, once, and keeps all else as it is") {
  fill(250);
  REQUIRE(client.put_for("token/short", 0, sealed_record(old_keys, "token/short", "brief"), 1h));
  const auto end = (**client.get("token/short")).expires();
  const auto rotated = rotate_store_keys(store, both);
  REQUIRE(rotated);
  CHECK(rotated->written() == 251);
  CHECK(rotated->sealed().at("b") == 502);
  CHECK_FALSE(rotated->sealed().contains("a"));
  CHECK(opened(new_keys, client, "token/7") == "secret 7");
  CHECK(opened(new_keys, client, "token/7", "password") == "secret 7");
  CHECK(json::parse(client.value("token/7"))->root()["n"].integer_or(-1) == 7);
  CHECK(client.value("plain/a") == R"({"sealed":"no","key":1})");
  const auto still = (**client.get("token/short")).expires();
  REQUIRE(still);
  CHECK(std::chrono::abs(*still - *end) < 10s);
  const StoreVersion version = client.version("token/7");
  CHECK(rotate_store_keys(store, both)->written() == 0);
  CHECK(client.version("token/7") == version);
}

TEST_CASE_FIXTURE(Care, "rotate_store_keys: is ended by its progress and goes on where it was") {
  fill(250);
  int pages = 0;
  const auto ended = rotate_store_keys(store, both, false, [&](const StoreReport& so_far) {
    CHECK(so_far.written() > 0);
    return ++pages < 2;
  });
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code() == Errc::cancelled);
  const auto rest = rotate_store_keys(store, both);
  REQUIRE(rest);
  CHECK(rest->written() < 250);
  CHECK(rest->written() > 0);
  CHECK(check_store(store, both)->fault_count() == 0);
}

TEST_CASE_FIXTURE(Care, "rotate_store_keys: a key is retired only when nothing needs it any more") {
  fill(3);
  const auto opens = [&](const StoreKeys& keys) {
    return test::outcome(
        test::finish<void>([&](auto done) { store::check_sealing_keys(store, keys.keys(), std::move(done)); }));
  };
  REQUIRE(client.put("token/moved", 0, client.value("token/1")));
  const auto kept = rotate_store_keys(store, both, true);
  REQUIRE(kept);
  CHECK(kept->fault_count() == 1);
  CHECK(kept->sealed().at("a") == 2);
  CHECK(opens(new_keys) == "store");
  REQUIRE(client.erase("token/moved", client.version("token/moved")));
  REQUIRE(rotate_store_keys(store, both, true));
  CHECK(opens(new_keys) == "ok");
  CHECK(opened(new_keys, client, "token/2") == "secret 2");
  CHECK(test::outcome(rotate_store_keys(store, old_keys)) == "store");
}

TEST_CASE_FIXTURE(Care, "rotate_store_keys: while others write under the new key nothing of theirs is lost") {
  fill(60);
  std::atomic<bool> over{false};
  std::vector<int> last(4, 0);
  std::vector<std::thread> writers;
  for (std::size_t w = 0; w < last.size(); ++w) {
    writers.emplace_back([&, w] {
      const std::string key = "token/" + std::to_string(w);
      for (int n = 1; !over || n < 20;) {
        const auto put = client.put(key, client.version(key), sealed_record(both, key, "changed", n));
        if (put) last[w] = n++;
      }
    });
  }
  const auto rotated = rotate_store_keys(store, both, true);
  over = true;
  for (auto& writer : writers) writer.join();
  REQUIRE(rotated);
  CHECK(check_store(store, new_keys)->fault_count() == 0);
  for (std::size_t w = 0; w < last.size(); ++w) {
    const std::string key = "token/" + std::to_string(w);
    CHECK(json::parse(client.value(key))->root()["n"].integer_or(-1) == last[w]);
    CHECK(opened(new_keys, client, key) == "changed");
  }
}

TEST_CASE_FIXTURE(Care, "export_store, import_store: a copy holds everything, and what is sealed stays sealed") {
  fill(150);
  REQUIRE(client.put_for("brief", 0, "1", 1h));
  REQUIRE(client.put("lines", 0, "{ \"a\":\n 1e3 }"));
  const auto lines = exported(store);
  CHECK(lines.size() == 155);
  for (const std::string& line : lines) {
    CHECK(line.find('\n') == std::string::npos);
    CHECK(line.find("secret ") == std::string::npos);
  }
  const auto other = store::make_memory_store();
  const StoreClient copy(other);
  const auto imported = import(other, lines);
  REQUIRE(imported);
  CHECK(imported->written() == 155);
  CHECK(opened(old_keys, copy, "token/149") == "secret 149");
  CHECK(copy.value("lines") == R"({"a":1e3})");
  CHECK((**copy.get("brief")).expires());
  CHECK(exported(other).size() == 155);
}

TEST_CASE_FIXTURE(Care, "import_store: a store that holds something is left alone, unless it is told to replace") {
  REQUIRE(client.put("a", 0, "1"));
  REQUIRE(client.put("c", 0, "3"));
  const std::vector<std::string> lines = {R"({"key":"a","value":2})", R"({"key":"b","value":[]})"};
  const auto refused = import(store, lines);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == Errc::conflict);
  CHECK(client.value("a") == "1");
  CHECK(client.value("b") == "-");
  REQUIRE(import(store, lines, true));
  CHECK(client.value("a") == "2");
  CHECK(client.value("b") == "[]");
  CHECK(client.value("c") == "3");
}

TEST_CASE_FIXTURE(Care, "import_store: a line that is no record is named, and what has ended is left out") {
  for (const char* wrong : {"{", "[]", "{}", R"({"key":"a"})", R"({"key":"/a","value":1})", R"({"key":"","value":1})",
                            R"({"key":"a","value":1,"expires":"soon"})"}) {
    const auto refused = import(store::make_memory_store(), {R"({"key":"x","value":1})", wrong});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == Errc::invalid_argument);
    CHECK(refused.error().subject() == "line 2");
  }
  const auto ended = import(store, {R"({"key":"a","value":1,"expires":1000})", "", R"({"key":"b","value":1})"});
  REQUIRE(ended);
  CHECK(ended->records() == 2);
  CHECK(ended->written() == 1);
  CHECK(client.keys("") == std::vector<std::string>{"b"});
  CHECK(test::outcome(import(store::make_memory_store(), {R"({"key":"a","value":1})", R"({"key":"a","value":2})"})) ==
        "conflict");
}
