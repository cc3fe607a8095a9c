// How a message changes after it was said: the rules that history and live share.
#include <confab/received_message.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <confab/event_stream.hpp>

namespace confab {

std::vector<Reactions> ReceivedMessage::reactions() const {
  std::map<std::string, std::set<MatrixUserId>> by_key;
  for (const Reacted& each : reacted_) by_key[each.key].insert(each.sender);
  std::vector<Reactions> all;
  all.reserve(by_key.size());
  for (const auto& [key, senders] : by_key) {
    all.emplace_back(key, std::vector<MatrixUserId>(senders.begin(), senders.end()));
  }
  return all;
}

ReceivedMessage& ReceivedMessage::redact() {
  shown_ = Content(std::string(), MessageKind::other);
  relation_ = MessageRelation();
  versions_.clear();
  reacted_.clear();
  redacted_ = true;
  return *this;
}

bool ReceivedMessage::apply(const ChatEvent& event) {
  if (redacted_ || event.room_id() != room_ || event.target().empty()) return false;
  if (event.kind() == EventKind::edit) return edit(event);
  if (event.kind() == EventKind::reaction) return react(event);
  if (event.kind() != EventKind::redaction) return false;
  if (event.target() != id_) return forget(event.target());
  redact();
  return true;
}

bool ReceivedMessage::edit(const ChatEvent& event) {
  if (event.target() != id_ || event.user() != sender_ || event.id() == id_ || !event.message()) return false;
  const ReceivedMessage& news = *event.message();
  // What cannot be read replaces only its like, and nothing else does: the two are events of one type.
  if ((shown_.kind == MessageKind::encrypted) != (news.kind() == MessageKind::encrypted)) return false;
  const bool known = std::any_of(versions_.begin(), versions_.end(),
                                 [&event](const Version& version) { return version.id == event.id(); });
  if (known) return false;
  if (versions_.empty()) versions_.push_back(Version{id_, time_, shown_});
  // Behind the original in order of time; of the same time the greater id is the later one.
  const auto place = std::find_if(versions_.begin() + 1, versions_.end(), [&](const Version& version) {
    return std::tie(news.time_, event.id()) < std::tie(version.time, version.id);
  });
  versions_.insert(place, Version{event.id(), news.time_, news.shown_});
  if (versions_.size() > most_edits + 1) versions_.erase(versions_.begin() + 1);
  show();
  return true;
}

bool ReceivedMessage::react(const ChatEvent& event) {
  if (event.target() != id_ || reacted_.size() >= most_reactions) return false;
  const bool known =
      std::any_of(reacted_.begin(), reacted_.end(), [&event](const Reacted& each) { return each.id == event.id(); });
  if (known) return false;
  reacted_.push_back(Reacted{event.id(), event.user(), event.key()});
  return true;
}

bool ReceivedMessage::forget(const EventId& target) {
  if (std::erase_if(reacted_, [&target](const Reacted& each) { return each.id == target; }) > 0) return true;
  const auto version =
      std::find_if(versions_.begin(), versions_.end(), [&target](const Version& each) { return each.id == target; });
  if (version == versions_.end()) return false;
  versions_.erase(version);
  show();
  return true;
}

void ReceivedMessage::show() {
  shown_ = versions_.back().content;
  if (versions_.size() == 1) versions_.clear();
}

}  // namespace confab
