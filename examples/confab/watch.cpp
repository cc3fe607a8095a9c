// `confab watch`: a user's events, one line each, as they happen.
#include <pthread.h>
#include <time.h>  // NOLINT: sigtimedwait's timespec

#include <algorithm>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "commands.hpp"
#include "message_line.hpp"
#include "report.hpp"
#include "ride_through.hpp"

namespace program {
namespace {

// How long one next() waits before the loop looks at what may end it.
constexpr std::chrono::seconds look_up{10};

// Turns SIGINT and SIGTERM into a stop request. The signals are blocked in every thread that is started later, so it is
// made before any other thread reads them; blocked signals simply wait for this one.
class Interrupts {
 public:
  Interrupts() : thread_([this](const std::stop_token& over) { listen(over); }) {}
  [[nodiscard]] std::stop_token token() const noexcept { return stop_.get_token(); }

 private:
  void listen(const std::stop_token& over) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    while (!over.stop_requested()) {
      const timespec moment{0, 100'000'000};
      if (sigtimedwait(&set, nullptr, &moment) > 0) stop_.request_stop();
    }
  }
  std::stop_source stop_;
  std::jthread thread_;
};

JsonLine line_of(const confab::ChatEvent& event) {
  JsonLine line;
  line.text("event", confab::event_kind_name(event.kind()));
  if (event.message()) {
    line.text("type", event.type());
    add_message(line, *event.message());
    if (event.kind() == confab::EventKind::edit) line.text("edit_id", event.id().str());
    return line;
  }
  if (!event.type().empty()) line.text("type", event.type());
  if (!event.room_id().empty()) line.text("room_id", event.room_id().str());
  if (!event.id().empty()) line.text("event_id", event.id().str());
  if (!event.user().empty()) line.text("user_id", event.user().str());
  if (!event.target().empty()) line.text("target", event.target().str());
  if (event.kind() == confab::EventKind::reaction) line.text("key", event.key());
  if (event.kind() == confab::EventKind::redaction && !event.reason().empty()) line.text("reason", event.reason());
  if (event.kind() == confab::EventKind::receipt) {
    JsonLine receipts;
    for (const confab::ReadReceipt& receipt : event.receipts())
      receipts.text(receipt.user().str(), receipt.event().str());
    line.object("receipts", receipts);
  }
  if (event.kind() == confab::EventKind::membership) line.text("membership", event.membership());
  if (event.kind() == confab::EventKind::typing) {
    std::vector<std::string> users;
    for (const confab::MatrixUserId& user : event.users()) users.push_back(user.str());
    line.texts("users", users);
  }
  return line;
}

bool will_pass(const confab::Error& error) { return error.retriable() || error.code() == confab::Errc::timed_out; }

}  // namespace

int watch(Session& session, const std::string& reader, const std::string& consumer, std::optional<std::uint64_t> count,
          std::optional<double> seconds) {
  const Interrupts interrupts;
  const auto end =
      seconds ? Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(*seconds))
              : Clock::time_point::max();
  // The first contact is a command like any other: a wrong user or homeserver is told at once.
  RideThrough ride(session.homeserver(), session.limit(), interrupts.token());
  confab::Result<confab::Account> account = ride.run([&](confab::CallOptions options, bool) {
    return session.chat().ensure_user(confab::UserSlug(reader), {}, options).wait();
  });
  if (interrupts.token().stop_requested()) return exit_done;
  if (!account) return fail(account.error());

  confab::EventStream stream =
      session.chat().events(confab::UserSlug(reader), confab::EventsOptions().remember_as(consumer));
  Pause pause;
  std::uint64_t seen = 0;
  bool live = false;
  // What will pass is waited out. Nothing: go on.
  const auto ride_out = [&](const confab::Error& error) -> std::optional<int> {
    if (interrupts.token().stop_requested()) return exit_done;
    if (!will_pass(error)) return fail(error);
    if (error.code() == confab::Errc::timed_out) return std::nullopt;
    const auto wait = std::max(pause.next(), error.retry_after().value_or(std::chrono::milliseconds(0)));
    if (!sleep_until(std::min(end, Clock::now() + wait), interrupts.token())) return exit_done;
    return std::nullopt;
  };
  while (Clock::now() < end && (!count || seen < *count)) {
    const confab::CallOptions options =
        confab::CallOptions().until(std::min(end, Clock::now() + look_up)).stop(interrupts.token());
    if (!live) {
      if (confab::Result<void> ready = stream.ready(options).wait(); !ready) {
        if (const std::optional<int> code = ride_out(ready.error())) return *code;
        continue;
      }
      // For who starts this and wants to know when what happens is seen.
      diagnose(JsonLine().object("watching", JsonLine().text("user", reader)));
      live = true;
    }
    confab::Result<confab::EventBatch> batch = stream.next(options).wait();
    if (!batch) {
      if (const std::optional<int> code = ride_out(batch.error())) return *code;
      continue;
    }
    pause.reset();
    std::size_t shown = 0;
    for (const confab::ChatEvent& event : *batch) {
      if (confab::Result<void> printed = print(line_of(event)); !printed) return fail(printed.error());
      ++shown;
      if (++seen; count && seen == *count) break;
    }
    // Printed is read: a named watcher goes on behind it, even if it is killed now. Of a batch that --count cut short
    // all comes again.
    if (shown == batch->size()) stream.ack();
  }
  stream.close();
  return exit_done;
}

}  // namespace program
