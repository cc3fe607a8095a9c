#include "chat/appservice_registration.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include <confab/appservice.hpp>
#include <confab/host_directory.hpp>

#include "support/temporary_directory.hpp"
#include "support/test_json.hpp"

using namespace confab;
using confab::test::TestJson;

namespace {

struct Place {
  test::TemporaryDirectory folder;
  std::string path = folder.file("confab-appservice.yaml");

  [[nodiscard]] Configuration with(const std::vector<TenantOptions>& tenants,
                                   const std::string& admin = "admin") const {
    HomeserverOptions homeserver("http://127.0.0.1:1", "hs.test", admin, Secret("pw"));
    homeserver.appservice_file(path);
    std::vector<TenantConfiguration> all;
    for (const TenantOptions& each : tenants) {
      all.emplace_back(each, "", read_directory(R"({"users":[]})").value());
    }
    return Configuration(std::move(homeserver), StoreKind::memory, std::move(all));
  }
  [[nodiscard]] static TenantOptions spoken_for(const std::string& id, Access access = Access::appservice) {
    return TenantOptions(TenantId(id)).access(access);
  }
  [[nodiscard]] std::string text() const {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string& text, mode_t mode = 0600) const {
    std::ofstream(path, std::ios::binary) << text;
    REQUIRE(::chmod(path.c_str(), mode) == 0);
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder.path()), std::filesystem::directory_iterator()));
  }
};

}  // namespace

TEST_CASE_FIXTURE(Place, "registration: one line of JSON with what a homeserver asks for, for its owner alone") {
  const auto written = register_appservice(with({spoken_for("park")}));
  REQUIRE(written.has_value());
  CHECK(written->path() == path);
  CHECK(written->sender() == "@_confab:hs.test");
  CHECK(written->users() == std::vector<std::string>{"@park_[^:]+:hs\\.test$"});
  struct stat about {};
  REQUIRE(::stat(path.c_str(), &about) == 0);
  CHECK((about.st_mode & 0777U) == 0600U);
  CHECK(files() == 1);

  const TestJson body = TestJson::parse(text()).value();
  CHECK(body["id"].as_string() == "confab");
  CHECK(body["url"].is_null());
  CHECK(text().find(R"("url":null)") != std::string::npos);
  CHECK(body["sender_localpart"].as_string() == "_confab");
  CHECK_FALSE(body["rate_limited"].as_bool(true));
  CHECK(body["as_token"].as_string().size() >= 40);
  CHECK(body["hs_token"].as_string().size() >= 40);
  CHECK(body["as_token"].as_string() != body["hs_token"].as_string());
  const auto& users = body["namespaces"]["users"].as_array();
  REQUIRE(users.size() == 1);
  CHECK(users[0]["exclusive"].as_bool());
  const auto& aliases = body["namespaces"]["aliases"].as_array();
  REQUIRE(aliases.size() == 1);
  CHECK_FALSE(aliases[0]["exclusive"].as_bool(true));
  CHECK(body["namespaces"]["rooms"].as_array().empty());
  CHECK(chat::read_appservice_token(path).value() == Secret(body["as_token"].as_string()));

  // As Synapse takes them: at the beginning of an id, without an end of their own.
  const auto matches = [](const TestJson& entry, const std::string& id) {
    return std::regex_search(id, std::regex(entry["regex"].as_string()), std::regex_constants::match_continuous);
  };
  CHECK(matches(users[0], "@park_1:hs.test"));
  for (const char* other : {"@park_:hs.test", "@parka1:hs.test", "@park_1:hs-test", "@park_1:hs.test.evil.org",
                            "@x@park_1:hs.test", "@admin:hs.test"}) {
    CAPTURE(other);
    CHECK_FALSE(matches(users[0], other));
  }
  CHECK(matches(aliases[0], "#park_event_fair:hs.test"));
  CHECK(matches(aliases[0], "#park_direct_1_2:hs.test"));
  CHECK_FALSE(matches(aliases[0], "#park_other:hs.test"));
}

