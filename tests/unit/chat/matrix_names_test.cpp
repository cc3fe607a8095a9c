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

TEST_CASE("the room of two users has one name, and no other two have it") {
  const auto name = [](const char* tenant, std::string_view one, std::string_view other, std::size_t most = 240) {
    return chat::direct_alias_localpart(TenantId(tenant), one, other, most);
  };
  CHECK(name("park", "7", "12") == "park_direct_12_7");
  CHECK(name("park", "12", "7") == "park_direct_12_7");
  CHECK(name("pa_rk", "A", "a_b") == "pa=5frk_direct_=41_a=5fb");
  std::set<std::string> names;
  std::size_t count = 0;
  const std::vector<std::string> ids = {
      "a", "A", "_", "__", "a_", "_a", "a_b", "b", "=5f", "direct", std::string(150, 'x'), std::string(150, 'y')};
  for (const char* tenant : {"a", "A", "a_direct", "a_event", "event"}) {
    for (std::size_t one = 0; one < ids.size(); ++one) {
      for (std::size_t other = one + 1; other < ids.size(); ++other) {
        names.insert(name(tenant, ids[one], ids[other]));
        CHECK(name(tenant, ids[one], ids[other]) == name(tenant, ids[other], ids[one]));
        CHECK(name(tenant, ids[one], ids[other]).size() <= 240);
        ++count;
      }
    }
    for (const char* slug : {"a_b", "a", "direct_a_b", "x"}) {
      names.insert(chat::alias_localpart(TenantId(tenant), RoomRef::event(RoomSlug(slug))));
      names.insert(chat::alias_localpart(TenantId(tenant), RoomRef::group(RoomSlug(slug))));
      count += 2;
    }
  }
  CHECK(names.size() == count);
}

TEST_CASE("a localpart leads back to the id it was made of, and no other does") {
  const auto usual = parsed("{tenant}_{id}", "park");
  for (const std::string& id : {std::string("7"), std::string("Odd_Id \xC3\xBC"), std::string("_"), std::string("a=b"),
                                std::string("a__B"), std::string("\x01")}) {
    CHECK(usual.id_of(usual.localpart(id)) == std::optional(id));
    CHECK(parsed("x{id}y", "park").id_of("x" + chat::encode_id(id) + "y") == std::optional(id));
  }
  for (const char* other : {"", "park", "lake_7", "park_=", "park_=4", "park_=zz", "park_=41", "park_A", "park_a_",
                            "park__1", "park_=5F", "park_ "}) {
    CAPTURE(other);
    CHECK_FALSE(usual.id_of(other).has_value());
  }
  CHECK_FALSE(parsed("aa{id}aa", "park").id_of("aaa").has_value());
}
