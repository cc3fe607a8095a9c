// The scan that builds nothing and the parser that builds everything agree on what is JSON.
#include "util/json_scan.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

#include "util/json.hpp"
#include "util/json_skim.hpp"
#include "util/json_written.hpp"
#include "value_fault.hpp"

namespace {
using namespace confab;

struct Nothing {
  void opened(const char*, bool, std::size_t) {}
  void closed(const char*, std::size_t) {}
  void string_began(const char*, bool, std::size_t) {}
  void string_ended(const char*, bool, std::size_t) {}
  void scalar(char, std::size_t) {}
  void scalar_ended(const char*, std::size_t) {}
  std::size_t depth = json::max_scan_depth;
  [[nodiscard]] std::size_t watched() const { return depth; }
  [[nodiscard]] bool failed() const { return false; }
};

bool scanned(std::string_view text, std::size_t chunk, std::size_t watched = json::max_scan_depth) {
  Nothing nothing;
  nothing.depth = watched;
  json::Scan<Nothing> scan(nothing);
  for (std::size_t at = 0; at < text.size(); at += chunk) {
    if (!scan.feed(text.substr(at, chunk))) return false;
  }
  return scan.finish();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 65536) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const bool sound = scanned(text, size + 1);
  if (scanned(text, 1) != sound) std::abort();
  // However deep somebody watches.
  for (const std::size_t watched : {0U, 1U}) {
    if (scanned(text, size + 1, watched) != sound || scanned(text, 5, watched) != sound) std::abort();
  }
  const auto parsed = json::parse(text);
  if (sound && !parsed && parsed.error().code() == Errc::protocol && !is_fault_of_a_value(parsed.error())) std::abort();
  if (!sound && parsed && (parsed->root().is_object() || parsed->root().is_array())) std::abort();
  // On any text, the walk ends inside it; on JSON it finds what the parser finds.
  std::size_t members = 0;
  for (json::Skim skim(text); skim.next();) {
    if (skim.value().data() < text.data() || skim.value().data() + skim.value().size() > text.data() + text.size())
      std::abort();
    ++members;
    (void)json::text_of(skim.value());
    (void)json::integer_of(skim.value());
  }
  (void)json::WrittenObject(text)["a"].text();
  if (sound && parsed && parsed->root().is_object()) {
    if (members != parsed->root().size()) std::abort();
    const json::WrittenObject written(text);
    for (const auto& [key, ignored] : parsed->root().members()) {
      const json::Value value = parsed->root()[key];  // the last one of this name
      const std::optional<std::string> said = written[key].text();
      if (said.has_value() != value.is_string() || said.value_or("") != value.string_or("")) std::abort();
      if (written[key].to_json() != value.to_json()) std::abort();
    }
  }
  return 0;
}
