// A scriptable HTTP/1.1 server for tests, in this process, on 127.0.0.1.
//
//   FakeHomeserver server;
//   server.on("GET", "/_matrix/client/versions").then(Answer(503)).times(2).then(Answer(200, R"({"versions":[]})"));
//   server.on("PUT", "/_matrix/client/v3/rooms/*/send/**", Answer().hold());
//   ... talk to server.url() ...
//   CHECK(server.wait_for(3, "GET", "/_matrix/client/versions", 2s));
//
// One thread per connection: right for tests of up to about 200 connections, wrong for load.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "answer.hpp"
#include "http_request.hpp"
#include "test_certificate.hpp"

namespace confab::test {

struct FakeHomeserverState;

/// Answers made for one request; called on the connection's thread, without a lock held, several at a time.
using Handler = std::function<Answer(const Request&)>;

/// The answers to one pattern, in order. A step without times() serves one request if another step follows and every
/// request if it is the last. When the last step has times() and is used up, the script no longer takes part: older
/// scripts and the fallback answer. Valid as long as the server; may be changed while it runs.
class Script {
 public:
  Script& then(Answer answer);
  Script& then(Handler handler);
  /// How often the step before is used.
  Script& times(std::size_t count);
  /// Lets so many requests go by to older scripts and the fallback: `pass(2).then(Answer(503)).times(1)`.
  Script& pass(std::size_t count);

 private:
  friend class FakeHomeserver;
  struct Rule;
  friend struct FakeHomeserverState;
  Script(FakeHomeserverState* state, std::shared_ptr<Rule> rule) : state_(state), rule_(std::move(rule)) {}
  FakeHomeserverState* state_;
  std::shared_ptr<Rule> rule_;
};

/// Thread-safe throughout. The destructor ends every connection and joins every thread.
class FakeHomeserver {
 public:
  using Milliseconds = std::chrono::milliseconds;

  class Options {
   public:
    Options& tls(TestCertificate certificate) {
      certificate_ = std::move(certificate);
      tls_ = true;
      return *this;
    }
    /// Requests with a larger body are answered 413 and their connection closed.
    Options& max_body(std::size_t bytes) {
      max_body_ = bytes;
      return *this;
    }
    /// Connections beyond are closed at once.
    Options& max_connections(std::size_t count) {
      max_connections_ = count;
      return *this;
    }

   private:
    friend class FakeHomeserver;
    friend struct FakeHomeserverState;
    TestCertificate certificate_;
    bool tls_ = false;
    std::size_t max_body_ = std::size_t{64} << 20;
    std::size_t max_connections_ = 1000;
  };

  FakeHomeserver() : FakeHomeserver(Options()) {}
  explicit FakeHomeserver(Options options);
  virtual ~FakeHomeserver();
  FakeHomeserver(const FakeHomeserver&) = delete;
  FakeHomeserver& operator=(const FakeHomeserver&) = delete;

  /// "http://127.0.0.1:PORT" or "https://...", no slash at the end.
  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::uint16_t port() const;

  /// Among several that match, the newest script answers.
  Script on(std::string_view method, std::string_view path_pattern);
  Script on(std::string_view method, std::string_view path_pattern, Answer answer);
  /// Forgets every script; the fallback stays.
  void clear_scripts();
  /// What answers where no script does; at first 404 M_UNRECOGNIZED.
  void fallback(Handler handler);

  /// Lets every answer that holds now go on.
  void release();
  /// Asks every Answer::when() that waits.
  void wake();

  /// Every request whose last byte has come, in that order.
  [[nodiscard]] std::vector<Request> requests() const;
  [[nodiscard]] std::vector<Request> requests(std::string_view method, std::string_view path_pattern) const;
  [[nodiscard]] std::size_t count() const;
  [[nodiscard]] std::size_t count(std::string_view method, std::string_view path_pattern) const;
  void forget_requests();
  /// Whether at least n such requests have come, in time.
  [[nodiscard]] bool wait_for(std::size_t n, std::string_view method, std::string_view path_pattern,
                              Milliseconds timeout) const;

  /// Open now, as far as the server knows: a client's close is noticed at once, also while it waits for an answer.
  [[nodiscard]] std::size_t connections() const;
  [[nodiscard]] std::size_t connections_accepted() const;
  [[nodiscard]] std::size_t handshakes_failed() const;
  /// Whether none is open, in time.
  [[nodiscard]] bool wait_connections_closed(Milliseconds timeout) const;
  [[nodiscard]] bool wait_connections(std::size_t n, Milliseconds timeout) const;

  /// Ends every connection, answered or not; new ones are welcome.
  void drop_connections();
  /// Ends every connection and refuses new ones; the port stays ours.
  void go_away();
  void come_back();

 protected:
  /// For destructors of derived classes: afterwards no handler runs.
  void stop();

 private:
  std::unique_ptr<FakeHomeserverState> state_;
};

}  // namespace confab::test
