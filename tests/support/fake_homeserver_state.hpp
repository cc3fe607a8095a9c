// What FakeHomeserver and its Script share. Only for fake_homeserver*.cpp.
#pragma once

#include <openssl/ssl.h>

#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <thread>

#include "connection_stream.hpp"
#include "fake_homeserver.hpp"

namespace confab::test {

struct Script::Rule {
  struct Step {
    Handler handler;  // none: let it pass
    std::optional<std::size_t> count;
    std::size_t used = 0;
  };
  PathPattern pattern;
  std::vector<Step> steps;
  std::size_t current = 0;
};

struct FakeHomeserverState {
  struct Connection {
    explicit Connection(int descriptor) : stream(descriptor) {}
    std::uint64_t number = 0;
    ConnectionStream stream;
    std::thread thread;
    bool done = false;
  };
  struct FreeContext {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };

  explicit FakeHomeserverState(FakeHomeserver::Options wanted);
  ~FakeHomeserverState();

  void start_listening();
  void stop_listening();
  void abort_connections();
  void reap(bool all);

  // The connection's thread.
  void accept_loop();
  void serve(Connection& connection);
  struct Taken {
    [[nodiscard]] Answer answer(const Request& request) const;
    Handler chosen;  // none: nothing is scripted
    Handler otherwise;
    std::uint64_t hold_round;
  };
  [[nodiscard]] Taken take(Request& request);
  void note_status(const Request& request, const Answer& answer);
  /// Everything before the first byte: delays, holds, long polls. False when the connection is over.
  bool prepare(ConnectionStream& stream, Answer& answer, std::uint64_t hold_round);

  FakeHomeserver::Options options;
  std::unique_ptr<SSL_CTX, FreeContext> tls;
  std::uint16_t port = 0;
  int reserved = -1;  // bound, never listening: keeps the port while away
  int listener = -1;
  int stop_accepting = -1;
  std::thread acceptor;

  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  std::vector<std::shared_ptr<Script::Rule>> rules;
  Handler fallback;
  std::vector<Request> records;
  std::list<Connection> connections;
  std::size_t open = 0;
  std::size_t accepted = 0;
  std::size_t handshakes_failed = 0;
  std::uint64_t release_round = 0;
};

}  // namespace confab::test
