#include "credentials/token_store.hpp"

#include <algorithm>
#include <random>

#include "credentials/token_record.hpp"
#include "store/key_check.hpp"
#include "util/text.hpp"

namespace confab::credentials {

namespace {

// How often somebody else may write first before we say so.
constexpr int most_write_rounds = 4;
// Of a record that tells only what is being tried.
constexpr std::chrono::hours intent_life{1};
// Records of one page.
constexpr std::size_t page_size = 200;
// Pages that are looked at to tell what was done for all.
constexpr int most_pages = 50;

Error others_replace() {
  return Error(Errc::busy, "other processes replace the token all the time; try again").with_subject("user");
}

// The record of a token that ends by itself ends with it, unless it holds more.
std::optional<std::chrono::milliseconds> lifetime_of(const StoredToken& token) {
  if (token.kind() != StoredToken::Kind::puppet || token.tells_of_password()) return std::nullopt;
  if (token.token().empty()) return intent_life;
  if (!token.end()) return std::nullopt;
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(*token.end() - std::chrono::system_clock::now());
  return std::max(left, std::chrono::milliseconds(1));
}

}  // namespace

TokenStore::TokenStore(net::RecordStore records, std::shared_ptr<const store::SealingKeys> keys,
                       std::chrono::milliseconds lease_length)
    : records_(std::move(records)),
      keys_(std::move(keys)),
      lease_length_(lease_length),
      random_(net::jitter_source(std::random_device()())),
      logins_(std::make_shared<LoginAllowance>(records_)) {}

Task<Result<void>> TokenStore::check_keys(std::shared_ptr<TokenStore> self, net::CallContext context) {
  if (self->keys_fit_.load(std::memory_order_acquire)) co_return Result<void>();
  net::StoreAnswer<void> asked(std::move(context), [self](StoreHandler<void> done) {
    store::check_sealing_keys(self->records_.store(), self->keys_, std::move(done));
  });
  Result<void> fit = co_await asked;
  if (fit) self->keys_fit_.store(true, std::memory_order_release);
  co_return fit;
}

Task<Result<std::optional<StoredToken>>> TokenStore::load(std::shared_ptr<TokenStore> self, MatrixUserId account,
                                                          net::CallContext context) {
  Result<void> fit = co_await check_keys(self, context);
  if (!fit) co_return std::move(fit).error();
  Result<std::optional<StoreRecord>> found = co_await self->records_.get(context, record_key(account));
  if (!found) co_return std::move(found).error();
  if (!*found) co_return std::optional<StoredToken>();
  Result<StoredToken> read = read_token_record(**found, *self->keys_);
  if (!read) co_return std::move(read).error();
  co_return std::optional<StoredToken>(std::move(*read));
}

Task<Result<StoredToken>> TokenStore::save(std::shared_ptr<TokenStore> self, MatrixUserId account, StoredToken token,
                                           net::CallContext context, std::vector<StoreWrite> beside) {
  Result<std::string> value = token_record(token, record_key(account), *self->keys_);
  if (!value) co_return std::move(value).error();
  StoreWrite write = StoreWrite::put(record_key(account), token.version(), std::move(*value));
  if (const auto lifetime = lifetime_of(token)) write.expires_after(*lifetime);
  beside.insert(beside.begin(), std::move(write));
  Result<std::vector<StoreVersion>> written =
      co_await self->records_.transact(context, std::move(beside), Durability::promised);
  if (written) {
    token.version(written->front());
    co_return token;
  }
  if (written.error().code() != Errc::store) co_return std::move(written).error();
  // It may have been written all the same.
  Result<std::optional<StoredToken>> found = co_await load(self, account, context);
  if (found && *found && (*found)->version() != token.version() && (*found)->token() == token.token() &&
      (*found)->password() == token.password() && (*found)->password_owner() == token.password_owner() &&
      (*found)->intent() == token.intent()) {
    co_return std::move(**found);
  }
  co_return std::move(written).error();
}

Task<Result<void>> TokenStore::tidy(std::shared_ptr<TokenStore> self, MatrixUserId account, StoredToken token,
                                    net::CallContext context, std::vector<StoreWrite> beside) {
  if (!token.token().empty() || token.tells_of_password() || !token.refresh_token().empty()) {
    Result<StoredToken> saved = co_await save(self, std::move(account), std::move(token), context, std::move(beside));
    if (!saved) co_return std::move(saved).error();
    co_return Result<void>();
  }
  beside.insert(beside.begin(), StoreWrite::erase(record_key(account), token.version()));
  Result<std::vector<StoreVersion>> written =
      co_await self->records_.transact(context, std::move(beside), Durability::relaxed);
  if (!written) co_return std::move(written).error();
  co_return Result<void>();
}

Task<Result<void>> TokenStore::note_password_owner(std::shared_ptr<TokenStore> self, MatrixUserId account,
                                                   PasswordOwner owner, net::CallContext context) {
  for (int round = 0; round < most_write_rounds; ++round) {
    Result<std::optional<StoredToken>> found = co_await load(self, account, context);
    if (!found) co_return std::move(found).error();
    StoredToken token = *found ? std::move(**found) : StoredToken(StoredToken::Kind::puppet);
    const bool known = owner == PasswordOwner::library && token.tells_of_password();
    if (known || token.password_owner() == owner) co_return Result<void>();
    token.password_owner(owner);
    Result<StoredToken> saved = co_await save(self, account, std::move(token), context);
    if (saved) co_return Result<void>();
    if (saved.error().code() != Errc::conflict) co_return std::move(saved).error();
  }
  co_return others_replace();
}

Task<Result<void>> TokenStore::forget_password(std::shared_ptr<TokenStore> self, MatrixUserId account,
                                               net::CallContext context) {
  for (int round = 0; round < most_write_rounds; ++round) {
    Result<std::optional<StoredToken>> found = co_await load(self, account, context);
    if (!found) co_return std::move(found).error();
    if (!*found) co_return Result<void>();
    StoredToken token = std::move(**found);
    token.token(Secret(), std::nullopt).refresh_token(Secret());
    token.password(Secret(), false).password_owner(PasswordOwner::library);
    Result<StoredToken> saved = co_await save(self, account, std::move(token), context);
    if (saved) co_return Result<void>();
    if (saved.error().code() != Errc::conflict) co_return std::move(saved).error();
  }
  co_return others_replace();
}

Result<std::shared_ptr<store::Lease>> TokenStore::lease(const MatrixUserId& account) const {
  std::string holder = text::random_token();
  if (holder.empty()) return Error(Errc::store, "the system gives no random bytes to name the holder of a lease");
  return std::make_shared<store::Lease>(records_.store(),
                                        store::LeaseMachine(record_key(account), std::move(holder), lease_length_));
}

Task<Result<TokenStore::Forgotten>> TokenStore::forget(std::shared_ptr<TokenStore> self, MatrixUserId account,
                                                       net::CallContext context) {
  const std::string key = record_key(account);
  Result<void> fit = co_await check_keys(self, context);
  if (!fit) co_return std::move(fit).error();
  for (int round = 0; round < most_write_rounds; ++round) {
    Result<std::optional<StoreRecord>> found = co_await self->records_.get(context, key);
    if (!found) co_return std::move(found).error();
    if (!*found) co_return Forgotten(false, 0);
    const StoreVersion version = (*found)->version();
    Result<StoredToken> read = read_token_record(**found, *self->keys_);
    if (!read && read.error().code() != Errc::store) co_return std::move(read).error();
    const std::uint64_t generation = read ? read->generation() : 0;
    if (read && read->token().empty() && read->refresh_token().empty()) co_return Forgotten(false, generation);
    StoreWrite write = StoreWrite::erase(key, version);
    if (read && read->tells_of_password()) {
      StoredToken without = std::move(*read);
      without.token(Secret(), std::nullopt).refresh_token(Secret());
      Result<std::string> value = token_record(without, key, *self->keys_);
      if (!value) co_return std::move(value).error();
      write = StoreWrite::put(key, version, std::move(*value));
    }
    Result<StoreVersion> written = co_await self->records_.put_if(context, std::move(write), Durability::relaxed);
    if (written) co_return Forgotten(true, generation);
    // Somebody was faster, with a new token perhaps: that one then.
    if (written.error().code() != Errc::conflict) co_return std::move(written).error();
  }
  co_return others_replace();
}

Task<Result<TokenStore::Accounts>> TokenStore::accounts(std::shared_ptr<TokenStore> self, std::string cursor,
                                                        net::CallContext context) {
  Result<StorePage> page =
      co_await self->records_.list(std::move(context), std::string(prefix), std::move(cursor), page_size);
  if (!page) co_return std::move(page).error();
  std::vector<MatrixUserId> accounts;
  accounts.reserve(page->records().size());
  for (const StoreRecord& record : page->records()) accounts.emplace_back(record.key().substr(prefix.size()));
  co_return Accounts(std::move(accounts), page->cursor());
}

void TokenStore::Totals::add(const StoreRecord& record) {
  ++accounts_;
  const auto times = times_made(record);
  for (std::size_t i = 0; i < made_.size(); ++i) made_.at(i) += times.at(i);
}

Task<Result<TokenStore::Totals>> TokenStore::totals(std::shared_ptr<TokenStore> self, net::CallContext context) {
  Totals totals;
  std::string cursor;
  for (int page = 0; page < most_pages; ++page) {
    Result<StorePage> found = co_await self->records_.list(context, std::string(prefix), std::move(cursor), page_size);
    if (!found) co_return std::move(found).error();
    for (const StoreRecord& record : found->records()) totals.add(record);
    cursor = found->cursor();
    if (cursor.empty()) co_return totals;
  }
  totals.end(false);
  co_return totals;
}

}  // namespace confab::credentials
