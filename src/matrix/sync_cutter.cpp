#include "matrix/sync_cutter.hpp"

#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "util/json_skim.hpp"

namespace confab::matrix {
namespace {

// Decoded, a member's name in the path of an error could be anything; a room's id is what it mostly is.
constexpr std::size_t longest_shown_name = 64;
// What is kept of the buffer that rooms are gathered in, from one room to the next.
constexpr std::size_t largest_scratch = std::size_t{256} << 10U;

constexpr std::string_view member_type = "\"m.room.member\"";

// Sixteen places at a time where the processor can, by the two full stops: hardly anything else has two so far apart.
bool holds_member_type(std::string_view event) {
#ifdef __SSE2__
  constexpr std::size_t first = member_type.find('.');
  constexpr std::size_t second = member_type.rfind('.');
  const __m128i stop = _mm_set1_epi8('.');
  const auto stops = [&](const char* from) {
    return _mm_cmpeq_epi8(_mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(from))), stop);
  };
  while (event.size() >= 16 + member_type.size()) {
    const __m128i both = _mm_and_si128(stops(event.data() + first), stops(event.data() + second));
    for (auto found = static_cast<unsigned>(_mm_movemask_epi8(both)); found != 0; found &= found - 1) {
      if (event.substr(static_cast<std::size_t>(__builtin_ctz(found))).starts_with(member_type)) return true;
    }
    event.remove_prefix(16);
  }
#endif
  return event.find(member_type) != std::string_view::npos;
}

}  // namespace

bool SyncCutter::feed(std::string_view chunk) {
  if (error_) return false;
  kept_from_ = keeping_ ? chunk.data() : nullptr;
  text_from_ = text_open_ ? chunk.data() : nullptr;
  const bool sound = scan_.feed(chunk);
  if (error_) return false;
  if (!sound) {
    fail(Error(Errc::protocol,
               "not valid JSON at byte " + std::to_string(scan_.passed()) + ": " + std::string(scan_.fault())));
    return false;
  }
  const char* const end = chunk.data() + chunk.size();
  if (keeping_) keep(end);
  if (text_open_) text_.append(text_from_, static_cast<std::size_t>(end - text_from_));
  if (text_.size() > max_sync_token_bytes) fail(Error(Errc::protocol, "JSON: a name or token is too long"));
  return !error_;
}

Result<PageToken> SyncCutter::finish() {
  if (!error_ && !scan_.finish()) {
    fail(Error(Errc::protocol,
               "not valid JSON at byte " + std::to_string(scan_.passed()) + ": " + std::string(scan_.fault())));
  }
  if (!error_ && next_batch_.empty()) {
    fail(Error(Errc::protocol, "JSON: next_batch is missing; it must be a string that is not empty")
             .with_subject("next_batch"));
  }
  if (error_) return *error_;
  return next_batch_;
}

// ---- what the scan tells

SyncCutter::Role SyncCutter::role_of_opened(bool object, std::size_t depth) {
  const auto object_as = [&](Role role) {
    if (!object) must_be("an object");
    return role;
  };
  switch (roles_[depth]) {
    case Role::top:
      return object_as(Role::root);
    case Role::root:
      if (name_ == Name::next_batch) must_be("a string that is not empty");
      return name_ == Name::rooms ? object_as(Role::rooms) : Role::other;
    case Role::rooms:
      return name_ == Name::other ? Role::other : object_as(Role::part);
    case Role::part:
      return object_as(Role::room);
    case Role::room:
      section_ = name_;
      return name_ == Name::other ? Role::other : object_as(Role::section);
    case Role::section:
      if (name_ == Name::limited) must_be("true or false");
      if (name_ == Name::prev_batch) must_be("a string");
      if (name_ != Name::events) return Role::other;
      if (object) must_be("an array");
      return Role::events;
    case Role::events:
    case Role::other:
      return Role::other;
  }
  return Role::other;
}

void SyncCutter::opened(const char* at, bool object, std::size_t depth) {
  const Role role = role_of_opened(object, depth);
  if (error_) return;
  if (roles_[depth] == Role::events) element_at_ = place(at);
  if (role == Role::other) return;  // watched() stays: nothing inside matters, only its end
  roles_[depth + 1] = role;
  watched_ = depth + 1;
  if (depth + 1 <= depth_of_events) names_met_[depth + 1] = 0;
  if (role == Role::room) begin_room();
  if (role == Role::events) {
    keeping_ = true;
    kept_from_ = at;
    events_at_ = kept_.size();
    if (section_ == Name::timeline) piece_.events_.clear();
  }
}

