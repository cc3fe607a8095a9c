// AdminPassword: what is the admin's password, now? Asked anew at each login, so that one that was put right is found
// without a new start.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <confab/result.hpp>
#include <confab/secret.hpp>

#include "net/call_context.hpp"
#include "net/handover.hpp"
#include "util/task.hpp"

namespace confab::credentials {

class AdminPassword {
 public:
  // May block: it is called on a thread of its own, never twice at a time. `refused`: the homeserver did not take what
  // it told last.
  using Source = std::function<Result<Secret>(bool refused)>;

  explicit AdminPassword(Secret known) : known_(std::move(known)) {}
  explicit AdminPassword(Source source) : source_(std::move(source)) {}
  // Waits for the source.
  ~AdminPassword();
  AdminPassword(const AdminPassword&) = delete;
  AdminPassword& operator=(const AdminPassword&) = delete;

  // Errc::admin_unavailable when it is not told, or not in time: then a late answer is that of the next call. One call
  // at a time.
  [[nodiscard]] static Task<Result<Secret>> tell(std::shared_ptr<AdminPassword> self, net::CallContext context);
  void refused();

 private:
  using Waiter = net::Handover<Result<Secret>>;
  void ask() noexcept;

  const Secret known_;
  const Source source_;
  std::mutex mutex_;
  std::thread asker_;
  bool asking_ = false;
  bool refused_ = false;
  std::shared_ptr<Waiter> waiter_;
  std::optional<Result<Secret>> late_;
};

}  // namespace confab::credentials
