// A directory that the host pushes.
#include <filesystem>
#include <string>

#include "capi/client_at_work.hpp"

using namespace confab::test;

namespace {

confab_directory_request batch(const char* json, std::uint64_t expected = 0) {
  auto asked = request<confab_directory_request>();
  asked.json = json;
  asked.expected = expected;
  return asked;
}

const char* const dee = R"({"users":[{"id":"4","slug":"dee","name":"Dee"}],
                            "attendees":[{"event":"picnic","user":"dee","role":"guest"}]})";

}  // namespace

TEST_CASE_FIXTURE(ClientAtWork, "a batch takes effect with the next call, and says its revision") {
  auto user = request<confab_user_request>();
  user.user = "dee";
  CHECK(confab_event_status(ended(confab_provision, tenant.get(), user)) == CONFAB_NOT_FOUND);
  HeldEvent event = result("revision", confab_directory_refresh, tenant.get(), request<confab_plain_request>());
  const auto before = static_cast<std::uint64_t>(int_of(event, "/revision"));
  CHECK(before == 1);
  event = result("revision", confab_directory_apply, tenant.get(), batch(dee, before));
  CHECK(int_of(event, "/revision") == 2);
  result("account", confab_provision, tenant.get(), user);
  make_room();
  say("dee", "I am in");

  event = result("revision", confab_directory_apply, tenant.get(), batch(R"({"erase":{"users":["dee"]}})", 2));
  CHECK(int_of(event, "/revision") == 3);
  CHECK(confab_event_status(ended(confab_provision, tenant.get(), user)) == CONFAB_NOT_FOUND);
  event = result("revision", confab_directory_load, tenant.get(), batch(park_directory));
  CHECK(int_of(event, "/revision") == 3);
}

TEST_CASE_FIXTURE(ClientAtWork, "a batch of another revision is a conflict; one that cannot be is refused") {
  HeldEvent event = ended(confab_directory_apply, tenant.get(), batch(dee, 7));
  CHECK(confab_event_status(event) == CONFAB_CONFLICT);
  event = ended(confab_directory_apply, tenant.get(), batch(R"({"erase":{"users":["ana"]}})", 1));
  CHECK(confab_event_status(event) == CONFAB_INVALID_ARGUMENT);
  CHECK(std::string(confab_error_subject(confab_event_error(event))) == "user");
  event = ended(confab_directory_load, tenant.get(), batch("{}"));
  CHECK(confab_event_status(event) == CONFAB_CONFIG);

  HeldError error;
  const auto unread = batch(R"({"erase":{"users":[1]}})", 1);
  CHECK(confab_directory_apply(tenant, &unread, queue, 1, nullptr, error.place()) == CONFAB_INVALID_ARGUMENT);
  CHECK(std::string(confab_error_subject(error)) == "erase.users[0]");
  const auto nothing = request<confab_directory_request>();
  CHECK(confab_directory_apply(tenant, &nothing, queue, 1, nullptr, nullptr) == CONFAB_INVALID_ARGUMENT);
  const auto mistaken = batch(park_directory, 1);
  CHECK(confab_directory_load(tenant, &mistaken, queue, 1, nullptr, nullptr) == CONFAB_INVALID_ARGUMENT);
}

TEST_CASE_FIXTURE(ClientAtWork, "without a file there is what the host pushes, kept in a store that stays" *
                                    doctest::skip(CONFAB_EXPECTED_SQLITE == 0)) {
  std::string json = configuration_of(server, folder);
  const std::string named = R"(,"directory":"park.json")";
  json.erase(json.find(named), named.size());
  const std::string base = folder.path().string();
  folder.write("keys", "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n");
  std::filesystem::permissions(folder.file("keys"), std::filesystem::perms::owner_read);
  json.insert(1, R"("store":{"kind":"sqlite","path":"confab.db","key_file":"keys"},)");
  auto options = request<confab_client_options>();
  options.json = json.c_str();
  options.folder = base.c_str();
  std::int64_t revision = 0;
  for (int start = 0; start < 2; ++start) {
    HeldClient again;
    HeldError error;
    const confab_status opened = confab_client_open(runtime, &options, again.place(), error.place());
    REQUIRE_MESSAGE(opened == CONFAB_OK, std::string(error ? confab_error_message(error) : ""));
    HeldTenant pushed;
    REQUIRE(confab_client_tenant(again, nullptr, pushed.place(), nullptr) == CONFAB_OK);
    HeldEvent event = result("revision", confab_directory_refresh, pushed.get(), request<confab_plain_request>());
    CHECK(int_of(event, "/revision") == revision);
    if (start == 0) {
      event = result("revision", confab_directory_apply, pushed.get(), batch(park_directory));
      revision = int_of(event, "/revision");
      CHECK(revision == 1);
    }
    auto user = request<confab_user_request>();
    user.user = "ana";
    result("account", confab_provision, pushed.get(), user);
  }
}
