// Accounts of a tenant's users.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "chat/message_check.hpp"
#include "chat/password_check.hpp"
#include "chat/tenant_chat.hpp"
#include "matrix/identifiers.hpp"
#include "net/await_pending.hpp"

namespace confab::chat {

Task<Result<void>> TenantChat::make_account(Self self, KnownUser user, net::CallContext context) {
  return ensure_account(std::move(self), user.id(), user.user().name(), std::move(context));
}

Task<Result<void>> TenantChat::ensure_account(Self self, MatrixUserId user, std::string name,
                                              net::CallContext context) {
  Pending<void> making = self->provider_->ensure_account(user, name, options_of(context));
  Result<void> made = co_await net::on_loop(context, std::move(making));
  if (!made && made.error().code() == Errc::account_deactivated && self->reactivate_accounts_) {
    Pending<void> reopening = self->provider_->reactivate_account(user, options_of(context));
    Result<void> reopened = co_await net::on_loop(context, std::move(reopening));
    if (!reopened) co_return reopened;
    Pending<void> again = self->provider_->ensure_account(user, std::move(name), options_of(context));
    made = co_await net::on_loop(context, std::move(again));
  }
  if (made) self->open_.put(user);
  co_return made;
}

Task<Result<Account>> TenantChat::ensure_user(Self self, UserSlug slug, std::string name, net::CallContext context) {
  auto user = self->find_user(slug);
  if (!user) co_return std::move(user).error();
  if (name.empty()) name = user->user().name();
  if (auto checked = check_name("display name", name); !checked) co_return std::move(checked).error();
  Result<void> made = co_await ensure_account(self, user->id(), name, context);
  if (!made) co_return std::move(made).error();
  co_return Account(std::move(slug), user->id(), std::move(name));
}

Task<Result<Account>> TenantChat::account(Self self, UserSlug slug, net::CallContext context) {
  auto user = self->find_user(slug);
  if (!user) co_return std::move(user).error();
  Pending<Account> reading = self->provider_->account(user->id(), options_of(context));
  Result<Account> found = co_await net::on_loop(context, std::move(reading));
  if (!found) co_return found;
  co_return Account(std::move(slug), found->user_id(), found->name()).state(found->state());
}

Task<Result<void>> TenantChat::set_password(Self self, UserSlug slug, Secret password, net::CallContext context) {
  auto user = self->find_user(slug);
  if (!user) co_return std::move(user).error();
  if (auto checked = check_password(password); !checked) co_return checked;
  Result<void> account = co_await make_account(self, *user, context);
  if (!account) co_return account;
  Pending<void> setting = self->provider_->set_password(user->id(), std::move(password), options_of(context));
  co_return co_await net::on_loop(context, std::move(setting));
}

// All users are those who are called like this tenant's: somebody whom the directory lists no more is one of them, and
// no other tenant's users are, because the templates of one homeserver never meet.
ProviderReset TenantChat::reset_of_all(Self self) {
  std::string prefix = alias_prefix(self->tenant_);
  ProviderReset all([self = std::move(self)](const MatrixUserId& user) {
    return self->names_.id_of(matrix::localpart_of(user)).has_value();
  });
  all.full(true).rooms(std::move(prefix));
  return all;
}

Task<Result<ResetCounts>> TenantChat::reset(Self self, ResetRequest request, net::CallContext context) {
  ProviderReset asked = reset_of_all(self);
  if (!request.user().empty()) {
    auto user = self->find_user(request.user());
    if (!user) co_return std::move(user).error();
    asked = ProviderReset(user->id());
    asked.rooms(alias_prefix(self->tenant_));
  }
  asked.full(request.is_full());
  Pending<ResetCounts> resetting = self->provider_->reset(std::move(asked), options_of(context));
  Result<ResetCounts> counts = co_await net::on_loop(context, std::move(resetting));
  if (!counts || !request.is_full()) co_return counts;
  // What is known of rooms has no owner: those of one user are looked up by all.
  counts->rooms(std::max<std::uint64_t>(self->forget_rooms(), counts->rooms()));
  co_return counts;
}

std::size_t TenantChat::forget_rooms() {
  memberships_.clear();
  return rooms_.clear();
}

}  // namespace confab::chat
