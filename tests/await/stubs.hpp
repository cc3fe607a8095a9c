// Implementations of the public interfaces that answer with what they were asked, later and on the caller's thread.
#pragma once

#include <deque>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <confab/confab.hpp>

namespace confab_await {

using namespace confab;

// Keeps completions until the test runs them.
class Queue final : public confab::detail::Delivery {
 public:
  void deliver(std::unique_ptr<confab::detail::Completion> completion) noexcept override {
    later([completion = std::move(completion)] { completion->run(); });
  }
  void later(UniqueFunction<void()> task) { tasks_.push_back(std::move(task)); }
  void run() {
    while (!tasks_.empty()) {
      UniqueFunction<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
  }

 private:
  std::deque<UniqueFunction<void()>> tasks_;
};

// An operation that holds its arguments, checks them when it runs and gives them back as its result.
template <class T, class Answer>
Pending<T> answers(const std::shared_ptr<Queue>& queue, CallOptions options, Answer answer) {
  return Pending<T>(queue, [queue, options = std::move(options),
                            answer = std::move(answer)](UniqueFunction<void(Result<T>)> done) mutable {
    queue->later([done = std::move(done), options = std::move(options), answer = std::move(answer)]() mutable {
      if (options.stop_token().stop_requested()) return done(Error(Errc::cancelled, "stopped"));
      done(answer());
    });
    return std::shared_ptr<confab::detail::RunningOperation>();
  });
}

class StubService final : public ChatService {
 public:
  explicit StubService(std::shared_ptr<Queue> queue) : queue_(std::move(queue)) {}
  Pending<Account> ensure_user(UserSlug user, std::string name, CallOptions options) override {
    return answers<Account>(queue_, std::move(options),
                            [user = std::move(user), name = std::move(name)]() -> Result<Account> {
                              return Account(user, MatrixUserId("@" + user.str()), name);
                            });
  }
  Pending<Account> account(UserSlug user, CallOptions options) override {
    return answers<Account>(queue_, std::move(options), [user = std::move(user)]() -> Result<Account> {
      return Account(user, MatrixUserId("@" + user.str()), "").state(AccountState::locked);
    });
  }
  Pending<void> set_password(UserSlug user, Secret password, CallOptions options) override {
    return answers<void>(queue_, std::move(options),
                         [user = std::move(user), password = std::move(password)]() -> Result<void> {
                           if (user.str() == password.reveal()) return Result<void>();
                           return Error(Errc::invalid_argument, "the arguments were damaged");
                         });
  }
  Pending<Room> ensure_room(RoomRequest request, CallOptions options) override {
    return answers<Room>(queue_, std::move(options), [request = std::move(request)]() -> Result<Room> {
      return Room(request.ref(), MatrixRoomId(request.creator().str()), request.name());
    });
  }
  Pending<Room> add_member(RoomRef room, UserSlug user, CallOptions options) override {
    return answers<Room>(queue_, std::move(options),
                         [room = std::move(room), user = std::move(user)]() -> Result<Room> {
                           return Room(room, MatrixRoomId(user.str()), "");
                         });
  }
  Pending<Room> remove_member(RoomRef room, UserSlug user, CallOptions options) override {
    return answers<Room>(queue_, std::move(options),
                         [room = std::move(room), user = std::move(user)]() -> Result<Room> {
                           return Room(room, MatrixRoomId(user.str()), "");
                         });
  }
  Pending<std::vector<Member>> members(RoomRef room, CallOptions options) override {
    return answers<std::vector<Member>>(
        queue_, std::move(options), [room = std::move(room)]() -> Result<std::vector<Member>> {
          return std::vector<Member>{Member(MatrixUserId(room.first().str()), "join").slug(room.second())};
        });
  }
  Pending<EventId> send(Message message, CallOptions options) override {
    return answers<EventId>(queue_, std::move(options), [message = std::move(message)]() -> Result<EventId> {
      return EventId(message.body() + message.formatted() + message.reply_to().str() + message.transaction_id().str() +
                     (message.repeated() ? "again" : ""));
    });
  }
  Pending<TransactionId> send_durably(Message message, CallOptions options) override {
    return answers<TransactionId>(queue_, std::move(options),
                                  [message = std::move(message)]() -> Result<TransactionId> {
                                    return TransactionId(message.body() + message.transaction_id().str());
                                  });
  }
  Pending<OutboxPage> outbox(OutboxRequest request, CallOptions options) override {
    return answers<OutboxPage>(queue_, std::move(options), [request = std::move(request)]() -> Result<OutboxPage> {
      return OutboxPage({}, request.from() + std::to_string(request.limit()) + (request.is_dead() ? "dead" : ""));
    });
  }
  Pending<OutboxMessage> outbox_message(TransactionId id, CallOptions options) override {
    return answers<OutboxMessage>(queue_, std::move(options), [id = std::move(id)]() -> Result<OutboxMessage> {
      return OutboxMessage(id, OutboxState::dead);
    });
  }
  Pending<void> outbox_retry(TransactionId id, CallOptions options) override {
    return answers<void>(queue_, std::move(options), [id = std::move(id)]() -> Result<void> {
      if (!id.empty()) return Result<void>();
      return Error(Errc::invalid_argument, "the arguments were damaged");
    });
  }
  Pending<void> outbox_drop(TransactionId id, CallOptions options) override {
    return outbox_retry(std::move(id), std::move(options));
  }
  EventStream outbox_events() override;
  Pending<EventId> edit(Edit edit, CallOptions options) override {
    return answers<EventId>(queue_, std::move(options), [edit = std::move(edit)]() -> Result<EventId> {
      return EventId(edit.message().str() + edit.body() + edit.formatted() + edit.transaction_id().str() +
                     edit.user().str());
    });
  }
  Pending<EventId> redact(Redaction redaction, CallOptions options) override {
    return answers<EventId>(queue_, std::move(options), [redaction = std::move(redaction)]() -> Result<EventId> {
      return EventId(redaction.event().str() + redaction.reason() + redaction.transaction_id().str());
    });
  }
  Pending<EventId> react(Reaction reaction, CallOptions options) override {
    return answers<EventId>(queue_, std::move(options), [reaction = std::move(reaction)]() -> Result<EventId> {
      return EventId(reaction.message().str() + reaction.key() + reaction.transaction_id().str());
    });
  }
  Pending<void> typing(TypingNotice notice, CallOptions options) override {
    return answers<void>(queue_, std::move(options), [notice = std::move(notice)]() -> Result<void> {
      if (notice.on() && !notice.user().empty()) return Result<void>();
      return Error(Errc::invalid_argument, "the arguments were damaged");
    });
  }
  Pending<void> mark_read(ReadMark mark, CallOptions options) override {
    return answers<void>(queue_, std::move(options), [mark = std::move(mark)]() -> Result<void> {
      if (mark.in_private() && mark.event().str() == mark.user().str()) return Result<void>();
      return Error(Errc::invalid_argument, "the arguments were damaged");
    });
  }
  Pending<Unread> unread(RoomRef room, UserSlug user, CallOptions options) override {
    return answers<Unread>(queue_, std::move(options),
                           [room = std::move(room), user = std::move(user)]() -> Result<Unread> {
                             return Unread(1, 2, EventId(user.str()));
                           });
  }
  Pending<MessagePage> history(HistoryRequest request, CallOptions options) override {
    return answers<MessagePage>(queue_, std::move(options), [request = std::move(request)]() -> Result<MessagePage> {
      return MessagePage(MatrixRoomId(request.room().slug().str()), {},
                         PageToken(request.from().str() + std::to_string(request.limit())));
    });
  }
  Pending<ResetCounts> reset(ResetRequest request, CallOptions options) override {
    return answers<ResetCounts>(queue_, std::move(options), [request = std::move(request)]() -> Result<ResetCounts> {
      return ResetCounts(request.user().str().size(), 1).positions(request.is_full() ? 2 : 0).rooms(3);
    });
  }
  EventStream events(UserSlug user, EventsOptions options) override;

