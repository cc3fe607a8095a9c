// The commands: each does its work on an open session and answers the exit code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <confab/message.hpp>

#include "session.hpp"

namespace program {

[[nodiscard]] int doctor(Session& session, bool as_json);

[[nodiscard]] int provision_user(Session& session, const std::string& slug, const std::string& name);
[[nodiscard]] int show_user(Session& session, const std::string& slug);
// The password is the first line of standard input; a terminal does not show it.
[[nodiscard]] int set_password(Session& session, const std::string& slug);

// Of all users where the slug is empty.
[[nodiscard]] int reset(Session& session, const confab::ResetRequest& request);

[[nodiscard]] int create_room(Session& session, const std::string& kind, const std::string& slug,
                              const std::string& creator, const std::string& name, const std::string& topic,
                              bool is_public);
[[nodiscard]] int add_to_room(Session& session, const std::string& kind, const std::string& slug,
                              const std::string& user);
[[nodiscard]] int make_direct(Session& session, const std::string& one, const std::string& other);
[[nodiscard]] int remove_from_room(Session& session, const std::string& kind, const std::string& slug,
                                   const std::string& user);
[[nodiscard]] int members_of_room(Session& session, const std::string& kind, const std::string& slug);

// How a text is to be said, where it is not plain.
struct Wording {
  std::string formatted;
  std::string reply_to;
  bool notice = false;
  bool emote = false;

  [[nodiscard]] confab::MessageKind kind() const {
    if (emote) return confab::MessageKind::emote;
    return notice ? confab::MessageKind::notice : confab::MessageKind::text;
  }
};

// A text of "-": one message per line of standard input. `durable`: put into the outbox, and waited for.
[[nodiscard]] int send(Session& session, const std::string& kind, const std::string& slug, const std::string& sender,
                       const std::string& text, const Wording& wording, bool durable);

// Puts a message into the outbox.
[[nodiscard]] confab::Result<void> accept(Session& session, confab::Message message,
                                          std::vector<confab::TransactionId>& accepted);
// A line for each, once it was sent or given up, or when the time is over: what still waits then stays accepted.
[[nodiscard]] int await_sent(Session& session, const std::vector<confab::TransactionId>& accepted);
[[nodiscard]] int outbox_list(Session& session, bool dead);
[[nodiscard]] int outbox_show(Session& session, const std::string& id);
[[nodiscard]] int outbox_retry(Session& session, const std::string& id);
[[nodiscard]] int outbox_drop(Session& session, const std::string& id);
[[nodiscard]] int edit(Session& session, const std::string& kind, const std::string& slug, const std::string& user,
                       const std::string& event, const std::string& text, const Wording& wording);
[[nodiscard]] int redact(Session& session, const std::string& kind, const std::string& slug, const std::string& user,
                         const std::string& event, const std::string& reason);
[[nodiscard]] int react(Session& session, const std::string& kind, const std::string& slug, const std::string& user,
                        const std::string& event, const std::string& key);
[[nodiscard]] int mark_read(Session& session, const std::string& kind, const std::string& slug, const std::string& user,
                            const std::string& event, bool in_private);
[[nodiscard]] int unread(Session& session, const std::string& kind, const std::string& slug, const std::string& user);
[[nodiscard]] int typing(Session& session, const std::string& kind, const std::string& slug, const std::string& user,
                         bool on);

[[nodiscard]] int history(Session& session, const std::string& kind, const std::string& slug, const std::string& reader,
                          std::size_t limit, const std::string& from);

// With a `consumer` it goes on where the last one of that name was. Ends after `count` events or `seconds`, whichever
// is first and given, or by SIGINT or SIGTERM.
[[nodiscard]] int watch(Session& session, const std::string& reader, const std::string& consumer,
                        std::optional<std::uint64_t> count, std::optional<double> seconds);

}  // namespace program
