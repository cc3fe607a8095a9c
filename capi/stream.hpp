// confab_stream: batches are asked for one at a time, as long as they are granted and the one before is acknowledged.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <confab/event_stream.hpp>

#include "capi/client.hpp"
#include "capi/handle.hpp"
#include "capi/queue.hpp"

namespace confab::capi {

/// What the handle and a next() in flight share. Any thread.
class StreamCore final : public Closable, public std::enable_shared_from_this<StreamCore> {
 public:
  static constexpr std::uint32_t without_end = std::numeric_limits<std::uint32_t>::max();

  /// Two places of the queue stay the stream's own until its end is taken. Refuses with busy or closed.
  StreamCore(EventStream events, std::shared_ptr<QueueCore> queue, std::uint64_t tag);
  /// Gives the places back where the stream was never handed out.
  ~StreamCore();

  [[nodiscard]] Pending<void> ready(CallOptions options) { return events_.ready(std::move(options)); }
  /// Refuses once it is closed.
  void grant(std::uint32_t batches);
  void ack(const confab_event& batch);
  void close() noexcept override;

 private:
  // All of them: under the mutex.
  void ask_if_due();
  void end(const Error* why) noexcept;
  void arrived(Ref<confab_event> event, Result<EventBatch> batch) noexcept;
  void tell_batch(Ref<confab_event> event, Result<EventBatch> batch) noexcept;

  const std::shared_ptr<QueueCore> queue_;
  const std::uint64_t tag_;
  // Whose batches they are; nothing else has this address while one of them lives.
  const std::shared_ptr<const void> identity_ = std::make_shared<char>();
  std::mutex mutex_;
  EventStream events_;
  std::uint32_t granted_ = 0;
  bool asking_ = false;
  std::uint64_t delivered_ = 0;  // the number of the last batch
  std::uint64_t acknowledged_ = 0;
  bool closed_ = false;
  std::optional<EventBatch> untold_;  // came, and there was no memory to write it down: to ask on would consume it
  Ref<confab_event> end_;             // made early, so that there is memory for it; null once it was delivered
};

}  // namespace confab::capi

struct confab_stream : confab::capi::HandleOf<confab::capi::Kind::stream> {
  confab_stream(confab::capi::Ref<confab_tenant> its_tenant, confab::UserSlug its_user,
                std::shared_ptr<confab::capi::StreamCore> its_core)
      : tenant(std::move(its_tenant)), user(std::move(its_user)), core(std::move(its_core)) {}
  ~confab_stream() { core->close(); }

  const confab::capi::Ref<confab_tenant> tenant;  // first: it goes last
  const confab::UserSlug user;
  const std::shared_ptr<confab::capi::StreamCore> core;
};
