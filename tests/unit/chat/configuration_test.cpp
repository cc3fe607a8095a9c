#include <confab/configuration.hpp>

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "support/temporary_directory.hpp"

using namespace confab;

namespace {

const std::string good_homeserver =
    R"("homeserver":{"url":"http://127.0.0.1:8008","server_name":"hs.test","admin_user":"admin","admin_password":"secret words"})";
const std::string good_tenants = R"("tenants":[{"id":"park","directory":"directory.json"}])";
const std::string good = "{" + good_homeserver + R"(,"store":{"kind":"memory"},)" + good_tenants + "}";

struct Folder {
  test::TemporaryDirectory folder;
  Folder() {
    ::unsetenv("CONFAB_ADMIN_PASSWORD");
    ::unsetenv("CONFAB_STORE_DSN");
    write("directory.json", R"({"users":[{"id":"1","slug":"ana","name":"Ana"}]})");
  }
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    const std::string path = folder.file(name);
    std::ofstream(path, std::ios::binary) << text;
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    return path;
  }
  Result<Configuration> read(const std::string& text) { return read_configuration(write("confab.json", text)); }
  Error fault(const std::string& text) {
    auto read_result = read(text);
    REQUIRE(!read_result.has_value());
    CHECK(read_result.error().code() == Errc::config);
    CHECK(read_result.error().message().find("confab.json") != std::string_view::npos);
    CHECK(read_result.error().message().find("secret words") == std::string_view::npos);
    return read_result.error();
  }
};

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE_FIXTURE(Folder, "a configuration from text is read as from a file, relative to the folder that is given") {
  const auto parsed = parse_configuration(good, folder.path().string());
  REQUIRE(parsed.has_value());
  CHECK(parsed->homeserver().url() == "http://127.0.0.1:8008");
  CHECK(parsed->tenants().at(0).directory_file() == folder.file("directory.json"));
  CHECK(parsed->tenants().at(0).directory()->user(UserSlug("ana")).has_value());
  const auto elsewhere = parse_configuration(good, folder.file("nowhere"));
  REQUIRE(!elsewhere.has_value());
  CHECK(elsewhere.error().subject() == "tenants[0].directory");
  const auto none = parse_configuration("{", {});
  REQUIRE(!none.has_value());
  CHECK(none.error().code() == Errc::config);
  CHECK(none.error().message().starts_with("the configuration: "));
}

TEST_CASE_FIXTURE(Folder, "a configuration in order is read with its directories") {
  auto read_result = read(good);
  REQUIRE(read_result.has_value());
  const Configuration& configuration = *read_result;
  CHECK(configuration.homeserver().url() == "http://127.0.0.1:8008");
  CHECK(configuration.homeserver().server_name() == "hs.test");
  CHECK(configuration.homeserver().admin_password() == Secret("secret words"));
  CHECK(configuration.homeserver().ca_file().empty());
  CHECK(configuration.store() == StoreKind::memory);
  REQUIRE(configuration.tenant(TenantId("park")) != nullptr);
  CHECK(configuration.tenant(TenantId("moon")) == nullptr);
  const auto& tenant = configuration.tenants().at(0);
  CHECK(tenant.options().localpart() == "{tenant}_{id}");
  CHECK(tenant.options().access() == Access::automatic);
  CHECK_FALSE(tenant.options().reactivate_accounts());
  CHECK(read(replaced(good, R"("directory":)", R"("reactivate_accounts":true,"directory":)"))
            ->tenants()
            .at(0)
            .options()
            .reactivate_accounts());
  CHECK(read(replaced(good, R"("directory":)", R"("access":"device","directory":)"))
            ->tenants()
            .at(0)
            .options()
            .access() == Access::device);
  CHECK(
      read(replaced(good, R"("directory":)", R"("access":"auto","directory":)"))->tenants().at(0).options().access() ==
      Access::automatic);
  CHECK(read(replaced(good, R"("directory":)", R"("access":"puppet","directory":)"))
            ->tenants()
            .at(0)
            .options()
            .access() == Access::puppet);
  CHECK(tenant.directory()->user(UserSlug("ana")).has_value());
  CHECK(read("{" + good_homeserver + "," + good_tenants + "}").has_value());  // the store may be left out
}

