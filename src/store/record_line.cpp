#include "store/record_line.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

#include "store/record_rules.hpp"

namespace confab::store {

std::optional<RecordLine> RecordLine::read(std::string text, StoreTime now) {
  const auto parsed = json::parse(std::move(text), json::Limits().bytes(most_line_bytes).depth(66));
  if (!parsed) return std::nullopt;
  json::Reader read(parsed->root());
  const std::string key(read.non_empty_string("key"));
  const auto expires = read.optional_integer("expires", 1);
  if (read.failed() || !parsed->root()["value"]) return std::nullopt;
  StoreWrite put = StoreWrite::put(key, 0, parsed->root()["value"].to_json());
  bool ended = false;
  if (expires) {
    const auto left = StoreTime(std::chrono::milliseconds(*expires)) - now;
    ended = left.count() <= 0;
    if (!ended) put.expires_after(left);
  }
  const std::vector<StoreWrite> alone = {put};
  if (check_writes(alone)) return std::nullopt;
  return RecordLine(std::move(put), ended);
}

std::string RecordLine::write(const StoreRecord& record, const json::Value& value) {
  json::Writer line;
  line.object().member("key", record.key()).member("value", value);
  if (record.expires()) line.member("expires", static_cast<std::int64_t>(record.expires()->time_since_epoch().count()));
  return std::move(line.end()).finish();
}

}  // namespace confab::store
