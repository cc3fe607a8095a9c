#include "chat/opened_store.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <fstream>
#include <string>

#include "contract/faulty_store.hpp"
#include "store/memory_store.hpp"
#include "support/temporary_directory.hpp"
#include "unit/net/on_runtime.hpp"

using namespace confab;

namespace {

constexpr const char* key_line = "one 3q2+796tvu/erb7v3q2+796tvu/erb7v3q2+796tvu8=\n";
constexpr const char* other_line = "one AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";

struct Files {
  test::TemporaryDirectory folder;
  Runtime runtime;
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    const std::string path = folder.file(name);
    std::ofstream(path) << text;
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    return path;
  }
  Result<chat::OpenedStore> open(const std::string& keys) {
    return chat::open_store(options().store_file(folder.file("store.db"), keys));
  }
  static HomeserverOptions options() { return {"http://127.0.0.1:1", "hs.test", "admin", Secret("pw")}; }
  Finding examine(const chat::OpenedStore& opened) {
    return test::run<Finding>(runtime, [&](net::CallContext context) { return found(opened, std::move(context)); })
        .value();
  }
  static Task<Result<Finding>> found(chat::OpenedStore opened, net::CallContext context) {
    Finding finding = co_await chat::examine_store(std::move(opened), std::move(context));
    co_return finding;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Files, "OpenedStore: without a store there is one in memory, with a key of its own") {
  const auto opened = chat::open_store(options());
  REQUIRE(opened.has_value());
  CHECK(opened->kind() == "memory");
  CHECK(examine(*opened).fit());
  CHECK(examine(*opened).fit());  // its record is there by now
  const auto other = chat::open_store(options());
  CHECK_FALSE(other->keys()->sealing().bytes() == opened->keys()->sealing().bytes());
}

#if CONFAB_HAS_SQLITE
TEST_CASE_FIXTURE(Files, "OpenedStore: a file is made once, and opens with its key only") {
  const std::string keys = write("keys", key_line);
  {
    const auto opened = open(keys);
    REQUIRE(opened.has_value());
    CHECK(examine(*opened).fit());
    CHECK(examine(*opened).check() == "store");
  }
  REQUIRE(open(keys).has_value());
  const auto refused = open(write("other", other_line));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code() == Errc::store);
  CHECK(refused.error().subject() == "store.key_file");
}
#endif

TEST_CASE_FIXTURE(Files, "OpenedStore: a database is connected to, and its dsn is told to nobody") {
  const std::string keys = write("keys", key_line);
  const auto refused = chat::open_store(options().store_database(Secret("postgresql://ana:hunter2@[nowhere"), keys));
  REQUIRE_FALSE(refused.has_value());
  const bool unknown = refused.error().code() == Errc::unsupported;
  CHECK(refused.error().subject() == (unknown ? "store.kind" : "store.dsn"));
  CHECK(refused.error().message().find("hunter2") == std::string_view::npos);
  const auto no_key = chat::open_store(options().store_database(Secret("postgresql://h/d"), folder.file("none")));
  REQUIRE_FALSE(no_key.has_value());
  CHECK(no_key.error().subject() == "store.key_file");
}

TEST_CASE_FIXTURE(Files, "OpenedStore: a key file that is missing or open to others makes no store") {
  for (const std::string& path : {folder.file("none"), write("open", key_line, 0644)}) {
    const auto refused = open(path);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().subject() == "store.key_file");
    CHECK_FALSE(std::ifstream(folder.file("store.db")).good());
  }
}

TEST_CASE_FIXTURE(Files, "OpenedStore: a host's store that fails is found unfit at each step") {
  for (int failing = 0; failing < 3; ++failing) {
    CAPTURE(failing);
    const auto faulty = std::make_shared<test::FaultyStore>(store::make_memory_store(), Errc::store, [failing](int n) {
      return n == failing ? test::Fault::before : test::Fault::none;
    });
    auto opts = options();
    opts.store(faulty, StoreKeys::make().value());
    const auto opened = chat::open_store(opts);
    REQUIRE(opened.has_value());
    CHECK_FALSE(examine(*opened).fit());
    CHECK(examine(*opened).fit());
  }
}
