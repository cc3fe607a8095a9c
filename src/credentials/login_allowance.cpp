#include "credentials/login_allowance.hpp"

#include <algorithm>
#include <cstdint>

#include "store/record_rules.hpp"
#include "util/json.hpp"

namespace confab::credentials {

namespace {

using Millis = std::chrono::milliseconds;

constexpr const char* allowance_prefix = "logins/";
// How often another process may write first.
constexpr int most_turns = 8;
// By then the bucket is full again, whatever was in it.
constexpr Millis allowance_life =
    std::chrono::duration_cast<Millis>(LoginBudget::longest_hold + (LoginBudget::burst + 1) * LoginBudget::interval);

LoginBudget::Time time_of(const json::Value& value) {
  const std::int64_t ms = std::max<std::int64_t>(value.integer_or(0), 0);
  return LoginBudget::Time(std::chrono::duration_cast<LoginBudget::Time::duration>(Millis(ms)));
}

std::int64_t millis_of(LoginBudget::Time time) {
  return std::max<std::int64_t>(std::chrono::duration_cast<Millis>(time.time_since_epoch()).count(), 0);
}

// What cannot be read is a budget of which nothing was spent: the homeserver tells otherwise.
LoginBudget read_budget(const std::optional<StoreRecord>& record, LoginBudget::Time now) {
  if (!record) return {};
  const Result<json::Document> parsed = store::parse(*record);
  if (!parsed) return {};
  LoginBudget budget(time_of(parsed->root()["full_at"]), time_of(parsed->root()["not_before"]));
  budget.bound(now);
  return budget;
}

StoreWrite write_budget(const std::string& key, StoreVersion version, const LoginBudget& budget) {
  json::Writer writer;
  writer.object().member("full_at", millis_of(budget.full_at())).member("not_before", millis_of(budget.not_before()));
  writer.end();
  StoreWrite write = StoreWrite::put(key, version, std::move(writer).finish());
  write.expires_after(allowance_life);
  return write;
}

}  // namespace

Task<Result<void>> LoginAllowance::turn(net::Turns::Place& place, net::CallContext context) {
  if (Result<void> joined = place.join({}); !joined) co_return joined;
  if (place.in_turn()) co_return Result<void>();
  const bool in_turn = co_await place.turn(context);
  if (in_turn) co_return Result<void>();
  co_return net::stopped_error(context);
}

Task<Result<LoginAllowance::Wait>> LoginAllowance::take(std::shared_ptr<LoginAllowance> self, std::string server,
                                                        LoginBudget::Haste haste, net::CallContext context) {
  net::Turns::Place place(self->turns_);
  if (const Result<void> in_turn = co_await turn(place, context); !in_turn) co_return in_turn.error();
  const std::string key = allowance_prefix + server;
  for (int turn = 0; turn < most_turns; ++turn) {
    Result<std::optional<StoreRecord>> found = co_await self->records_.get(context, key);
    if (!found) co_return std::move(found).error();
    const LoginBudget::Time now = std::chrono::system_clock::now();
    LoginBudget budget = read_budget(*found, now);
    if (!budget.take(haste, now)) {
      const Millis wait = std::chrono::ceil<Millis>(budget.next(haste) - now);
      co_return Wait(std::max(wait, Millis(1)));
    }
    Result<StoreVersion> written = co_await self->records_.put_if(
        context, write_budget(key, *found ? (*found)->version() : 0, budget), Durability::relaxed);
    if (written) co_return Wait();
    if (written.error().code() != Errc::conflict) co_return std::move(written).error();
  }
  co_return Error(Errc::busy, "other processes log in all the time; try again");
}

Task<void> LoginAllowance::refused(std::shared_ptr<LoginAllowance> self, std::string server, Millis wait,
                                   net::CallContext context) {
  net::Turns::Place place(self->turns_);
  if (const Result<void> in_turn = co_await turn(place, context); !in_turn) co_return;
  const std::string key = allowance_prefix + server;
  for (int turn = 0; turn < most_turns; ++turn) {
    Result<std::optional<StoreRecord>> found = co_await self->records_.get(context, key);
    if (!found) co_return;
    const LoginBudget::Time now = std::chrono::system_clock::now();
    LoginBudget budget = read_budget(*found, now);
    budget.refused(now, wait);
    Result<StoreVersion> written = co_await self->records_.put_if(
        context, write_budget(key, *found ? (*found)->version() : 0, budget), Durability::relaxed);
    if (written || written.error().code() != Errc::conflict) co_return;
  }
}

}  // namespace confab::credentials
