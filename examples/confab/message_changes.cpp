// `confab edit`, `redact`, `react`, `read`, `unread` and `typing`: what can be done with messages that were said.
#include <string>
#include <utility>

#include "commands.hpp"
#include "report.hpp"
#include "ride_through.hpp"

namespace program {
namespace {

// Sends an event once, or not at all, and prints its id: every repeat carries the same transaction id.
template <class Request>
int send_once(Session& session, const Request& request,
              confab::Pending<confab::EventId> (confab::ChatService::*operation)(Request, confab::CallOptions)) {
  RideThrough ride(session.homeserver(), session.limit());
  const confab::TransactionId transaction = confab::make_transaction_id();
  confab::Result<confab::EventId> sent = ride.run([&](confab::CallOptions options, bool repeated) {
    Request attempt = request;
    attempt.transaction_id(transaction).repeated(repeated);
    return (session.chat().*operation)(std::move(attempt), options).wait();
  });
  if (!sent) return fail(sent.error());
  JsonLine line;
  line.text("event_id", sent->str()).text("transaction_id", transaction.str());
  if (confab::Result<void> printed = print(line); !printed) return fail(printed.error());
  return exit_done;
}

int told(confab::Result<void> done, JsonLine line) {
  if (!done) return fail(done.error());
  if (confab::Result<void> printed = print(line); !printed) return fail(printed.error());
  return exit_done;
}

}  // namespace

int edit(Session& session, const std::string& kind, const std::string& slug, const std::string& user,
         const std::string& event, const std::string& text, const Wording& wording) {
  confab::Edit request(room_ref(kind, slug, user), confab::UserSlug(user), confab::EventId(event), text);
  request.formatted(wording.formatted).kind(wording.kind());
  return send_once(session, request, &confab::ChatService::edit);
}

int redact(Session& session, const std::string& kind, const std::string& slug, const std::string& user,
           const std::string& event, const std::string& reason) {
  confab::Redaction request(room_ref(kind, slug, user), confab::UserSlug(user), confab::EventId(event));
  request.reason(reason);
  return send_once(session, request, &confab::ChatService::redact);
}

int react(Session& session, const std::string& kind, const std::string& slug, const std::string& user,
          const std::string& event, const std::string& key) {
  const confab::Reaction request(room_ref(kind, slug, user), confab::UserSlug(user), confab::EventId(event), key);
  return send_once(session, request, &confab::ChatService::react);
}

int mark_read(Session& session, const std::string& kind, const std::string& slug, const std::string& user,
              const std::string& event, bool in_private) {
  RideThrough ride(session.homeserver(), session.limit());
  confab::Result<void> done = ride.run([&](confab::CallOptions options, bool) {
    confab::ReadMark mark(room_ref(kind, slug, user), confab::UserSlug(user), confab::EventId(event));
    mark.in_private(in_private);
    return session.chat().mark_read(std::move(mark), options).wait();
  });
  JsonLine line;
  line.text("event_id", event).text("user", user);
  return told(std::move(done), std::move(line));
}

int unread(Session& session, const std::string& kind, const std::string& slug, const std::string& user) {
  RideThrough ride(session.homeserver(), session.limit());
  confab::Result<confab::Unread> unread = ride.run([&](confab::CallOptions options, bool) {
    return session.chat().unread(room_ref(kind, slug, user), confab::UserSlug(user), options).wait();
  });
  if (!unread) return fail(unread.error());
  JsonLine line;
  line.number("notifications", static_cast<std::int64_t>(unread->notifications()));
  line.number("highlights", static_cast<std::int64_t>(unread->highlights()));
  line.text_or_null("last_read", unread->last_read().str());
  return told(confab::Result<void>(), std::move(line));
}

int typing(Session& session, const std::string& kind, const std::string& slug, const std::string& user, bool on) {
  RideThrough ride(session.homeserver(), session.limit());
  confab::Result<void> done = ride.run([&](confab::CallOptions options, bool) {
    return session.chat()
        .typing(confab::TypingNotice(room_ref(kind, slug, user), confab::UserSlug(user), on), options)
        .wait();
  });
  JsonLine line;
  line.text("user", user).truth("typing", on);
  return told(std::move(done), std::move(line));
}

}  // namespace program
