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

  Pending<void> ensure_account(MatrixUserId user, std::string name, CallOptions options) override {
    return described<void>(user, std::move(options), [this, user, name] {
      note("account " + user.str() + " " + name);
      accounts_.insert(user.str());
      return Result<void>();
    });
  }
  Pending<Account> account(MatrixUserId user, CallOptions options) override {
    return described<Account>(user, std::move(options), [this, user]() -> Result<Account> {
      note("show " + user.str());
      if (accounts_.count(user.str()) == 0) return Error(Errc::not_found, "no such account");
      return Account(UserSlug(), user, "Shown").state(AccountState::locked);
    });
  }
  Pending<void> set_password(MatrixUserId user, Secret password, CallOptions options) override {
    return described<void>(user, std::move(options), [this, user, password] {
      note("password " + user.str() + " of " + std::to_string(password.reveal().size()));
      return Result<void>();
    });
  }
  Pending<MatrixRoomId> ensure_room(ProviderRoomRequest request, CallOptions options) override {
    return described<MatrixRoomId>(request.creator(), std::move(options), [this, request]() -> Result<MatrixRoomId> {
      note("make " + request.alias_localpart() + " by " + request.creator().str() + " " + request.name() + " | " +
           request.topic() + (request.is_public() ? " public" : " private") +
           (request.other().empty() ? "" : " with " + request.other().str()));
      return rooms_.try_emplace(request.alias_localpart(), MatrixRoomId("!" + std::to_string(++made_))).first->second;
    });
  }
  Pending<MatrixRoomId> find_room(std::string alias, CallOptions options) override {
    return described<MatrixRoomId>(MatrixUserId(alias), std::move(options), [this, alias]() -> Result<MatrixRoomId> {
      note("find " + alias);
      const auto at = rooms_.find(alias);
      if (at == rooms_.end()) return Error(Errc::not_found, "no such alias").with_errcode("M_NOT_FOUND");
      return at->second;
    });
  }
  Pending<std::string> room_alias(MatrixRoomId room, CallOptions options) override {
    return described<std::string>(MatrixUserId(room.str()), std::move(options), [this, room]() -> Result<std::string> {
      note("name " + room.str());
      if (fail_lookups > 0 && fail_lookups-- > 0) return Error(Errc::unreachable, "away");
      for (const auto& [alias, id] : rooms_) {
        if (id == room) return alias;
      }
      return Error(Errc::not_found, "no room of ours");
    });
  }
  Pending<void> join(MatrixRoomId room, MatrixUserId user, CallOptions options) override {
    return described<void>(user, std::move(options), [this, room, user]() -> Result<void> {
      note("join " + room.str() + " " + user.str());
      if (accounts_.count(user.str()) == 0) return Error(Errc::not_found, "no such account");
      if (!exists(room)) return Error(Errc::not_found, "no such room");
      if (banned_.count(user.str()) != 0) return Error(Errc::forbidden, "banned").with_errcode("M_BAD_STATE");
      members_.insert(room.str() + user.str());
      return {};
    });
  }
  Pending<void> remove(MatrixRoomId room, MatrixUserId user, CallOptions options) override {
    return described<void>(user, std::move(options), [this, room, user]() -> Result<void> {
      note("remove " + room.str() + " " + user.str());
      if (!exists(room)) return Error(Errc::forbidden, "no such room");
      members_.erase(room.str() + user.str());
      return {};
    });
  }
  Pending<std::vector<Member>> members(MatrixRoomId room, CallOptions options) override {
    return described<std::vector<Member>>(
        MatrixUserId(room.str()), std::move(options), [this, room]() -> Result<std::vector<Member>> {
          note("members " + room.str());
          if (!exists(room)) return Error(Errc::forbidden, "no such room");
          std::vector<Member> members;
          for (const std::string& member : members_) {
            if (member.starts_with(room.str()))
              members.emplace_back(MatrixUserId(member.substr(room.str().size())), "join");
          }
          members.emplace_back(MatrixUserId("@stranger:elsewhere.test"), "invite");
          return members;
        });
  }
  Pending<EventId> send(ProviderMessage message, CallOptions options) override {
    return described<EventId>(message.sender(), std::move(options), [this, message]() -> Result<EventId> {
      note(
          "send " + message.room().str() + " " + message.sender().str() + " " + message.body() +
          (message.repeated() ? " again" : "") + (message.formatted().empty() ? "" : " as " + message.formatted()) +
          (message.kind() == MessageKind::text ? std::string() : std::string(" ") + message_kind_name(message.kind())) +
          (message.reply_to().empty() ? "" : " to " + message.reply_to().str()) +
          (message.even_if_encrypted() ? " even if encrypted" : ""));
      transactions.push_back(message.transaction_id().str());
      if (auto refused = may(message.room(), message.sender())) return *refused;
      return EventId("$" + std::to_string(transactions.size()));
    });
  }
  Pending<EventId> edit(ProviderEdit edit, CallOptions options) override {
    return changing(edit.room(), edit.user(), edit.transaction_id(), std::move(options),
                    "edit " + edit.message().str() + " " + edit.body() + (edit.repeated() ? " again" : "") +
                        (edit.even_if_encrypted() ? " even if encrypted" : ""));
  }
  Pending<EventId> redact(ProviderRedaction redaction, CallOptions options) override {
    return changing(redaction.room(), redaction.user(), redaction.transaction_id(), std::move(options),
                    "redact " + redaction.event().str() + " " + redaction.reason());
  }
  Pending<EventId> react(ProviderReaction reaction, CallOptions options) override {
    return changing(reaction.room(), reaction.user(), reaction.transaction_id(), std::move(options),
                    "react " + reaction.message().str() + " " + reaction.key());
  }
  Pending<void> typing(ProviderTypingNotice notice, CallOptions options) override {
    return described<void>(notice.user(), std::move(options), [this, notice]() -> Result<void> {
      note("typing " + notice.room().str() + " " + notice.user().str() + (notice.on() ? " on" : " off"));
      if (auto refused = may(notice.room(), notice.user())) return *refused;
      return {};
    });
  }
  Pending<void> mark_read(ProviderReadMark mark, CallOptions options) override {
    return described<void>(mark.user(), std::move(options), [this, mark]() -> Result<void> {
      note("mark " + mark.room().str() + " " + mark.user().str() + " " + mark.event().str() +
           (mark.in_private() ? " in private" : ""));
      if (auto refused = may(mark.room(), mark.user())) return *refused;
      return {};
    });
  }
  Pending<Unread> unread(MatrixRoomId room, MatrixUserId user, CallOptions options) override {
    return described<Unread>(user, std::move(options), [this, room, user]() -> Result<Unread> {
      note("unread " + room.str() + " " + user.str());
      if (auto refused = may(room, user)) return *refused;
      return Unread(3, 1, EventId("$read"));
    });
  }
  Pending<MessagePage> history(ProviderHistoryRequest request, CallOptions options) override {
    return described<MessagePage>(request.reader(), std::move(options), [this, request]() -> Result<MessagePage> {
      note("read " + request.room().str() + " " + request.reader().str() + " " + std::to_string(request.limit()) +
           (request.reactions() ? "" : " without reactions"));
      if (auto refused = may(request.room(), request.reader())) return *refused;
      if (request.from().str() == "nonsense") return Error(Errc::invalid_argument, "M_UNKNOWN from the server");
      return MessagePage(request.room(), {}, PageToken("t1"));
    });
  }
  Pending<ResetCounts> reset(ProviderReset request, CallOptions options) override {
    return described<ResetCounts>(request.user(), std::move(options), [this, request]() -> Result<ResetCounts> {
      std::string whose;
      for (const std::string& user : accounts_) {
        if (request.concerns(MatrixUserId(user))) whose += " " + user;
      }
      note("reset" + whose + (request.is_full() ? " in full" : ""));
      return ResetCounts(2, 1).positions(request.is_full() ? 4 : 0);
    });
  }
  EventStream events(MatrixUserId user, EventsOptions options) override {
    if (!options.consumer().empty()) note("open " + user.str() + " as " + options.consumer());
    return EventStream(std::make_shared<Source>(*this, std::move(user)));
  }

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

  std::vector<std::string> transactions;
  std::vector<std::string> left;   // whom the next batch of a stream says to have left room !1
  std::deque<EventBatch> batches;  // what a stream says first; after them a message in room !1, over and over
  int fail_lookups = 0;            // so many times nobody can tell a room's alias
  bool closed = false;
  int acknowledged = 0;

 private:
  class Source final : public detail::EventSource {
   public:
    Source(RecordingProvider& provider, MatrixUserId user) : provider_(&provider), user_(std::move(user)) {}
    ~Source() override = default;
    Pending<EventBatch> next(CallOptions options) override {
      return provider_->described<EventBatch>(user_, std::move(options), [this]() -> Result<EventBatch> {
        provider_->note("next " + user_.str());
        if (provider_->accounts_.count(user_.str()) == 0) return Error(Errc::not_found, "no such account");
        if (!provider_->batches.empty()) {
          EventBatch scripted = std::move(provider_->batches.front());
          provider_->batches.pop_front();
          return scripted;
        }
        EventBatch batch;
        batch.emplace_back(EventKind::message, MatrixRoomId("!1"));
        for (const std::string& user : std::exchange(provider_->left, {})) {
          ChatEvent leave(EventKind::membership, MatrixRoomId("!1"));
          leave.type("m.room.member").user(MatrixUserId(user)).membership("leave");
          batch.push_back(std::move(leave));
        }
        return batch;
      });
    }
    Pending<void> ready(CallOptions options) override {
      return provider_->described<void>(user_, std::move(options), [this]() -> Result<void> {
        provider_->note("ready " + user_.str());
        if (provider_->accounts_.count(user_.str()) == 0) return Error(Errc::not_found, "no such account");
        return Result<void>();
      });
    }
    void ack() noexcept override { ++provider_->acknowledged; }
    void close() noexcept override { provider_->closed = true; }

   private:
    RecordingProvider* provider_;
    MatrixUserId user_;
  };

  template <class T, class Answer>
  static Task<Result<T>> answer_with(RecordingProvider* self, Answer answer) {
    if (auto failure = self->take_failure()) co_return *failure;
    co_return answer();
  }
  template <class T, class Answer>
  Pending<T> described(const MatrixUserId& user, CallOptions options, Answer answer) {
    return net::describe<T>(core_, user.str(), std::move(options),
                            [this, answer](const net::CallContext&) { return answer_with<T>(this, answer); });
  }
  Pending<EventId> changing(const MatrixRoomId& room, const MatrixUserId& user, const TransactionId& transaction,
                            CallOptions options, const std::string& what) {
    return described<EventId>(user, std::move(options), [this, room, user, transaction, what]() -> Result<EventId> {
      note(what + " " + room.str() + " " + user.str());
      transactions.push_back(transaction.str());
      if (auto refused = may(room, user)) return *refused;
      return EventId("$" + std::to_string(transactions.size()));
    });
  }
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
  std::set<std::string> members_;
  std::set<std::string> banned_;
  int made_ = 0;
};

}  // namespace confab::test
