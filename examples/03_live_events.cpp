// 3. Live events: what happens in a user's rooms, while it happens.
//
// Shows   an EventStream: pulled at the reader's own pace, one batch at a time, with nothing lost in between.
// Needs   as 01, a room that was made (by 01), and a second user whom the directory lists in the event.
// Run     example_03_live_events confab.json EVENT SPEAKER LISTENER       for example: confab.json picnic ana ben
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>

#include <confab/confab.hpp>

namespace {

using namespace std::chrono_literals;

int fail(const char* what, const confab::Error& error) {
  std::fprintf(stderr, "%s: %s\n", what, std::string(error.message()).c_str());
  return 1;
}

void print(const confab::ChatEvent& event) {
  switch (event.kind()) {
    case confab::EventKind::message:
      std::printf("%s says: %s\n", event.message()->sender().str().c_str(), event.message()->body().c_str());
      break;
    case confab::EventKind::membership:
      std::printf("%s: %s\n", event.user().str().c_str(), event.membership().c_str());
      break;
    case confab::EventKind::typing:
      std::printf("%zu are typing\n", event.users().size());
      break;
    case confab::EventKind::missed:
      std::puts("something was missed: read the history");
      break;
    case confab::EventKind::edit:
      std::printf("%s now says: %s\n", event.user().str().c_str(), event.message()->body().c_str());
      break;
    case confab::EventKind::reaction:
      std::printf("%s reacts with %s\n", event.user().str().c_str(), event.key().c_str());
      break;
    case confab::EventKind::redaction:
      std::printf("%s takes something back\n", event.user().str().c_str());
      break;
    case confab::EventKind::receipt:
      std::printf("%zu have read\n", event.receipts().size());
      break;
    case confab::EventKind::sent:
    case confab::EventKind::given_up:
      break;  // of ChatService::outbox_events() alone
    case confab::EventKind::other:
      std::printf("an event of type %s\n", event.type().c_str());
      break;
  }
}

int listen(confab::ChatService& chat, const confab::RoomRef& room, const confab::UserSlug& speaker,
           const confab::UserSlug& listener) {
  auto member = chat.add_member(room, listener).wait();
  if (!member) return fail("listener", member.error());

  // Opening asks for nothing. From ready() on whatever happens is told, so it comes before anything is said.
  confab::EventStream stream = chat.events(listener);
  auto ready = stream.ready().wait();
  if (!ready) return fail("stream", ready.error());

  auto sent = chat.send(confab::Message(room, speaker, "Can you hear me?")).wait();
  if (!sent) return fail("message", sent.error());

  const auto give_up = std::chrono::steady_clock::now() + 30s;
  while (std::chrono::steady_clock::now() < give_up) {
    // While the homeserver is away this waits, and afterwards nothing is missing.
    auto batch = stream.next(confab::CallOptions().until(give_up)).wait();
    if (!batch) return fail("stream", batch.error());
    for (const confab::ChatEvent& event : *batch) {
      print(event);
      if (event.id() == *sent) {
        // A batch counts as consumed when the next is asked for, or now. With EventsOptions::remember_as what was not
        // consumed comes again when the stream is opened anew, under the same event ids.
        stream.ack();
        return 0;
      }
    }
  }
  std::fputs("the message was not seen\n", stderr);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s CONFIG EVENT SPEAKER LISTENER\n", argv[0]);
    return 2;
  }
  auto configuration = confab::read_configuration(argv[1]);
  if (!configuration) return fail("configuration", configuration.error());
  confab::Runtime runtime;
  auto homeserver = confab::Homeserver::create(runtime, configuration->homeserver());
  if (!homeserver) return fail("homeserver", homeserver.error());
  const confab::TenantConfiguration& tenant = configuration->tenants().front();
  auto chat = confab::make_chat_service(runtime, homeserver->provider(), tenant.options(), tenant.directory());
  if (!chat) return fail("tenant", chat.error());
  return listen(**chat, confab::RoomRef::event(confab::RoomSlug(argv[2])), confab::UserSlug(argv[3]),
                confab::UserSlug(argv[4]));
}
