// `confab store check|export|import` and `confab keys rotate`.
#include "store_commands.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

#include <confab/open_configuration.hpp>
#include <confab/store_care.hpp>

#include "report.hpp"

namespace program {
namespace {

struct Opened {
  std::shared_ptr<confab::Store> store;
  confab::StoreKeys keys;
};

confab::Result<Opened> open(const Settings& settings) {
  const auto configuration = confab::read_configuration(path_of_configuration(settings.config));
  if (!configuration) return configuration.error();
  if (configuration->store() == confab::StoreKind::memory) {
    return confab::Error(confab::Errc::config, "there is no store to look after: store.kind is \"memory\"")
        .with_subject("store.kind");
  }
  auto keys = confab::StoreKeys::from_file(configuration->homeserver().key_file());
  if (!keys) return std::move(keys).error();
  auto store = confab::open_configured_store(*configuration);
  if (!store) return std::move(store).error();
  return Opened{std::move(*store), std::move(*keys)};
}

JsonLine sealed_line(const confab::StoreReport& report) {
  JsonLine sealed;
  for (const auto& [id, count] : report.sealed()) sealed.number(id, static_cast<std::int64_t>(count));
  return sealed;
}

// What cannot be used, a line each; then the line about all of it.
int tell(const confab::StoreReport& report, JsonLine line) {
  for (const confab::StoreFault& fault : report.faults()) {
    diagnose(JsonLine().object("fault", JsonLine().text("key", fault.key()).text("what", fault.what())));
  }
  line.number("faults", static_cast<std::int64_t>(report.fault_count()));
  if (auto printed = print(line); !printed) return fail(printed.error());
  return report.fault_count() == 0 ? exit_done : exit_failed;
}

JsonLine counted(const confab::StoreReport& report) {
  return JsonLine().number("records", static_cast<std::int64_t>(report.records()));
}

// How far it is, on standard error, once a second, where somebody looks on.
class Progress {
 public:
  bool operator()(const confab::StoreReport& report) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_ || !is_watched_) return true;
    next_ = now + std::chrono::seconds(1);
    JsonLine line = counted(report);
    line.number("written", static_cast<std::int64_t>(report.written()));
    diagnose(JsonLine().object("progress", line));
    return true;
  }

 private:
  const bool is_watched_ = isatty(STDERR_FILENO) == 1;
  std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now() + std::chrono::seconds(1);
};

}  // namespace

int rotate_keys(const Settings& settings, bool retire) {
  const auto opened = open(settings);
  if (!opened) return fail(opened.error());
  const auto report = confab::rotate_store_keys(opened->store, opened->keys, retire, Progress());
  if (!report) return fail(report.error());
  JsonLine line = counted(*report);
  line.number("written", static_cast<std::int64_t>(report->written())).object("sealed", sealed_line(*report));
  return tell(*report, std::move(line));
}

int check_store(const Settings& settings) {
  const auto opened = open(settings);
  if (!opened) return fail(opened.error());
  const auto report = confab::check_store(opened->store, opened->keys, Progress());
  if (!report) return fail(report.error());
  JsonLine line = counted(*report);
  line.object("sealed", sealed_line(*report));
  return tell(*report, std::move(line));
}

int export_store(const Settings& settings) {
  const auto opened = open(settings);
  if (!opened) return fail(opened.error());
  const auto write = [](std::string_view line) -> confab::Result<void> {
    if (std::fwrite(line.data(), 1, line.size(), stdout) == line.size() && std::fputc('\n', stdout) != EOF) return {};
    return confab::Error(confab::Errc::store, "standard output cannot be written to");
  };
  const auto report = confab::export_store(opened->store, write);
  if (!report) return fail(report.error());
  if (std::fflush(stdout) != 0) return fail(confab::Error(confab::Errc::store, "standard output cannot be written to"));
  for (const confab::StoreFault& fault : report->faults()) {
    diagnose(JsonLine().object("fault", JsonLine().text("key", fault.key()).text("what", fault.what())));
  }
  return report->fault_count() == 0 ? exit_done : exit_failed;
}

int import_store(const Settings& settings, bool replace) {
  const auto opened = open(settings);
  if (!opened) return fail(opened.error());
  const auto read = []() -> confab::Result<std::optional<std::string>> {
    std::string line;
    if (std::getline(std::cin, line)) return std::optional<std::string>(std::move(line));
    if (std::cin.bad()) return confab::Error(confab::Errc::store, "standard input cannot be read");
    return std::optional<std::string>();
  };
  const auto report = confab::import_store(opened->store, read, replace);
  if (!report) return fail(report.error());
  JsonLine line = counted(*report);
  line.number("written", static_cast<std::int64_t>(report->written()));
  return tell(*report, std::move(line));
}

}  // namespace program
