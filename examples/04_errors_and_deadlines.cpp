// 4. Errors and deadlines: what can go wrong, how long it may take, and how a message is sent once all the same.
//
// Shows   branching on Errc, deadlines, cancelling with a stop token, and repeating a send whose outcome is unknown.
// Needs   as 01, and a room that was made (by 01).
// Run     example_04_errors_and_deadlines confab.json EVENT CREATOR
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include <confab/confab.hpp>

namespace {

using namespace std::chrono_literals;
using confab::CallOptions;
using confab::Errc;
using confab::Error;
using confab::EventId;
using confab::Message;
using confab::Result;

void tell(const char* what, const Error& error) {
  std::printf("%s: %s: %s\n", what, std::string(confab::errc_name(error.code())).c_str(),
              std::string(error.message()).c_str());
}

// The code says what can be done, so it is what to branch on. Texts are for people, and may change.
const char* advice(const Error& error) {
  switch (error.code()) {
    case Errc::invalid_argument:
    case Errc::too_large:
      return "correct the argument";
    case Errc::not_found:
    case Errc::forbidden:
      return "look into the host's directory";
    case Errc::rate_limited:
    case Errc::unavailable:
    case Errc::unreachable:
      return "try again later";
    case Errc::timed_out:
    case Errc::cancelled:
      return "nothing was sent";
    case Errc::outcome_unknown:
      return "repeat with the same transaction id";
    default:
      return error.retriable() ? "try again" : "ask an operator";
  }
}

// Sends once, whatever happens on the way, and gives up at `deadline`. The transaction id is chosen before the first
// attempt; a host that shall survive a crash stores it there and then, beside the message.
Result<EventId> send_for_sure(confab::ChatService& chat, const Message& what, CallOptions::Clock::time_point deadline) {
  const confab::TransactionId transaction = confab::make_transaction_id();
  bool may_have_arrived = false;
  for (;;) {
    Message message = what;
    // repeated(): look into the room first, and answer with the earlier event if it is there.
    message.transaction_id(transaction).repeated(may_have_arrived);
    Result<EventId> sent = chat.send(std::move(message), CallOptions().until(deadline)).wait();
    if (sent) return sent;
    const Error& error = sent.error();
    may_have_arrived = may_have_arrived || error.code() == Errc::outcome_unknown || error.http_status() >= 500;
    // retry_after() is what the homeserver asked for. Without it any pause will do that is not the same for everybody.
    const auto pause = std::max<std::chrono::milliseconds>(error.retry_after().value_or(0ms), 500ms);
    if (!error.retriable() || CallOptions::Clock::now() + pause >= deadline) return sent;
    std::this_thread::sleep_for(pause);
  }
}

int show(confab::ChatService& chat, const confab::RoomRef& event, const confab::UserSlug& sender) {
  // Wrong arguments are reported like every other failure: by the result.
  const Result<EventId> empty = chat.send(Message(event, sender, "")).wait();
  if (empty) return 1;
  tell("an empty message", empty.error());
  std::printf("  so: %s\n", advice(empty.error()));

  const Result<confab::Account> nobody = chat.ensure_user(confab::UserSlug("nobody-of-this-name")).wait();
  if (nobody) return 1;
  tell("an unknown user", nobody.error());
  std::printf("  so: %s\n", advice(nobody.error()));

  // A deadline covers everything: queueing, waits for rate limits, repeats. This one is over before anything was sent.
  const Result<EventId> late = chat.send(Message(event, sender, "never said"), CallOptions().within(0s)).wait();
  if (late) return 1;
  tell("no time at all", late.error());

  // Any number of operations can be given up at once, from any thread.
  std::stop_source stop;
  stop.request_stop();
  const Result<EventId> stopped =
      chat.send(Message(event, sender, "never said"), CallOptions().stop(stop.get_token())).wait();
  if (stopped) return 1;
  tell("stopped", stopped.error());

  const Result<EventId> sent =
      send_for_sure(chat, Message(event, sender, "Said once"), CallOptions::Clock::now() + 60s);
  if (!sent) {
    tell("sending", sent.error());
    return 1;
  }
  std::printf("sent once: %s\n", sent->str().c_str());
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
    // For Errc::config, subject() is the key: "homeserver.url", "tenants[0].localpart".
    tell("configuration", configuration.error());
    return 2;
  }
  confab::Runtime runtime;
  auto homeserver = confab::Homeserver::create(runtime, configuration->homeserver());
  if (!homeserver) return 2;
  const confab::TenantConfiguration& tenant = configuration->tenants().front();
  auto chat = confab::make_chat_service(runtime, homeserver->provider(), tenant.options(), tenant.directory());
  if (!chat) return 2;
  return show(**chat, confab::RoomRef::event(confab::RoomSlug(argv[2])), confab::UserSlug(argv[3]));
}
