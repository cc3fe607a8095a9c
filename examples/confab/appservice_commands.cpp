// `confab appservice register`.
#include "appservice_commands.hpp"

#include <filesystem>
#include <string>
#include <system_error>

#include <confab/appservice.hpp>

#include "report.hpp"

namespace program {
namespace {

// As the homeserver, which runs elsewhere, finds it.
std::string full_path(const std::string& path) {
  std::error_code failed;
  const std::filesystem::path full = std::filesystem::absolute(path, failed);
  return failed ? path : full.lexically_normal().string();
}

}  // namespace

int register_appservice(const Settings& settings, const std::string& id, bool replace) {
  const auto configuration = confab::read_configuration(path_of_configuration(settings.config));
  if (!configuration) return fail(configuration.error());
  confab::AppserviceRequest how;
  if (!id.empty()) how.id(id);
  how.replace(replace);
  const auto written = confab::register_appservice(*configuration, how);
  if (!written) {
    if (written.error().code() == confab::Errc::conflict) {
      return fail(written.error().with_message(std::string(written.error().message()) +
                                               "; --replace writes it anew, with new tokens"));
    }
    return written.error().code() == confab::Errc::invalid_argument
               ? refuse("--id: " + std::string(written.error().message()))
               : fail(written.error());
  }
  const std::string path = full_path(written->path());
  JsonLine line;
  line.text("path", path).text("sender", written->sender()).texts("users", written->users());
  line.text("homeserver_yaml", "app_service_config_files: [\"" + path + "\"]");
  if (auto printed = print(line); !printed) return fail(printed.error());
  diagnose(JsonLine().text("next",
                           "put homeserver_yaml into Synapse's configuration (homeserver.yaml), let Synapse read the "
                           "file, start Synapse anew, then run confab doctor"));
  return exit_done;
}

}  // namespace program
