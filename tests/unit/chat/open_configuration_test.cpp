#include <confab/open_configuration.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <utility>

#include <confab/open_store.hpp>

#include "support/fake_matrix.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_certificate.hpp"
#include "support/tunnel_proxy.hpp"

using namespace std::chrono_literals;
using namespace confab;
using confab::test::Answer;
using confab::test::FakeHomeserver;
using confab::test::FakeMatrix;

namespace {

const char* const one_user = R"({"users":[{"id":"1","slug":"ana","name":"Ana"}]})";

// A homeserver whose URL only the web server of its domain, "localhost", knows.
struct KnownDomain {
  test::TestAuthority authority;
  FakeMatrix hs;
  FakeHomeserver web;
  test::TunnelProxy proxy;
  Runtime runtime;

  KnownDomain()
      : hs(FakeMatrix::MatrixOptions()
               .server_name("localhost")
               .server(FakeHomeserver::Options().tls(authority.valid()))),
        web(FakeHomeserver::Options().tls(authority.valid())),
        proxy({{"localhost:443", web.port()}, {"127.0.0.1:" + std::to_string(hs.port()), hs.port()}}) {}
  void say(const Answer& answer) { web.on("GET", "/.well-known/matrix/client", answer); }
  Result<Homeserver> open(std::string url = {}, std::chrono::milliseconds within = 20s) {
    HomeserverOptions options(std::move(url), "localhost", "admin", Secret(std::string(FakeMatrix::admin_password)));
    options.ca_file(authority.ca_file()).proxy(proxy.url());
    return open_homeserver(runtime, Configuration(std::move(options), StoreKind::memory, {}),
                           CallOptions().within(within));
  }
};

struct DirectoryFolder {
  test::TemporaryDirectory folder;
  Runtime runtime;
  std::string file = folder.write("directory.json", one_user);

  Configuration configuration(StoreKind kind) {
    HomeserverOptions options("http://127.0.0.1:1", "hs.test", "admin", Secret("words"));
    options.store_file(folder.file("confab.db"), folder.file("keys"));
    return Configuration(std::move(options), kind,
                         {TenantConfiguration(TenantOptions(TenantId("park")), file, *read_directory(one_user))});
  }
};

bool lists(const HostDirectory& directory, const char* slug) { return directory.user(UserSlug(slug)).has_value(); }

}  // namespace

TEST_CASE_FIXTURE(KnownDomain, "open_homeserver finds the URL that is left out, and uses one that is given") {
  say(Answer(200, R"({"m.homeserver":{"base_url":")" + hs.url() + R"("}})"));
  auto found = open();
  REQUIRE(found.has_value());
  const auto findings = found->examine(CallOptions().within(20s)).wait();
  REQUIRE(findings.has_value());
  CHECK(findings->front().fit());
  web.go_away();
  CHECK(open(hs.url()).has_value());
}

TEST_CASE_FIXTURE(KnownDomain, "open_homeserver tells nobody there from nothing published") {
  Errc expected = Errc::unreachable;
  std::chrono::milliseconds within = 20s;
  SUBCASE("nobody there") { web.go_away(); }
  SUBCASE("no answer") {
    say(Answer().hold());
    within = 300ms;
  }
  SUBCASE("nothing published") {
    say(Answer(404));
    expected = Errc::config;
  }
  SUBCASE("something else published") {
    say(Answer(200, "<html>"));
    expected = Errc::config;
  }
  SUBCASE("more than a URL needs") {
    say(Answer(200, std::string(std::size_t{2} << 20U, ' ')));
    expected = Errc::config;
  }
  const auto opened = open({}, within);
  REQUIRE(!opened.has_value());
  CHECK(opened.error().code() == expected);
  CHECK(opened.error().subject() == "homeserver.url");
  CHECK(opened.error().message().starts_with("homeserver.url is not given, and "));
  web.release();
}

TEST_CASE_FIXTURE(DirectoryFolder, "open_directory: what was read where nothing stays, and else what the store holds") {
  const Configuration in_memory = configuration(StoreKind::memory);
  const auto read = open_directory(runtime, in_memory, in_memory.tenants().front());
  REQUIRE(read.has_value());
  CHECK(*read == in_memory.tenants().front().directory());
  if (CONFAB_HAS_SQLITE == 0) return;

  const Configuration stored = configuration(StoreKind::sqlite);
  const auto first = open_stored_directory(runtime, stored, stored.tenants().front());
  REQUIRE(first.has_value());
  CHECK((*first)->revision() == 1);
  folder.write("directory.json", R"({"users":[{"id":"2","slug":"ben","name":"Ben"}]})");
  const auto second = open_directory(runtime, stored, stored.tenants().front());
  REQUIRE(second.has_value());
  CHECK(lists(**second, "ben"));
  CHECK(!lists(**second, "ana"));
  REQUIRE((*first)->refresh().wait().has_value());
  CHECK(lists(**first, "ben"));
}

TEST_CASE_FIXTURE(DirectoryFolder, "open_stored_directory can be changed where nothing stays, too") {
  const Configuration in_memory = configuration(StoreKind::memory);
  const auto opened = open_stored_directory(runtime, in_memory, in_memory.tenants().front());
  REQUIRE(opened.has_value());
  CHECK(lists(**opened, "ana"));
  const auto changed =
      (*opened)
          ->apply(DirectoryBatch().put_user(DirectoryUser("2", UserSlug("ben"), "Ben")), (*opened)->revision())
          .wait();
  REQUIRE(changed.has_value());
  CHECK(lists(**opened, "ben"));
}

TEST_CASE_FIXTURE(DirectoryFolder, "open_stored_directory tells that the file is gone") {
  file = folder.file("elsewhere.json");
  const Configuration gone = configuration(StoreKind::memory);
  const auto opened = open_stored_directory(runtime, gone, gone.tenants().front());
  REQUIRE(!opened.has_value());
  CHECK(opened.error().code() == Errc::config);
}

TEST_CASE_FIXTURE(DirectoryFolder, "a store of the host's own: it is used, and one that is not given is missed") {
  HomeserverOptions options("http://127.0.0.1:1", "hs.test", "admin", Secret("words"));
  options.store(nullptr, *StoreKeys::make());
  Configuration hosts(options, StoreKind::host,
                      {TenantConfiguration(TenantOptions(TenantId("park")), file, *read_directory(one_user))});
  const auto missed = open_homeserver(runtime, hosts);
  REQUIRE(!missed.has_value());
  CHECK(missed.error().code() == Errc::config);
  CHECK(missed.error().subject() == "store.kind");
  CHECK(!open_directory(runtime, hosts, hosts.tenants().front()).has_value());

  hosts.use_store(*make_memory_store());
  CHECK(open_homeserver(runtime, hosts).has_value());
  const auto first = open_stored_directory(runtime, hosts, hosts.tenants().front());
  REQUIRE(first.has_value());
  REQUIRE((*first)
              ->apply(DirectoryBatch().put_user(DirectoryUser("2", UserSlug("ben"), "Ben")), (*first)->revision())
              .wait()
              .has_value());
  const auto second = StoredDirectory::open(runtime, hosts.homeserver().store(), TenantId("park")).wait();
  REQUIRE(second.has_value());
  CHECK(lists(**second, "ben"));
}