void SyncCutter::closed(const char* end, std::size_t depth) {
  if (depth == watched_) {  // something inside the innermost that matters
    if (roles_[depth] == Role::events && section_ == Name::timeline) {
      const std::size_t from = element_at_;
      piece_.events_.push_back({static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(place(end) - from)});
    }
    if (roles_[depth] == Role::events && section_ == Name::state) end_state_event(end);
    name_ = Name::other;
    return;
  }
  const Role role = roles_[depth + 1];
  watched_ = depth;
  if (role == Role::events) {
    keep(end);
    keeping_ = false;
    const RoomPiece::Span all{static_cast<std::uint32_t>(events_at_),
                              static_cast<std::uint32_t>(kept_.size() - events_at_)};
    if (section_ == Name::ephemeral) piece_.ephemeral_ = all;
    if (section_ == Name::invite_state) piece_.state_ = all;
  }
  if (role == Role::room) end_room();
  name_ = Name::other;
}

void SyncCutter::string_began(const char* at, bool key, std::size_t depth) {
  const Role role = roles_[depth];
  if (key) {
    text_open_ = true;
    text_from_ = at;
    text_.clear();
    return;
  }
  switch (role) {
    case Role::top:
    case Role::part:
      return must_be("an object");
    case Role::root:
      if (name_ == Name::rooms) return must_be("an object");
      text_open_ = name_ == Name::next_batch;
      break;
    case Role::rooms:
    case Role::room:
      if (name_ != Name::other) must_be("an object");
      return;
    case Role::section:
      if (name_ == Name::events) return must_be("an array");
      if (name_ == Name::limited) return must_be("true or false");
      text_open_ = name_ == Name::prev_batch;
      break;
    case Role::events:
      element_at_ = place(at);
      return;
    case Role::other:
      return;
  }
  if (!text_open_) return;
  text_from_ = at;
  text_.clear();
}

void SyncCutter::string_ended(const char* end, bool key, std::size_t depth) {
  if (text_open_) {
    text_open_ = false;
    text_.append(text_from_, static_cast<std::size_t>(end - text_from_));
    if (text_.size() > max_sync_token_bytes) return fail(Error(Errc::protocol, "JSON: a name or token is too long"));
    std::optional<std::string> text = json::text_of(text_);
    if (!text) return fail(Error(Errc::protocol, "not valid JSON: half of a surrogate pair in a name or token"));
    if (key) return named(*std::move(text), depth);
    if (name_ == Name::next_batch) next_batch_ = PageToken(*std::move(text));
    if (name_ == Name::prev_batch && section_ == Name::timeline && !text->empty()) {
      piece_.prev_batch_ = PageToken(*std::move(text));
    }
  }
  if (!key) scalar_ended(end, depth);
}

void SyncCutter::scalar(char first, std::size_t depth) {
  const bool null = first == 'n';
  switch (roles_[depth]) {
    case Role::top:
    case Role::part:
      return must_be("an object");
    case Role::root:
      if (name_ == Name::next_batch) must_be("a string that is not empty");
      if (name_ == Name::rooms && !null) must_be("an object");
      return;
    case Role::rooms:
    case Role::room:
      if (name_ != Name::other && !null) must_be("an object");
      return;
    case Role::section:
      if (null) return;
      if (name_ == Name::events) must_be("an array");
      if (name_ == Name::prev_batch) must_be("a string");
      if (name_ != Name::limited) return;
      if (first != 't' && first != 'f') return must_be("true or false");
      if (section_ == Name::timeline) piece_.limited_ = first == 't';
      return;
    case Role::events:
      // Where a number or word begins is of no use to anybody: it is no event, and counted as one that cannot be read.
      element_at_ = kept_.size();
      return;
    case Role::other:
      return;
  }
}

void SyncCutter::scalar_ended(const char* /*end*/, std::size_t depth) {
  if (roles_[depth] == Role::events && section_ == Name::timeline) {
    piece_.events_.push_back({static_cast<std::uint32_t>(element_at_), 0});
  }
  name_ = Name::other;
}

// ---- names, rooms, text

