// What is to be done next for an event stream? The machine behind it, without sockets, clocks or threads.
//
// The owner performs what poll() returns, tells the outcome by one of the inputs, and polls again until it gets Idle.
// What the machine promises, whatever fails at whichever step:
// - At least once: a position is left behind only after the reader asked past, or acknowledged, everything before it.
// - No event twice within a bounded window of event ids, and in each room in the homeserver's order.
// - Where an answer is limited, what lies between is fetched before anything newer of that room is delivered;
//   also where the user left the room meanwhile and came again. Before a first join nothing is fetched.
// - Nothing is requested while the reader is behind: there is at most one answer in memory.
// - A homeserver that does not know the position any more (another one, or one restored from a backup) is noticed: the
//   reader is told that something was missed, and it goes on from now.
// - It never ends by itself: failures are waited out, a dead token is replaced, only close() is the end.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <confab/error.hpp>
#include <confab/ids.hpp>

#include "matrix/endpoints/messages.hpp"
#include "matrix/event.hpp"
#include "matrix/gap_fill.hpp"
#include "matrix/member_names.hpp"
#include "matrix/seen_events.hpp"
#include "matrix/sync_answer.hpp"
#include "matrix/sync_position.hpp"

namespace confab::matrix {

/// One thing to deliver.
class SyncItem {
 public:
  enum class Kind : std::uint8_t {
    event,      ///< An event of a room's timeline.
    ephemeral,  ///< Typing or receipts: document() is the event, without id.
    invite,     ///< The user was invited: document() is the array of stripped state.
    missed,     ///< Events before the next one of this room could not be fetched; token() is where they can be read.
                ///< Without a room: of any room.
  };
  SyncItem(MatrixRoomId room, RoomEvent&& event, std::string_view sender_name = {});
  SyncItem(Kind kind, MatrixRoomId room, json::Document document);
  SyncItem(MatrixRoomId room, PageToken missed_before);

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] const MatrixRoomId& room_id() const { return room_; }
  [[nodiscard]] const RoomEvent& event() const { return *event_; }  ///< Of Kind::event only.
  /// What the sender was called there and then; empty where the homeserver did not tell, and of state events.
  [[nodiscard]] const std::string& sender_name() const { return sender_name_; }
  [[nodiscard]] json::Value document() const { return document_.root(); }
  [[nodiscard]] const PageToken& token() const { return token_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  Kind kind_;
  MatrixRoomId room_;
  std::optional<RoomEvent> event_;
  std::string sender_name_;
  json::Document document_;
  PageToken token_;
  std::size_t bytes_ = 0;
};

// A list: items are large, and go from one to another without being moved.
using SyncBatch = std::list<SyncItem>;
using SyncTime = std::chrono::steady_clock::time_point;

class SyncOptions {
 public:
  /// How long to wait after failure number `attempt`, counted from 0.
  using BackoffPolicy = std::function<std::chrono::milliseconds(unsigned attempt)>;
  explicit SyncOptions(BackoffPolicy backoff) : backoff_(std::move(backoff)) {}
  /// Where to go on; empty: from now on, without history.
  SyncOptions& since(PageToken token) { return since_ = std::move(token), *this; }
  /// Whose stream it is: of a room that this user has just joined, what was said before is left out.
  SyncOptions& user(MatrixUserId id) { return user_ = std::move(id), *this; }
  SyncOptions& poll_timeout(std::chrono::milliseconds hold) { return poll_timeout_ = hold, *this; }
  SyncOptions& batch_events(std::size_t most) { return batch_events_ = most, *this; }
  SyncOptions& batch_bytes(std::size_t most) { return batch_bytes_ = most, *this; }
  SyncOptions& remembered_ids(std::size_t most) { return remembered_ids_ = most, *this; }
  SyncOptions& gap_bounds(GapBounds bounds) { return gap_bounds_ = bounds, *this; }

