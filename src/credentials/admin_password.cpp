#include "credentials/admin_password.hpp"

#include <new>
#include <string>
#include <system_error>

#include "util/no_memory.hpp"

namespace confab::credentials {

namespace {

constexpr const char* password_subject = "homeserver.admin_password";

Error not_told(std::string message) {
  return Error(Errc::admin_unavailable, std::move(message)).with_subject(password_subject);
}

Result<Secret> as_told(Result<Secret> told) {
  if (told && told->empty()) return not_told("the admin's password is empty");
  if (told || told.error().code() == Errc::no_memory) return told;
  const Error& error = told.error();
  const Error renamed = error.with_code(Errc::admin_unavailable).with_retriable(false);
  return error.subject().empty() ? renamed.with_subject(password_subject) : renamed;
}

}  // namespace

AdminPassword::~AdminPassword() {
  if (asker_.joinable()) asker_.join();
}

void AdminPassword::refused() {
  const std::lock_guard lock(mutex_);
  refused_ = true;
}

void AdminPassword::ask() noexcept {
  bool refused = false;
  {
    const std::lock_guard lock(mutex_);
    refused = refused_;
  }
  Result<Secret> told = not_told("the admin's password could not be asked for");
  try {
    told = as_told(source_(refused));
  } catch (const std::bad_alloc&) {
    told = no_memory();
  } catch (...) {  // NOLINT: said above; what it threw may name the password
  }
  const std::lock_guard lock(mutex_);
  if (told) refused_ = false;
  asking_ = false;
  const std::shared_ptr<Waiter> waiter = std::exchange(waiter_, nullptr);
  if (waiter && !waiter->abandoned()) {
    waiter->deliver(std::move(told));
  } else {
    late_ = std::move(told);
  }
}

Task<Result<Secret>> AdminPassword::tell(std::shared_ptr<AdminPassword> self, net::CallContext context) {
  if (!self->source_) co_return self->known_;
  const auto waiter = std::make_shared<Waiter>(context.loop());
  Waiter::Wait wait(waiter, context.deadline(), context.stop());
  {
    const std::lock_guard lock(self->mutex_);
    if (self->late_) {
      Result<Secret> told = std::move(*self->late_);
      self->late_.reset();
      co_return told;
    }
    self->waiter_ = waiter;
    if (!self->asking_) {
      if (self->asker_.joinable()) self->asker_.join();  // it has told, so it is at its end
      try {
        self->asker_ = std::thread([asked = self.get()] { asked->ask(); });
      } catch (const std::system_error&) {
        co_return Error(Errc::busy, "no thread could be started to ask for the admin's password")
            .with_subject(password_subject);
      }
      self->asking_ = true;
    }
  }
  std::optional<Result<Secret>> told = co_await wait;
  if (told) co_return std::move(*told);
  if (waiter->by_stop()) co_return Error(Errc::cancelled, "cancelled while the admin's password was asked for");
  co_return not_told("the admin's password was not told in time");
}

}  // namespace confab::credentials
