// Whatever a database gives back as a record (a key, a line break, a value): only what the rules allow goes on, and a
// lease that holds nonsense is nobody's but never ours.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>

#include "store/lease_machine.hpp"
#include "store/record_rules.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace confab;
  using namespace confab::store;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string key = text.substr(0, end);
  const StoreRecord record(key, 7, text.substr(std::min(end + 1, text.size())));
  if (const auto wrong = check_record(record); wrong && wrong->code() != Errc::store) std::abort();
  if (const auto document = parse(record); !document && document.error().code() != Errc::store) std::abort();
  if (!check_key(key) && (key.empty() || key.size() > most_key_bytes)) std::abort();
  (void)check_listing(key, record.value(), 10);

  const std::string holder = std::to_string(std::hash<std::string>()(text));  // which no record can name
  LeaseMachine machine("l", holder, std::chrono::seconds(30));
  (void)machine.ask(std::chrono::steady_clock::time_point(std::chrono::hours(1)));
  (void)machine.on_read(std::optional<StoreRecord>(record));
  auto step = machine.on_written(Error(Errc::conflict, "another was first"));
  for (int reads = 0; step.kind() == LeaseMachine::Step::Kind::read; ++reads) {
    if (reads > 10) std::abort();
    step = machine.on_read(std::optional<StoreRecord>(record));
  }
  if (step.kind() == LeaseMachine::Step::Kind::done && step.outcome() == LeaseMachine::Outcome::held) std::abort();
  return 0;
}