TEST_CASE_FIXTURE(Folder, "a configuration may leave the homeserver's URL to discovery, but not empty") {
  const auto read_result = read(replaced(good, R"("url":"http://127.0.0.1:8008",)", ""));
  REQUIRE(read_result.has_value());
  CHECK(read_result->homeserver().url().empty());
  CHECK(fault(replaced(good, "http://127.0.0.1:8008", "")).message().find("homeserver.url") != std::string_view::npos);
}

TEST_CASE_FIXTURE(Folder, "every fault is named by its key") {
  const std::pair<std::string, std::string> table[] = {
      {replaced(good, "\"store\"", "\"stroe\""), "stroe"},
      {replaced(good, "\"url\"", "\"urll\""), "homeserver.urll"},
      {replaced(good, "http://127.0.0.1:8008", "127.0.0.1:8008"), "homeserver.url"},
      {replaced(good, "http://127.0.0.1:8008", "http://127.0.0.1:99999"), "homeserver.url"},
      {replaced(good, "\"http://127.0.0.1:8008\"", "8008"), "homeserver.url"},
      {replaced(good, "hs.test", "bad name"), "homeserver.server_name"},
      {replaced(good, R"(,"admin_password":"secret words")", ""), "homeserver.admin_password"},
      {replaced(good, "\"secret words\"", "\"\""), "homeserver.admin_password"},
      {replaced(good, "\"secret words\"", R"("secret words","admin_password_file":"pw")"),
       "homeserver.admin_password_file"},
      {replaced(good, R"("admin_password":"secret words")", R"("admin_password_file":"nowhere")"),
       "homeserver.admin_password_file"},
      {replaced(good, "\"secret words\"", R"("secret words","ca_file":"nowhere.pem")"), "homeserver.ca_file"},
      {replaced(good, "\"secret words\"", R"("secret words","ca_file":"directory.json")"), "homeserver.ca_file"},
      {replaced(good, "memory", "shoebox"), "store.kind"},
      {replaced(good, R"("kind":"memory")", R"("kind":"memory","path":"x")"), "store.path"},
      {replaced(good, R"("kind":"memory")", R"("kind":"memory","key_file":"x")"), "store.key_file"},
      {replaced(good, R"("kind":"memory")", R"("kind":"sqlite","path":"x")"), "store.key_file"},
      {replaced(good, R"("kind":"memory")", R"("kind":"sqlite","path":"x","key_file":"nowhere")"), "store.key_file"},
      {replaced(good, R"("kind":"memory")", R"("kind":"sqlite")"), "store.path"},
      {replaced(good, R"("kind":"memory")", R"("kind":"sqlite","path":"x","dsn":"y","key_file":"z")"), "store.dsn"},
      {replaced(good, R"("kind":"memory")", R"("kind":"memory","dsn_file":"x")"), "store.dsn_file"},
      {replaced(good, R"("kind":"memory")", R"("kind":"postgresql","dsn":"x")"), "store.key_file"},
      {replaced(good, R"("kind":"memory")", R"("kind":"postgresql","path":"y","dsn":"x","key_file":"z")"),
       "store.path"},
      {replaced(good, R"("kind":"memory")", R"("kind":"postgresql","key_file":"directory.json")"), "store.dsn"},
      {replaced(good, R"("kind":"memory")", R"("kind":"postgresql","dsn":"x","dsn_file":"y","key_file":"z")"),
       "store.dsn_file"},
      {replaced(good, R"("kind":"memory")", R"("kind":"postgresql","dsn_file":"nowhere","key_file":"z")"),
       "store.dsn_file"},
      {replaced(good, R"("kind":"memory")", R"("kid":"memory")"), "store.kid"},
      {replaced(good, good_tenants, R"("tenants":[])"), "tenants"},
      {"{" + good_homeserver + "}", "tenants"},
      {"{" + good_tenants + "}", "homeserver"},
      {replaced(good, R"("id":"park",)", ""), "tenants[0].id"},
      {replaced(good, "park", "two words"), "tenants[0].id"},
      {replaced(good, R"("directory":)", R"("localpert":"x","directory":)"), "tenants[0].localpert"},
      {replaced(good, R"("directory":)", R"("localpart":"x","directory":)"), "tenants[0].localpart"},
      {replaced(good, R"("directory":)", R"("access":"magic","directory":)"), "tenants[0].access"},
      {replaced(good, R"("directory":)", R"("reactivate_accounts":"yes","directory":)"),
       "tenants[0].reactivate_accounts"},
      {replaced(good, "directory.json", "nowhere.json"), "tenants[0].directory"},
      {replaced(good, "directory.json\"}", R"(directory.json"},{"id":"park","directory":"directory.json"})"),
       "tenants[1].id"},
      {replaced(good, "directory.json\"}",
                R"(directory.json"},{"id":"m","localpart":"{id}","directory":"directory.json"})"),
       "tenants[1].localpart"},
      {replaced(good, "directory.json\"}", R"(directory.json","id":"park"})"), "tenants[0].id"},
  };
  for (const auto& [bad, key] : table) {
    const auto& text = bad;  // clang 14 lets no lambda, which INFO is, see a structured binding
    INFO(text);
    const Error error = fault(text);
    CHECK(error.subject() == key);
    CHECK(error.message().find(key) != std::string_view::npos);
  }
  CHECK(fault(replaced(good, "\"url\"", "\"urll\"")).message().find("was \"url\" meant?") != std::string_view::npos);
}

