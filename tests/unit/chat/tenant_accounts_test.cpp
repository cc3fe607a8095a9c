#include <string>

#include "unit/chat/tenant.hpp"

using namespace confab;
using confab::test::Asked;
using confab::test::Tenant;

TEST_CASE_FIXTURE(Tenant, "an account is shown under the host's name and made by nobody") {
  CHECK(chat->account(ana).wait().error().code() == Errc::not_found);
  CHECK(provider->asked() == Asked{"show @park_1:hs.test"});
  REQUIRE(chat->ensure_user(ana).wait().has_value());
  const auto account = chat->account(ana).wait();
  REQUIRE(account.has_value());
  CHECK(account->slug() == ana);
  CHECK(account->user_id().str() == "@park_1:hs.test");
  CHECK(account->name() == "Shown");
  CHECK(account->state() == AccountState::locked);
  CHECK(chat->account(UserSlug("zoe")).wait().error().code() == Errc::not_found);
}

TEST_CASE_FIXTURE(Tenant, "a password is set for an account that is there by then") {
  REQUIRE(chat->set_password(ana, Secret("eight888")).wait().has_value());
  CHECK(provider->asked() == Asked{"account @park_1:hs.test Ana Lima", "password @park_1:hs.test of 8"});
}

TEST_CASE_FIXTURE(Tenant, "what is no password is refused before anything is asked, and not repeated in the error") {
  for (const std::string& password :
       {std::string(), std::string("seven77"), std::string("\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC"), std::string(513, 'x'),
        std::string("\xFF\xFE not text")}) {
    const auto refused = chat->set_password(ana, Secret(password)).wait();
    REQUIRE(!refused.has_value());
    CHECK(refused.error().code() == Errc::invalid_argument);
    CHECK(refused.error().subject() == "password");
    CHECK((password.empty() || refused.error().message().find(password) == std::string_view::npos));
  }
  CHECK(chat->set_password(UserSlug("zoe"), Secret("eight888")).wait().error().code() == Errc::not_found);
  CHECK(provider->asked().empty());
  CHECK(chat->set_password(ana, Secret(std::string("\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC")))
            .wait()
            .has_value());
}