 private:
  std::shared_ptr<Queue> queue_;
};

class StubSource final : public confab::detail::EventSource {
 public:
  StubSource(std::shared_ptr<Queue> queue, std::string room) : queue_(std::move(queue)), room_(std::move(room)) {}
  Pending<EventBatch> next(CallOptions options) override {
    return answers<EventBatch>(queue_, std::move(options), [room = room_]() -> Result<EventBatch> {
      EventBatch batch;
      batch.push_back(ChatEvent(EventKind::other, MatrixRoomId(room)));
      return batch;
    });
  }
  Pending<void> ready(CallOptions options) override {
    return answers<void>(queue_, std::move(options), [room = room_]() -> Result<void> {
      if (!room.empty()) return Result<void>();
      return Error(Errc::invalid_argument, "the arguments were damaged");
    });
  }
  void ack() noexcept override {}
  void close() noexcept override {}

 private:
  std::shared_ptr<Queue> queue_;
  std::string room_;
};

inline EventStream StubService::events(UserSlug user, EventsOptions options) {
  return EventStream(std::make_shared<StubSource>(queue_, user.str() + options.consumer()));
}

inline EventStream StubService::outbox_events() { return EventStream(std::make_shared<StubSource>(queue_, "outbox")); }

class StubProvider final : public ChatProvider {
 public:
  explicit StubProvider(std::shared_ptr<Queue> queue) : queue_(std::move(queue)) {}
  const std::string& server_name() const noexcept override { return name_; }
  const std::shared_ptr<Queue>& queue() const noexcept { return queue_; }
  Pending<void> ensure_account(MatrixUserId user, std::string display_name, CallOptions options) override {
    return answers<void>(queue_, std::move(options),
                         [user = std::move(user), name = std::move(display_name)]() -> Result<void> {
                           if (user.str() == name) return Result<void>();
                           return Error(Errc::invalid_argument, "the arguments were damaged");
                         });
  }
  Pending<void> reactivate_account(MatrixUserId user, CallOptions options) override {
    return answers<void>(queue_, std::move(options), [user = std::move(user)]() -> Result<void> {
      if (user.str().starts_with("re.") && user.str().ends_with(".re")) return Result<void>();
      return Error(Errc::invalid_argument, "the arguments were damaged");
    });
  }
  Pending<Account> account(MatrixUserId user, CallOptions options) override {
    return answers<Account>(queue_, std::move(options),
                            [user = std::move(user)]() -> Result<Account> { return Account(UserSlug(), user, ""); });
  }
  Pending<void> set_password(MatrixUserId user, Secret password, CallOptions options) override {
    return answers<void>(queue_, std::move(options),
                         [user = std::move(user), password = std::move(password)]() -> Result<void> {
                           if (user.str() == password.reveal()) return Result<void>();
                           return Error(Errc::invalid_argument, "the arguments were damaged");
                         });
  }
  Pending<MatrixRoomId> ensure_room(ProviderRoomRequest request, CallOptions options) override {
    return answers<MatrixRoomId>(queue_, std::move(options), [request = std::move(request)]() -> Result<MatrixRoomId> {
      return MatrixRoomId(request.alias_localpart() + request.creator().str() + request.name() + request.topic());
    });
  }
  Pending<MatrixRoomId> find_room(std::string alias_localpart, CallOptions options) override {
    return answers<MatrixRoomId>(
        queue_, std::move(options),
        [alias = std::move(alias_localpart)]() -> Result<MatrixRoomId> { return MatrixRoomId(alias); });
  }
  Pending<std::string> room_alias(MatrixRoomId room, CallOptions options) override {
    return answers<std::string>(queue_, std::move(options),
                                [room = std::move(room)]() -> Result<std::string> { return room.str(); });
  }
  Pending<void> join(MatrixRoomId room, MatrixUserId user, CallOptions options) override {
    return answers<void>(queue_, std::move(options),
                         [room = std::move(room), user = std::move(user)]() -> Result<void> {
                           if (room.str() == user.str()) return Result<void>();
                           return Error(Errc::invalid_argument, "the arguments were damaged");
                         });
  }
  Pending<void> remove(MatrixRoomId room, MatrixUserId user, CallOptions options) override {
    return answers<void>(queue_, std::move(options),
                         [room = std::move(room), user = std::move(user)]() -> Result<void> {
                           if (room.str() == user.str()) return Result<void>();
                           return Error(Errc::invalid_argument, "the arguments were damaged");
                         });
  }
  Pending<std::vector<Member>> members(MatrixRoomId room, CallOptions options) override {
    return answers<std::vector<Member>>(queue_, std::move(options),
                                        [room = std::move(room)]() -> Result<std::vector<Member>> {
                                          return std::vector<Member>{Member(MatrixUserId(room.str()), "join")};
                                        });
  }
  Pending<EventId> send(ProviderMessage message, CallOptions options) override {
    return answers<EventId>(queue_, std::move(options), [message = std::move(message)]() -> Result<EventId> {
      return EventId(message.body() + message.formatted() + message.reply_to().str() + message.transaction_id().str());
    });
  }
  Pending<EventId> edit(ProviderEdit edit, CallOptions options) override {
    return answers<EventId>(queue_, std::move(options), [edit = std::move(edit)]() -> Result<EventId> {
      return EventId(edit.message().str() + edit.body() + edit.formatted() + edit.transaction_id().str() +
                     edit.user().str());
    });
  }
  Pending<EventId> redact(ProviderRedaction redaction, CallOptions options) override {
    return answers<EventId>(queue_, std::move(options), [redaction = std::move(redaction)]() -> Result<EventId> {
      return EventId(redaction.event().str() + redaction.reason() + redaction.transaction_id().str());
    });
  }
  Pending<EventId> react(ProviderReaction reaction, CallOptions options) override {
    return answers<EventId>(queue_, std::move(options), [reaction = std::move(reaction)]() -> Result<EventId> {
      return EventId(reaction.message().str() + reaction.key() + reaction.transaction_id().str());
    });
  }
  Pending<void> typing(ProviderTypingNotice notice, CallOptions options) override {
    return answers<void>(queue_, std::move(options), [notice = std::move(notice)]() -> Result<void> {
      if (notice.on() && !notice.user().empty()) return Result<void>();
      return Error(Errc::invalid_argument, "the arguments were damaged");
    });
  }
  Pending<void> mark_read(ProviderReadMark mark, CallOptions options) override {
    return answers<void>(queue_, std::move(options), [mark = std::move(mark)]() -> Result<void> {
      if (mark.in_private() && mark.event().str() == mark.user().str()) return Result<void>();
      return Error(Errc::invalid_argument, "the arguments were damaged");
    });
  }
  Pending<Unread> unread(MatrixRoomId room, MatrixUserId user, CallOptions options) override {
    return answers<Unread>(queue_, std::move(options),
                           [room = std::move(room), user = std::move(user)]() -> Result<Unread> {
                             return Unread(1, 2, EventId(user.str()));
                           });
  }
  Pending<MessagePage> history(ProviderHistoryRequest request, CallOptions options) override {
    return answers<MessagePage>(queue_, std::move(options), [request = std::move(request)]() -> Result<MessagePage> {
      return MessagePage(request.room(), {},
                         PageToken(request.reader().str() + request.from().str() + std::to_string(request.limit())));
    });
  }
  Pending<ResetCounts> reset(ProviderReset request, CallOptions options) override {
    return answers<ResetCounts>(queue_, std::move(options), [request = std::move(request)]() -> Result<ResetCounts> {
      return ResetCounts(request.user().str().size(), 1).positions(request.is_full() ? 2 : 0).rooms(3);
    });
  }
  EventStream events(MatrixUserId user, EventsOptions options) override {
    return EventStream(std::make_shared<StubSource>(queue_, user.str() + options.consumer()));
  }

 private:
  std::shared_ptr<Queue> queue_;
  std::string name_ = "example.org";
};

// A coroutine that nobody waits for; it runs to its end when the queue is run.
struct Fire {
  struct promise_type {
    Fire get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
};

// What one awaiting coroutine works with. Texts are long enough to be on the heap, where a second free is seen.
class Host {
 public:
  std::shared_ptr<Queue> queue = std::make_shared<Queue>();
  StubService chat{queue};
  std::shared_ptr<StubProvider> transport = std::make_shared<StubProvider>(queue);
  ChatProvider& provider = *transport;
  std::stop_source stop;
  int completed = 0;

  [[nodiscard]] static std::string text(const char* word) { return std::string(word) + std::string(64, '.') + word; }
};

}  // namespace confab_await