TEST_CASE_FIXTURE(Place, "registration: all tenants that want one are in it, and no others") {
  const auto written = register_appservice(
      with({spoken_for("park"), spoken_for("lake", Access::automatic), spoken_for("hill", Access::puppet),
            spoken_for("a.b").localpart("x+{id}.y"), spoken_for("moor", Access::device)}),
      AppserviceRequest().id("confab-2"));
  REQUIRE(written.has_value());
  CHECK(written->sender() == "@_confab-2:hs.test");
  CHECK(written->users() ==
        std::vector<std::string>{"@park_[^:]+:hs\\.test$", "@lake_[^:]+:hs\\.test$", "@x\\+[^:]+\\.y:hs\\.test$"});
}

TEST_CASE_FIXTURE(Place, "registration: what is there is not overwritten, unless that is said") {
  REQUIRE(register_appservice(with({spoken_for("park")})));
  const std::string before = text();
  const auto again = register_appservice(with({spoken_for("park")}));
  REQUIRE(!again.has_value());
  CHECK(again.error().code() == Errc::conflict);
  CHECK(again.error().subject() == "homeserver.appservice_file");
  CHECK(text() == before);
  REQUIRE(register_appservice(with({spoken_for("park")}), AppserviceRequest().replace(true)));
  CHECK(text() != before);
  CHECK(files() == 1);
}

TEST_CASE_FIXTURE(Place, "registration: what cannot be one is refused by its key, and leaves no file") {
  const auto fault = [](const Configuration& configuration, const AppserviceRequest& how = AppserviceRequest()) {
    const auto written = register_appservice(configuration, how);
    REQUIRE(!written.has_value());
    return written.error();
  };
  CHECK(fault(with({spoken_for("park", Access::puppet)})).subject() == "tenants[].access");
  CHECK(fault(with({spoken_for("park").localpart("{id}")})).subject() == "tenants[0].localpart");
  CHECK(fault(with({spoken_for("park"), spoken_for("lake").localpart("{id}n")}, "@admin:hs.test")).subject() ==
        "tenants[1].localpart");
  CHECK(fault(with({spoken_for("park").localpart("_{id}")})).subject() == "tenants[0].localpart");
  CHECK(fault(with({spoken_for("park")}), AppserviceRequest().id("")).subject() == "id");
  CHECK(fault(with({spoken_for("park")}), AppserviceRequest().id("a b")).code() == Errc::invalid_argument);
  CHECK(fault(with({spoken_for("park")}), AppserviceRequest().id(std::string(65, 'a'))).subject() == "id");
  const Configuration nowhere(HomeserverOptions("", "hs.test", "admin", Secret("pw")), StoreKind::memory,
                              with({spoken_for("park")}).tenants());
  CHECK(fault(nowhere).subject() == "homeserver.appservice_file");
  path = folder.file("no/such/folder");
  const Error unwritable = fault(with({spoken_for("park")}));
  CHECK(unwritable.code() == Errc::config);
  CHECK(unwritable.subject() == "homeserver.appservice_file");
  CHECK(files() == 0);
}

TEST_CASE_FIXTURE(Place, "registration: a file that cannot be read is told by its name") {
  const auto fault = [this] {
    const auto token = chat::read_appservice_token(path);
    REQUIRE(!token.has_value());
    CHECK(token.error().code() == Errc::config);
    CHECK(token.error().message().starts_with(path));
    CHECK(token.error().message().find("secret-as-token") == std::string_view::npos);
    return std::string(token.error().message());
  };
  (void)fault();
  write("as_token: secret-as-token\n");
  CHECK(fault().find("JSON") != std::string::npos);
  write(R"({"id":"x"})");
  CHECK(fault().find("as_token") != std::string::npos);
  write(R"({"as_token":""})");
  (void)fault();
  write(R"({"as_token":"secret-as-token"})", 0644);
  CHECK(fault().find("o-rwx") != std::string::npos);
  write(R"({"as_token":"secret-as-token"})", 0640);
  CHECK(chat::read_appservice_token(path).value() == Secret("secret-as-token"));
}
