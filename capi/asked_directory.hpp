// AskedDirectory: what a tenant's directory lacks is asked for before an operation begins, and put into it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <confab/ids.hpp>
#include <confab/pending.hpp>
#include <confab/stored_directory.hpp>

#include "capi/include/confab.h"
#include "capi/question.hpp"
#include "capi/request.hpp"

namespace confab::capi {

/// Who and what an operation is about.
struct Needs {
  std::vector<UserSlug> users;
  std::vector<RoomRef> rooms;

  Needs& user(const char* slug) {
    if (slug != nullptr && *slug != '\0') users.emplace_back(slug);
    return *this;
  }
  Needs& room(std::int32_t kind, const char* slug) {
    if (slug == nullptr || *slug == '\0') return *this;
    if (kind == CONFAB_ROOM_DIRECT) return user(slug);
    rooms.push_back(room_ref(kind, slug, nullptr));
    return *this;
  }
};

inline Needs needs_of(const confab_user_request& of) { return Needs().user(of.user); }
inline Needs needs_of(const confab_reset_request& of) { return Needs().user(of.user); }
inline Needs needs_of(const confab_outbox_request& /*of*/) { return {}; }
inline Needs needs_of(const confab_room_request& of) {
  Needs needs = Needs().user(of.user).room(of.room_kind, of.room);
  for (UserSlug& member : first_members(of)) needs.user(member.str().c_str());
  return needs;
}
template <class Request>
Needs needs_of(const Request& of) {
  return Needs().user(of.user).room(of.room_kind, of.room);
}

class Applier;

/// Any thread; nothing blocks.
class AskedDirectory {
 public:
  /// How it went: with an error where an answer could not be put into the directory.
  using Then = UniqueFunction<void(Result<void>)>;

  AskedDirectory(std::shared_ptr<StoredDirectory> stored, std::shared_ptr<Questions> questions, std::string tenant);

  /// Whether nothing of it has to be asked for.
  [[nodiscard]] bool knows(const Needs& needs) const;
  /// One question after the other; `then` once, perhaps before this returns. What nobody answers stays unknown. The
  /// operation withdraws what is asked: `then` has cancelled, at once.
  [[nodiscard]] Operation ask(Needs needs, Then then) const;

 private:
  const std::shared_ptr<StoredDirectory> stored_;
  const std::shared_ptr<Applier> applier_;
  const std::shared_ptr<Questions> questions_;
  const std::string tenant_;
};

}  // namespace confab::capi
