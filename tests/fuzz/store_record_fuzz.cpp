// Whatever a database gives back as a record (a key, a line break, a value): only what the rules allow goes on, and a
// lease that holds nonsense is nobody's but never ours. The same text as a line that is imported: what is taken is what
// a store takes, and is read again as it was when it is exported.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>

#include "store/lease_machine.hpp"
#include "store/record_line.hpp"
#include "store/record_rules.hpp"

namespace {

using namespace confab;
using namespace confab::store;

void import_line(const std::string& text) {
  constexpr StoreTime now{std::chrono::hours(500'000)};
  const auto read = RecordLine::read(text, now);
  if (!read) return;
  const StoreWrite& put = read->put();
  if (check_writes({put})) std::abort();
  std::optional<StoreTime> expires;
  if (put.lifetime()) expires = now + *put.lifetime();
  const auto value = json::parse(put.value());
  if (!value) std::abort();
  const std::string line = RecordLine::write(StoreRecord(put.key(), 7, put.value(), expires), value->root());
  if (line.find('\n') != std::string::npos) std::abort();
  const auto again = RecordLine::read(line, now);
  if (!again || again->put().key() != put.key() || again->put().value() != put.value() ||
      again->put().lifetime() != put.lifetime()) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  import_line(text);
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
