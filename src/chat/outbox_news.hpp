// OutboxNews: what became of accepted messages, for every stream that is open. Any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include <confab/event_stream.hpp>

#include "net/feed.hpp"
#include "net/runtime_core.hpp"
#include "util/task.hpp"

namespace confab::chat {

class OutboxNews {
 public:
  // That a stream keeps for a reader that is behind; older ones are forgotten, which EventKind::missed tells.
  static constexpr std::size_t most_kept = 10'000;

  void tell(const ChatEvent& event);
  [[nodiscard]] static EventStream open(const std::shared_ptr<OutboxNews>& news,
                                        std::shared_ptr<net::RuntimeCore> core);

 private:
  using Feed = net::Feed<ChatEvent>;
  class Source;
  std::mutex mutex_;
  std::vector<std::weak_ptr<Feed>> feeds_;
};

}  // namespace confab::chat
