// DirectoryIndex: users, events and groups in memory, found by slug and id. Not synchronised.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <confab/host_directory.hpp>

namespace confab::chat {

// What becomes of an index, worked out beforehand so that making the change is short.
struct DirectoryEdit {
  std::vector<DirectoryUser> gone_users;  // as they are in the index
  std::vector<DirectoryUser> users;
  std::vector<RoomRef> gone_rooms;
  std::vector<DirectoryRoom> rooms;

  [[nodiscard]] std::size_t size() const { return gone_users.size() + users.size() + gone_rooms.size() + rooms.size(); }
};

class DirectoryIndex {
 public:
  struct SlugOf {
    static std::string_view of(const DirectoryUser& user) noexcept { return user.slug().str(); }
    static std::string_view of(const DirectoryRoom& room) noexcept { return room.ref().slug().str(); }
    static std::string_view of(std::string_view text) noexcept { return text; }
  };
  struct IdOf {
    static std::string_view of(const DirectoryUser& user) noexcept { return user.id(); }
    static std::string_view of(std::string_view text) noexcept { return text; }
  };
  template <class Name>
  struct Hash {
    using is_transparent = void;
    template <class T>
    std::size_t operator()(const T& entry) const noexcept {
      return std::hash<std::string_view>()(Name::of(entry));
    }
  };
  template <class Name>
  struct Equal {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const noexcept {
      return Name::of(a) == Name::of(b);
    }
  };
  template <class T, class Name>
  using By = std::unordered_set<T, Hash<Name>, Equal<Name>>;
  using Users = By<DirectoryUser, SlugOf>;
  using Rooms = By<DirectoryRoom, SlugOf>;

  // Null: none. Valid until the index changes.
  [[nodiscard]] const DirectoryUser* user(std::string_view slug) const;
  [[nodiscard]] const DirectoryUser* user_by_id(std::string_view id) const;
  [[nodiscard]] const DirectoryRoom* room(const RoomRef& ref) const;
  [[nodiscard]] const Users& users() const { return users_; }
  [[nodiscard]] const Rooms& rooms(RoomKind kind) const { return kind == RoomKind::event ? events_ : groups_; }

  enum class Added { yes, slug_is_taken, id_is_taken };
  Added add(const DirectoryUser& user);
  bool add(DirectoryRoom room);  // false: its slug is taken

  void change(const DirectoryEdit& edit);

 private:
  [[nodiscard]] Rooms& rooms(RoomKind kind) { return kind == RoomKind::event ? events_ : groups_; }
  Users users_;
  By<DirectoryUser, IdOf> by_id_;
  Rooms events_;
  Rooms groups_;
};

}  // namespace confab::chat
