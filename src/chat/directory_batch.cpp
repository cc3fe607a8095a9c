// What does a batch of a host come to, and may it be? Judged by how everything would stand when it had taken effect.
#include <confab/directory_batch.hpp>

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "chat/directory_change.hpp"
#include "chat/slug.hpp"
#include "util/text.hpp"

namespace confab::chat {
namespace {

Error wrong(std::string_view subject, std::string text) {
  return Error(Errc::invalid_argument, std::move(text)).with_subject(subject);
}

// A text of people: what a file may say, too.
bool is_fit(std::string_view text, std::size_t longest) {
  return text.size() <= longest && text.find('\0') == std::string_view::npos && text::is_valid_utf8(text);
}

std::string words(const RoomRef& ref) {
  return fmt::format("{} {}", room_kind_name(ref.kind()), in_quotes(ref.slug().str()));
}
std::string words(const UserSlug& user) { return fmt::format("user {}", in_quotes(user.str())); }

class BatchReader {
 public:
  explicit BatchReader(const DirectoryIndex& index) : index_(&index) {}

  Result<DirectoryChange> read(const DirectoryBatch& batch) {
    if (batch.size() > most_directory_steps) {
      return Error(Errc::too_large, fmt::format("a batch has at most {} steps", most_directory_steps))
          .with_subject("batch");
    }
    for (const detail::DirectoryStep& step : batch.steps()) {
      std::visit([this](const auto& each) { take(each); }, step);
    }
    if (!error_) judge_users();
    if (!error_) judge_creators();
    for (std::size_t i = 0; i < rooms_.size() && !error_; ++i) judge_room(rooms_[i]);
    if (error_) return std::move(*error_);
    return std::move(change_);
  }

 private:
  void fail(std::string_view subject, std::string text) {
    if (!error_) error_ = wrong(subject, std::move(text));
  }

  // Users

  void take(const detail::PutUser& step) {
    const DirectoryUser& user = step.user;
    if (!is_slug(user.slug().str())) {
      return fail("user", fmt::format("the slug of {} {}", words(user.slug()), slug_rule));
    }
    if (user.id().empty() || !is_fit(user.id(), longest_user_id)) {
      return fail("user",
                  fmt::format("the id of {} must be 1 to {} bytes of UTF-8", words(user.slug()), longest_user_id));
    }
    if (!is_fit(user.name(), longest_directory_name)) {
      return fail("user", fmt::format("the name of {} must be UTF-8 of at most {} bytes", words(user.slug()),
                                      longest_directory_name));
    }
    const auto [at, is_new] = users_.try_emplace(user.id());
    if (is_new) order_.push_back(user.id());
    if (at->second) forget_slug(*at->second);
    at->second = user;
    by_slug_.insert_or_assign(user.slug().str(), user.id());
  }

  void take(const detail::EraseUser& step) {
    std::string id;
    if (const auto given = by_slug_.find(step.user.str()); given != by_slug_.end()) {
      id = given->second;
      by_slug_.erase(given);
    } else if (const DirectoryUser* user = index_->user(step.user.str());
               user != nullptr && !users_.contains(user->id())) {
      id = user->id();
    } else {
      return;  // nobody is called so, any more
    }
    if (users_.try_emplace(id).second) order_.push_back(id);
    users_[id].reset();
  }

  void forget_slug(const DirectoryUser& user) {
    const auto at = by_slug_.find(user.slug().str());
    if (at != by_slug_.end() && at->second == user.id()) by_slug_.erase(at);
  }

  void judge_users() {
    for (const std::string& id : order_) {
      const std::optional<DirectoryUser>& user = users_[id];
      const DirectoryUser* was = index_->user_by_id(id);
      if (!user) {
        if (was == nullptr) continue;
        change_.gone_users.push_back(id);
        gone_slugs_.insert(was->slug().str());
        slugs_move_ = true;
        continue;
      }
      const std::string& slug = user->slug().str();
      const DirectoryUser* holder = index_->user(slug);
      const bool taken = holder != nullptr && holder->id() != id && !users_.contains(holder->id());
      if (taken || !slugs_.insert(slug).second) {
        return fail("user", fmt::format("the slug of {} is another user's already", words(user->slug())));
      }
      if (was != nullptr && *was == *user) continue;
      slugs_move_ = slugs_move_ || (was != nullptr && was->slug() != user->slug());
      change_.users.push_back(*user);
    }
  }

  [[nodiscard]] bool exists(const UserSlug& slug) const {
    if (slugs_.contains(slug.str())) return true;
    const DirectoryUser* user = index_->user(slug.str());
    return user != nullptr && !users_.contains(user->id());
  }

  // Who made what stays, stays.
  void judge_creators() {
    if (gone_slugs_.empty()) return;
    for (const RoomKind kind : {RoomKind::event, RoomKind::group}) {
      for (const DirectoryRoom& room : index_->rooms(kind)) {
        if (!gone_slugs_.contains(room.creator().str())) continue;
        const auto at = place_.find(key(room.ref()));
        if (at != place_.end() && (rooms_[at->second].gone || rooms_[at->second].head)) continue;
        return fail("user", fmt::format("{} made {}: remove that, too, or give it another creator",
                                        words(room.creator()), words(room.ref())));
      }
    }
  }

  // Events and groups

  static std::string key(const RoomRef& ref) { return (ref.kind() == RoomKind::event ? 'e' : 'g') + ref.slug().str(); }