TEST_CASE_FIXTURE(Folder, "a store in a file is named with its key, beside the configuration, and not opened") {
  const std::string text =
      replaced(good, R"("kind":"memory")", R"("kind":"sqlite","path":"confab.db","key_file":"keys")");
  CHECK(fault(text).subject() == "store.key_file");
  write("keys", "one AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", 0640);
  CHECK(fault(text).subject() == "store.key_file");
  write("keys", "one AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
  auto read_result = read(text);
  REQUIRE(read_result.has_value());
  CHECK(read_result->store() == StoreKind::sqlite);
  CHECK(std::string(store_kind_name(read_result->store())) == "sqlite");
  CHECK(read_result->homeserver().store_path() == folder.file("confab.db"));
  CHECK(read_result->homeserver().key_file() == folder.file("keys"));
  CHECK_FALSE(std::ifstream(folder.file("confab.db")).good());
}

TEST_CASE_FIXTURE(Folder,
                  "a store in a database is named by a dsn that nobody sees, in a line, a file or the environment") {
  const std::string key_line = "one AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
  write("keys", key_line);
  const auto with = [](const std::string& members) {
    return replaced(good, R"("kind":"memory")", R"("kind":"postgresql","key_file":"keys")" + members);
  };
  const auto in_line = read(with(R"(,"dsn":"postgresql://a:secret words@h/d")"));
  REQUIRE(in_line.has_value());
  CHECK(in_line->store() == StoreKind::postgresql);
  CHECK(std::string(store_kind_name(in_line->store())) == "postgresql");
  CHECK(in_line->homeserver().store_dsn() == Secret("postgresql://a:secret words@h/d"));
  CHECK(in_line->homeserver().key_file() == folder.file("keys"));
  CHECK(in_line->homeserver().store_path().empty());
  write("dsn", "postgresql://b:secret words@h/d\n");
  const auto in_file = read(with(R"(,"dsn_file":"dsn")"));
  REQUIRE(in_file.has_value());
  CHECK(in_file->homeserver().store_dsn() == Secret("postgresql://b:secret words@h/d"));
  write("dsn", "postgresql://b:secret words@h/d\n", 0644);
  CHECK(fault(with(R"(,"dsn_file":"dsn")")).subject() == "store.dsn_file");
  ::setenv("CONFAB_STORE_DSN", "postgresql://c@h/d", 1);
  for (const char* members : {"", R"(,"dsn_file":"dsn")", R"(,"dsn":"postgresql://a@h/d")"}) {
    const auto in_environment = read(with(members));
    REQUIRE(in_environment.has_value());
    CHECK(in_environment->homeserver().store_dsn() == Secret("postgresql://c@h/d"));
  }
  ::unsetenv("CONFAB_STORE_DSN");
}

TEST_CASE_FIXTURE(Folder, "what is no JSON names the file") {
  for (const char* text : {"", "[]", "homeserver: yes", "{\"homeserver\":", "{\"homeserver\":\"\xFF\"}"})
    (void)fault(text);
  (void)fault(std::string(10'000, '['));
  (void)fault(std::string((1U << 20U) + 1, ' '));
  const auto missing = read_configuration(folder.file("none.json"));
  CHECK(missing.error().code() == Errc::config);
  CHECK(missing.error().message().find("none.json") != std::string_view::npos);
  CHECK(read_configuration(folder.path().string()).error().code() == Errc::config);  // a folder
}

TEST_CASE_FIXTURE(Folder, "a directory file that is wrong is named with the path inside") {
  write("directory.json", R"({"users":[{"id":"1","slug":"a b","name":"Ana"}]})");
  const Error error = fault(good);
  CHECK(error.subject() == "tenants[0].directory");
  CHECK(error.message().find("directory.json") != std::string_view::npos);
  CHECK(error.message().find("users[0].slug") != std::string_view::npos);
}

TEST_CASE_FIXTURE(Folder, "a password file is one line that not everybody can read") {
  const std::string text = replaced(good, R"("admin_password":"secret words")", R"("admin_password_file":"pw")");
  write("pw", "from a file\n");
  CHECK(read(text)->homeserver().admin_password() == Secret("from a file"));
  const AdminPasswordSource later = read(text)->homeserver().admin_password_source();
  REQUIRE(later);
  write("pw", "changed\n");
  CHECK(later(false).value() == Secret("changed"));
  write("pw", "from a file\r\n", 0640);
  CHECK(read(text)->homeserver().admin_password() == Secret("from a file"));
  const std::pair<std::string, mode_t> refused[] = {
      {"open", 0644}, {"open", 0602}, {"", 0600}, {"\n", 0600}, {"two\nlines", 0600}, {std::string(5000, 'x'), 0600}};
  for (const auto& [content, mode] : refused) {
    write("pw", content, mode);
    CHECK(fault(text).subject() == "homeserver.admin_password_file");
  }
}

TEST_CASE_FIXTURE(Folder, "the environment stands above the file") {
  ::setenv("CONFAB_ADMIN_PASSWORD", "of this run", 1);
  CHECK(read(good)->homeserver().admin_password() == Secret("of this run"));
  CHECK_FALSE(read(good)->homeserver().admin_password_source());
  CHECK(read(replaced(good, R"(,"admin_password":"secret words")", "")).has_value());
  ::setenv("CONFAB_ADMIN_PASSWORD", "", 1);
  CHECK(read(good)->homeserver().admin_password() == Secret("secret words"));
  ::unsetenv("CONFAB_ADMIN_PASSWORD");
}

TEST_CASE_FIXTURE(Folder, "a tenant without a directory file lists nobody; an empty name is no way to say so") {
  const auto nobody = read(replaced(good, R"(,"directory":"directory.json")", ""));
  REQUIRE(nobody.has_value());
  CHECK(nobody->tenants().at(0).directory_file().empty());
  REQUIRE(nobody->tenants().at(0).directory() != nullptr);
  CHECK(!nobody->tenants().at(0).directory()->user(UserSlug("ana")).has_value());
  CHECK(fault(replaced(good, "directory.json", "")).subject() == "tenants[0].directory");
}

TEST_CASE_FIXTURE(Folder, "secrets that are to be asked for are asked last, once each, by their keys") {
  const std::string asking = replaced(replaced(good, R"("secret words")", R"({"ask":true})"), R"({"kind":"memory"})",
                                      R"({"kind":"sqlite","path":"confab.db","key_file":{"ask":true}})");
  std::vector<std::string> asked;
  const SecretSource source = [&asked](std::string_view key) -> Result<Secret> {
    asked.emplace_back(key);
    return Secret(key == "homeserver.admin_password" ? "words" : "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n");
  };
  const auto known = parse_configuration(asking, folder.path().string(), source);
  REQUIRE(known.has_value());
  CHECK(asked == std::vector<std::string>{"homeserver.admin_password", "store.key_file"});
  CHECK(known->homeserver().admin_password() == Secret("words"));
  AdminPasswordSource later = known->homeserver().admin_password_source();
  REQUIRE(later);
  CHECK(later(false).value() == Secret("words"));
  CHECK(asked.size() == 2);
  CHECK(later(true).value() == Secret("words"));
  CHECK(std::exchange(asked, {"homeserver.admin_password", "store.key_file"}).size() == 3);
  CHECK(known->homeserver().store_keys().has_value());
  CHECK(known->homeserver().store_path() == folder.file("confab.db"));

  CHECK(fault(asking).subject() == "homeserver.admin_password");
  CHECK(!parse_configuration(replaced(asking, "hs.test", "@"), folder.path().string(), source).has_value());
  CHECK(asked.size() == 2);
  CHECK(fault(replaced(good, R"("secret words")", R"({"ask":false})")).subject() == "homeserver.admin_password.ask");
  CHECK(fault(replaced(good, R"("secret words")", R"({"ask":true,"of":"ana"})")).subject() ==
        "homeserver.admin_password.of");
  ::setenv("CONFAB_ADMIN_PASSWORD", "from outside", 1);
  const auto outside = read(replaced(good, R"("secret words")", R"({"ask":true})"));
  ::unsetenv("CONFAB_ADMIN_PASSWORD");
  REQUIRE(outside.has_value());
  CHECK(outside->homeserver().admin_password() == Secret("from outside"));

  const auto refused = parse_configuration(asking, folder.path().string(), [](std::string_view key) -> Result<Secret> {
    if (key == "store.key_file") return Secret("no key");
    return Secret("");
  });
  REQUIRE(!refused.has_value());
  CHECK(refused.error().code() == Errc::config);
  CHECK(refused.error().message().find("store.key_file") != std::string_view::npos);
  CHECK(refused.error().message().find("no key") == std::string_view::npos);
}

TEST_CASE_FIXTURE(Folder, "a store of the host's own has keys, and is given by the host") {
  write("keys", "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n");
  auto hosts = read(replaced(good, R"({"kind":"memory"})", R"({"kind":"host","key_file":"keys"})"));
  REQUIRE(hosts.has_value());
  CHECK(hosts->store() == StoreKind::host);
  CHECK(std::string(store_kind_name(hosts->store())) == "host");
  CHECK(hosts->homeserver().store() == nullptr);
  const auto store = *make_memory_store();
  hosts->use_store(store);
  CHECK(hosts->homeserver().store() == store);
  CHECK(hosts->homeserver().store_keys().has_value());
  CHECK(fault(replaced(good, R"({"kind":"memory"})", R"({"kind":"host"})")).subject() == "store.key_file");
  CHECK(fault(replaced(good, R"({"kind":"memory"})", R"({"kind":"host","key_file":"keys","path":"x"})")).subject() ==
        "store.path");
}

TEST_CASE_FIXTURE(Folder, "an application service is named before it is written, and needed where tenants say so") {
  const std::string tenant = replaced(good, R"("directory":)", R"("access":"appservice","directory":)");
  CHECK(fault(tenant).subject() == "tenants[0].access");
  CHECK(fault(tenant).message().find("homeserver.appservice_file") != std::string_view::npos);
  const std::string named = R"("admin_user":"admin","appservice_file":"confab-appservice.yaml")";
  const auto known = read(replaced(tenant, R"("admin_user":"admin")", named));
  REQUIRE(known.has_value());
  CHECK(known->homeserver().appservice_file() == folder.file("confab-appservice.yaml"));
  CHECK(known->homeserver().appservice_token().empty());
  CHECK(known->tenants().at(0).options().access() == Access::appservice);
  CHECK(fault(replaced(good, R"("admin_user":"admin")", R"("admin_user":"admin","appservice_file":"")")).subject() ==
        "homeserver.appservice_file");
}
