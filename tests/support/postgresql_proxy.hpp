// Stands between libpq and PostgreSQL and breaks what passes: the n-th message from now on, or the first that fits, is
// cut, cut in its middle, or held for ever. Without TLS only: it reads where messages end.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace confab::test {

class PostgresqlProxy {
 public:
  enum class Fault {
    cut,       // both connections end; the message never arrives
    half,      // the same, after half of the message
    hold,      // nothing passes on these connections any more, though they stay open
    for_good,  // as cut, on all connections; and new ones end at once, until heal()
  };
  struct Message {
    bool from_server;
    char type;   // of the protocol; '\0' for a client's first
    int number;  // since the last fail_...() or heal()
  };

  explicit PostgresqlProxy(std::uint16_t server);
  ~PostgresqlProxy();
  PostgresqlProxy(const PostgresqlProxy&) = delete;
  PostgresqlProxy& operator=(const PostgresqlProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// The message of this number, counted from 0 over all connections and both directions.
  void fail_at(int number, Fault fault);
  /// The first message that fits.
  void fail_when(std::function<bool(const Message&)> fits, Fault fault);
  void heal();
  /// Whether the fault has happened.
  [[nodiscard]] bool failed() const { return failed_; }
  /// Messages since the last fail_...() or heal().
  [[nodiscard]] int messages() const { return messages_; }
  /// Connections that were made so far.
  [[nodiscard]] int connections() const { return connections_; }

 private:
  struct Half {  // one direction
    int from = -1;
    int to = -1;
    bool server = false;
    bool started = false;  // past the client's first message, which has no type
    std::string bytes;
  };
  struct Pair {
    Half up;
    Half down;
    bool held = false;
    bool over = false;
  };
  void serve();
  void accept();
  void pass(Pair& pair, Half& half);
  void forward(Pair& pair, Half& half);
  void end(Pair& pair);

  std::uint16_t server_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;  // guards fits_ and fault_
  std::function<bool(const Message&)> fits_;
  Fault fault_ = Fault::cut;
  std::atomic<bool> failed_{false};
  std::atomic<bool> refusing_{false};
  std::atomic<int> messages_{0};
  std::atomic<int> connections_{0};
  std::list<Pair> pairs_;  // the thread's own
  std::thread thread_;
};

}  // namespace confab::test
