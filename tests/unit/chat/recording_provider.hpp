// RecordingProvider: a ChatProvider in memory that writes down what it is asked, and errs when told to.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <confab/chat_provider.hpp>
#include <confab/runtime.hpp>

#include "net/runtime_core.hpp"

namespace confab::test {

class RecordingProvider final : public ChatProvider {
 public:
  explicit RecordingProvider(Runtime& runtime) : core_(runtime.core()) {}

  const std::string& server_name() const noexcept override { return server_name_; }

  Pending<void> ensure_account(MatrixUserId user, std::string name, CallOptions options) override;
  Pending<void> reactivate_account(MatrixUserId user, CallOptions options) override;
  Pending<Account> account(MatrixUserId user, CallOptions options) override;
  Pending<void> set_password(MatrixUserId user, Secret password, CallOptions options) override;
  Pending<MatrixRoomId> ensure_room(ProviderRoomRequest request, CallOptions options) override;
  Pending<MatrixRoomId> find_room(std::string alias, CallOptions options) override;
  Pending<std::string> room_alias(MatrixRoomId room, CallOptions options) override;
  Pending<void> join(MatrixRoomId room, MatrixUserId user, CallOptions options) override;
  Pending<void> remove(MatrixRoomId room, MatrixUserId user, CallOptions options) override;
  Pending<std::vector<Member>> members(MatrixRoomId room, CallOptions options) override;
  Pending<EventId> send(ProviderMessage message, CallOptions options) override;
  Pending<EventId> edit(ProviderEdit edit, CallOptions options) override;
  Pending<EventId> redact(ProviderRedaction redaction, CallOptions options) override;
  Pending<EventId> react(ProviderReaction reaction, CallOptions options) override;
  Pending<void> typing(ProviderTypingNotice notice, CallOptions options) override;
  Pending<void> mark_read(ProviderReadMark mark, CallOptions options) override;
  Pending<Unread> unread(MatrixRoomId room, MatrixUserId user, CallOptions options) override;
  Pending<MessagePage> history(ProviderHistoryRequest request, CallOptions options) override;
  Pending<ResetCounts> reset(ProviderReset request, CallOptions options) override;
  EventStream events(MatrixUserId user, EventsOptions options) override;

  // What was asked since the last call.
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return std::exchange(asked_, {});
  }
  // The next request, whatever it is, ends so.
  void fail_next(Error error) {
    const std::lock_guard lock(mutex_);
    failures_.push_back(std::move(error));
  }
  void ban(const std::string& user) { banned_.insert(user); }
  void remove(const std::string& user) {
    std::erase_if(members_, [&user](const std::string& member) { return member.ends_with(user); });
  }
  // The room is gone and another stands in its place.
  void replace_rooms() {
    for (auto& [alias, room] : rooms_) room = MatrixRoomId("!" + std::to_string(++made_));
    members_.clear();
  }
  // Nobody remembers any room, by id or by alias.
  void forget_rooms() {
    rooms_.clear();
    members_.clear();
  }
  void forget_accounts() { accounts_.clear(); }
  // As a homeserver closes an account, which takes its user out of all rooms.
  void close(const std::string& user) {
    closed_.insert(user);
    remove(user);
  }

  std::vector<std::string> transactions;
  std::vector<std::string> left;   // whom the next batch of a stream says to have left room !1
  std::deque<EventBatch> batches;  // what a stream says first; after them a message in room !1, over and over
  int fail_lookups = 0;            // so many times nobody can tell a room's alias
  bool closed = false;
  int acknowledged = 0;

 private:
  class Source final : public confab::detail::EventSource {
   public:
    Source(RecordingProvider& provider, MatrixUserId user) : provider_(&provider), user_(std::move(user)) {}
    ~Source() override = default;
    Pending<EventBatch> next(CallOptions options) override;
    Pending<void> ready(CallOptions options) override;
    void ack() noexcept override { ++provider_->acknowledged; }
    void close() noexcept override { provider_->closed = true; }

   private:
    RecordingProvider* provider_;
    MatrixUserId user_;
  };

  // Defined beside its only users.
  template <class T, class Answer>
  static Task<Result<T>> answer_with(RecordingProvider* self, Answer answer);
  template <class T, class Answer>
  Pending<T> described(const MatrixUserId& user, CallOptions options, Answer answer);
  Pending<EventId> changing(const MatrixRoomId& room, const MatrixUserId& user, const TransactionId& transaction,
                            CallOptions options, const std::string& what);
  std::optional<Error> take_failure() {
    const std::lock_guard lock(mutex_);
    if (failures_.empty()) return std::nullopt;
    Error error = failures_.front();
    failures_.pop_front();
    asked_.push_back("fails");
    return error;
  }
  void note(std::string text) {
    const std::lock_guard lock(mutex_);
    asked_.push_back(std::move(text));
  }
  bool exists(const MatrixRoomId& room) const {
    return std::any_of(rooms_.begin(), rooms_.end(), [&room](const auto& entry) { return entry.second == room; });
  }
  std::optional<Error> may(const MatrixRoomId& room, const MatrixUserId& user) const {
    if (accounts_.count(user.str()) == 0) return Error(Errc::not_found, "no such account");
    // As a homeserver has it: a room that is gone looks like one that the user is not in.
    if (members_.count(room.str() + user.str()) == 0)
      return Error(Errc::forbidden, "not a member").with_errcode("M_FORBIDDEN");
    return std::nullopt;
  }

  std::shared_ptr<net::RuntimeCore> core_;
  std::string server_name_ = "hs.test";
  std::mutex mutex_;  // for what tests read while operations run
  std::vector<std::string> asked_;
  std::deque<Error> failures_;
  std::map<std::string, MatrixRoomId> rooms_;
  std::set<std::string> accounts_;
  std::set<std::string> closed_;
  std::set<std::string> members_;
  std::set<std::string> banned_;
  int made_ = 0;
};

}  // namespace confab::test
