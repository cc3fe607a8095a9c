// UserEvents: a user's own sync as a stream that the host pulls. It drives the sync machine: performs what the machine
// asks for, asks for nothing while the reader is behind, and writes down where a named reader is.
#pragma once

#include <memory>
#include <string>

#include <confab/event_stream.hpp>
#include <confab/ids.hpp>

#include "credentials/user_tokens.hpp"
#include "net/runtime_core.hpp"
#include "services/consumer_position.hpp"
#include "services/room_encryption.hpp"

namespace confab::services {

class UserEvents final : public confab::detail::EventSource, public std::enable_shared_from_this<UserEvents> {
 public:
  // Without a place the stream begins with now, and its position is forgotten with it. `encryption` is told of rooms
  // that become encrypted, before the reader is.
  [[nodiscard]] static std::shared_ptr<UserEvents> open(std::shared_ptr<net::RuntimeCore> core,
                                                        std::shared_ptr<credentials::UserTokens> tokens,
                                                        MatrixUserId user, std::shared_ptr<const std::string> group,
                                                        std::shared_ptr<RoomEncryption> encryption,
                                                        std::shared_ptr<ConsumerPosition> place = nullptr);
  ~UserEvents() override;

  [[nodiscard]] Pending<EventBatch> next(CallOptions options) override;
  [[nodiscard]] Pending<void> ready(CallOptions options) override;
  void ack() noexcept override;
  void close() noexcept override;

 private:
  struct State;
  UserEvents(std::shared_ptr<net::RuntimeCore> core, std::shared_ptr<State> state);
  std::shared_ptr<net::RuntimeCore> core_;
  std::shared_ptr<State> state_;
};

}  // namespace confab::services
