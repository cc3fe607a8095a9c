// 2. Three styles of waiting: the same operation, consumed as suits the caller.
//
// Shows   wait() for a thread that has nothing else to do, start() with a handler, co_await in a coroutine; and that
//         operations which do not depend on each other run side by side.
// Needs   as 01, and a room that was made (by 01).
// Run     example_02_three_styles_of_waiting confab.json EVENT CREATOR
#include <coroutine>
#include <cstdio>
#include <exception>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include <confab/confab.hpp>

namespace {

using confab::EventId;
using confab::Message;
using confab::Result;

void tell(const char* style, const Result<EventId>& sent) {
  std::printf("%s: %s\n", style, sent ? sent->str().c_str() : std::string(sent.error().message()).c_str());
}

// The smallest coroutine type that can be started and forgotten. Any other works as well: Pending is awaited by its own
// operator co_await and knows nothing of the coroutine around it.
struct Detached {
  struct promise_type {
    Detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
};

// Parameters by value: they have to live as long as the coroutine, which is longer than this call.
Detached say_twice(std::shared_ptr<confab::ChatService> chat, confab::RoomRef event, confab::UserSlug sender,
                   std::shared_ptr<std::promise<void>> done) {
  Result<EventId> first = co_await chat->send(Message(event, sender, "awaited"));
  // From here on this runs on the Runtime's executor: its dispatcher thread, as none was given.
  tell("co_await", first);
  if (first) {
    Result<EventId> second = co_await chat->send(Message(event, sender, "awaited again, so surely after the first"));
    tell("co_await", second);
  }
  done->set_value();
}

int run(const confab::Configuration& configuration, const char* event_slug, const char* sender_slug) {
  // How long these live is the one thing to get right: the Runtime longest.
  confab::Runtime runtime;
  auto homeserver = confab::Homeserver::create(runtime, configuration.homeserver());
  if (!homeserver) return 2;
  const confab::TenantConfiguration& tenant = configuration.tenants().front();
  auto made = confab::make_chat_service(runtime, homeserver->provider(), tenant.options(), tenant.directory());
  if (!made) return 2;
  std::shared_ptr<confab::ChatService> chat = *made;
  const confab::RoomRef event = confab::RoomRef::event(confab::RoomSlug(event_slug));
  const confab::UserSlug sender(sender_slug);

  // 1. wait(): the calling thread blocks. Never on a thread of the library: there it answers would_deadlock.
  Result<EventId> sent = chat->send(Message(event, sender, "waited for")).wait();
  tell("wait", sent);
  if (!sent) return 1;

  // 2. start(): a handler, called exactly once, never inside start() itself. Both messages are under way at once.
  std::promise<void> first;
  std::promise<void> second;
  chat->send(Message(event, sender, "with a handler")).start([&first](const Result<EventId>& result) {
    tell("start", result);
    first.set_value();
  });
  chat->send(Message(event, sender, "with another")).start([&second](const Result<EventId>& result) {
    tell("start", result);
    second.set_value();
  });
  first.get_future().wait();
  second.get_future().wait();

  // 3. co_await: reads like wait(), blocks nobody.
  auto done = std::make_shared<std::promise<void>>();
  say_twice(chat, event, sender, done);
  done->get_future().wait();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s CONFIG EVENT CREATOR\n", argv[0]);
    return 2;
  }
  auto configuration = confab::read_configuration(argv[1]);
  if (!configuration) {
    std::fprintf(stderr, "%s\n", std::string(configuration.error().message()).c_str());
    return 2;
  }
  return run(*configuration, argv[2], argv[3]);
}
