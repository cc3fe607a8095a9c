// DirectoryEventSource: a user's stream as the host sees it: opened for a user of the directory, whose account is made
// if there is none, and holding what happens in the rooms that the directory grants to them at the moment of delivery.
#pragma once

#include <memory>
#include <utility>

#include <confab/event_stream.hpp>
#include <confab/events_options.hpp>
#include <confab/ids.hpp>

#include "chat/tenant_chat.hpp"

namespace confab::chat {

class DirectoryEventSource final : public detail::EventSource {
 public:
  DirectoryEventSource(std::shared_ptr<TenantChat> chat, UserSlug user, EventsOptions options);
  ~DirectoryEventSource() override { close(); }

  [[nodiscard]] Pending<EventBatch> next(CallOptions options) override;
  [[nodiscard]] Pending<void> ready(CallOptions options) override;
  void ack() noexcept override;
  void close() noexcept override;

 private:
  class Feed;
  [[nodiscard]] static Task<Result<EventBatch>> pull(std::shared_ptr<Feed> feed, net::CallContext context);
  // From the transport, as it is.
  [[nodiscard]] static Task<Result<EventBatch>> fetch(std::shared_ptr<Feed> feed, net::CallContext context);
  [[nodiscard]] static Task<Result<void>> prepare(std::shared_ptr<Feed> feed, net::CallContext context);
  std::shared_ptr<Feed> feed_;  // outlives this while a next() runs; closing it ends that
};

}  // namespace confab::chat
