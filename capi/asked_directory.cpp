#include "capi/asked_directory.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <tuple>

#include <confab/directory_batch.hpp>

namespace confab::capi {
namespace {

// Other processes may change the directory at the same moment.
constexpr int most_applications = 16;

}  // namespace

// Answers are put into the directory one after the other: begun together, all but one would be conflicts.
class Applier : public std::enable_shared_from_this<Applier> {
 public:
  explicit Applier(std::shared_ptr<StoredDirectory> stored) : stored_(std::move(stored)) {}

  void add(DirectoryBatch batch, AskedDirectory::Then then) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.emplace_back(std::move(batch), std::move(then));
      if (std::exchange(busy_, true)) return;
    }
    next();
  }

 private:
  void next() noexcept {
    {
      const std::lock_guard lock(mutex_);
      busy_ = !waiting_.empty();
      if (!busy_) return;
      std::tie(batch_, then_) = std::move(waiting_.front());
      waiting_.pop_front();
    }
    apply(0);
  }
  void apply(int tries) noexcept try {
    stored_->apply(batch_, stored_->revision())
        .start([self = shared_from_this(), tries](const Result<DirectoryRevision>& applied) {
          if (!applied && applied.error().code() == Errc::conflict && tries < most_applications) {
            return self->apply(tries + 1);
          }
          self->end(applied ? Result<void>() : Result<void>(applied.error()));
        });
  } catch (...) {
    end(no_memory());
  }
  void end(Result<void> how) noexcept {
    std::exchange(then_, nullptr)(std::move(how));
    next();
  }

  const std::shared_ptr<StoredDirectory> stored_;
  std::mutex mutex_;
  std::deque<std::pair<DirectoryBatch, AskedDirectory::Then>> waiting_;  // under the mutex, as is
  bool busy_ = false;
  // Of the one that is under way.
  DirectoryBatch batch_;
  AskedDirectory::Then then_;
};

namespace {

// One operation's questions. Kept by whatever it waits for.
class Asking final : public confab::detail::RunningOperation, public std::enable_shared_from_this<Asking> {
 public:
  Asking(std::shared_ptr<StoredDirectory> stored, std::shared_ptr<Applier> applier,
         std::shared_ptr<Questions> questions, std::string tenant, Needs needs, AskedDirectory::Then then)
      : stored_(std::move(stored)),
        applier_(std::move(applier)),
        questions_(std::move(questions)),
        tenant_(std::move(tenant)),
        needs_(std::move(needs)),
        then_(std::move(then)) {}

  void go_on() noexcept try {
    if (ended()) return;
    while (!needs_.users.empty()) {
      const UserSlug user = std::move(needs_.users.back());
      needs_.users.pop_back();
      if (stored_->user(user)) continue;
      return put([&](json::Writer& out) {
        out.member("question", "user").member("tenant", tenant_).member("user", user.str());
      });
    }
    while (!needs_.rooms.empty()) {
      const RoomRef room = std::move(needs_.rooms.back());
      needs_.rooms.pop_back();
      if (stored_->room(room)) continue;
      return put([&](json::Writer& out) {
        out.member("question", "room").member("tenant", tenant_);
        out.member("kind", room_kind_name(room.kind())).member("room", room.slug().str());
      });
    }
    end({});
  } catch (...) {
    end(no_memory());
  }

  // Withdraws the question that is open. An answer that has come goes into the directory all the same.
  void cancel() noexcept override {
    end(cancelled_);
    questions_->drop(open_question());
  }

 private:
  template <class Write>
  void put(const Write& write) {
    const std::uint64_t number =
        questions_->ask(write, [self = shared_from_this()](std::optional<std::string_view> answer) -> Result<void> {
          if (answer && self->ended()) return Error(Errc::closed, "the operation that asked was cancelled");
          DirectoryBatch batch;
          if (answer && *answer != "null") {
            auto read = read_directory_batch(std::string(*answer));
            if (!read) return std::move(read).error();
            batch = std::move(*read);
          }
          if (batch.empty()) {
            self->go_on();
          } else {
            self->applier_->add(std::move(batch), [self](const Result<void>& applied) {
              applied ? self->go_on() : self->end(applied.error());
            });
          }
          return {};
        });
    asked(number);
    if (ended()) questions_->drop(number);  // it was cancelled meanwhile
  }

  // Numbers grow, and a quick answer may have led to the next question already.
  void asked(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    question_ = std::max(question_, number);
  }
  [[nodiscard]] std::uint64_t open_question() {
    const std::lock_guard lock(mutex_);
    return question_;
  }
  [[nodiscard]] bool ended() {
    const std::lock_guard lock(mutex_);
    return !then_;
  }
  void end(Result<void> how) noexcept {
    AskedDirectory::Then then;
    {
      const std::lock_guard lock(mutex_);
      then = std::exchange(then_, nullptr);
    }
    if (then) then(std::move(how));
  }

  const std::shared_ptr<StoredDirectory> stored_;
  const std::shared_ptr<Applier> applier_;
  const std::shared_ptr<Questions> questions_;
  const std::string tenant_;
  const Error cancelled_{Errc::cancelled,
                         "the operation was cancelled before it began"};  // so that to say it needs no memory
  Needs needs_;                                                           // of whoever goes on
  std::mutex mutex_;
  AskedDirectory::Then then_;   // under the mutex, as is
  std::uint64_t question_ = 0;  // the last one that was asked
};

}  // namespace

AskedDirectory::AskedDirectory(std::shared_ptr<StoredDirectory> stored, std::shared_ptr<Questions> questions,
                               std::string tenant)
    : stored_(std::move(stored)),
      applier_(std::make_shared<Applier>(stored_)),
      questions_(std::move(questions)),
      tenant_(std::move(tenant)) {}

bool AskedDirectory::knows(const Needs& needs) const {
  return std::all_of(needs.users.begin(), needs.users.end(),
                     [this](const UserSlug& user) { return stored_->user(user).has_value(); }) &&
         std::all_of(needs.rooms.begin(), needs.rooms.end(),
                     [this](const RoomRef& room) { return stored_->room(room).has_value(); });
}

Operation AskedDirectory::ask(Needs needs, Then then) const {
  auto asking = std::make_shared<Asking>(stored_, applier_, questions_, tenant_, std::move(needs), std::move(then));
  asking->go_on();
  return Operation(std::move(asking));
}

}  // namespace confab::capi
