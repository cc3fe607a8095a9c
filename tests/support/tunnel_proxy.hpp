// An HTTP proxy that tunnels (CONNECT), with a map of its own of who is where: how a test has a server at
// https://localhost:443 without being allowed that port.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace confab::test {

class TunnelProxy {
 public:
  /// "localhost:443" to a port on the loopback interface; a place that is not listed is refused with 502.
  explicit TunnelProxy(std::map<std::string, std::uint16_t> places);
  /// Ends every tunnel and joins every thread.
  ~TunnelProxy();
  TunnelProxy(const TunnelProxy&) = delete;
  TunnelProxy& operator=(const TunnelProxy&) = delete;

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  /// Every place that was asked for, in that order.
  [[nodiscard]] std::vector<std::string> asked() const;

 private:
  void serve(int client);

  std::map<std::string, std::uint16_t> places_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::atomic<bool> over_{false};
  mutable std::mutex mutex_;  // guards asked_
  std::vector<std::string> asked_;
  std::vector<std::thread> tunnels_;  // of the accepting thread, until it has ended
  std::thread accepting_;
};

}  // namespace confab::test
