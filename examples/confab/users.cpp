// `confab user ...`, `confab reset` and `confab recover`.
#include <termios.h>
#include <unistd.h>

#include <iostream>
#include <string>

#include "commands.hpp"
#include "report.hpp"
#include "ride_through.hpp"

namespace program {
namespace {

std::string_view words(confab::AccountState state) {
  switch (state) {
    case confab::AccountState::active:
      return "active";
    case confab::AccountState::suspended:
      return "suspended";
    case confab::AccountState::locked:
      return "locked";
    case confab::AccountState::deactivated:
      break;
  }
  return "deactivated";
}

// While it lives, a terminal does not show what is typed.
class NoEcho {
 public:
  NoEcho() {
    is_terminal_ = isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!is_terminal_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    std::cerr << "Password: " << std::flush;
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;
  ~NoEcho() {
    if (!is_terminal_) return;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    std::cerr << std::endl;
  }

 private:
  bool is_terminal_ = false;
  termios before_{};
};

// Longer than any password may be: what is wrong with it is said by the library.
constexpr std::size_t longest_input = 4096;

confab::Secret read_password() {
  const NoEcho silence;
  std::string line;
  line.reserve(longest_input + 1);  // it never moves, so that no copy is left behind
  for (int c = std::cin.get(); c != std::char_traits<char>::eof() && c != '\n' && line.size() <= longest_input;
       c = std::cin.get()) {
    line += static_cast<char>(c);
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return confab::Secret(std::move(line));
}

}  // namespace

int show_user(Session& session, const std::string& slug) {
  RideThrough ride(session.homeserver(), session.limit());
  confab::Result<confab::Account> account = ride.run([&](confab::CallOptions options, bool) {
    return session.chat().account(confab::UserSlug(slug), options).wait();
  });
  if (!account) return fail(account.error());
  JsonLine line;
  line.text("user_id", account->user_id().str()).text("slug", account->slug().str());
  line.text_or_null("name", account->name()).text("state", words(account->state()));
  if (confab::Result<void> printed = print(line); !printed) return fail(printed.error());
  return exit_done;
}

int set_password(Session& session, const std::string& slug) {
  const confab::Secret password = read_password();
  RideThrough ride(session.homeserver(), session.limit());
  confab::Result<void> set = ride.run([&](confab::CallOptions options, bool) {
    return session.chat().set_password(confab::UserSlug(slug), password, options).wait();
  });
  if (!set) return fail(set.error());
  JsonLine line;
  line.text("slug", slug).truth("changed", true);
  if (confab::Result<void> printed = print(line); !printed) return fail(printed.error());
  return exit_done;
}

int provision_user(Session& session, const std::string& slug, const std::string& name) {
  RideThrough ride(session.homeserver(), session.limit());
  confab::Result<confab::Account> account = ride.run([&](confab::CallOptions options, bool) {
    return session.chat().ensure_user(confab::UserSlug(slug), name, options).wait();
  });
  if (!account) return fail(account.error());
  JsonLine line;
  line.text("user_id", account->user_id().str()).text("slug", account->slug().str()).text("name", account->name());
  if (confab::Result<void> printed = print(line); !printed) return fail(printed.error());
  return exit_done;
}

namespace {

int reset_tenant(Session& session, const Session::Tenant& tenant, const confab::ResetRequest& request) {
  // No ride through an outage: the homeserver is not asked.
  confab::Result<confab::ResetCounts> counts =
      tenant.chat->reset(request, confab::CallOptions().within(session.limit())).wait();
  if (!counts) {
    return fail(
        counts.error().with_message("tenant " + tenant.id.str() + ": " + std::string(counts.error().message())));
  }
  JsonLine line;
  line.text("tenant", tenant.id.str());
  line.number("users", static_cast<std::int64_t>(counts->users()));
  line.number("tokens", static_cast<std::int64_t>(counts->tokens()));
  line.number("positions", static_cast<std::int64_t>(counts->positions()));
  line.number("rooms", static_cast<std::int64_t>(counts->rooms()));
  if (request.is_restored()) line.number("messages", static_cast<std::int64_t>(counts->messages()));
  if (confab::Result<void> printed = print(line); !printed) return fail(printed.error());
  return exit_done;
}

}  // namespace

// Each tenant is for itself: one that fails keeps no other from it, and all of it may be repeated.
int reset(Session& session, const confab::ResetRequest& request) {
  int code = exit_done;
  for (const Session::Tenant& tenant : session.tenants()) {
    if (const int one = reset_tenant(session, tenant, request); one != exit_done) code = one;
  }
  return code;
}

}  // namespace program
