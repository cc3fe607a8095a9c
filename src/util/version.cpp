#include <confab/export.hpp>

#define CONFAB_TEXT_(x) #x
#define CONFAB_TEXT(x) CONFAB_TEXT_(x)

namespace confab {
const char* version() noexcept {
  return CONFAB_TEXT(CONFAB_VERSION_MAJOR) "." CONFAB_TEXT(CONFAB_VERSION_MINOR) "." CONFAB_TEXT(CONFAB_VERSION_PATCH);
}
}  // namespace confab
