// What happened since? Specification: client-server API, "Syncing"; filters: "Filtering".
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"
#include "matrix/sync_answer.hpp"

namespace confab::matrix {

/// Which part of what happens is wanted. Presence and account data never are.
class SyncFilter {
 public:
  SyncFilter() = default;
  /// As little as an answer can hold: only next_batch is wanted. One event per room still comes.
  [[nodiscard]] static SyncFilter position_only();
  /// Most timeline events per room in one answer; if there were more, the answer is marked limited.
  SyncFilter& timeline_limit(int events) { return timeline_limit_ = events, *this; }
  /// Typing and receipts too.
  SyncFilter& ephemeral(bool on) { return ephemeral_ = on, *this; }
  [[nodiscard]] std::string json() const;

 private:
  int timeline_limit_ = 100;
  bool ephemeral_ = true;
  bool state_ = true;
};

/// GET /sync: with a timeout a long poll, which a dead token ends early, empty and with 200.
class SyncRequest {
 public:
  using Answer = SyncAnswer;
  /// Largest answer that is read.
  static constexpr std::size_t max_answer_bytes = std::size_t{64} << 20U;

  SyncRequest() = default;
  /// next_batch of the last answer; empty: an initial sync.
  SyncRequest& since(PageToken token) { return since_ = std::move(token), *this; }
  /// How long the homeserver may wait for something to happen; 0: not at all. At most 5 minutes.
  SyncRequest& timeout(std::chrono::milliseconds hold) { return timeout_ = hold, *this; }
  SyncRequest& filter(SyncFilter filter) { return filter_ = filter, *this; }
  /// Whether reading shows the user as online; no.
  SyncRequest& show_online(bool on) { return online_ = on, *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] static Result<Answer> decode(const json::Value& body) { return SyncAnswer::decode(body); }

 private:
  PageToken since_;
  std::chrono::milliseconds timeout_{0};
  SyncFilter filter_;
  bool online_ = false;
};

}  // namespace confab::matrix
