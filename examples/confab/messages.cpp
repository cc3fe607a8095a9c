// `confab send`, `confab history` and the shape of a message on standard output.
#include <iostream>
#include <string>
#include <vector>

#include "commands.hpp"
#include "message_line.hpp"
#include "report.hpp"
#include "ride_through.hpp"

namespace program {
namespace {

// Longer lines cannot be messages; reading stops there instead of filling the memory.
constexpr std::size_t longest_line = 1U << 20U;

class Sender {
 public:
  Sender(Session& session, std::string kind, std::string slug, std::string sender, Wording wording)
      : session_(session),
        ride_(session.homeserver(), session.limit()),
        kind_(std::move(kind)),
        slug_(std::move(slug)),
        sender_(std::move(sender)),
        wording_(std::move(wording)) {}

  // Sent once, or not at all: every repeat carries the same transaction id and looks into the room first.
  confab::Result<confab::EventId> send(const std::string& text, const confab::TransactionId& transaction) {
    return ride_.run([&](confab::CallOptions options, bool repeated) {
      confab::Message message = worded(text);
      message.transaction_id(transaction).repeated(repeated);
      return session_.chat().send(std::move(message), options).wait();
    });
  }
  confab::Result<void> accept(const std::string& text) { return program::accept(session_, worded(text), accepted_); }
  [[nodiscard]] int await_sent() { return program::await_sent(session_, accepted_); }

 private:
  [[nodiscard]] confab::Message worded(const std::string& text) const {
    confab::Message message(room_ref(kind_, slug_, sender_), confab::UserSlug(sender_), text);
    message.formatted(wording_.formatted).kind(wording_.kind()).reply_to(confab::EventId(wording_.reply_to));
    return message;
  }

  Session& session_;
  RideThrough ride_;
  std::string kind_;
  std::string slug_;
  std::string sender_;
  Wording wording_;
  std::vector<confab::TransactionId> accepted_;
};

confab::Result<void> send_one(Sender& sender, const std::string& text, bool durable) {
  if (durable) return sender.accept(text);
  const confab::TransactionId transaction = confab::make_transaction_id();
  confab::Result<confab::EventId> sent = sender.send(text, transaction);
  if (!sent) return std::move(sent).error();
  JsonLine line;
  line.text("event_id", sent->str()).text("transaction_id", transaction.str());
  return print(line);
}

// Like std::getline, with a bound.
enum class Read { line, end, too_long };
Read read_line(std::istream& in, std::string& line) {
  line.clear();
  for (int next = in.get(); next != std::char_traits<char>::eof(); next = in.get()) {
    if (next == '\n') return Read::line;
    if (line.size() == longest_line) return Read::too_long;
    line.push_back(static_cast<char>(next));
  }
  return line.empty() ? Read::end : Read::line;
}

int send_lines(Sender& sender, bool durable) {
  std::string text;
  for (std::size_t number = 1;; ++number) {
    const Read read = read_line(std::cin, text);
    if (read == Read::end) return exit_done;
    confab::Result<void> sent = confab::Error(confab::Errc::too_large, "the line is too long for a message");
    if (read == Read::line) sent = send_one(sender, text, durable);
    if (sent) continue;
    // Going on would put later lines before this one.
    const bool may_have_arrived = sent.error().code() == confab::Errc::outcome_unknown;
    return fail(sent.error().with_message(
        "line " + std::to_string(number) + " of standard input: " + std::string(sent.error().message()) +
        (may_have_arrived ? "; what follows was not sent" : "; it and what follows was not sent")));
  }
}

}  // namespace

int send(Session& session, const std::string& kind, const std::string& slug, const std::string& sender,
         const std::string& text, const Wording& wording, bool durable) {
  Sender to(session, kind, slug, sender, wording);
  int code = exit_done;
  if (text == "-") {
    code = send_lines(to, durable);
  } else if (confab::Result<void> sent = send_one(to, text, durable); !sent) {
    code = fail(sent.error());
  }
  if (!durable) return code;
  const int outcome = to.await_sent();
  return code == exit_done ? outcome : code;
}

int history(Session& session, const std::string& kind, const std::string& slug, const std::string& reader,
            std::size_t limit, const std::string& from) {
  RideThrough ride(session.homeserver(), session.limit());
  confab::Result<confab::MessagePage> page = ride.run([&](confab::CallOptions options, bool) {
    confab::HistoryRequest request(room_ref(kind, slug, reader), confab::UserSlug(reader));
    request.limit(limit).from(confab::PageToken(from));
    return session.chat().history(std::move(request), options).wait();
  });
  if (!page) return fail(page.error());
  for (const confab::ReceivedMessage& message : page->messages()) {
    JsonLine line;
    add_message(line, message);
    if (confab::Result<void> printed = print(line); !printed) return fail(printed.error());
  }
  if (!page->end().empty()) {
    if (confab::Result<void> printed = print(JsonLine().text("end", page->end().str())); !printed)
      return fail(printed.error());
  }
  return exit_done;
}

}  // namespace program
