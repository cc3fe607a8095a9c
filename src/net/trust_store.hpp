// TrustStore: whose certificates do we believe? One parsed set of authorities for all connections: libcurl by itself
// parses the file again for each (20 ms of CPU and 0.9 MB with a system's whole bundle).
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include <confab/result.hpp>

#include "net/event_loop.hpp"
#include "util/task.hpp"

struct x509_store_st;

namespace confab::net {

class TrustStore {
 public:
  // The authorities of a PEM file, or the system's for an empty path. Nothing is read yet.
  explicit TrustStore(std::string ca_file = {});
  // Waits for a file that is being read.
  ~TrustStore();
  TrustStore(const TrustStore&) = delete;
  TrustStore& operator=(const TrustStore&) = delete;

  // Reads the authorities unless they have been read. Blocks: any thread but a loop's. Errc::config names the file.
  [[nodiscard]] Result<void> load();
  // The same on a thread of its own. On the loop's thread; Errc::timed_out or Errc::cancelled when those come first. A
  // file that could not be read is read again the next time: somebody may have put it right.
  [[nodiscard]] Task<Result<void>> ready(EventLoop& loop, TimePoint deadline, std::stop_token stop);
  // What has been read, or null. Any thread; valid as long as this object.
  [[nodiscard]] x509_store_st* store() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace confab::net
