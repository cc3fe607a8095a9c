#include "store/record_rules.hpp"

#include <fmt/format.h>

#include <string>
#include <unordered_set>
#include <utility>

#include "util/text.hpp"

namespace confab::store {
namespace {

Error wrong(std::string message, std::string_view subject) {
  return Error(Errc::invalid_argument, std::move(message)).with_subject(subject);
}

// What keys, prefixes and cursors have in common. The text itself is not quoted: it may be anything.
std::optional<Error> check_text(std::string_view text, std::string_view what) {
  if (text.size() > most_key_bytes) {
    return Error(Errc::too_large, fmt::format("a store {} has at most {} bytes", what, most_key_bytes))
        .with_subject(what);
  }
  if (!text::is_valid_utf8(text)) return wrong(fmt::format("a store {} must be UTF-8", what), what);
  for (const char c : text) {
    // Control characters would make keys that a person cannot read, and NUL ends a text for some databases.
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return wrong(fmt::format("a store {} must hold no control characters", what), what);
    }
  }
  return {};
}

std::optional<Error> check_value(std::string_view value) {
  if (value.size() > most_value_bytes) {
    return Error(Errc::too_large, fmt::format("a stored value has at most {} bytes", most_value_bytes))
        .with_subject("value");
  }
  if (!json::parse(std::string(value), json::Limits().bytes(most_value_bytes).depth(64).values(100'000))) {
    return wrong("a stored value must be JSON", "value");
  }
  return {};
}

std::optional<Error> check_lifetime(const StoreWrite& write) {
  if (!write.lifetime()) return {};
  if (write.kind() != StoreWrite::Kind::put) return wrong("only what is put can expire", "lifetime");
  if (write.lifetime()->count() < 1 || *write.lifetime() > longest_lifetime) {
    return wrong("a record lives from 1 millisecond to 10 years", "lifetime");
  }
  return {};
}

}  // namespace

std::optional<Error> check_key(std::string_view key) {
  if (key.empty()) return wrong("a store key must not be empty", "key");
  if (auto error = check_text(key, "key")) return error;
  if (key.front() == '/' || key.back() == '/' || key.find("//") != std::string_view::npos) {
    return wrong("a store key is a path: no slash at its ends, none twice", "key");
  }
  return {};
}

std::optional<Error> check_listing(std::string_view prefix, std::string_view cursor, std::size_t limit) {
  if (auto error = check_text(prefix, "prefix")) return error;
  if (auto error = check_text(cursor, "cursor")) return error;
  if (!cursor.empty() && !cursor.starts_with(prefix)) return wrong("the cursor is of another listing", "cursor");
  if (limit < 1 || limit > most_page_records) {
    return wrong(fmt::format("the limit of a listing is from 1 to {}", most_page_records), "limit");
  }
  return {};
}

std::optional<Error> check_writes(const std::vector<StoreWrite>& writes) {
  if (writes.empty()) return wrong("a transaction needs at least one write", "writes");
  if (writes.size() > most_writes) {
    return Error(Errc::too_large, fmt::format("a transaction has at most {} writes", most_writes))
        .with_subject("writes");
  }
  std::size_t bytes = 0;
  std::unordered_set<std::string_view> keys;
  for (const StoreWrite& write : writes) {
    if (auto error = check_key(write.key())) return error;
    if (!keys.insert(write.key()).second) return wrong("a transaction names each key once", "writes");
    if (auto error = check_lifetime(write)) return error;
    if (write.kind() == StoreWrite::Kind::put) {
      if (auto error = check_value(write.value())) return error;
    }
    bytes += write.key().size() + write.value().size();
  }
  if (bytes > most_transaction_bytes) {
    return Error(Errc::too_large, fmt::format("a transaction has at most {} bytes", most_transaction_bytes))
        .with_subject("writes");
  }
  return {};
}

std::optional<Error> check_record(const StoreRecord& record) {
  if (record.version() != 0 && record.value().size() <= most_value_bytes && !check_key(record.key())) return {};
  return Error(Errc::store, "the store gave a record that was never written through this library")
      .with_subject("store");
}

Error conflict(std::string_view key) {
  return Error(Errc::conflict, "the record was changed by somebody else: read it again").with_subject(key);
}

Error closed() { return {Errc::closed, "the store was closed"}; }

Result<json::Document> parse(const StoreRecord& record) {
  auto parsed = json::parse(record.value(), json::Limits().bytes(most_value_bytes).depth(64).values(100'000));
  if (parsed) return parsed;
  return Error(Errc::store, "a record of the store is no JSON: it was changed by hand or damaged")
      .with_subject(record.key());
}

}  // namespace confab::store
