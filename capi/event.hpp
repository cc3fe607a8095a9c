// confab_event: what arrives in a queue, with its JSON and readers of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <confab/error.hpp>

#include "capi/error.hpp"
#include "capi/handle.hpp"
#include "util/json.hpp"

namespace confab::capi {
class Asked;
}

struct confab_event : confab::capi::HandleOf<confab::capi::Kind::event> {
  confab_event(std::int32_t its_kind, std::uint64_t its_tag) noexcept : what(its_kind), tag(its_tag) {}

  void succeed(std::string result) noexcept;
  /// Where memory is short the status is told without more.
  void fail(const confab::Error& why) noexcept;
  void fail_without_memory() noexcept;

  /// The value at an RFC 6901 pointer, or an absent one. Parsed when it is first asked for.
  [[nodiscard]] confab::json::Value at(std::string_view pointer) const;
  /// Kept until the event goes, ended by NUL; null where there is no text.
  [[nodiscard]] const std::string* text(std::string_view pointer) const;

  const std::int32_t what;
  const std::uint64_t tag;
  confab_status status = CONFAB_INTERNAL;
  std::string json;
  confab::capi::Ref<confab_error> error;

  // For the queue: how many of its places become free when this is taken, and who is next.
  unsigned places = 1;
  confab_event* next = nullptr;
  // Where it is bounded beside the queue's places: how many of its like have not been taken.
  std::shared_ptr<std::atomic<std::uint32_t>> waiting;
  // Of a question: where its answer goes.
  std::shared_ptr<const confab::capi::Asked> asked;
  // For streams: whose batch, and which.
  std::shared_ptr<const void> stream;
  std::uint64_t batch = 0;

 private:
  [[nodiscard]] confab::json::Value find(std::string_view pointer) const;

  // Readers may be many.
  mutable std::mutex mutex_;
  mutable std::optional<confab::json::Document> document_;
  mutable std::map<std::string, std::string, std::less<>> texts_;
};