  [[nodiscard]] const PageToken& since() const { return since_; }
  [[nodiscard]] const MatrixUserId& user() const { return user_; }
  [[nodiscard]] std::chrono::milliseconds poll_timeout() const { return poll_timeout_; }
  [[nodiscard]] std::size_t batch_events() const { return batch_events_; }
  [[nodiscard]] std::size_t batch_bytes() const { return batch_bytes_; }
  [[nodiscard]] std::size_t remembered_ids() const { return remembered_ids_; }
  [[nodiscard]] const GapBounds& gap_bounds() const { return gap_bounds_; }
  [[nodiscard]] std::chrono::milliseconds backoff(unsigned attempt) const { return backoff_(attempt); }

 private:
  BackoffPolicy backoff_;
  PageToken since_;
  MatrixUserId user_;
  std::chrono::milliseconds poll_timeout_{30'000};
  std::size_t batch_events_ = 256;
  std::size_t batch_bytes_ = std::size_t{256} << 10U;
  std::size_t remembered_ids_ = 8192;
  GapBounds gap_bounds_;
};

// What poll() may ask for.
struct SyncIdle {};  ///< Nothing until the next input.
struct SyncWait {    ///< Poll again at `until`. `why` is what failed last, for the log.
  SyncTime until;
  std::optional<Error> why;
};
struct SyncPoll {  ///< Send /sync; then answered() or failed().
  PageToken since;
  std::chrono::milliseconds timeout;
  bool position_only;  ///< An initial sync: SyncFilter::position_only().
  int timeline_limit;
  bool caught_up;  ///< The poll before was answered: mostly little comes.
};
struct SyncFetchGap {  ///< Send /messages backwards; then gap_page() or failed().
  MatrixRoomId room;
  PageToken from;
  PageToken to;
  int limit;
};
struct SyncConfirm {  ///< Does the homeserver know this event of before the position? Then confirmed() or failed().
  MatrixRoomId room;
  EventId event;
};
struct SyncDeliver {  ///< Complete the reader's request with this batch.
  SyncBatch batch;
};
struct SyncTellReader {  ///< Complete the reader's request with this error. The stream lives on.
  Error error;
};
struct SyncStore {  ///< Everything before this position is consumed: remember it, or snapshot(). No outcome is
                    ///< expected.
  PageToken position;
};
struct SyncRenewToken {};  ///< Replace the token; then token_renewed() or failed().
struct SyncEnd {};         ///< Closed; given once.
using SyncAction = std::variant<SyncIdle, SyncWait, SyncPoll, SyncFetchGap, SyncConfirm, SyncDeliver, SyncTellReader,
                                SyncStore, SyncRenewToken, SyncEnd>;

/// What became of an anchor.
enum class SyncConfirmation : std::uint8_t {
  there,      ///< The event is known.
  missing,    ///< The room is there, the event is not.
  room_gone,  ///< Neither can be read: that says nothing about other rooms.
};

class SyncMachine {
 public:
  explicit SyncMachine(SyncOptions options);

  [[nodiscard]] SyncAction poll(SyncTime now);

  /// Where an earlier process was. Before the first poll() only; the homeserver is asked whether it knows the place.
  void resume(const SyncPosition& position);
  /// There was a position, and it cannot be used: tell the reader that something was missed, go on from now.
  void resync();

  // The reader.
  /// Take a place without delivering anything, until is_live(); or leave that, if nobody waits for it any more.
  void prepare(bool wanted) { preparing_ = wanted; }
  void reader_asked();     ///< next(): consumes the batch before, wants another.
  void reader_withdrew();  ///< The outstanding next() was cancelled or timed out; nothing is lost.
  void acknowledged();     ///< ack(): consumes the batch before, wants nothing.
  /// What the reader waits for of an answer that is still arriving; poll() is for when a request has ended.
  [[nodiscard]] std::optional<SyncDeliver> deliver_arrived();
  /// What waits to be delivered, in memory; but for rooms with gaps of an answer that is still arriving, which no
  /// reader could take yet.
  [[nodiscard]] std::size_t unread_bytes() const { return pieces_bytes_ + ready_bytes_; }
  /// The batch of the last SyncDeliver did not reach the reader; it is kept for the next request.
  void not_delivered(SyncBatch batch);
  void close();

