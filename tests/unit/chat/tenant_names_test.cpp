#include "chat/tenant_names.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include <confab/homeserver.hpp>

using namespace confab;
using chat::LocalpartTemplate;
using chat::TenantNames;

namespace {

LocalpartTemplate parsed(const std::string& pattern, const std::string& tenant) {
  return LocalpartTemplate::parse(pattern, tenant).value();
}

std::shared_ptr<HostDirectory> directory() {
  return read_directory(R"({"users":[{"id":"1","slug":"ana","name":"Ana"}]})").value();
}

}  // namespace

TEST_CASE("TenantNames: templates that could meet are refused, whoever comes first") {
  TenantNames names;
  CHECK(names.claim(TenantId("acme"), parsed("{tenant}_{id}", "acme")).has_value());
  CHECK(names.claim(TenantId("park"), parsed("{tenant}_{id}", "park")).has_value());
  for (const char* pattern : {"{id}", "acme_{id}", "a{id}", "acme_x{id}", "{id}x", "p{id}k"}) {
    CAPTURE(pattern);
    const auto claimed = names.claim(TenantId("evil"), parsed(pattern, "evil"));
    REQUIRE_FALSE(claimed.has_value());
    CHECK(claimed.error().code() == Errc::config);
    CHECK(claimed.error().subject() == "tenants[].localpart");
  }
  // Refused ones claim nothing, and a tenant does not collide with itself.
  CHECK(names.claim(TenantId("e"), parsed("e{id}", "e")).has_value());
  CHECK(names.claim(TenantId("acme"), parsed("{tenant}_{id}", "acme")).has_value());
}

TEST_CASE("TenantNames: two services on one Homeserver, whatever configuration they come from") {
  Runtime runtime;
  const HomeserverOptions options("http://127.0.0.1:1", "hs.test", "admin", Secret("secret"));
  const Homeserver homeserver = Homeserver::create(runtime, options).value();
  const auto make = [&](const Homeserver& on, const char* tenant, const char* pattern) {
    return make_chat_service(runtime, on.provider(tenant), TenantOptions(TenantId(tenant)).localpart(pattern),
                             directory());
  };
  CHECK(make(homeserver, "acme", "om_{id}").has_value());
  const auto refused = make(homeserver, "park", "om_{id}");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code() == Errc::config);
  CHECK(refused.error().message().find("\"acme\"") != std::string_view::npos);
  CHECK(make(homeserver, "park", "{tenant}_{id}").has_value());
  CHECK(make(homeserver, "acme", "om_{id}").has_value());
  // Another connection is another homeserver, for all that is known.
  CHECK(make(Homeserver::create(runtime, options).value(), "park", "om_{id}").has_value());
}

TEST_CASE("TenantNames: no tenant can name another one's users, whatever ids it gives") {
  // Ids and tenants made of the characters that separators and escapes are made of.
  const std::string alphabet = "a_=5fA.";
  std::set<std::string> words;
  for (const char a : alphabet) {
    words.insert(std::string{a});
    for (const char b : alphabet) {
      words.insert(std::string{a, b});
      for (const char c : {'a', '_'}) words.insert(std::string{a, b, c});
    }
  }
  std::set<std::string> seen;
  std::size_t names = 0;
  for (const std::string& tenant : words) {
    if (tenant.find('=') != std::string::npos) continue;  // no tenant's id
    const LocalpartTemplate pattern = parsed("{tenant}_{id}", tenant);
    for (const std::string& id : words) {
      seen.insert(pattern.localpart(id));
      ++names;
    }
  }
  CHECK(seen.size() == names);
}

TEST_CASE("TenantNames: no tenant can name another one's rooms, whatever slugs it gives") {
  std::set<std::string> seen;
  std::size_t names = 0;
  for (const char* tenant :
       {"a", "a_event", "a_event_x", "a.event", "a-event", "A", "event", "_", "__", "a_", "a_group"}) {
    for (const RoomKind kind : {RoomKind::event, RoomKind::group}) {
      for (const char* slug : {"x", "event_x", "_x", "x_", "_event_x", "group_x", "event", "event_event_x", "X", "_"}) {
        seen.insert(chat::alias_localpart(TenantId(tenant), RoomRef(kind, RoomSlug(slug))));
        ++names;
      }
    }
  }
  CHECK(seen.size() == names);
}
