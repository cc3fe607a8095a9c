// AlertNews: who is told of an alert, and how: a handler of the host, and the streams that are open. Any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include <confab/alert.hpp>
#include <confab/pending.hpp>

namespace confab::net {

class RuntimeCore;

class AlertNews {
 public:
  // That wait for a handler or a reader that is behind.
  static constexpr std::size_t most_alerts = 64;

  // At most once. What is told before is for the streams alone.
  void handle_by(AlertHandler handler, std::shared_ptr<confab::detail::Delivery> delivery);
  void tell(const Alert& alert);
  [[nodiscard]] static AlertStream open(const std::shared_ptr<AlertNews>& news, std::shared_ptr<RuntimeCore> core);
  // Tells nobody any more.
  void close() noexcept;

 private:
  class Handling;
  class Telling;
  std::mutex mutex_;
  std::shared_ptr<Handling> handling_;
  std::vector<std::weak_ptr<confab::detail::AlertFeed>> feeds_;
};

}  // namespace confab::net