  // The outcome of what was asked for.
  /// A room of an answer that is still arriving. What is ready of it may be delivered at once; it comes again if the
  /// answer fails, and its position counts only when the whole has come.
  void arrived(RoomPiece piece);
  /// The whole answer has come, with the rooms that did not come by arrived().
  void answered(SyncAnswer answer, SyncTime now);
  /// The request is sent only now: what passed since it was asked for says nothing of the homeserver.
  void poll_begins(SyncTime now) { request_began_ = now; }
  void gap_page(MessagesAnswer page, SyncTime now);
  void confirmed(SyncConfirmation what);
  void token_renewed();
  void failed(const Error& error, SyncTime now);
  /// A call of this object threw, for want of memory: it is somewhere in the middle. What is ready to be delivered
  /// stays; all else that came after the position comes again.
  void broke_off(const Error& why, SyncTime now);

  /// The position that a new machine would have to start from to miss nothing.
  [[nodiscard]] const PageToken& position() const { return position_; }
  /// The same with what a new machine needs to resume() there. To be taken when SyncStore is given.
  [[nodiscard]] SyncPosition snapshot() const;
  /// Whatever happens from here on will be told: there is a place to go on from, and the homeserver knows it.
  [[nodiscard]] bool is_live() const { return (!position_.empty() && !to_confirm_) || next_position_; }

 private:
  enum class InFlight : std::uint8_t { nothing, sync, gap, confirmation, token };

  SyncAction store();
  void consume();
  void advance_if_read();
  void start_from_now(const PageToken& next);
  bool ready_is_full() const;
  void make_ready();
  void make_ready(const RoomPiece& piece);
  void add_piece(RoomPiece piece);
  RoomPiece take_piece();
  void drop_pieces();
  [[nodiscard]] std::optional<PageToken> gap_before(const RoomPiece& piece) const;
  [[nodiscard]] std::optional<std::size_t> joined_at(const std::vector<std::optional<RoomEvent>>& events,
                                                     const RoomPiece& piece) const;
  void push(SyncItem item);
  void push_event(const MatrixRoomId& room, RoomEvent&& event, const MemberNames& names);
  void finish_gap(bool complete);
  void note_quick_answer(const PageToken& next, SyncTime now);
  void back_off(const Error& error, SyncTime now);
  void gap_failed(const Error& error);
  SyncDeliver deliver();
  SyncAction request(SyncTime now);

  SyncOptions options_;
  SeenEvents seen_;
  PageToken position_;
  std::optional<PageToken> next_position_;  // of the answer whose pieces are being read
  SyncAnchors anchors_;                     // of position_
  SyncAnchors next_anchors_;                // of next_position_
  std::optional<std::size_t> to_confirm_;   // which anchor the homeserver is to know
  // Lists, because they hold no memory while they are empty, which they mostly are.
  std::list<RoomPiece> pieces_;
  std::size_t pieces_bytes_ = 0;
  std::vector<RoomPiece> limited_;  // of an answer that is still arriving: rooms with gaps come last
  SyncBatch ready_;
  std::size_t ready_bytes_ = 0;
  std::unique_ptr<GapFill> gap_;
  std::optional<Error> for_reader_;
  std::optional<Error> last_failure_;
  std::optional<SyncTime> wait_until_;
  SyncTime request_began_{};
  InFlight in_flight_ = InFlight::nothing;
  int timeline_limit_ = default_timeline_limit;
  unsigned failures_ = 0;
  unsigned renewals_ = 0;
  unsigned gap_refusals_ = 0;
  unsigned quick_answers_ = 0;
  unsigned resyncs_ = 0;  // without an ordinary answer in between
  bool resyncing_ = false;
  bool caught_up_ = false;
  bool preparing_ = false;
  bool asked_ = false;
  bool batch_is_out_ = false;
  bool store_due_ = false;
  bool needs_token_ = false;
  bool closed_ = false;
  bool end_told_ = false;

  static constexpr int default_timeline_limit = 100;
};

}  // namespace confab::matrix
