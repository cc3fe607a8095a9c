// `confab doctor`: is everything there that Confab needs?
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "commands.hpp"
#include "report.hpp"
#include "ride_through.hpp"

namespace program {

int doctor(Session& session, bool as_json) {
  RideThrough ride(session.homeserver(), session.limit());
  confab::Result<std::vector<confab::Finding>> findings =
      ride.run([&](confab::CallOptions options, bool) { return session.homeserver().examine(options).wait(); });
  if (!findings) return fail(findings.error());

  const bool table = !as_json && isatty(STDOUT_FILENO) == 1;
  bool fit = true;
  for (const confab::Finding& finding : *findings) {
    fit = fit && finding.fit();
    if (table) {
      std::printf("%-14s  %-5s  %s\n", finding.check().c_str(), finding.fit() ? "ok" : "UNFIT",
                  finding.detail().c_str());
      continue;
    }
    JsonLine line;
    line.text("check", finding.check()).truth("fit", finding.fit()).text("detail", finding.detail());
    if (confab::Result<void> printed = print(line); !printed) return fail(printed.error());
  }
  return fit ? exit_done : exit_failed;
}

}  // namespace program
