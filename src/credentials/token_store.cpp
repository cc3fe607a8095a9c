#include "credentials/token_store.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include "credentials/token_record.hpp"
#include "store/key_check.hpp"

namespace confab::credentials {

namespace {

// A stored token that ends sooner is not worth its first request.
constexpr std::chrono::seconds least_life{30};
// How often somebody else may write first before we say so.
constexpr int most_rounds = 4;
// Records of one page.
constexpr std::size_t page_size = 200;

bool usable(const StoredToken& token, std::uint64_t dead) {
  if (token.token().empty() || token.version() == dead) return false;
  return !token.end() || *token.end() - std::chrono::system_clock::now() > least_life;
}

MintedToken minted_of(const StoredToken& token, bool fresh) {
  MintedToken minted(token.token());
  minted.generation(token.version()).fresh(fresh);
  if (token.end()) {
    const auto left = *token.end() - std::chrono::system_clock::now();
    minted.lives_until(net::Clock::now() + std::chrono::duration_cast<net::Clock::duration>(left));
  }
  return minted;
}

// The record of a token that ends by itself ends with it, unless it holds more.
std::optional<std::chrono::milliseconds> lifetime_of(const StoredToken& token) {
  if (token.kind() != StoredToken::Kind::puppet || !token.end() || !token.password().empty()) return std::nullopt;
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(*token.end() - std::chrono::system_clock::now());
  return std::max(left, std::chrono::milliseconds(1));
}

}  // namespace

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
                                           net::CallContext context) {
  Result<std::string> value = token_record(token, record_key(account), *self->keys_);
  if (!value) co_return std::move(value).error();
  StoreWrite write = StoreWrite::put(record_key(account), token.version(), std::move(*value));
  if (const auto lifetime = lifetime_of(token)) write.expires_after(*lifetime);
  Result<StoreVersion> written = co_await self->records_.put_if(context, std::move(write), Durability::promised);
  if (written) {
    token.version(*written);
    co_return token;
  }
  if (written.error().code() != Errc::store) co_return std::move(written).error();
  // It may have been written all the same.
  Result<std::optional<StoredToken>> found = co_await load(self, account, context);
  if (found && *found && (*found)->version() != token.version() && (*found)->token() == token.token() &&
      (*found)->password() == token.password()) {
    co_return std::move(**found);
  }
  co_return std::move(written).error();
}

Task<StoredToken> TokenStore::settled(std::shared_ptr<TokenStore> self, std::shared_ptr<Mint> mint,
                                      MatrixUserId account, StoredToken token, net::CallContext context) {
  if (token.settled()) co_return token;
  const bool done = co_await mint->settle(mint, account, token, context);
  if (!done) co_return token;
  StoredToken marked = token;
  marked.settled(true);
  Result<StoredToken> saved = co_await save(self, std::move(account), std::move(marked), std::move(context));
  // Otherwise the next one to read the record settles it once more.
  if (saved) co_return std::move(*saved);
  co_return token;
}

Task<Result<MintedToken>> TokenStore::obtain(std::shared_ptr<TokenStore> self, std::shared_ptr<Mint> mint,
                                             MatrixUserId account, std::uint64_t dead, net::CallContext context) {
  for (int round = 0; round < most_rounds; ++round) {
    Result<std::optional<StoredToken>> found = co_await load(self, account, context);
    if (!found) co_return std::move(found).error();
    if (*found && usable(**found, dead)) {
      StoredToken ready = co_await settled(self, mint, account, std::move(**found), context);
      co_return minted_of(ready, false);
    }
    Result<StoredToken> made = co_await mint->mint(mint, account, std::move(*found), context);
    if (made) {
      StoredToken unsaved = std::move(*made);
      made = co_await save(self, account, std::move(unsaved), context);
    }
    if (made) {
      StoredToken ready = co_await settled(self, mint, account, std::move(*made), context);
      co_return minted_of(ready, true);
    }
    // Somebody else was first: theirs is as good.
    if (made.error().code() != Errc::conflict) co_return std::move(made).error();
  }
  co_return Error(Errc::busy, "other processes replace the token all the time; try again").with_subject("user");
}

Task<Result<TokenStore::Forgotten>> TokenStore::forget(std::shared_ptr<TokenStore> self, MatrixUserId account,
                                                       net::CallContext context) {
  const std::string key = record_key(account);
  Result<void> fit = co_await check_keys(self, context);
  if (!fit) co_return std::move(fit).error();
  for (int round = 0; round < most_rounds; ++round) {
    Result<std::optional<StoreRecord>> found = co_await self->records_.get(context, key);
    if (!found) co_return std::move(found).error();
    if (!*found) co_return Forgotten(false, 0);
    const StoreVersion version = (*found)->version();
    Result<StoredToken> read = read_token_record(**found, *self->keys_);
    if (!read && read.error().code() != Errc::store) co_return std::move(read).error();
    if (read && read->token().empty()) co_return Forgotten(false, version);
    StoreWrite write = StoreWrite::erase(key, version);
    if (read && !read->password().empty()) {
      StoredToken without = std::move(*read);
      without.token(Secret(), std::nullopt);
      Result<std::string> value = token_record(without, key, *self->keys_);
      if (!value) co_return std::move(value).error();
      write = StoreWrite::put(key, version, std::move(*value));
    }
    Result<StoreVersion> written = co_await self->records_.put_if(context, std::move(write), Durability::relaxed);
    if (written) co_return Forgotten(true, version);
    // Somebody was faster, with a new token perhaps: that one then.
    if (written.error().code() != Errc::conflict) co_return std::move(written).error();
  }
  co_return Error(Errc::busy, "other processes replace the token all the time; try again").with_subject("user");
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

}  // namespace confab::credentials
