// MemoryEventSource: a user's stream over the log of a MemoryHomeserver.
#pragma once

#include <memory>
#include <string>

#include <confab/event_stream.hpp>
#include <confab/events_options.hpp>

#include "chat/memory_homeserver.hpp"
#include "net/runtime_core.hpp"

namespace confab::chat {

class MemoryEventSource final : public confab::detail::EventSource {
 public:
  MemoryEventSource(std::shared_ptr<net::RuntimeCore> core, std::shared_ptr<MemoryHomeserver> homeserver,
                    MatrixUserId user, std::string consumer);
  ~MemoryEventSource() override;

  [[nodiscard]] Pending<EventBatch> next(CallOptions options) override;
  [[nodiscard]] Pending<void> ready(CallOptions options) override;
  void ack() noexcept override;
  void close() noexcept override;

 private:
  class Reader;
  [[nodiscard]] static Task<Result<EventBatch>> pull(std::shared_ptr<Reader> reader, net::CallContext context);
  std::shared_ptr<net::RuntimeCore> core_;
  std::shared_ptr<Reader> reader_;
};

}  // namespace confab::chat
