// A homeserver and a reader in one thread, to drive a SyncMachine step by step and to let any step fail.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "matrix/endpoints/sync.hpp"
#include "matrix/sync_machine.hpp"

namespace confab::matrix::test {

using namespace std::chrono_literals;

inline json::Document parsed(std::string text) {
  auto document = json::parse(std::move(text));
  REQUIRE(document);
  return *std::move(document);
}

// Events in one order over all rooms; positions are "s<count>", history tokens "p<index>" (that event and later are
// known).
class ModelServer {
 public:
  void say(const std::string& room) {
    const std::size_t n = log_.size();
    log_.push_back({room, "$" + std::to_string(n) + (restored_ > 0 ? "." + std::to_string(restored_) : ""), "", ""});
  }
  // The reader, @me:b, is from now on invited to, in or out of a room where all may read what was said without them.
  void move(const std::string& room, const std::string& membership) {
    say(room);
    log_.back().membership = membership;
    log_.back().before = std::exchange(memberships_[room], membership);
  }
  // As from a backup: what came after `size` events never was, and what comes next has other ids.
  void restore(std::size_t size) {
    log_.resize(size);
    ++restored_;
  }
  [[nodiscard]] bool knows(const MatrixRoomId& room, const EventId& id) const {
    return std::any_of(log_.begin(), log_.end(),
                       [&](const Entry& entry) { return entry.room == room.str() && entry.id == id.str(); });
  }
  [[nodiscard]] const std::string& id_of(std::size_t n) const { return log_[n].id; }
  void say(const std::string& room, int count) {
    for (int i = 0; i < count; ++i) say(room);
  }
  [[nodiscard]] std::size_t size() const { return log_.size(); }
  [[nodiscard]] const std::string& room_of(std::size_t n) const { return log_[n].room; }

  [[nodiscard]] SyncAnswer sync(const PageToken& since, int limit) const {
    const std::size_t from = since.empty() ? 0 : number(since.str());
    std::map<std::string, std::vector<std::size_t>> rooms;
    for (std::size_t n = from; n < log_.size(); ++n) rooms[log_[n].room].push_back(n);
    // Of a room that the reader came into since then, a homeserver tells the newest whatever is older than `since`, and
    // says that there is more.
    std::set<std::string> came_in;
    for (std::size_t n = from; n < log_.size(); ++n) {
      if (!log_[n].membership.empty()) came_in.insert(log_[n].room);
    }
    for (const std::string& room : came_in) {
      rooms[room].clear();
      for (std::size_t n = 0; n < log_.size(); ++n) {
        if (log_[n].room == room) rooms[room].push_back(n);
      }
    }
    json::Writer w;
    w.object().member("next_batch", "s" + std::to_string(log_.size()));
    w.key("rooms").object().key("join").object();
    for (auto& [room, events] : rooms) {
      const bool too_many = events.size() > static_cast<std::size_t>(limit);
      const bool limited = too_many || came_in.contains(room);
      if (too_many) events.erase(events.begin(), events.end() - limit);
      w.key(room).object().key("timeline").object().member("limited", limited);
      w.member("prev_batch", "p" + std::to_string(events.front())).key("events").array();
      for (const std::size_t n : events) write(w, n);
      w.end().end().end();
    }
    auto answer = SyncAnswer::read(std::move(w).finish());
    REQUIRE(answer);
    return *std::move(answer);
  }

  [[nodiscard]] MessagesAnswer messages(const SyncFetchGap& gap) const {
    const std::size_t before = number(gap.from.str());
    const std::size_t known = number(gap.to.str());
    json::Writer w;
    w.object().key("chunk").array();
    std::optional<std::size_t> last;
    std::size_t given = 0;
    std::size_t n = before;
    while (n > known && given < page_size) {
      --n;
      if (log_[n].room != gap.room.str()) continue;
      write(w, n);
      ++given;
      last = n;
    }
    w.end();
    if (last && n > known) w.member("end", "p" + std::to_string(*last));
    auto answer = GetMessages::decode(parsed(std::move(w).finish()).root());
    REQUIRE(answer);
    return *std::move(answer);
  }

  static constexpr std::size_t page_size = 3;

 private:
  struct Entry {
    std::string room;
    std::string id;
    std::string membership;  // of a move; what was said has none
    std::string before;
  };
  static std::size_t number(const std::string& token) { return static_cast<std::size_t>(std::stoul(token.substr(1))); }
  void write(json::Writer& w, std::size_t n) const {
    if (!log_[n].membership.empty()) return write_move(w, n);
    w.object().member("event_id", log_[n].id).member("type", "m.room.message").member("sender", "@a:b");
    w.member("origin_server_ts", static_cast<std::int64_t>(n)).key("content").object().member("body", "x").end().end();
  }
  void write_move(json::Writer& w, std::size_t n) const {
    w.object().member("event_id", log_[n].id).member("type", "m.room.member").member("sender", "@me:b");
    w.member("state_key", "@me:b").member("origin_server_ts", static_cast<std::int64_t>(n));
    w.key("content").object().member("membership", log_[n].membership).end();
    if (!log_[n].before.empty()) {
      w.key("unsigned").object().key("prev_content").object().member("membership", log_[n].before).end().end();
    }
    w.end();
  }
  std::vector<Entry> log_;
  std::map<std::string, std::string> memberships_;
  int restored_ = 0;
};

inline SyncOptions options() {
  return SyncOptions([](unsigned attempt) { return std::chrono::milliseconds(100 << std::min(attempt, 5U)); });
}

// Performs what the machine asks for, against the model; the failure of one numbered step can be prescribed.
class Driver {
 public:
  Driver(ModelServer& server, SyncOptions with) : server_(server), machine_(std::move(with)) {}

