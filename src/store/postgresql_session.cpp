#include "store/postgresql_session.hpp"

#include <algorithm>
#include <utility>

namespace confab::store {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds first_pause{20};
constexpr std::chrono::milliseconds longest_pause{2000};

}  // namespace

void PostgresqlStop::raise() {
  {
    const std::lock_guard lock(mutex_);
    raised_ = true;
  }
  raised_now_.notify_all();
}

bool PostgresqlStop::within(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return raised_now_.wait_for(lock, time, [this] { return raised_; });
}

PostgresqlSession::PostgresqlSession(Secret dsn, std::chrono::milliseconds patience,
                                     std::chrono::milliseconds answer_within, std::shared_ptr<PostgresqlStop> stop)
    : dsn_(std::move(dsn)),
      patience_(patience),
      answer_within_(answer_within),
      stop_(std::move(stop)),
      random_(std::random_device()()) {}

Result<PostgresqlRows> PostgresqlSession::run(const PostgresqlQuery& query) {
  return repeat<PostgresqlRows>([&] { return connection_->run(query, answer_within_); });
}

Result<void> PostgresqlSession::run_script(const std::string& sql) {
  return repeat<void>([&] { return connection_->run_script(sql, answer_within_); });
}

template <class T, class F>
Result<T> PostgresqlSession::repeat(F attempt) {
  for (;;) {
    std::optional<Error> failed = connect();
    if (!failed) {
      Result<T> answer = attempt();
      if (connection_->usable()) {
        down_since_.reset();
        failures_ = 0;
        return answer;
      }
      failed = answer.error();
      connection_.reset();
    }
    const auto now = Clock::now();
    if (!down_since_) down_since_ = now;
    // The first time at once: a connection that the server or a proxy has closed meanwhile says nothing about it now.
    if (next_attempt_ <= now) next_attempt_ = now + (failures_++ == 0 ? std::chrono::milliseconds(0) : pause());
    last_ = failed;
    if (!failed->retriable() || next_attempt_ - *down_since_ > patience_) return std::move(*failed);
    if (stop_->within(std::chrono::ceil<std::chrono::milliseconds>(next_attempt_ - now))) return std::move(*failed);
  }
}

// Many processes that lost one database must not all come back at once.
std::chrono::milliseconds PostgresqlSession::pause() {
  const auto most = std::min(longest_pause, first_pause * (1 << std::min(failures_, 10)));
  return std::chrono::milliseconds(
      std::uniform_int_distribution<std::int64_t>(most.count() / 2, most.count())(random_));
}

std::optional<Error> PostgresqlSession::connect() {
  if (connection_) return {};
  if (last_ && Clock::now() < next_attempt_) return last_;  // until then everything fails as the last attempt did
  auto made = PostgresqlConnection::open(dsn_);
  if (!made) return std::move(made).error();
  connection_.emplace(std::move(*made));
  last_.reset();
  return {};
}

}  // namespace confab::store
