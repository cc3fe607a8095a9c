#include "credentials/appservice.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "matrix/endpoints/profile.hpp"
#include "unit/credentials/at_homeserver.hpp"

using namespace confab;
using confab::test::Answer;
using confab::test::FakeMatrix;
using confab::test::Process;
using confab::test::Together;
using confab::test::whoami_path;

namespace {

constexpr const char* token = "as-token-that-is-in-no-log";
constexpr const char* device_path = "/_matrix/client/v3/devices/*";
constexpr const char* register_path = "/_matrix/client/v3/register";

struct Lines {
  void operator()(const LogRecord& line) {
    const std::lock_guard lock(mutex);
    codes.emplace_back(line.code());
    text += std::string(line.message()) + "\n";
  }
  std::size_t count(const std::string& code) {
    const std::lock_guard lock(mutex);
    return static_cast<std::size_t>(std::count(codes.begin(), codes.end(), code));
  }
  std::mutex mutex;
  std::vector<std::string> codes;
  std::string text;
};

struct AtAppservice {
  AtAppservice() {
    hs.register_appservice(token, "park_");
    at.tokens->set_appservice(service);
    at.tokens->use_appservice("");
  }
  Result<void> make(const MatrixUserId& user) {
    return test::run<void>(at.runtime, [&](net::CallContext context) {
      return credentials::Appservice::register_user(service, user, std::move(context));
    });
  }

  Lines lines;
  FakeMatrix hs;
  Process at{hs, test::SealedStore(),
             std::make_shared<credentials::AdminPassword>(Secret(std::string(FakeMatrix::admin_password))),
             RuntimeOptions().log([this](const LogRecord& line) { lines(line); }, LogLevel::debug)};
  std::shared_ptr<credentials::Appservice> service =
      std::make_shared<credentials::Appservice>(at.client, Secret(token));
  MatrixUserId ana{hs.add_user("park_ana")};
  MatrixUserId ben{hs.add_user("park_ben")};
};

}  // namespace

TEST_CASE_FIXTURE(AtAppservice, "Appservice: users act on one device each, with no login and nothing kept") {
  for (int i = 0; i < 3; ++i) {
    const auto who = at.whoami(ana).wait();
    REQUIRE(who.has_value());
    CHECK(who->user_id() == ana);
    CHECK(who->device_id() == DeviceId("CONFAB"));
    CHECK(at.whoami(ben).wait()->user_id() == ben);
  }
  CHECK(hs.count("PUT", device_path) == 2);
  CHECK(at.logins() == 0);
  CHECK(at.mints() == 0);
  const auto totals = test::run<credentials::TokenStore::Totals>(at.runtime, [&](net::CallContext context) {
    return credentials::TokenStore::totals(at.token_store, std::move(context));
  });
  CHECK(totals.value().accounts() == 0);
  for (const auto& request : hs.requests()) CHECK(request.target.find(token) == std::string::npos);
}

TEST_CASE_FIXTURE(AtAppservice, "Appservice: many calls of a user whose device is gone all go through") {
  REQUIRE(at.whoami(ana).wait());
  hs.delete_devices(ana.str());
  Together<matrix::WhoamiAnswer> calls;
  for (int i = 0; i < 20; ++i) calls.start(at.whoami(ana, CallOptions(), std::to_string(i)));
  for (const auto& answer : calls.all()) CHECK(answer.has_value());
  CHECK(at.logins() == 0);
}

TEST_CASE_FIXTURE(AtAppservice, "Appservice: a device that is refused for ever is not made for ever") {
  hs.on("GET", whoami_path, Answer::error(400, "M_UNKNOWN_DEVICE"));
  CHECK(at.whoami(ana).wait().error().errcode() == "M_UNKNOWN_DEVICE");
  CHECK(hs.count("GET", whoami_path) == 2);
  CHECK(hs.count("PUT", device_path) == 1);
  hs.fail_next(1, "PUT", device_path, Answer::error(400, "M_UNKNOWN"));
  CHECK(at.whoami(ana).wait().error().errcode() == "M_UNKNOWN");
}

TEST_CASE_FIXTURE(AtAppservice, "Appservice: a user without an account is told from one who may not") {
  const MatrixUserId cyd(hs.user_id("park_cyd"));
  const Error none = at.whoami(cyd).wait().error();
  CHECK(none.code() == Errc::not_found);
  CHECK(none.subject() == "user");
  CHECK(at.whoami(MatrixUserId(hs.add_user("stranger"))).wait().error().code() == Errc::not_found);
  REQUIRE(make(cyd));
  CHECK(at.whoami(cyd).wait().has_value());
  hs.fail_next(1, "GET", whoami_path, Answer::error(403, "M_FORBIDDEN"));
  CHECK(at.whoami(cyd).wait().error().code() == Errc::forbidden);
}

TEST_CASE_FIXTURE(AtAppservice, "Appservice: an account is made once, of those in the namespace") {
  const MatrixUserId cyd(hs.user_id("park_cyd"));
  REQUIRE(make(cyd));
  CHECK(make(cyd).error().errcode() == "M_USER_IN_USE");
  const Error outside = make(MatrixUserId(hs.user_id("other"))).error();
  CHECK(outside.code() == Errc::config);
  CHECK(outside.subject() == "homeserver.appservice_file");
  for (const auto& request : hs.requests("POST", register_path)) {
    const auto body = test::TestJson::parse(request.body).value();
    CHECK(body["inhibit_login"].as_bool());
    CHECK(body["type"].as_string() == "m.login.application_service");
  }
}

TEST_CASE_FIXTURE(AtAppservice, "Appservice: a dead token is a fault of the configuration, told once, and no ladder") {
  REQUIRE(at.whoami(ana).wait());
  hs.register_appservice("another", "park_");
  for (int i = 0; i < 3; ++i) {
    const Error dead = at.whoami(ana).wait().error();
    CHECK(dead.code() == Errc::config);
    CHECK(dead.subject() == "homeserver.appservice_file");
    CHECK(dead.errcode() == "M_UNKNOWN_TOKEN");
    CHECK(!dead.retriable());
  }
  CHECK(make(MatrixUserId(hs.user_id("park_cyd"))).error().code() == Errc::config);
  CHECK(lines.count("appservice.refused") == 1);
  CHECK(lines.count("appservice.back") == 0);
  CHECK(hs.count("GET", whoami_path) == 5);  // the first one made the device
  CHECK(at.logins() == 0);
  CHECK(at.mints() == 0);
  hs.register_appservice(token, "park_");
  CHECK(at.whoami(ana).wait().has_value());
  CHECK(at.whoami(ben).wait().has_value());
  CHECK(lines.count("appservice.back") == 1);
  CHECK(lines.text.find(token) == std::string::npos);
}

TEST_CASE_FIXTURE(AtAppservice, "Appservice: other groups go on as they were, and nobody acts as the admin") {
  CHECK(at.whoami(at.admin->user()).wait().error().code() == Errc::forbidden);
  CHECK(hs.count() == 0);
  Process other(hs);
  CHECK(other.whoami(ana).wait().has_value());
  CHECK(other.mints() == 1);
}

TEST_CASE("Appservice: where none is configured, users who need one are told so") {
  test::AtHomeserver at;
  at.tokens->use_appservice("");
  const Error none = at.whoami(at.add("park_ana")).wait().error();
  CHECK(none.code() == Errc::config);
  CHECK(none.subject() == "homeserver.appservice_file");
  CHECK(at.hs.count() == 0);
}
