// Accounts, rooms and members of a MemoryHomeserver, and its log.
#include "chat/memory_homeserver.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include "chat/memory_turn.hpp"
#include "matrix/event.hpp"
#include "matrix/identifiers.hpp"
#include "services/timeline.hpp"
#include "util/json.hpp"

namespace confab::chat {

namespace {

Error full() { return Error(Errc::store, "the transport in memory is full"); }

// Of one length, so that later ones are greater: edits of one millisecond are ordered by it.
std::string numbered(const char* prefix, std::size_t number) {
  std::string digits = std::to_string(number);
  return prefix + std::string(12 - digits.size(), '0') + digits;
}

}  // namespace

MemoryHomeserver::MemoryHomeserver(std::string server_name)
    : server_name_(std::move(server_name)), own_account_("@_confab:" + server_name_) {}

std::string MemoryHomeserver::Entry::text() const {
  json::Writer writer;
  writer.object().member("type", type).key("content").raw(content);
  if (ephemeral) return std::move(writer).finish();
  writer.member("event_id", id.str()).member("sender", sender.str()).member("origin_server_ts", time);
  writer.member_if("state_key", state_key);
  if (!redacted_by.empty()) {
    writer.key("unsigned").object().key("redacted_because").object().member("event_id", redacted_by.str());
    if (!edited.empty()) writer.key("content").object().member(services::edited_message_key, edited.str());
  }
  return std::move(writer).finish();
}

Result<void> MemoryHomeserver::check_user(const MatrixUserId& user) const {
  if (Result<void> legal = matrix::check_user_id(user); !legal) return legal;
  if (matrix::server_name_of(user) != server_name_)
    return Error(Errc::invalid_argument, "the user belongs to another homeserver").with_subject("user");
  if (user == own_account_)
    return Error(Errc::forbidden, "nobody acts as the transport's own account").with_subject("user");
  return {};
}

Result<void> MemoryHomeserver::check_account(const MatrixUserId& user) const {
  if (Result<void> legal = check_user(user); !legal) return legal;
  if (!accounts_.contains(user))
    return Error(Errc::not_found, "the user has no account yet: provision them first").with_subject("user");
  return {};
}

Result<void> MemoryHomeserver::ensure_account(const MatrixUserId& user, const std::string& display_name) {
  const std::lock_guard lock(mutex_);
  if (Result<void> legal = check_user(user); !legal) return legal;
  if (!accounts_.contains(user) && accounts_.size() >= most_memory_accounts) return full();
  std::string& name = accounts_[user];
  if (!display_name.empty()) name = display_name;
  return {};
}

Result<Account> MemoryHomeserver::account(const MatrixUserId& user) const {
  const std::lock_guard lock(mutex_);
  if (Result<void> there = check_account(user); !there) return there.error();
  return Account(UserSlug(), user, accounts_.at(user));
}

Result<void> MemoryHomeserver::set_password(const MatrixUserId& user, const Secret& password) const {
  const std::lock_guard lock(mutex_);
  if (password.empty()) return Error(Errc::invalid_argument, "the password is empty").with_subject("password");
  return check_account(user);  // nobody can log in here
}

Result<MatrixRoomId> MemoryHomeserver::ensure_room(const ProviderRoomRequest& request) {
  const Turn turn(*this);
  const RoomAlias alias("#" + request.alias_localpart() + ":" + server_name_);
  if (Result<void> legal = matrix::check_room_alias(alias); !legal) return legal.error();
  if (const auto known = aliases_.find(request.alias_localpart()); known != aliases_.end()) return known->second;
  for (const MatrixUserId* user : {&request.creator(), &request.other()}) {
    if (user == &request.other() && user->empty()) continue;
    if (Result<void> legal = check_user(*user); !legal) return legal.error();
  }
  if (is_full()) return full();
  MatrixRoomId id(numbered("!room", rooms_.size() + 1) + ":" + server_name_);
  Room& room = rooms_[id];
  room.alias = request.alias_localpart();
  room.is_public = request.is_public();
  room.direct = !request.other().empty();
  room.moderators = {request.creator()};
  if (room.direct) room.moderators.push_back(request.other());
  aliases_.emplace(request.alias_localpart(), id);
  Entry create;
  create.room = id;
  create.type = "m.room.create";
  create.sender = own_account_;
  create.content = "{}";
  create.state_key.emplace();
  append(std::move(create));
  if (room.direct) {
    for (const MatrixUserId& user : room.moderators) set_membership(id, room, user, own_account_, "invite");
  }
  return id;
}

Result<MatrixRoomId> MemoryHomeserver::find_room(const std::string& alias_localpart) const {
  const std::lock_guard lock(mutex_);
  const RoomAlias alias("#" + alias_localpart + ":" + server_name_);
  if (Result<void> legal = matrix::check_room_alias(alias); !legal) return legal.error();
  const auto known = aliases_.find(alias_localpart);
  if (known == aliases_.end()) return Error(Errc::not_found, "the room was not made yet").with_subject("room");
  return known->second;
}

Result<std::string> MemoryHomeserver::room_alias(const MatrixRoomId& room) const {
  const std::lock_guard lock(mutex_);
  const auto at = rooms_.find(room);
  if (at == rooms_.end()) return Error(Errc::not_found, "the room is none that was made here").with_subject("room");
  return at->second.alias;
}

Result<void> MemoryHomeserver::join(const MatrixRoomId& room, const MatrixUserId& user) {
  const Turn turn(*this);
  if (Result<void> there = check_account(user); !there) return there;
  const auto at = rooms_.find(room);
  if (at == rooms_.end()) return Error(Errc::not_found, "there is no such room").with_subject("room");
  const auto member = at->second.members.find(user);
  const std::string now = member == at->second.members.end() ? "leave" : member->second.now;
  if (now == "join") return {};
  if (is_full()) return full();
  if (now != "invite" && !at->second.is_public) set_membership(room, at->second, user, own_account_, "invite");
  set_membership(room, at->second, user, user, "join");
  return {};
}

Result<void> MemoryHomeserver::remove(const MatrixRoomId& room, const MatrixUserId& user) {
  const Turn turn(*this);
  if (Result<void> legal = check_user(user); !legal) return legal;
  const auto at = rooms_.find(room);
  if (at == rooms_.end()) return Error(Errc::forbidden, "there is no such room").with_subject("room");
  const auto member = at->second.members.find(user);
  if (member == at->second.members.end() || member->second.now == "leave") return {};
  // Somebody who is to go may always go: never refused for want of room.
  if (std::erase(at->second.typing, user) > 0) tell_typing(room, at->second);
  set_membership(room, at->second, user, own_account_, "leave");
  return {};
}

Result<std::vector<Member>> MemoryHomeserver::members(const MatrixRoomId& room) const {
  const std::lock_guard lock(mutex_);
  const auto at = rooms_.find(room);
  if (at == rooms_.end()) return Error(Errc::forbidden, "there is no such room").with_subject("room");
  const std::vector<MatrixUserId>& moderators = at->second.moderators;
  std::vector<Member> members;
  for (const auto& [user, membership] : at->second.members) {
    if (membership.now == "leave") continue;
    Member member(user, membership.now);
    if (const auto account = accounts_.find(user); account != accounts_.end()) member.name(account->second);
    if (std::find(moderators.begin(), moderators.end(), user) != moderators.end()) member.power_level(50);
    members.push_back(std::move(member));
  }
  return members;
}

void MemoryHomeserver::set_membership(const MatrixRoomId& id, Room& room, const MatrixUserId& user,
                                      const MatrixUserId& by, const std::string& membership) {
  const std::size_t here = log_.size();
  Membership& member = room.members[user];
  if (membership == "join") {
    member.seen.emplace_back(here, std::numeric_limits<std::size_t>::max());
    member.read_to = here;
  } else if (member.now == "join") {
    member.seen.back().second = here;
  } else {
    member.seen.emplace_back(here, here);  // of an invitation its user sees nothing else
  }
  member.now = membership;
  json::Writer content;
  content.object().member("membership", membership);
  const auto account = accounts_.find(user);
  if (account != accounts_.end() && !account->second.empty()) content.member("displayname", account->second);
  Entry entry;
  entry.room = id;
  entry.type = "m.room.member";
  entry.sender = by;
  entry.content = std::move(content).finish();
  entry.state_key = user.str();
  append(std::move(entry));
}

EventId MemoryHomeserver::append(Entry entry) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  entry.time = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  if (!log_.empty()) entry.time = std::max(entry.time, log_.back().time);
  if (const auto account = accounts_.find(entry.sender); account != accounts_.end())
    entry.sender_name = account->second;
  const std::size_t here = log_.size();
  entry.id = EventId(numbered("$event", here + 1));
  EventId id = entry.id;
  if (!entry.ephemeral) {
    places_.emplace(id, here);
    rooms_[entry.room].entries.push_back(here);
    if (!entry.target.empty()) changes_.emplace(entry.target, here);
  }
  log_.push_back(std::move(entry));
  return id;
}

