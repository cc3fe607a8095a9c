// The chat of one tenant over a RecordingProvider: Ana, Ben, Eve and a picnic of the first two.
#pragma once

#include <confab/chat_service.hpp>
#include <confab/homeserver.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "unit/chat/recording_provider.hpp"

namespace confab::test {

using Asked = std::vector<std::string>;

struct Tenant {
  Runtime runtime;
  std::shared_ptr<RecordingProvider> provider = std::make_shared<RecordingProvider>(runtime);
  std::shared_ptr<ChatService> chat;
  RoomRef picnic = RoomRef::event(RoomSlug("picnic"));
  UserSlug ana{"ana"};
  UserSlug ben{"ben"};
  UserSlug eve{"eve"};

  Tenant() {
    auto directory = read_directory(R"({
      "users": [{"id": "1", "slug": "ana", "name": "Ana Lima"}, {"id": "2", "slug": "ben", "name": "Ben"},
                {"id": "3", "slug": "eve", "name": "Eve"}],
      "events": [{"slug": "picnic", "name": "Picnic", "visibility": "private", "creator": "ana",
                  "attendees": [{"user": "ben", "role": "guest", "permissions": []}]}]})");
    REQUIRE(directory.has_value());
    auto made = make_chat_service(runtime, provider, TenantOptions(TenantId("park")), *directory);
    REQUIRE(made.has_value());
    chat = *made;
  }
  void make_picnic() {
    REQUIRE(chat->ensure_room(RoomRequest(picnic, ana)).wait().has_value());
    REQUIRE(chat->add_member(picnic, ben).wait().has_value());
    (void)provider->asked();
  }
};

}  // namespace confab::test
