// What is said in the rooms of a MemoryHomeserver.
#include <algorithm>
#include <charconv>

#include "chat/memory_homeserver.hpp"
#include "chat/memory_turn.hpp"
#include "matrix/event.hpp"
#include "matrix/identifiers.hpp"
#include "services/message_content.hpp"
#include "services/timeline.hpp"
#include "util/json.hpp"
#include "util/text.hpp"

namespace confab::chat {

namespace {

Error not_in_room() { return Error(Errc::forbidden, "the user is not in the room").with_subject("room"); }
Error no_such_event() { return Error(Errc::not_found, "there is no such event in the room").with_subject("event"); }

// Only what fits, and is text, reaches a room.
Result<void> check_content(const std::string& content, const MatrixRoomId& room, const MatrixUserId& user) {
  const Result<json::Document> document = json::parse(content);
  if (!document) return Error(Errc::invalid_argument, "the text is not valid UTF-8").with_subject("message");
  return matrix::check_event_size(document->root(), room.str().size() + user.str().size());
}

}  // namespace

Result<MemoryHomeserver::Room*> MemoryHomeserver::joined(const MatrixRoomId& room, const MatrixUserId& user) {
  if (Result<void> there = check_account(user); !there) return there.error();
  const auto at = rooms_.find(room);
  if (at == rooms_.end()) return not_in_room();
  const auto member = at->second.members.find(user);
  if (member == at->second.members.end() || member->second.now != "join") return not_in_room();
  return &at->second;
}

Result<const MemoryHomeserver::Room*> MemoryHomeserver::joined(const MatrixRoomId& room,
                                                               const MatrixUserId& user) const {
  if (Result<void> there = check_account(user); !there) return there.error();
  const auto at = rooms_.find(room);
  if (at == rooms_.end()) return not_in_room();
  const auto member = at->second.members.find(user);
  if (member == at->second.members.end() || member->second.now != "join") return not_in_room();
  return &at->second;
}

const EventId* MemoryHomeserver::known(const MatrixRoomId& room, const MatrixUserId& user,
                                       const TransactionId& transaction) const {
  const auto at = transactions_.find(room.str() + ' ' + user.str() + ' ' + transaction.str());
  return at == transactions_.end() ? nullptr : &at->second;
}

MemoryHomeserver::Entry* MemoryHomeserver::find(const MatrixRoomId& room, const EventId& id) {
  const auto at = places_.find(id);
  return at == places_.end() || log_[at->second].room != room ? nullptr : &log_[at->second];
}

Result<EventId> MemoryHomeserver::put(Entry entry, const TransactionId& transaction) {
  if (Result<void> legal = matrix::check_transaction_id(transaction); !legal) return legal.error();
  if (const EventId* earlier = known(entry.room, entry.sender, transaction)) return *earlier;
  if (Result<void> sound = check_content(entry.content, entry.room, entry.sender); !sound) return sound.error();
  if (is_full()) return Error(Errc::store, "the transport in memory is full");
  const std::string key = entry.room.str() + ' ' + entry.sender.str() + ' ' + transaction.str();
  EventId id = append(std::move(entry));
  transactions_.emplace(key, id);
  return id;
}

Result<EventId> MemoryHomeserver::send(const ProviderMessage& message) {
  const Turn turn(*this);
  if (auto wrong = services::wrong_words(message.body(), message.formatted(), message.kind())) return *std::move(wrong);
  Result<Room*> room = joined(message.room(), message.sender());
  if (!room) return room.error();
  Entry entry;
  entry.room = message.room();
  entry.type = "m.room.message";
  entry.sender = message.sender();
  entry.content = services::content_of(message);
  Result<EventId> sent = put(std::move(entry), message.transaction_id());
  // Who has said it writes no longer.
  if (sent && std::erase((*room)->typing, message.sender()) > 0) tell_typing(message.room(), **room);
  return sent;
}

Result<EventId> MemoryHomeserver::edit(ProviderEdit edit) {
  const Turn turn(*this);
  if (auto wrong = services::wrong_words(edit.body(), edit.formatted(), edit.kind())) return *std::move(wrong);
  if (Result<Room*> room = joined(edit.room(), edit.user()); !room) return room.error();
  if (edit.transaction_id().empty()) edit.transaction_id(make_transaction_id());
  const Entry* const target = find(edit.room(), edit.message());
  if (target == nullptr) return no_such_event();
  if (target->sender != edit.user())
    return Error(Errc::forbidden, "only who said a message can edit it").with_subject("message");
  const Result<json::Document> content = json::parse(target->content);
  if (target->type != "m.room.message" || !target->redacted_by.empty() || !content ||
      services::is_edit(content->root()))
    return Error(Errc::invalid_argument, "the event is no message that can be edited").with_subject("message");
  Entry entry;
  entry.room = edit.room();
  entry.type = "m.room.message";
  entry.sender = edit.user();
  entry.content = services::content_of(edit);
  entry.target = edit.message();
  return put(std::move(entry), edit.transaction_id());
}

Result<EventId> MemoryHomeserver::redact(const ProviderRedaction& redaction) {
  const Turn turn(*this);
  if (redaction.event().empty())
    return Error(Errc::invalid_argument, "the event to redact is not named").with_subject("event");
  Result<Room*> room = joined(redaction.room(), redaction.user());
  if (!room) return room.error();
  const TransactionId transaction =
      redaction.transaction_id().empty() ? make_transaction_id() : redaction.transaction_id();
  if (const EventId* earlier = known(redaction.room(), redaction.user(), transaction)) return *earlier;
  Entry* target = find(redaction.room(), redaction.event());
  if (target == nullptr) return no_such_event();
  const std::vector<MatrixUserId>& moderators = (*room)->moderators;
  // Neither of two takes the other's words away.
  const bool moderates =
      !(*room)->direct && std::find(moderators.begin(), moderators.end(), redaction.user()) != moderators.end();
  if (target->sender != redaction.user() && !moderates)
    return Error(Errc::forbidden, "the user may not redact events of others").with_subject("event");
  json::Writer content;
  content.object().member("redacts", redaction.event().str());
  if (!redaction.reason().empty()) content.member("reason", redaction.reason());
  Entry entry;
  entry.room = redaction.room();
  entry.type = "m.room.redaction";
  entry.sender = redaction.user();
  entry.content = std::move(content).finish();
  Result<EventId> sent = put(std::move(entry), transaction);
  if (!sent) return sent;
  target = find(redaction.room(), redaction.event());  // appending moves the entries
  target->redacted_by = *sent;
  if (const Result<json::Document> was = json::parse(target->content); was && services::is_edit(was->root()))
    target->edited = target->target;
  if (!target->state_key) target->content = "{}";
  return sent;
}

Result<EventId> MemoryHomeserver::react(ProviderReaction reaction) {
  const Turn turn(*this);
  const std::string& key = reaction.key();
  if (key.empty() || key.size() > services::longest_reaction || !text::is_valid_utf8(key))
    return Error(Errc::invalid_argument, "a reaction is 1 to 255 bytes of UTF-8").with_subject("key");
  if (Result<Room*> room = joined(reaction.room(), reaction.user()); !room) return room.error();
  if (reaction.transaction_id().empty()) reaction.transaction_id(make_transaction_id());
  const auto [first, last] = changes_.equal_range(reaction.message());
  for (auto at = first; at != last; ++at) {
    const Entry& earlier = log_[at->second];
    if (earlier.type != "m.reaction" || earlier.sender != reaction.user() || earlier.room != reaction.room()) continue;
    const Result<json::Document> content = json::parse(earlier.content);
    if (content && content->root()["m.relates_to"]["key"].string_or("") == key) return earlier.id;
  }
  Entry entry;
  entry.room = reaction.room();
  entry.type = "m.reaction";
  entry.sender = reaction.user();
  entry.content = services::content_of(reaction);
  entry.target = reaction.message();
  return put(std::move(entry), reaction.transaction_id());
}

void MemoryHomeserver::tell_typing(const MatrixRoomId& id, const Room& room) {
  json::Writer content;
  content.object().key("user_ids").array();
  for (const MatrixUserId& user : room.typing) content.value(user.str());
  Entry entry;
  entry.room = id;
  entry.type = "m.typing";
  entry.content = std::move(content).finish();
  entry.ephemeral = true;
  append(std::move(entry));
}

Result<void> MemoryHomeserver::typing(const ProviderTypingNotice& notice) {
  const Turn turn(*this);
  Result<Room*> room = joined(notice.room(), notice.user());
  if (!room) return room.error();
  std::vector<MatrixUserId>& typing = (*room)->typing;
  const bool was = std::find(typing.begin(), typing.end(), notice.user()) != typing.end();
  if (was == notice.on()) return {};
  if (is_full()) return Error(Errc::store, "the transport in memory is full");
  if (notice.on()) {
    typing.push_back(notice.user());
  } else {
    std::erase(typing, notice.user());
  }
  tell_typing(notice.room(), **room);
  return {};
}

Result<void> MemoryHomeserver::mark_read(const ProviderReadMark& mark) {
  const Turn turn(*this);
  Result<Room*> room = joined(mark.room(), mark.user());
  if (!room) return room.error();
  if (find(mark.room(), mark.event()) == nullptr)
    return Error(Errc::invalid_argument, "the event is none of the room").with_subject("event");
  if (is_full()) return Error(Errc::store, "the transport in memory is full");
  const std::size_t place = places_.at(mark.event());
  Membership& member = (*room)->members.at(mark.user());
  if (!member.last_read.empty() && place < member.read_to) return {};  // read further already
  member.last_read = mark.event();
  member.read_to = place;
  json::Writer content;
  content.object().key(mark.event().str()).object().key(mark.in_private() ? "m.read.private" : "m.read").object();
  content.key(mark.user().str()).object().member("ts", log_[place].time);
  Entry entry;
  entry.room = mark.room();
  entry.type = "m.receipt";
  entry.content = std::move(content).finish();
  entry.ephemeral = true;
  if (mark.in_private()) entry.only_for = mark.user();
  append(std::move(entry));
  return {};
}

Result<Unread> MemoryHomeserver::unread(const MatrixRoomId& room, const MatrixUserId& user) const {
  const std::lock_guard lock(mutex_);
  Result<const Room*> found = joined(room, user);
  if (!found) return found.error();
  const Membership& member = (*found)->members.at(user);
  const std::vector<std::size_t>& entries = (*found)->entries;
  std::uint64_t count = 0;
  for (auto at = std::upper_bound(entries.begin(), entries.end(), member.read_to); at != entries.end(); ++at) {
    const Entry& entry = log_[*at];
    if (entry.sender == user || entry.type != "m.room.message" || !entry.redacted_by.empty()) continue;
    const Result<json::Document> content = json::parse(entry.content);
    // As a homeserver's own rules have it: programs and edits notify nobody.
    if (!content || services::is_edit(content->root()) || content->root()["msgtype"].string_or("") == "m.notice")
      continue;
    ++count;
  }
  return Unread(count, 0, member.last_read);
}

void MemoryHomeserver::fold(ReceivedMessage& message, bool reactions) const {
  const auto [first, last] = changes_.equal_range(message.id());
  for (auto at = first; at != last; ++at) {
    const Entry& entry = log_[at->second];
    if (entry.type == "m.reaction" && !reactions) continue;
    const Result<matrix::RoomEvent> event = matrix::RoomEvent::read(entry.text());
    if (!event) continue;
    if (const std::optional<ChatEvent> change = services::change_of(entry.room, *event)) message.apply(*change);
  }
}

Result<MessagePage> MemoryHomeserver::history(const ProviderHistoryRequest& request) const {
  const std::lock_guard lock(mutex_);
  Result<const Room*> room = joined(request.room(), request.reader());
  if (!room) return room.error();
  if (request.limit() == 0 || request.limit() > most_page_messages)
    return Error(Errc::invalid_argument, "a page is 1 to 1000 messages").with_subject("limit");
  std::size_t before = log_.size();
  const std::string& token = request.from().str();
  if (!token.empty()) {
    const auto [end, wrong] = std::from_chars(token.data() + 1, token.data() + token.size(), before);
    if (token.front() != 'm' || wrong != std::errc() || end != token.data() + token.size() || before > log_.size())
      return Error(Errc::invalid_argument, "the token is none of this transport's").with_subject("from");
  }
  std::vector<ReceivedMessage> messages;
  PageToken further;
  const std::vector<std::size_t>& entries = (*room)->entries;
  for (auto at = std::lower_bound(entries.begin(), entries.end(), before); at != entries.begin();) {
    --at;
    const Result<matrix::RoomEvent> event = matrix::RoomEvent::read(log_[*at].text());
    std::optional<ReceivedMessage> message;
    if (event) message = services::message_of(request.room(), *event);
    if (!message) continue;
    if (messages.size() == request.limit()) {
      further = PageToken("m" + std::to_string(*at + 1));
      break;
    }
    if (const auto account = accounts_.find(message->sender()); account != accounts_.end())
      message->sender_name(account->second);
    fold(*message, request.reactions());
    messages.push_back(*std::move(message));
  }
  return MessagePage(request.room(), std::move(messages), further);
}

}  // namespace confab::chat
