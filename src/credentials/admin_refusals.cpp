#include "credentials/admin_refusals.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include "store/record_rules.hpp"
#include "store/sealed_text.hpp"
#include "util/digest.hpp"
#include "util/json.hpp"

namespace confab::credentials {

namespace {

using Millis = std::chrono::milliseconds;

constexpr const char* refusal_prefix = "refused/";
constexpr const char* password_member = "password";
// A refusal is counted on from the one before it for so long.
constexpr std::chrono::hours refusal_life{1};
constexpr std::int64_t countable_refusals = 1000;

std::string key_of(const MatrixUserId& admin) { return refusal_prefix + admin.str(); }

std::int64_t wall_now() {
  return std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// What cannot be read is none.
struct Refusal {
  unsigned times = 0;
  std::int64_t until = 0;
  bool same = false;  // it was this password
};

Refusal read(const StoreRecord& record, const store::SealingKeys& keys, const Secret& password) {
  const Result<json::Document> parsed = store::parse(record);
  if (!parsed) return {};
  const json::Value root = parsed->root();
  // The digest is of something that may be guessed: it is as secret as the password.
  const Result<Secret> digest =
      store::unseal(keys, store::SealedPlace(record.key(), password_member), root["password"]);
  Refusal refusal;
  refusal.same = digest && digest->reveal() == sha256_hex(password.reveal());
  refusal.times = static_cast<unsigned>(std::clamp<std::int64_t>(root["times"].integer_or(0), 0, countable_refusals));
  refusal.until = root["until"].integer_or(0);
  return refusal;
}

}  // namespace

Task<AdminRefusals::Wait> AdminRefusals::wait(std::shared_ptr<AdminRefusals> self, MatrixUserId admin, Secret password,
                                              net::CallContext context) {
  const Result<std::optional<StoreRecord>> found = co_await self->records_.get(context, key_of(admin));
  if (!found || !*found) co_return std::nullopt;
  const Refusal refusal = read(**found, *self->keys_, password);
  const std::int64_t now = wall_now();
  if (!refusal.same || refusal.until <= now) co_return std::nullopt;
  // No clock of another's holds us back for longer than a refusal could.
  co_return std::min(Millis(refusal.until - now), RefusalPause::longest());
}

Task<AdminRefusals::Wait> AdminRefusals::refused(std::shared_ptr<AdminRefusals> self, MatrixUserId admin,
                                                 Secret password, net::CallContext context) {
  const std::string key = key_of(admin);
  const Result<std::optional<StoreRecord>> found = co_await self->records_.get(context, key);
  if (!found) co_return std::nullopt;
  Refusal refusal;
  if (*found) refusal = read(**found, *self->keys_, password);
  const unsigned times = refusal.same ? refusal.times + 1 : 1;
  const Millis pause = RefusalPause::length(self->first_, times, self->random_);
  const Result<std::string> sealed =
      store::seal(*self->keys_, store::SealedPlace(key, password_member), Secret(sha256_hex(password.reveal())));
  if (!sealed) co_return std::nullopt;
  json::Writer writer;
  writer.object().member("times", times).member("until", wall_now() + pause.count()).key("password").raw(*sealed);
  writer.end();
  StoreWrite write = StoreWrite::put(key, *found ? (*found)->version() : 0, std::move(writer).finish());
  write.expires_after(refusal_life);
  const Result<StoreVersion> written = co_await self->records_.put_if(context, std::move(write), Durability::relaxed);
  if (!written) co_return std::nullopt;
  co_return pause;
}

Task<void> AdminRefusals::forget(std::shared_ptr<AdminRefusals> self, MatrixUserId admin, net::CallContext context) {
  const std::string key = key_of(admin);
  const Result<std::optional<StoreRecord>> found = co_await self->records_.get(context, key);
  if (!found || !*found) co_return;
  StoreWrite erase = StoreWrite::erase(key, (*found)->version());
  (void)co_await self->records_.put_if(context, std::move(erase), Durability::relaxed);
}

}  // namespace confab::credentials