  RoomChange* change_of_room(const RoomRef& ref) {
    if (!is_slug(ref.slug().str())) {
      fail(room_kind_name(ref.kind()), fmt::format("the slug of {} {}", words(ref), slug_rule));
      return nullptr;
    }
    const auto [at, is_new] = place_.try_emplace(key(ref), rooms_.size());
    if (is_new) {
      rooms_.emplace_back(ref);
      members_.emplace_back();
    }
    return &rooms_[at->second];
  }

  void take(const detail::PutRoom& step) {
    RoomChange* room = change_of_room(step.room);
    if (room == nullptr) return;
    if (!is_fit(step.name, longest_directory_name)) {
      return fail(room_kind_name(step.room.kind()), fmt::format("the name of {} must be UTF-8 of at most {} bytes",
                                                                words(step.room), longest_directory_name));
    }
    room->head = RoomHead{step.name, step.is_public, step.creator};
  }

  void take(const detail::EraseRoom& step) {
    RoomChange* room = change_of_room(step.room);
    if (room == nullptr) return;
    room->gone = true;
    room->head.reset();
    room->members.clear();
    members_[place_[key(step.room)]].clear();
  }

  void take(const detail::PutMember& step) {
    RoomChange* room = change_of_room(step.room);
    if (room == nullptr) return;
    const DirectoryMember& member = step.member;
    const auto refuse = [&](std::string_view what) {
      fail("member", fmt::format("{} of {} in {}", what, words(member.user()), words(step.room)));
    };
    if (member.role().empty() || !is_fit(member.role(), longest_directory_word)) {
      return refuse("a role must be 1 to 64 bytes of UTF-8: that");
    }
    if (member.permissions().size() > most_permissions) return refuse("there are more than 64 permissions");
    for (const std::string& word : member.permissions()) {
      if (word.empty() || !is_fit(word, longest_directory_word)) {
        return refuse("a permission must be 1 to 64 bytes of UTF-8: one");
      }
    }
    step_of(*room, member.user()) = member;
  }

  void take(const detail::EraseMember& step) {
    RoomChange* room = change_of_room(step.room);
    if (room != nullptr) step_of(*room, step.user) = step.user;
  }

  std::variant<DirectoryMember, UserSlug>& step_of(RoomChange& room, const UserSlug& user) {
    auto& places = members_[place_[key(room.ref)]];
    const auto [at, is_new] = places.try_emplace(user.str(), room.members.size());
    if (is_new) room.members.emplace_back(user);
    return room.members[at->second];
  }

  void judge_room(RoomChange& room) {
    const DirectoryRoom* was = index_->room(room.ref);
    if (was == nullptr) room.gone = false;
    const bool stands = room.head || (was != nullptr && !room.gone);
    if (room.head && !exists(room.head->creator)) {
      return fail(room_kind_name(room.ref.kind()), fmt::format("the creator of {} is no user of the directory: {}",
                                                               words(room.ref), words(room.head->creator)));
    }
    std::vector<std::variant<DirectoryMember, UserSlug>> needed;
    std::unordered_map<std::string_view, const DirectoryMember*> before;
    if (was != nullptr && !room.gone) {
      for (const DirectoryMember& member : was->members()) before.emplace(member.user().str(), &member);
    }
    for (auto& step : room.members) {
      const auto* put = std::get_if<DirectoryMember>(&step);
      const UserSlug& user = put != nullptr ? put->user() : std::get<UserSlug>(step);
      if (put != nullptr && !stands) {
        return fail("member", fmt::format("{} cannot be in {}: the directory has none", words(user), words(room.ref)));
      }
      if (put != nullptr && !exists(user)) {
        return fail("member",
                    fmt::format("{} cannot be in {}: the directory has no such user", words(user), words(room.ref)));
      }
      const auto at = before.find(user.str());
      const bool same = put == nullptr ? at == before.end() : at != before.end() && *at->second == *put;
      if (!same || slugs_move_) needed.push_back(std::move(step));
    }
    room.members = std::move(needed);
    if (room.head && was != nullptr && !room.gone && !slugs_move_ && room.head->name == was->name() &&
        room.head->is_public == was->is_public() && room.head->creator == was->creator()) {
      room.head.reset();
    }
    if (!stands) room.members.clear();
    if (room.gone || room.head || !room.members.empty()) change_.rooms.push_back(std::move(room));
  }

  const DirectoryIndex* index_;
  std::unordered_map<std::string, std::optional<DirectoryUser>> users_;  // by id, as they become; nothing: gone
  std::vector<std::string> order_;
  std::unordered_map<std::string, std::string> by_slug_;  // ids of those written, while the steps are read
  std::unordered_set<std::string> slugs_;                 // given out by this batch
  std::unordered_set<std::string> gone_slugs_;            // of users who are removed
  bool slugs_move_ = false;  // somebody's slug changes, so that what is the same need not stay the same
  std::unordered_map<std::string, std::size_t> place_;  // in the two below
  std::vector<RoomChange> rooms_;
  std::vector<std::unordered_map<std::string, std::size_t>> members_;  // places of users in RoomChange::members
  DirectoryChange change_;
  std::optional<Error> error_;
};

}  // namespace

Result<DirectoryChange> change_of(const DirectoryBatch& batch, const DirectoryIndex& index) {
  return BatchReader(index).read(batch);
}

}  // namespace confab::chat
