// MessageService: sends once, edits, redacts, reacts, reads pages, tells who types and has read. Exactly once is made
// of a transaction id inside the event and a look into the room before a repeat, because tokens without a device give
// the homeserver nothing to remember a send by.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <confab/chat_provider.hpp>
#include <confab/message_requests.hpp>
#include <confab/received_message.hpp>
#include <confab/result.hpp>

#include "credentials/user_tokens.hpp"
#include "matrix/endpoints/send.hpp"
#include "services/room_encryption.hpp"
#include "services/typing_memory.hpp"

namespace confab::services {

class MessageService {
 public:
  // A page of history ends before one more message that has reactions than this: one request each.
  static constexpr std::size_t most_reacted = 20;
  // Of one message so many pages of reactions are read, where the homeserver gives fewer at once than are asked for.
  static constexpr std::size_t most_reaction_pages = 10;

  explicit MessageService(std::shared_ptr<credentials::UserTokens> tokens,
                          std::shared_ptr<RoomEncryption> encryption = std::make_shared<RoomEncryption>())
      : tokens_(std::move(tokens)), encryption_(std::move(encryption)) {}

  using Self = std::shared_ptr<MessageService>;
  // One request in the steady state; before the first one into a room, and then every ten minutes, one more that asks
  // whether the room is encrypted.
  [[nodiscard]] static Task<Result<EventId>> send(Self self, ProviderMessage message, net::CallContext context);
  // One more than a send, which reads what is to be edited.
  [[nodiscard]] static Task<Result<EventId>> edit(Self self, ProviderEdit edit, net::CallContext context);
  [[nodiscard]] static Task<Result<EventId>> redact(Self self, ProviderRedaction redaction, net::CallContext context);
  // One request; where the same reaction is there already one more that finds it.
  [[nodiscard]] static Task<Result<EventId>> react(Self self, ProviderReaction reaction, net::CallContext context);
  [[nodiscard]] static Task<Result<void>> typing(Self self, ProviderTypingNotice notice, net::CallContext context);
  [[nodiscard]] static Task<Result<void>> mark_read(Self self, ProviderReadMark mark, net::CallContext context);
  [[nodiscard]] static Task<Result<Unread>> unread(Self self, MatrixRoomId room, MatrixUserId user,
                                                   net::CallContext context);
  // One request for the page; with reactions one more that tells which messages have any, and one for each of these.
  // With too many of these one more for a page that is shorter.
  [[nodiscard]] static Task<Result<MessagePage>> history(Self self, ProviderHistoryRequest request,
                                                         net::CallContext context);

  [[nodiscard]] const std::shared_ptr<RoomEncryption>& encryption() const noexcept { return encryption_; }

 private:
  // An event on its way into a room: what does not change between attempts.
  struct Outgoing {
    MatrixUserId sender;
    matrix::SendEvent event;
    bool repeated;
    EventId redacts;  // of a redaction, whose content is its reason
    // Of an event that a process before this one may have sent.
    std::optional<std::chrono::system_clock::time_point> first_tried = std::nullopt;
    EventId edited = EventId();  // of the redaction of an edit: the message that it had edited
  };
  [[nodiscard]] static Task<Result<EventId>> put(Self self, std::shared_ptr<const Outgoing> event,
                                                 net::CallContext context);
  [[nodiscard]] Task<Result<std::optional<EventId>>> find_earlier(std::shared_ptr<const Outgoing> event,
                                                                  net::CallContext context);
  // Whether a plain text may go there, where that is known already.
  [[nodiscard]] std::optional<Result<void>> known_plain(const MatrixRoomId& room) const;
  [[nodiscard]] static Task<Result<void>> check_plain(Self self, MatrixRoomId room, MatrixUserId user,
                                                      net::CallContext context);
  [[nodiscard]] Task<Result<std::optional<EventId>>> find_redaction(std::shared_ptr<const Outgoing> event,
                                                                    net::CallContext context);
  [[nodiscard]] Task<Result<matrix::EventIdAnswer>> attempt(std::shared_ptr<const Outgoing> event,
                                                            net::CallContext context, bool* reached);
  [[nodiscard]] static Task<Result<std::vector<EventId>>> find_reacted(Self self, ProviderHistoryRequest request,
                                                                       PageToken end, net::CallContext context);
  [[nodiscard]] static Task<Result<std::vector<ChatEvent>>> reactions_to(Self self, MatrixRoomId room, EventId message,
                                                                         MatrixUserId reader, net::CallContext context);

  std::shared_ptr<credentials::UserTokens> tokens_;
  std::shared_ptr<RoomEncryption> encryption_;
  TypingMemory typing_;
};

}  // namespace confab::services
