// 5. The host's own store: what the library remembers goes where the host keeps its data.
//
// Shows   map_store.hpp, a confab::Store over a std::map, in use: the library's tokens and rooms lie in it.
// Needs   as 01.
// Run     example_05_own_store confab.json picnic ana      (an event of the directory file, and its creator)
#include <cstdio>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include <confab/confab.hpp>

#include "map_store.hpp"

namespace {

int fail(const char* what, const confab::Error& error) {
  std::fprintf(stderr, "%s: %s\n", what, std::string(error.message()).c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s CONFIG EVENT CREATOR\n", argv[0]);
    return 2;
  }
  auto configuration = confab::read_configuration(argv[1]);
  if (!configuration) return fail("configuration", configuration.error());

  // Secrets reach a store only sealed. These keys die with the process, as the map does; for a database that stays they
  // come from a file, StoreKeys::from_file(), or from the host's key service.
  auto keys = confab::StoreKeys::make();
  if (!keys) return fail("keys", keys.error());
  const auto store = std::make_shared<example::MapStore>();
  confab::HomeserverOptions options = configuration->homeserver();
  options.store(store, *keys);

  confab::Runtime runtime;
  auto homeserver = confab::Homeserver::create(runtime, std::move(options));
  if (!homeserver) return fail("homeserver", homeserver.error());
  const confab::TenantConfiguration& tenant = configuration->tenants().front();
  auto service = confab::make_chat_service(runtime, homeserver->provider(tenant.options().id().str()), tenant.options(),
                                           tenant.directory());
  if (!service) return fail("tenant", service.error());
  confab::ChatService& chat = **service;

  const confab::RoomRef event = confab::RoomRef::event(confab::RoomSlug(argv[2]));
  const confab::UserSlug creator(argv[3]);
  auto room = chat.ensure_room(confab::RoomRequest(event, creator)).wait();
  if (!room) return fail("room", room.error());
  auto sent = chat.send(confab::Message(event, creator, "Remembered by the host")).wait();
  if (!sent) return fail("message", sent.error());

  // The admin's and the user's tokens are in it now, sealed, and the next Homeserver over it uses them.
  std::promise<std::size_t> counted;
  store->list("", "", 1000, [&counted](confab::Result<confab::StorePage> page) {
    counted.set_value(page ? page->records().size() : 0);
  });
  std::printf("the host's store holds %zu records\n", counted.get_future().get());
  return 0;
}
