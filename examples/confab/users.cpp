// `confab user ...`
#include "commands.hpp"
#include "report.hpp"
#include "ride_through.hpp"

namespace program {

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

}  // namespace program