Result<MemoryHomeserver::Place> MemoryHomeserver::claim(const MatrixUserId& user, const std::string& consumer) {
  const std::lock_guard lock(mutex_);
  if (Result<void> there = check_account(user); !there) return there.error();
  if (consumer.empty()) return Place{log_.size(), 0};
  const auto name = std::make_pair(user, consumer);
  if (!consumers_.contains(name) && consumers_.size() >= most_memory_consumers) return full();
  Place& place = consumers_.try_emplace(name, Place{log_.size(), 0}).first->second;
  ++place.reader;
  return place;
}

bool MemoryHomeserver::save(const MatrixUserId& user, const std::string& consumer, const Place& place) {
  if (consumer.empty()) return true;
  const std::lock_guard lock(mutex_);
  const auto at = consumers_.find(std::make_pair(user, consumer));
  if (at == consumers_.end() || at->second.reader != place.reader) return false;
  at->second.position = place.position;
  return true;
}

Result<ResetCounts> MemoryHomeserver::reset(const ProviderReset& request) {
  const std::lock_guard lock(mutex_);
  if (!request.user().empty()) {
    if (Result<void> legal = check_user(request.user()); !legal) return legal.error();
  }
  const auto users = std::count_if(accounts_.begin(), accounts_.end(),
                                   [&request](const auto& account) { return request.concerns(account.first); });
  ResetCounts counts(request.user().empty() ? static_cast<std::uint64_t>(users) : 1, 0);
  if (!request.is_full()) return counts;
  const std::size_t forgotten =
      std::erase_if(consumers_, [&request](const auto& consumer) { return request.concerns(consumer.first.first); });
  return counts.positions(forgotten);
}