void SyncCutter::named(std::string name, std::size_t depth) {
  const auto is = [&](std::string_view wanted, Name found) {
    if (name == wanted) name_ = found;
  };
  name_ = Name::other;
  switch (roles_[depth]) {
    case Role::root:
      is("next_batch", Name::next_batch);
      is("rooms", Name::rooms);
      break;
    case Role::rooms:
      is("join", Name::join);
      is("invite", Name::invite);
      is("leave", Name::leave);
      if (name_ == Name::join) piece_.part_ = RoomPart::joined;
      if (name_ == Name::invite) piece_.part_ = RoomPart::invited;
      if (name_ == Name::leave) piece_.part_ = RoomPart::left;
      part_name_ = std::move(name);
      break;
    case Role::part:
      if (name.empty()) return must_be("under a room id");
      piece_.room_ = MatrixRoomId(std::move(name));
      return;
    case Role::room:
      if (piece_.part_ == RoomPart::invited) {
        is("invite_state", Name::invite_state);
      } else {
        is("timeline", Name::timeline);
        is("ephemeral", Name::ephemeral);
        is("state", Name::state);
      }
      break;
    case Role::section:
      is("events", Name::events);
      if (section_ != Name::timeline) break;
      is("limited", Name::limited);
      is("prev_batch", Name::prev_batch);
      break;
    default:
      break;
  }
  if (name_ == Name::other) return;
  // Its pieces would be taken twice, or one half of each.
  const unsigned bit = 1U << static_cast<unsigned>(name_);
  if ((names_met_[depth] & bit) != 0) return must_be("there once");
  names_met_[depth] |= bit;
}

void SyncCutter::begin_room() {
  piece_.limited_ = false;
  piece_.prev_batch_.reset();
  piece_.events_.clear();
  piece_.members_.clear();
  member_bytes_ = 0;
  piece_.state_ = {};
  piece_.ephemeral_ = {};
  kept_.clear();
}

void SyncCutter::end_room() {
  RoomPiece whole = piece_;  // copies: as large as what is in them, not as what they grew to
  whole.text_ = std::make_shared<const std::string>(kept_);
  std::size_t of_events = 0;
  for (const RoomPiece::Span& event : whole.events_) of_events += event.length;
  whole.events_share_ = kept_.size() <= largest_shared_text && of_events >= kept_.size() / 2;
  if (kept_.capacity() > largest_scratch) kept_ = std::string();
  take_(std::move(whole));
}

std::size_t SyncCutter::place(const char* at) const { return kept_.size() + static_cast<std::size_t>(at - kept_from_); }

void SyncCutter::keep(const char* end) {
  kept_.append(kept_from_, static_cast<std::size_t>(end - kept_from_));
  kept_from_ = end;
  if (kept_.size() > max_piece_bytes) fail(Error(Errc::too_large, "one room's part of the answer is too large"));
}

// Only memberships stay. Which they are is looked for in the text: what just contains the words does no harm.
void SyncCutter::end_state_event(const char* end) {
  keep(end);
  const std::string_view event = std::string_view(kept_).substr(element_at_);
  if (holds_member_type(event) && member_bytes_ + event.size() <= max_member_bytes) {
    member_bytes_ += event.size();
    piece_.members_.push_back({static_cast<std::uint32_t>(element_at_), static_cast<std::uint32_t>(event.size())});
  } else {
    kept_.resize(element_at_);
  }
}

// ---- errors

std::string SyncCutter::path() const {
  std::string path;
  const auto add = [&](std::string_view name) {
    if (!path.empty()) path += '.';
    path += name;
  };
  static constexpr std::string_view names[] = {"",       "next_batch", "rooms",     "join",  "invite",
                                               "leave",  "timeline",   "ephemeral", "state", "invite_state",
                                               "events", "limited",    "prev_batch"};
  const Role role = roles_[watched_];
  if (role == Role::top) return "the whole value";
  const bool in_rooms = role != Role::root;
  if (in_rooms) add("rooms");
  if (in_rooms && role != Role::rooms) {
    add(part_name_);
    // Keys come from the other side: only what looks like an identifier is shown.
    const std::string& room = piece_.room_.str();
    const bool plain = room.size() <= longest_shown_name &&
                       room.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-!:") ==
                           std::string::npos;
    add(plain ? std::string_view(room) : std::string_view("*"));
    if (role == Role::section) add(names[static_cast<std::size_t>(section_)]);
  }
  if (role != Role::part && name_ != Name::other) add(names[static_cast<std::size_t>(name_)]);
  return path;
}

void SyncCutter::must_be(std::string_view kind) {
  const std::string at = path();
  fail(Error(Errc::protocol, "JSON: " + at + " must be " + std::string(kind)).with_subject(at));
}

void SyncCutter::fail(Error error) {
  if (!error_) error_ = std::move(error);
}

}  // namespace confab::matrix
