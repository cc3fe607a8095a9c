// 1. The first message: from nothing to a message in a room.
//
// Shows   how the parts are put together: Runtime, Configuration, Homeserver, ChatService; and the four calls that make
//         a conversation: an account, a room, a message, a page of history.
// Needs   a configuration file whose directory has an event, and a running homeserver (scripts/demo leaves both at
// hand). Run     example_01_first_message confab.json EVENT CREATOR       for example: confab.json picnic ana
#include <cstdio>
#include <string>

#include <confab/confab.hpp>

namespace {

int fail(const char* what, const confab::Error& error) {
  // message() is ours and safe to log; server_message() would be what the homeserver said.
  std::fprintf(stderr, "%s: %s (%s)\n", what, std::string(error.message()).c_str(),
               std::string(confab::errc_name(error.code())).c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s CONFIG EVENT CREATOR\n", argv[0]);
    return 2;
  }
  // What the file says. A host with a configuration of its own makes the options below from that instead.
  auto configuration = confab::read_configuration(argv[1]);
  if (!configuration) return fail("configuration", configuration.error());

  // One Runtime for the whole process: it owns the threads. Everything made with it comes after it, and goes before it.
  confab::Runtime runtime;

  // The homeserver is shared by all tenants; nothing is connected to before the first call.
  auto homeserver = confab::Homeserver::create(runtime, configuration->homeserver());
  if (!homeserver) return fail("homeserver", homeserver.error());

  // Chat for the users of one tenant. Who may do what is decided by the tenant's directory.
  const confab::TenantConfiguration& tenant = configuration->tenants().front();
  auto service = confab::make_chat_service(runtime, homeserver->provider(tenant.options().id().str()), tenant.options(),
                                           tenant.directory());
  if (!service) return fail("tenant", service.error());
  confab::ChatService& chat = **service;

  const confab::RoomRef event = confab::RoomRef::event(confab::RoomSlug(argv[2]));
  const confab::UserSlug creator(argv[3]);

  // Each call describes an operation; wait() starts it and blocks until it ends. All of them may be repeated: an
  // account and a room are made once, however often they are asked for.
  auto account = chat.ensure_user(creator).wait();
  if (!account) return fail("account", account.error());
  std::printf("%s is %s\n", creator.str().c_str(), account->user_id().str().c_str());

  auto room = chat.ensure_room(confab::RoomRequest(event, creator)).wait();
  if (!room) return fail("room", room.error());
  std::printf("the room is %s\n", room->room_id().str().c_str());

  auto sent = chat.send(confab::Message(event, creator, "The first message")).wait();
  if (!sent) return fail("message", sent.error());
  std::printf("the message is %s\n", sent->str().c_str());

  auto page = chat.history(confab::HistoryRequest(event, creator).limit(5)).wait();
  if (!page) return fail("history", page.error());
  for (const confab::ReceivedMessage& message : page->messages()) {  // newest first
    std::printf("  %s: %s\n", message.sender().str().c_str(), message.body().c_str());
  }
  return 0;
}
