// What needs no handle: versions, optional parts, names of statuses.
#include <algorithm>
#include <iterator>
#include <string_view>

#include <confab/error.hpp>
#include <confab/export.hpp>

#include "capi/include/confab.h"

namespace {

// What every build of this version has.
constexpr std::string_view features[] = {"logs", "alerts", "directory", "questions", "store"};

}  // namespace

uint32_t confab_abi(void) { return CONFAB_ABI; }

const char* confab_version(void) { return confab::version(); }

int32_t confab_has(const char* feature) {
  if (feature == nullptr) return 0;
  const std::string_view asked(feature);
  if (asked == "sqlite") return CONFAB_WITH_SQLITE != 0 ? 1 : 0;
  if (asked == "postgresql") return CONFAB_WITH_POSTGRESQL != 0 ? 1 : 0;
  return std::find(std::begin(features), std::end(features), asked) != std::end(features) ? 1 : 0;
}

const char* confab_status_name(confab_status status) {
  if (status == CONFAB_OK) return "ok";
  if (status == CONFAB_FORKED) return "forked";
  if (status < 0 || status > CONFAB_FORKED) return "unknown";
  // Literals, so they end with NUL.
  return confab::errc_name(static_cast<confab::Errc>(status)).data();
}
