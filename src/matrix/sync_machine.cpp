#include "matrix/sync_machine.hpp"

#include <algorithm>
#include <utility>

namespace confab::matrix {
namespace {

using std::chrono::milliseconds;

constexpr int gap_page_limit = 100;
// After so many refusals in a row that repeating cannot mend, a gap is given up.
constexpr unsigned max_gap_refusals = 3;
// An empty answer that neither took time nor moved the position is a fault somewhere: do not spin on it.
constexpr milliseconds quick(200);
constexpr unsigned quick_answers_allowed = 2;

// Not the homeserver's words but those of something in its place, a proxy during a restart for one: that passes.
bool is_of_no_homeserver(const Error& error) { return error.code() == Errc::protocol && error.http_status() >= 300; }

// One broken event of another make of server must not stop the stream: it is nothing.
std::vector<std::optional<RoomEvent>> events_of(const RoomPiece& piece) {
  std::vector<std::optional<RoomEvent>> events;
  events.reserve(piece.events());
  for (std::size_t at = 0; at < piece.events(); ++at) {
    std::optional<RoomEvent>& place = events.emplace_back();
    if (Result<RoomEvent> event = piece.event(at)) place = *std::move(event);
  }
  return events;
}

MemberNames names_beside(const RoomPiece& piece) {
  MemberNames names;
  for (std::size_t at = 0; at < piece.members(); ++at) names.note(piece.member_text(at));
  return names;
}

// Whether the event brings the user into its room, or takes them out of it.
enum class Move : std::uint8_t { none, in, out };
Move move_of(const RoomEvent& event, const MatrixUserId& user) {
  if (event.type() != "m.room.member" || event.state_key() != user.str()) return Move::none;
  const bool is_in = event.content()["membership"].string_or("") == "join";
  const bool was_in = event.unsigned_data()["prev_content"]["membership"].string_or("") == "join";
  if (is_in == was_in) return Move::none;
  return is_in ? Move::in : Move::out;
}

const RoomEvent* readable(const RoomEvent& event) { return &event; }
const RoomEvent* readable(const std::optional<RoomEvent>& event) { return event ? &*event : nullptr; }

// Where the user came in, of events that are all newer than the position. Nothing where they were in at its beginning:
// then all of it is news, also when they went out and came again meanwhile.
template <class Events>
std::optional<std::size_t> came_in(const Events& events, const MatrixUserId& user) {
  if (user.empty()) return std::nullopt;
  for (std::size_t at = 0; at < events.size(); ++at) {
    const RoomEvent* event = readable(events[at]);
    const Move move = event == nullptr ? Move::none : move_of(*event, user);
    if (move == Move::in) return at;
    if (move == Move::out) return std::nullopt;
  }
  return std::nullopt;
}

bool is_membership_of(const RoomEvent& event, const MatrixUserId& user) {
  return event.type() == "m.room.member" && event.state_key() == user.str();
}

bool is_first_membership(const RoomEvent& event) {
  const json::Value before = event.unsigned_data();
  return before["prev_content"]["membership"].string_or("").empty() && before["replaces_state"].string_or("").empty();
}

// Whether the user may have been in the room before they came in at `joined`, for all that these events tell, and
// `beside`, the membership that they had before the first of them. Not where the first that they ever had is among
// these.
template <class Events>
bool may_have_been_in(const Events& events, std::size_t joined, const MatrixUserId& user,
                      const std::optional<RoomEvent>& beside) {
  for (std::size_t at = joined + 1; at > 0; --at) {
    const RoomEvent* event = readable(events[at - 1]);
    if (event == nullptr || !is_membership_of(*event, user)) continue;
    if (at <= joined && event->content()["membership"].string_or("") == "join") return true;
    if (is_first_membership(*event)) return false;
    // Who was only asked in, or asks, may not have been in before that either: an older one tells.
    const std::string_view before = event->unsigned_data()["prev_content"]["membership"].string_or("");
    if (before == "join" || before == "leave" || before == "ban") return true;
  }
  return !beside || !is_first_membership(*beside);
}

// The user's own membership of before the first event of the piece, where it came beside.
std::optional<RoomEvent> membership_beside(const RoomPiece& piece, const MatrixUserId& user) {
  for (std::size_t at = 0; at < piece.members(); ++at) {
    Result<RoomEvent> event = RoomEvent::read(piece.member_text(at));
    if (event && is_membership_of(*event, user)) return *std::move(event);
  }
  return std::nullopt;
}

bool concerns_reader(Errc code) {
  return code == Errc::not_found || code == Errc::account_locked || code == Errc::account_deactivated ||
         code == Errc::account_suspended || code == Errc::invalid_argument;
}

}  // namespace

SyncItem::SyncItem(MatrixRoomId room, RoomEvent&& event, std::string_view sender_name)
    : kind_(Kind::event),
      room_(std::move(room)),
      event_(std::move(event)),
      sender_name_(sender_name),
      bytes_(event_->bytes() + sender_name_.size()) {}
SyncItem::SyncItem(Kind kind, MatrixRoomId room, json::Document document)
    : kind_(kind), room_(std::move(room)), document_(std::move(document)), bytes_(document_.root().source().size()) {}
SyncItem::SyncItem(MatrixRoomId room, PageToken missed_before)
    : kind_(Kind::missed), room_(std::move(room)), token_(std::move(missed_before)) {}

SyncMachine::SyncMachine(SyncOptions options)
    : options_(std::move(options)), seen_(options_.remembered_ids()), position_(options_.since()) {}

void SyncMachine::resume(const SyncPosition& position) {
  position_ = position.token();
  anchors_ = position.anchors();
  for (const EventId& id : position.recent()) seen_.add(id);
  if (!position_.empty() && !anchors_.empty()) to_confirm_ = 0;
}

void SyncMachine::resync() {
  position_ = PageToken();
  anchors_.clear();
  next_anchors_.clear();
  to_confirm_.reset();
  resyncing_ = true;
}

SyncPosition SyncMachine::snapshot() const {
  SyncPosition position{position_};
  position.anchors(anchors_).recent(seen_.newest(SyncPosition::most_recent_ids));
  return position;
}

// ---- the reader

void SyncMachine::reader_asked() {
  consume();
  asked_ = true;
}
void SyncMachine::reader_withdrew() { asked_ = false; }
void SyncMachine::acknowledged() { consume(); }

void SyncMachine::not_delivered(SyncBatch batch) {
  for (const SyncItem& item : batch) ready_bytes_ += item.bytes();
  ready_.splice(ready_.begin(), batch);
  batch_is_out_ = false;
}

void SyncMachine::close() { closed_ = true; }

void SyncMachine::consume() {
  batch_is_out_ = false;
  advance_if_read();
}

void SyncMachine::advance_if_read() {
  if (batch_is_out_ || !ready_.empty() || !pieces_.empty() || gap_ || !next_position_) return;
  if (*next_position_ != position_) {
    next_anchors_.follow_with(anchors_);
    position_ = *std::move(next_position_);
    anchors_ = std::move(next_anchors_);
    store_due_ = true;
  }
  next_anchors_.clear();
  next_position_.reset();
}

// ---- what to do next

SyncAction SyncMachine::poll(SyncTime now) {
  if (closed_) {
    if (end_told_) return SyncIdle{};
    end_told_ = true;
    return SyncEnd{};
  }
  if (store_due_) return store();
  if (!asked_ && (!preparing_ || is_live())) return SyncIdle{};
  if (asked_) make_ready();
  // While a room's gap is fetched, what is ready before it need not wait.
  if (asked_ && !ready_.empty()) return deliver();
  if (for_reader_) {
    asked_ = false;
    preparing_ = false;
    SyncTellReader tell{*std::move(for_reader_)};
    for_reader_.reset();
    return tell;
  }
  advance_if_read();
  if (store_due_) return store();
  if (in_flight_ != InFlight::nothing) return SyncIdle{};
  if (wait_until_ && now < *wait_until_) return SyncWait{*wait_until_, last_failure_};
  wait_until_.reset();
  return request(now);
}

SyncAction SyncMachine::store() {
  store_due_ = false;
  return SyncStore{position_};
}

SyncAction SyncMachine::request(SyncTime now) {
  if (needs_token_) {
    in_flight_ = InFlight::token;
    return SyncRenewToken{};
  }
  if (to_confirm_) {
    in_flight_ = InFlight::confirmation;
    const SyncAnchor& anchor = anchors_.list()[*to_confirm_];
    return SyncConfirm{anchor.room_id(), anchor.event_id()};
  }
  if (gap_) {
    in_flight_ = InFlight::gap;
    return SyncFetchGap{gap_->room_id(), gap_->from(), gap_->to(), gap_page_limit};
  }
  in_flight_ = InFlight::sync;
  request_began_ = now;
  // What there is already is asked for first, and not waited for: to wait with a buffer for much is dear.
  const auto hold = caught_up_ ? options_.poll_timeout() : milliseconds(0);
  return SyncPoll{position_, hold, position_.empty(), timeline_limit_, caught_up_};
}

SyncDeliver SyncMachine::deliver() {
  SyncDeliver out;
  std::size_t bytes = 0;
  while (!ready_.empty() && out.batch.size() < options_.batch_events()) {
    const std::size_t more = ready_.front().bytes();
    if (!out.batch.empty() && bytes + more > options_.batch_bytes()) break;
    bytes += more;
    ready_bytes_ -= more;
    out.batch.splice(out.batch.end(), ready_, ready_.begin());
  }
  asked_ = false;
  batch_is_out_ = true;
  return out;
}

// ---- answers

void SyncMachine::answered(SyncAnswer answer, SyncTime now) {
  const PageToken next = answer.next_batch();
  for (RoomPiece& piece : std::move(answer).rooms()) arrived(std::move(piece));
  in_flight_ = InFlight::nothing;
  const bool was_to_wait = std::exchange(caught_up_, true);
  failures_ = 0;
  renewals_ = 0;
  last_failure_.reset();
  for_reader_.reset();
  timeline_limit_ = default_timeline_limit;
  if (position_.empty()) return start_from_now(next);
  if (went_back(position_, next)) {
    // What this answer holds began at a place that the homeserver has not reached yet: events before it were passed
    // over.
    drop_pieces();
    resync();
    wait_until_ = now + options_.backoff(resyncs_++);
    return;
  }
  resyncs_ = 0;
  if (was_to_wait) note_quick_answer(next, now);
  next_position_ = next;
  for (RoomPiece& piece : std::exchange(limited_, {})) add_piece(std::move(piece));
}

// What there was already has arrived, and is only remembered.
void SyncMachine::start_from_now(const PageToken& next) {
  if (resyncing_) {
    // Until the reader has heard that something was missed, the old position is the one that is remembered.
    PageToken copy = next;
    push({MatrixRoomId(), PageToken()});
    next_position_ = std::move(copy);
    resyncing_ = false;
    return;
  }
  position_ = next;
  anchors_ = std::exchange(next_anchors_, SyncAnchors());
  store_due_ = true;
}

void SyncMachine::arrived(RoomPiece piece) {
  if (in_flight_ != InFlight::sync) return;
  if (position_.empty()) {
    // From now on: what is there already is only remembered, so that it is not taken for new.
    for (const auto& event : events_of(piece)) {
      if (!event) continue;
      seen_.add(event->id());
      next_anchors_.note(SyncAnchor(piece.room_id(), event->id(), event->origin_server_ts()));
    }
    return;
  }
  // Rooms with gaps last: a gap that takes long to fetch must not hold up the others.
  if (piece.limited()) {
    limited_.push_back(std::move(piece));
  } else {
    add_piece(std::move(piece));
  }
}

void SyncMachine::add_piece(RoomPiece piece) {
  pieces_bytes_ += piece.bytes();
  pieces_.push_back(std::move(piece));
}

RoomPiece SyncMachine::take_piece() {
  RoomPiece piece = std::move(pieces_.front());
  pieces_.pop_front();
  pieces_bytes_ -= piece.bytes();
  return piece;
}

void SyncMachine::drop_pieces() {
  pieces_.clear();
  pieces_bytes_ = 0;
  limited_.clear();
}

std::optional<SyncDeliver> SyncMachine::deliver_arrived() {
  if (closed_ || !asked_ || in_flight_ != InFlight::sync) return std::nullopt;
  make_ready();
  if (ready_.empty()) return std::nullopt;
  return deliver();
}

bool SyncMachine::ready_is_full() const {
  return ready_.size() >= options_.batch_events() || ready_bytes_ >= options_.batch_bytes();
}

void SyncMachine::make_ready() {
  while (!pieces_.empty() && !gap_ && !ready_is_full()) {
    const RoomPiece& piece = pieces_.front();
    if (const std::optional<PageToken> from = gap_before(piece)) {
      gap_ = std::make_unique<GapFill>(piece.room_id(), *from, position_, options_.gap_bounds());
      gap_refusals_ = 0;
      return;
    }
    make_ready(take_piece());
  }
}

// From where backwards there is to be fetched what lies between the position and the timeline.
std::optional<PageToken> SyncMachine::gap_before(const RoomPiece& piece) const {
  if (!piece.limited() || !piece.prev_batch()) return std::nullopt;
  const std::vector<std::optional<RoomEvent>> events = events_of(piece);
  const std::optional<std::size_t> joined = joined_at(events, piece);
  if (!joined) return piece.prev_batch();
  // Before a first join there is no gap but only history, also where the timeline has room for no more than the join.
  if (!may_have_been_in(events, *joined, options_.user(), membership_beside(piece, options_.user()))) {
    return std::nullopt;
  }
  // Of one who came again the timeline reaches back beyond the position or not so far, and does not tell which: only
  // what is fetched from the answer's end to the position is known to be news.
  return next_position_ && *next_position_ != position_ ? next_position_ : std::nullopt;
}

void SyncMachine::make_ready(const RoomPiece& piece) {
  const MatrixRoomId& room = piece.room_id();
  if (piece.part() == RoomPart::invited) push({SyncItem::Kind::invite, room, piece.invite_state()});
  std::vector<std::optional<RoomEvent>> events = events_of(piece);
  const std::size_t first = joined_at(events, piece).value_or(0);
  MemberNames names = names_beside(piece);
  for (std::size_t at = 0; at < events.size(); ++at) {
    if (!events[at]) continue;
    names.note(*events[at]);
    if (at >= first) push_event(room, *std::move(events[at]), names);
  }
  if (!ready_.empty() && ready_.back().kind() == SyncItem::Kind::event && ready_.back().room_id() == room) {
    const RoomEvent& newest = ready_.back().event();
    next_anchors_.note(SyncAnchor(room, newest.id(), newest.origin_server_ts()));
  }
  const json::Document ephemeral = piece.ephemeral();
  for (const json::Value event : ephemeral.root().elements()) {
    if (!event["type"].is_string() || !event["content"].is_object()) continue;
    push({SyncItem::Kind::ephemeral, room, event.share()});
  }
}

// Where the user joined just now, the timeline begins with the room's history, as far as it fits: that is no news. The
// place of the join, or nothing where there is none.
std::optional<std::size_t> SyncMachine::joined_at(const std::vector<std::optional<RoomEvent>>& events,
                                                  const RoomPiece& piece) const {
  if (options_.user().empty() || piece.part() != RoomPart::joined) return std::nullopt;
  // A timeline that is not limited holds no history, whatever the user did before.
  if (!piece.limited()) return came_in(events, options_.user());
  // In history there may be older joins: the last one counts.
  for (std::size_t at = events.size(); at > 0; --at) {
    if (events[at - 1] && move_of(*events[at - 1], options_.user()) == Move::in) return at - 1;
  }
  return std::nullopt;
}

void SyncMachine::push(SyncItem item) {
  ready_.push_back(std::move(item));
  ready_bytes_ += ready_.back().bytes();
}

void SyncMachine::push_event(const MatrixRoomId& room, RoomEvent&& event, const MemberNames& names) {
  const std::string_view name = event.is_state() ? std::string_view() : names.of(event.sender());
  const SyncItem& item = ready_.emplace_back(room, std::move(event), name);
  bool is_new = false;
  try {
    is_new = seen_.add(item.event().id());
  } catch (...) {  // it comes again, and must not come twice then
    ready_.pop_back();
    throw;
  }
  if (!is_new) return ready_.pop_back();
  ready_bytes_ += item.bytes();
}

void SyncMachine::gap_page(MessagesAnswer page, SyncTime) {
  in_flight_ = InFlight::nothing;
  failures_ = 0;
  renewals_ = 0;
  gap_refusals_ = 0;
  last_failure_.reset();
  if (!gap_) return;
  switch (gap_->add(std::move(page), seen_)) {
    case GapFill::State::more:
      return;
    case GapFill::State::complete:
      return finish_gap(true);
    case GapFill::State::over_bounds:
      return finish_gap(false);
  }
}

// The gap belongs to the first piece, whose own timeline follows it, as far as it was not in the gap.
void SyncMachine::finish_gap(bool complete) {
  const MatrixRoomId room = gap_->room_id();
  std::vector<RoomEvent> events = gap_->take();
  const std::optional<std::size_t> joined = came_in(events, options_.user());
  // What is missing is no news where the user came in for the first time after it.
  if (!complete && (!joined || may_have_been_in(events, *joined, options_.user(), std::nullopt))) {
    push({room, gap_->from()});
  }
  MemberNames names = gap_->names();
  for (std::size_t at = 0; at < events.size(); ++at) {
    names.note(events[at]);
    if (at >= joined.value_or(0)) push_event(room, std::move(events[at]), names);
  }
  gap_.reset();
  make_ready(take_piece());
}

void SyncMachine::note_quick_answer(const PageToken& next, SyncTime now) {
  if (next != position_ || now - request_began_ >= quick) {
    quick_answers_ = 0;
    return;
  }
  if (++quick_answers_ > quick_answers_allowed) {
    wait_until_ = now + options_.backoff(quick_answers_ - quick_answers_allowed);
  }
}

// ---- failures

void SyncMachine::confirmed(SyncConfirmation what) {
  in_flight_ = InFlight::nothing;
  failures_ = 0;
  renewals_ = 0;
  last_failure_.reset();
  for_reader_.reset();
  if (what == SyncConfirmation::there) {
    to_confirm_.reset();
  } else if (what == SyncConfirmation::missing || ++*to_confirm_ >= anchors_.list().size()) {
    resync();
  }
}

void SyncMachine::token_renewed() {
  in_flight_ = InFlight::nothing;
  needs_token_ = false;
}

void SyncMachine::failed(const Error& error, SyncTime now) {
  const InFlight what = std::exchange(in_flight_, InFlight::nothing);
  if (error.code() == Errc::closed) return close();
  if (what == InFlight::token) {
    if (error.code() == Errc::session_expired || concerns_reader(error.code())) for_reader_ = error;
    return back_off(error, now);
  }
  if (error.code() == Errc::session_expired) {
    needs_token_ = true;
    // A token that is dead as soon as it was made must not be replaced in a loop.
    if (renewals_++ > 0) back_off(error, now);
    return;
  }
  if (what == InFlight::gap) {
    gap_failed(error);
    return back_off(error, now);
  }
  if (what == InFlight::sync) {
    caught_up_ = false;
    // What came of the answer comes again, but for what is delivered already.
    drop_pieces();
    if (position_.empty()) next_anchors_.clear();
  }
  // Too much in one answer: ask for less of each room; the rest then comes as gaps, page by page.
  if (error.code() == Errc::too_large) timeline_limit_ = std::max(1, timeline_limit_ / 4);
  if (concerns_reader(error.code())) for_reader_ = error;
  back_off(error, now);
}

void SyncMachine::broke_off(const Error& why, SyncTime now) {
  in_flight_ = InFlight::nothing;
  caught_up_ = false;
  gap_.reset();
  drop_pieces();
  next_position_.reset();
  next_anchors_.clear();
  back_off(why, now);
}

void SyncMachine::gap_failed(const Error& error) {
  if (is_of_no_homeserver(error)) return;
  switch (error.code()) {
    case Errc::forbidden:
    case Errc::not_found:
      return finish_gap(false);
    case Errc::invalid_argument:
    case Errc::unsupported:
    case Errc::too_large:
    case Errc::protocol:
    case Errc::unknown:
      if (++gap_refusals_ >= max_gap_refusals) finish_gap(false);
      return;
    default:
      return;
  }
}

void SyncMachine::back_off(const Error& error, SyncTime now) {
  const milliseconds wait = std::max(options_.backoff(failures_), error.retry_after().value_or(milliseconds(0)));
  ++failures_;
  last_failure_ = error;
  wait_until_ = now + wait;
}

}  // namespace confab::matrix
