// The threads of the fake homeserver: one that accepts, one per connection.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <stdexcept>

#include "fake_homeserver_state.hpp"
#include "http_exchange.hpp"

namespace confab::test {
namespace {

int bound_socket(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int yes = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (descriptor < 0 || ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("fake homeserver: cannot bind on 127.0.0.1");
  }
  return descriptor;
}

std::uint16_t port_of(int descriptor) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

}  // namespace

FakeHomeserverState::FakeHomeserverState(FakeHomeserver::Options wanted) : options(std::move(wanted)) {
  if (options.tls_) {
    tls.reset(SSL_CTX_new(TLS_server_method()));
    if (tls == nullptr ||
        SSL_CTX_use_certificate_chain_file(tls.get(), options.certificate_.certificate_file().c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls.get(), options.certificate_.key_file().c_str(), SSL_FILETYPE_PEM) != 1) {
      throw std::runtime_error("fake homeserver: cannot use the certificate");
    }
  }
  reserved = bound_socket(0);
  port = port_of(reserved);
  stop_accepting = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

FakeHomeserverState::~FakeHomeserverState() {
  ::close(reserved);
  ::close(stop_accepting);
}

void FakeHomeserverState::start_listening() {
  if (listener >= 0) return;
  listener = bound_socket(port);
  if (::listen(listener, 512) != 0) throw std::runtime_error("fake homeserver: cannot listen");
  acceptor = std::thread([this] { accept_loop(); });
}

void FakeHomeserverState::stop_listening() {
  if (listener < 0) return;
  (void)::eventfd_write(stop_accepting, 1);
  acceptor.join();
  eventfd_t ignored = 0;
  (void)::eventfd_read(stop_accepting, &ignored);
  ::close(listener);
  listener = -1;
}

void FakeHomeserverState::abort_connections() {
  const std::scoped_lock lock(mutex);
  for (auto& connection : connections) connection.stream.abort();
}

void FakeHomeserverState::reap(bool all) {
  std::list<Connection> finished;
  {
    const std::scoped_lock lock(mutex);
    for (auto it = connections.begin(); it != connections.end();) {
      const auto next = std::next(it);
      if (all || it->done) finished.splice(finished.end(), connections, it);
      it = next;
    }
  }
  for (auto& connection : finished) connection.thread.join();
}

void FakeHomeserverState::accept_loop() {
  while (true) {
    pollfd watched[2] = {{listener, POLLIN, 0}, {stop_accepting, POLLIN, 0}};
    if (::poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents != 0) return;
    const int descriptor = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) continue;
    const int yes = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    reap(false);
    const std::scoped_lock lock(mutex);
    if (open >= options.max_connections_) {
      ::close(descriptor);
      continue;
    }
    ++open;
    ++accepted;
    Connection& connection = connections.emplace_back(descriptor);
    connection.number = accepted;
    connection.thread = std::thread([this, &connection] { serve(connection); });
    changed.notify_all();
  }
}

void FakeHomeserverState::serve(Connection& connection) {
  // OpenSSL writes without MSG_NOSIGNAL; the signal is directed at this thread and goes with it.
  sigset_t pipe_signal;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);

  ConnectionStream& stream = connection.stream;
  const bool ready = tls == nullptr || stream.handshake(tls.get());
  RequestReader reader(stream, options.max_body_);
  bool more = ready;
  while (more) {
    Request request;
    const auto outcome = reader.next(request);
    if (outcome == RequestReader::Outcome::ended) break;
    if (outcome != RequestReader::Outcome::request) {
      const bool malformed = outcome == RequestReader::Outcome::malformed;
      write_answer(
          stream, request,
          Answer::error(malformed ? 400 : 413, malformed ? "M_UNKNOWN" : "M_TOO_LARGE").header("Connection", "close"));
      break;
    }
    request.connection = connection.number;
    request.time = ConnectionStream::Clock::now();
    const Taken taken = take(request);
    Answer answer;
    try {
      answer = taken.answer(request);
    } catch (const std::exception& problem) {
      answer = Answer::error(500, "M_UNKNOWN", std::string("handler: ") + problem.what());
    }
    note_status(request, answer);
    more = prepare(stream, answer, taken.hold_round) && write_answer(stream, request, answer);
  }
  stream.close(ready);

  const std::scoped_lock lock(mutex);
  if (!ready) ++handshakes_failed;
  connection.done = true;
  --open;
  changed.notify_all();
}

// Records may have been forgotten since; a connection has one request at a time, and few others came after it.
void FakeHomeserverState::note_status(const Request& request, const Answer& answer) {
  const std::scoped_lock lock(mutex);
  const auto record = std::find_if(records.rbegin(), records.rend(),
                                   [&](const Request& each) { return each.connection == request.connection; });
  if (record != records.rend() && record->time == request.time) record->status = answer.parts().status;
}

// Seen by wait_for() and given its step of the script at once: what a test does next must not get that step.
FakeHomeserverState::Taken FakeHomeserverState::take(Request& request) {
  const std::scoped_lock lock(mutex);
  request.number = records.size() + 1;
  records.push_back(request);
  changed.notify_all();
  Taken taken{{}, fallback, release_round};
  for (auto it = rules.rbegin(); it != rules.rend() && !taken.chosen; ++it) {
    Script::Rule& rule = **it;
    if (!rule.pattern.matches(request)) continue;
    while (rule.current < rule.steps.size()) {
      auto& step = rule.steps[rule.current];
      const bool last = rule.current + 1 == rule.steps.size();
      if (step.count ? step.used < *step.count : (last || step.used == 0)) {
        ++step.used;
        taken.chosen = step.handler;
        break;
      }
      ++rule.current;
    }
  }
  return taken;
}

Answer FakeHomeserverState::Taken::answer(const Request& request) const {
  Answer answer = chosen ? chosen(request) : otherwise(request);
  return answer.parts().real ? answer.over(otherwise(request)) : answer;
}

bool FakeHomeserverState::prepare(ConnectionStream& stream, Answer& answer, std::uint64_t hold_round) {
  using Wait = ConnectionStream::Wait;
  if (answer.parts().delay.count() > 0) {
    const auto until = ConnectionStream::Clock::now() + answer.parts().delay;
    for (Wait ended = Wait::woken; ended != Wait::timed_out;) {
      ended = stream.wait(until);
      if (ended == Wait::closed) return false;
    }
  }
  while (answer.parts().hold) {
    {
      const std::scoped_lock lock(mutex);
      if (release_round != hold_round) break;
    }
    if (stream.wait(std::nullopt) == Wait::closed) return false;
  }
  if (answer.parts().readiness) {
    const auto until = ConnectionStream::Clock::now() + answer.parts().readiness_time;
    std::optional<Answer> found = answer.parts().readiness(false);
    while (!found) {
      const Wait ended = stream.wait(until);
      if (ended == Wait::closed) return false;
      const bool over = ended == Wait::timed_out;
      found = answer.parts().readiness(over);
      if (over && !found) found = Answer();
    }
    answer = answer.over(std::move(*found));
  }
  return !answer.parts().no_answer;
}

}  // namespace confab::test
