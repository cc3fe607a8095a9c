#include "chat/matrix_names.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "matrix/identifiers.hpp"

using namespace confab;
using chat::LocalpartTemplate;

namespace {
LocalpartTemplate parsed(std::string_view pattern, std::string_view tenant) {
  auto made = LocalpartTemplate::parse(pattern, tenant);
  REQUIRE(made.has_value());
  return std::move(*made);
}
}  // namespace

TEST_CASE("ids are encoded into legal localparts, never two into one") {
  CHECK(chat::encode_id("abc-1.2/3+4") == "abc-1.2/3+4");
  CHECK(chat::encode_id("Ab_c=") == "_ab__c=3d");
  CHECK(chat::encode_id("\xC3\xBC @:") == "=c3=bc=20=40=3a");
  // All texts of up to three of the bytes that mean something to the encoding.
  const std::string alphabet = "aAbB_=4\x1F";
  std::vector<std::string> ids{""};
  for (std::size_t i = 0; i < 1 + 8 + 64; ++i) {
    for (const char c : alphabet) ids.push_back(ids[i] + c);
  }
  std::set<std::string> encoded;
  for (const auto& id : ids) {
    encoded.insert(chat::encode_id(id));
    CHECK((id.empty() || matrix::is_legal_localpart(chat::encode_id(id))));
  }
  CHECK(encoded.size() == ids.size());
}

TEST_CASE("aliases of different rooms differ") {
  std::set<std::string> aliases;
  std::size_t count = 0;
  for (const char* tenant : {"a", "A", "a_b", "a_event", "a_event_x", "=5f", "event"}) {
    for (const char* slug : {"x", "x_y", "event_x", "X", "_", "group_x"}) {
      aliases.insert(chat::alias_localpart(TenantId(tenant), RoomRef::event(RoomSlug(slug))));
      aliases.insert(chat::alias_localpart(TenantId(tenant), RoomRef::group(RoomSlug(slug))));
      count += 2;
    }
  }
  CHECK(aliases.size() == count);
  CHECK(chat::alias_localpart(TenantId("acme"), RoomRef::event(RoomSlug("stand_up"))) == "acme_event_stand_up");
}

TEST_CASE("templates are filled in") {
  CHECK(parsed("{tenant}_{id}", "park").localpart("7") == "park_7");
  CHECK(parsed("om_{id}", "park").localpart("7") == "om_7");
  CHECK(parsed("{id}.{tenant}", "Pa_rk").localpart("A") == "_a.=50a=5frk");
}

TEST_CASE("templates whose users could meet are told apart from those that cannot") {
  const auto meet = [](std::string_view a, std::string_view of_a, std::string_view b, std::string_view of_b) {
    const auto one = parsed(a, of_a);
    const auto other = parsed(b, of_b);
    CHECK(one.may_meet(other) == other.may_meet(one));
    return one.may_meet(other);
  };
  const std::string_view usual = "{tenant}_{id}";
  CHECK_FALSE(meet(usual, "a", usual, "b"));
  CHECK_FALSE(meet(usual, "a", usual, "ab"));
  CHECK_FALSE(meet(usual, "a", usual, "a_b"));
  CHECK_FALSE(meet(usual, "a", usual, "A"));
  CHECK_FALSE(meet("{id}.{tenant}", "a", "{id}.{tenant}", "b"));
  CHECK(meet("om_{id}", "a", "om_{id}", "b"));
  CHECK(meet("{id}", "a", usual, "b"));
  CHECK(meet("{tenant}{id}", "a", "{tenant}{id}", "ab"));
  CHECK(meet("x{id}", "a", "{id}y", "b"));
}

TEST_CASE("templates that cannot work are refused") {
  for (const char* pattern : {"", "x", "{tenant}", "{id}{id}", "{ID}", "{", "}", "{id} ", "Up{id}", "\xC3\xBC{id}"}) {
    CHECK_FALSE(LocalpartTemplate::parse(pattern, "a").has_value());
  }
  const std::string too_long = std::string(200, 'x').append("{id}");
  CHECK_FALSE(LocalpartTemplate::parse(too_long, "a").has_value());
}
