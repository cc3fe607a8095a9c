// What the provider answers, compiled once for all tests of the layer.
#include "unit/chat/recording_provider.hpp"

namespace confab::test {

template <class T, class Answer>
Task<Result<T>> RecordingProvider::answer_with(RecordingProvider* self, Answer answer) {
  if (auto failure = self->take_failure()) co_return *failure;
  co_return answer();
}
template <class T, class Answer>
Pending<T> RecordingProvider::described(const MatrixUserId& user, CallOptions options, Answer answer) {
  return net::describe<T>(core_, user.str(), std::move(options),
                          [this, answer](const net::CallContext&) { return answer_with<T>(this, answer); });
}
Pending<EventId> RecordingProvider::changing(const MatrixRoomId& room, const MatrixUserId& user,
                                             const TransactionId& transaction, CallOptions options,
                                             const std::string& what) {
  return described<EventId>(user, std::move(options), [this, room, user, transaction, what]() -> Result<EventId> {
    note(what + " " + room.str() + " " + user.str());
    transactions.push_back(transaction.str());
    if (auto refused = may(room, user)) return *refused;
    return EventId("$" + std::to_string(transactions.size()));
  });
}

Pending<void> RecordingProvider::ensure_account(MatrixUserId user, std::string name, CallOptions options) {
  return described<void>(user, std::move(options), [this, user, name]() -> Result<void> {
    note("account " + user.str() + " " + name);
    if (closed_.count(user.str()) != 0) return Error(Errc::account_deactivated, "closed");
    accounts_.insert(user.str());
    return Result<void>();
  });
}

Pending<void> RecordingProvider::reactivate_account(MatrixUserId user, CallOptions options) {
  return described<void>(user, std::move(options), [this, user] {
    note("reactivate " + user.str());
    closed_.erase(user.str());
    return Result<void>();
  });
}

Pending<Account> RecordingProvider::account(MatrixUserId user, CallOptions options) {
  return described<Account>(user, std::move(options), [this, user]() -> Result<Account> {
    note("show " + user.str());
    if (accounts_.count(user.str()) == 0) return Error(Errc::not_found, "no such account");
    return Account(UserSlug(), user, "Shown")
        .state(closed_.count(user.str()) != 0 ? AccountState::deactivated : AccountState::locked);
  });
}

Pending<void> RecordingProvider::set_password(MatrixUserId user, Secret password, CallOptions options) {
  return described<void>(user, std::move(options), [this, user, password] {
    note("password " + user.str() + " of " + std::to_string(password.reveal().size()));
    return Result<void>();
  });
}

Pending<MatrixRoomId> RecordingProvider::ensure_room(ProviderRoomRequest request, CallOptions options) {
  return described<MatrixRoomId>(request.creator(), std::move(options), [this, request]() -> Result<MatrixRoomId> {
    note("make " + request.alias_localpart() + " by " + request.creator().str() + " " + request.name() + " | " +
         request.topic() + (request.is_public() ? " public" : " private") +
         (request.other().empty() ? "" : " with " + request.other().str()));
    return rooms_.try_emplace(request.alias_localpart(), MatrixRoomId("!" + std::to_string(++made_))).first->second;
  });
}

Pending<MatrixRoomId> RecordingProvider::find_room(std::string alias, CallOptions options) {
  return described<MatrixRoomId>(MatrixUserId(alias), std::move(options), [this, alias]() -> Result<MatrixRoomId> {
    note("find " + alias);
    const auto at = rooms_.find(alias);
    if (at == rooms_.end()) return Error(Errc::not_found, "no such alias").with_errcode("M_NOT_FOUND");
    return at->second;
  });
}

Pending<std::string> RecordingProvider::room_alias(MatrixRoomId room, CallOptions options) {
  return described<std::string>(MatrixUserId(room.str()), std::move(options), [this, room]() -> Result<std::string> {
    note("name " + room.str());
    if (fail_lookups > 0 && fail_lookups-- > 0) return Error(Errc::unreachable, "away");
    for (const auto& [alias, id] : rooms_) {
      if (id == room) return alias;
    }
    return Error(Errc::not_found, "no room of ours");
  });
}

Pending<void> RecordingProvider::join(MatrixRoomId room, MatrixUserId user, CallOptions options) {
  return described<void>(user, std::move(options), [this, room, user]() -> Result<void> {
    note("join " + room.str() + " " + user.str());
    if (accounts_.count(user.str()) == 0) return Error(Errc::not_found, "no such account");
    if (!exists(room)) return Error(Errc::not_found, "no such room");
    if (banned_.count(user.str()) != 0) return Error(Errc::forbidden, "banned").with_errcode("M_BAD_STATE");
    members_.insert(room.str() + user.str());
    return {};
  });
}

Pending<void> RecordingProvider::remove(MatrixRoomId room, MatrixUserId user, CallOptions options) {
  return described<void>(user, std::move(options), [this, room, user]() -> Result<void> {
    note("remove " + room.str() + " " + user.str());
    if (!exists(room)) return Error(Errc::forbidden, "no such room");
    members_.erase(room.str() + user.str());
    return {};
  });
}

Pending<std::vector<Member>> RecordingProvider::members(MatrixRoomId room, CallOptions options) {
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

Pending<EventId> RecordingProvider::send(ProviderMessage message, CallOptions options) {
  return described<EventId>(message.sender(), std::move(options), [this, message]() -> Result<EventId> {
    note("send " + message.room().str() + " " + message.sender().str() + " " + message.body() +
         (message.repeated() ? " again" : "") + (message.formatted().empty() ? "" : " as " + message.formatted()) +
         (message.kind() == MessageKind::text ? std::string() : std::string(" ") + message_kind_name(message.kind())) +
         (message.reply_to().empty() ? "" : " to " + message.reply_to().str()) +
         (message.even_if_encrypted() ? " even if encrypted" : ""));
    transactions.push_back(message.transaction_id().str());
    if (auto refused = may(message.room(), message.sender())) return *refused;
    return EventId("$" + std::to_string(transactions.size()));
  });
}

Pending<EventId> RecordingProvider::edit(ProviderEdit edit, CallOptions options) {
  return changing(edit.room(), edit.user(), edit.transaction_id(), std::move(options),
                  "edit " + edit.message().str() + " " + edit.body() + (edit.repeated() ? " again" : "") +
                      (edit.even_if_encrypted() ? " even if encrypted" : ""));
}

Pending<EventId> RecordingProvider::redact(ProviderRedaction redaction, CallOptions options) {
  return changing(redaction.room(), redaction.user(), redaction.transaction_id(), std::move(options),
                  "redact " + redaction.event().str() + " " + redaction.reason());
}

Pending<EventId> RecordingProvider::react(ProviderReaction reaction, CallOptions options) {
  return changing(reaction.room(), reaction.user(), reaction.transaction_id(), std::move(options),
                  "react " + reaction.message().str() + " " + reaction.key());
}

Pending<void> RecordingProvider::typing(ProviderTypingNotice notice, CallOptions options) {
  return described<void>(notice.user(), std::move(options), [this, notice]() -> Result<void> {
    note("typing " + notice.room().str() + " " + notice.user().str() + (notice.on() ? " on" : " off"));
    if (auto refused = may(notice.room(), notice.user())) return *refused;
    return {};
  });
}

Pending<void> RecordingProvider::mark_read(ProviderReadMark mark, CallOptions options) {
  return described<void>(mark.user(), std::move(options), [this, mark]() -> Result<void> {
    note("mark " + mark.room().str() + " " + mark.user().str() + " " + mark.event().str() +
         (mark.in_private() ? " in private" : ""));
    if (auto refused = may(mark.room(), mark.user())) return *refused;
    return {};
  });
}

Pending<Unread> RecordingProvider::unread(MatrixRoomId room, MatrixUserId user, CallOptions options) {
  return described<Unread>(user, std::move(options), [this, room, user]() -> Result<Unread> {
    note("unread " + room.str() + " " + user.str());
    if (auto refused = may(room, user)) return *refused;
    return Unread(3, 1, EventId("$read"));
  });
}

Pending<MessagePage> RecordingProvider::history(ProviderHistoryRequest request, CallOptions options) {
  return described<MessagePage>(request.reader(), std::move(options), [this, request]() -> Result<MessagePage> {
    note("read " + request.room().str() + " " + request.reader().str() + " " + std::to_string(request.limit()) +
         (request.reactions() ? "" : " without reactions"));
    if (auto refused = may(request.room(), request.reader())) return *refused;
    if (request.from().str() == "nonsense") return Error(Errc::invalid_argument, "M_UNKNOWN from the server");
    return MessagePage(request.room(), {}, PageToken("t1"));
  });
}

Pending<ResetCounts> RecordingProvider::reset(ProviderReset request, CallOptions options) {
  return described<ResetCounts>(request.user(), std::move(options), [this, request]() -> Result<ResetCounts> {
    std::string whose;
    for (const std::string& user : accounts_) {
      if (request.concerns(MatrixUserId(user))) whose += " " + user;
    }
    note("reset" + whose + (request.is_full() ? " in full" : ""));
    return ResetCounts(2, 1).positions(request.is_full() ? 4 : 0);
  });
}

EventStream RecordingProvider::events(MatrixUserId user, EventsOptions options) {
  if (!options.consumer().empty()) note("open " + user.str() + " as " + options.consumer());
  return EventStream(std::make_shared<Source>(*this, std::move(user)));
}

Pending<EventBatch> RecordingProvider::Source::next(CallOptions options) {
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

Pending<void> RecordingProvider::Source::ready(CallOptions options) {
  return provider_->described<void>(user_, std::move(options), [this]() -> Result<void> {
    provider_->note("ready " + user_.str());
    if (provider_->accounts_.count(user_.str()) == 0) return Error(Errc::not_found, "no such account");
    return Result<void>();
  });
}

}  // namespace confab::test