bool MemoryHomeserver::sees(const MatrixUserId& user, std::size_t position) const {
  const Entry& entry = log_[position];
  if (!entry.only_for.empty() && entry.only_for != user) return false;
  const auto room = rooms_.find(entry.room);
  const auto member = room->second.members.find(user);
  if (member == room->second.members.end()) return false;
  const auto& stays = member->second.seen;
  return std::any_of(stays.rbegin(), stays.rend(),
                     [position](const auto& stay) { return stay.first <= position && position <= stay.second; });
}

EventBatch MemoryHomeserver::read(const MatrixUserId& user, Place& place) const {
  const std::lock_guard lock(mutex_);
  EventBatch batch;
  std::size_t bytes = 0;
  for (; place.position < log_.size() && batch.size() < most_batch_events; ++place.position) {
    if (!sees(user, place.position)) continue;
    const Entry& entry = log_[place.position];
    const std::string text = entry.text();
    if (!batch.empty() && bytes + text.size() > most_batch_bytes) break;
    bytes += text.size();
    if (entry.ephemeral) {
      const Result<json::Document> document = json::parse(text);
      if (!document) continue;
      if (auto told = services::ephemeral_of(entry.room, document->root())) batch.push_back(*std::move(told));
    } else if (const Result<matrix::RoomEvent> event = matrix::RoomEvent::read(text)) {
      batch.push_back(services::chat_event_of(entry.room, *event, entry.sender_name));
    }
  }
  return batch;
}

std::shared_ptr<MemoryHomeserver::Signal> MemoryHomeserver::next_change() const {
  const std::lock_guard lock(mutex_);
  return changed_;
}

void MemoryHomeserver::wake_readers() {
  auto fresh = std::make_shared<Signal>();
  {
    const std::lock_guard lock(mutex_);
    std::swap(changed_, fresh);
  }
  fresh->set(Result<void>());
}

}  // namespace confab::chat
