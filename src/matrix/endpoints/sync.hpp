// What happened since? Specification: client-server API, "Syncing"; filters: "Filtering".
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <confab/ids.hpp>

#include "matrix/endpoint.hpp"
#include "matrix/sync_answer.hpp"

namespace confab::matrix {

/// Which part of what happens is wanted. Presence and account data never are.
class SyncFilter {
 public:
  SyncFilter() = default;
  /// As little as an answer can hold: only next_batch is wanted. One event per room still comes.
  ///
  /// @param unique  A word that was never used before, of letters and digits. Synapse gives the same question the same
  ///                answer for two minutes, and with it a position of then; this makes it another question.
  [[nodiscard]] static SyncFilter position_only(std::string unique);
  /// Most timeline events per room in one answer; if there were more, the answer is marked limited.
  SyncFilter& timeline_limit(int events) { return timeline_limit_ = events, *this; }
  /// Typing and receipts too.
  SyncFilter& ephemeral(bool on) { return ephemeral_ = on, *this; }
  [[nodiscard]] std::string json() const;

 private:
  friend class SyncRequest;
  /// Whether it is the one that nearly all ask for.
  [[nodiscard]] bool is_usual() const;

  std::string unique_;
  int timeline_limit_ = 100;
  bool ephemeral_ = true;
  bool state_ = true;
};

/// GET /sync: with a timeout a long poll, which a dead token ends early, empty and with 200. The answer is read while
/// it arrives, so the request is not repeated by itself when it was cut: what came of it is known to its sender.
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
  SyncRequest& filter(SyncFilter filter) { return filter_ = std::move(filter), *this; }
  /// Whether reading shows the user as online; no.
  SyncRequest& show_online(bool on) { return online_ = on, *this; }
  /// Where each room goes as soon as it has arrived; inside a callback of the network, so only to be put by. Without it
  /// the rooms are in the answer.
  SyncRequest& on_piece(SyncCutter::Take take) { return take_ = std::move(take), *this; }
  /// By which whoever takes the rooms can hold the answer up.
  SyncRequest& flow(std::shared_ptr<net::BodyFlow> flow) { return flow_ = std::move(flow), *this; }
  /// Nothing is known to have happened yet: mostly little comes.
  SyncRequest& caught_up(bool on) { return caught_up_ = on, *this; }
  [[nodiscard]] Result<EndpointRequest> encode() const;
  [[nodiscard]] std::shared_ptr<SyncReader> reader() const { return std::make_shared<SyncReader>(take_); }

 private:
  PageToken since_;
  std::chrono::milliseconds timeout_{0};
  SyncFilter filter_;
  SyncCutter::Take take_;
  std::shared_ptr<net::BodyFlow> flow_;
  bool online_ = false;
  bool caught_up_ = false;
};

}  // namespace confab::matrix
