// RecordLine: a record as one line of a copy of a store, {"key":...,"value":...,"expires":...}. What is read comes from
// a file that anybody may have edited.
#pragma once

#include <confab/store.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "util/json.hpp"

namespace confab::store {

// A value with every character escaped, and its key.
inline constexpr std::size_t most_line_bytes = std::size_t{1} << 20U;

class RecordLine {
 public:
  // Nothing for what no export can have written, or no store takes. `now`: by the store's clock.
  [[nodiscard]] static std::optional<RecordLine> read(std::string text, StoreTime now);
  // Without its end. `value`: the record's, parsed.
  [[nodiscard]] static std::string write(const StoreRecord& record, const json::Value& value);

  // As it is written into a store that does not have it.
  [[nodiscard]] const StoreWrite& put() const& noexcept { return put_; }
  [[nodiscard]] StoreWrite put() && noexcept { return std::move(put_); }
  // Its time is over: it is none any more.
  [[nodiscard]] bool ended() const noexcept { return ended_; }

 private:
  RecordLine(StoreWrite put, bool ended) : put_(std::move(put)), ended_(ended) {}
  StoreWrite put_;
  bool ended_;
};

}  // namespace confab::store