  // Fail request number `step` (counted from 0 over all requests) with `error`, `times` times in a row.
  void fail_at(int step, Error error, int times = 1) {
    fail_at_ = step;
    fail_with_ = std::move(error);
    fail_times_ = times;
  }
  std::function<void()> after_request;

  // Run until the machine polls at the server's end with nothing left, or `limit` actions were done.
  // False: the limit was reached.
  bool run(int limit = 10'000) {
    machine_.reader_asked();
    for (; limit > 0; --limit) {
      SyncAction action = machine_.poll(now_);
      if (auto* poll = std::get_if<SyncPoll>(&action)) {
        // Nothing new: a real server would hold the request now.
        if (!fails() && poll->since.str() == "s" + std::to_string(server_.size()) && !poll->position_only) {
          machine_.reader_withdrew();
          machine_.failed(Error(Errc::cancelled, "test over"), now_);
          return true;
        }
      }
      perform(action);
    }
    return false;
  }

  void perform(SyncAction& action) {
    if (auto* poll = std::get_if<SyncPoll>(&action)) {
      limits.push_back(poll->timeline_limit);
      if (request_fails()) return;
      machine_.answered(
          server_.sync(poll->since, poll->position_only ? 1 : std::min(poll->timeline_limit, server_limit)), now_);
      if (after_request) after_request();
    } else if (auto* gap = std::get_if<SyncFetchGap>(&action)) {
      ++gap_requests;
      if (request_fails()) return;
      machine_.gap_page(server_.messages(*gap), now_);
    } else if (auto* confirm = std::get_if<SyncConfirm>(&action)) {
      ++confirmations;
      if (request_fails()) return;
      machine_.confirmed(server_.knows(confirm->room, confirm->event) ? SyncConfirmation::there
                                                                      : SyncConfirmation::missing);
    } else if (std::get_if<SyncRenewToken>(&action) != nullptr) {
      ++renewals;
      if (request_fails()) return;
      machine_.token_renewed();
    } else if (auto* wait = std::get_if<SyncWait>(&action)) {
      CHECK(wait->until > now_);
      waited += wait->until - now_;
      now_ = wait->until;
    } else if (auto* batch = std::get_if<SyncDeliver>(&action)) {
      CHECK_FALSE(batch->batch.empty());
      ++batches;
      for (const SyncItem& item : batch->batch) take(item);
      machine_.reader_asked();
    } else if (auto* tell = std::get_if<SyncTellReader>(&action)) {
      told.push_back(tell->error);
      machine_.reader_asked();
    } else if (auto* store = std::get_if<SyncStore>(&action)) {
      // At least once: whatever lies before a stored position was delivered.
      stored = store->position;
      json::Writer w;
      w.object();
      machine_.snapshot().write(w);
      record = std::move(w).finish();
      const auto upto = static_cast<std::size_t>(std::stoul(stored.str().substr(1)));
      for (std::size_t n = first_expected; n < upto; ++n) {
        if (!skipped_upto(n)) CHECK(delivered.contains(server_.id_of(n)));
      }
    } else if (std::get_if<SyncIdle>(&action) != nullptr) {
      FAIL("idle though the reader asked and nothing is in flight");
    }
  }

  SyncMachine& machine() { return machine_; }
  SyncTime now() const { return now_; }
  void now(SyncTime at) { now_ = at; }

  std::set<std::string> delivered;
  std::vector<std::string> order;
  std::vector<Error> told;
  std::vector<int> limits;
  std::set<std::string> lossy_rooms;
  PageToken stored;
  std::string record;  // what a store would hold
  SyncTime::duration waited{};
  std::size_t first_expected = 0;
  int server_limit = 5;
  int requests = 0;
  int gap_requests = 0;
  int renewals = 0;
  int confirmations = 0;
  int batches = 0;
  int missed = 0;

 private:
  bool skipped_upto(std::size_t n) const { return lossy_rooms.contains(server_.room_of(n)); }
  bool fails() const { return fail_times_ > 0 && requests >= fail_at_; }
  bool request_fails() {
    const bool fail = fails();
    ++requests;
    if (!fail) return false;
    --fail_times_;
    machine_.failed(*fail_with_, now_);
    return true;
  }
  void take(const SyncItem& item) {
    if (item.kind() == SyncItem::Kind::missed) {
      ++missed;
      lossy_rooms.insert(item.room_id().str());
      return;
    }
    if (item.kind() != SyncItem::Kind::event) return;
    const std::string id = item.event().id().str();
    CAPTURE(id);
    CHECK(delivered.insert(id).second);  // no event twice in a machine's life
    const int n = std::stoi(id.substr(1));
    int& newest = newest_in_room_.try_emplace(item.room_id().str(), -1).first->second;
    CHECK(n > newest);  // in order within its room
    newest = n;
    order.push_back(id);
  }

  ModelServer& server_;
  SyncMachine machine_;
  SyncTime now_{std::chrono::hours(1)};
  std::map<std::string, int> newest_in_room_;
  std::optional<Error> fail_with_;
  int fail_at_ = -1;
  int fail_times_ = 0;
};

}  // namespace confab::matrix::test
