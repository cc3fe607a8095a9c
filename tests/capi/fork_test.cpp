#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <set>
#include <string>

#include "capi/every_function.hpp"

using namespace confab::test;

namespace {

// Which functions did not answer as a child's should: their number is the child's exit code. One that hangs ends it,
// too.
int wrong_answers(const EveryHandle& parents) {
  ::alarm(60);
  int wrong = 0;
  for (const Function& function : every_function(parents.queue)) {
    if (function.answers(parents.of(function.takes), CONFAB_FORKED)) continue;
    ++wrong;
    std::fprintf(stderr, "in a forked child: %s\n", function.name.c_str());
  }
  return wrong;
}

}  // namespace

TEST_CASE_FIXTURE(EveryHandle, "in a forked child every call says so, and the parent goes on") {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(wrong_answers(*this));
  REQUIRE(child > 0);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  std::set<std::string> tried;
  for (const Function& function : every_function(queue)) tried.insert(function.name);
  CHECK(tried == exported_functions());
  auto user = request<confab_user_request>();
  user.user = "ana";
  result("account", confab_account, tenant.get(), user);
}
