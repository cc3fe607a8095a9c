#include <string>

#include <confab/confab.hpp>

std::string header_version() {
  return std::to_string(CONFAB_VERSION_MAJOR) + "." + std::to_string(CONFAB_VERSION_MINOR) + "." +
         std::to_string(CONFAB_VERSION_PATCH);
}
