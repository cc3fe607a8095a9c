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

TEST_CASE_FIXTURE(Tenant, "a reset is of one user, or of all who are called like this tenant's") {
  make_picnic();
  REQUIRE(provider->ensure_account(MatrixUserId("@park_99:hs.test"), "Gone", CallOptions()).wait());
  REQUIRE(provider->ensure_account(MatrixUserId("@zoo_1:hs.test"), "Other", CallOptions()).wait());
  (void)provider->asked();
  const auto one = chat->reset(ResetRequest(ana)).wait();
  REQUIRE(one.has_value());
  CHECK(provider->asked() == Asked{"reset @park_1:hs.test"});
  CHECK(one->positions() == 0);
  CHECK(one->rooms() == 0);
  REQUIRE(chat->reset(ResetRequest()).wait().has_value());
  CHECK(provider->asked() == Asked{"reset @park_1:hs.test @park_2:hs.test @park_99:hs.test"});
  CHECK(chat->reset(ResetRequest(UserSlug("zoe"))).wait().error().code() == Errc::not_found);
  CHECK(provider->asked().empty());
}

TEST_CASE_FIXTURE(Tenant, "a full reset has rooms looked up anew, a plain one has not") {
  make_picnic();
  REQUIRE(chat->send(Message(picnic, ana, "one")).wait().has_value());
  REQUIRE(chat->reset(ResetRequest()).wait().has_value());
  (void)provider->asked();
  REQUIRE(chat->send(Message(picnic, ana, "two")).wait().has_value());
  CHECK(provider->asked() == Asked{"send !1 @park_1:hs.test two"});
  const auto full = chat->reset(ResetRequest().full(true)).wait();
  REQUIRE(full.has_value());
  CHECK(full->rooms() == 1);
  CHECK(full->positions() == 4);
  CHECK(provider->asked() == Asked{"reset @park_1:hs.test @park_2:hs.test in full"});
  REQUIRE(chat->send(Message(picnic, ana, "three")).wait().has_value());
  CHECK(provider->asked() == Asked{"find park_event_picnic", "send !1 @park_1:hs.test three"});
}
