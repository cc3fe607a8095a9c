// MessageService: sends once, reads pages. Exactly once is made of a transaction id inside the event and a look into
// the room before a repeat, because tokens without a device give the homeserver nothing to remember a send by.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include <confab/chat_provider.hpp>
#include <confab/message.hpp>
#include <confab/result.hpp>

#include "credentials/user_tokens.hpp"

namespace confab::services {

class MessageService {
 public:
  explicit MessageService(std::shared_ptr<credentials::UserTokens> tokens) : tokens_(std::move(tokens)) {}

  [[nodiscard]] static Task<Result<EventId>> send(std::shared_ptr<MessageService> self, ProviderMessage message,
                                                  net::CallContext context);
  [[nodiscard]] static Task<Result<MessagePage>> history(std::shared_ptr<MessageService> self, MatrixRoomId room,
                                                         MatrixUserId reader, std::size_t limit, PageToken from,
                                                         net::CallContext context);

 private:
  [[nodiscard]] Task<Result<std::optional<EventId>>> find_earlier(ProviderMessage message, net::CallContext context);

  std::shared_ptr<credentials::UserTokens> tokens_;
};

}  // namespace confab::services
