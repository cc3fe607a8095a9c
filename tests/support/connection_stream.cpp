#include "connection_stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace confab::test {

ConnectionStream::ConnectionStream(int descriptor)
    : descriptor_(descriptor), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

ConnectionStream::~ConnectionStream() {
  close(false);
  ::close(wake_);
}

bool ConnectionStream::handshake(ssl_ctx_st* context) {
  tls_ = SSL_new(context);
  if (tls_ == nullptr || SSL_set_fd(tls_, descriptor_) != 1) return false;
  const bool done = SSL_accept(tls_) == 1;
  ERR_clear_error();
  return done;
}

std::size_t ConnectionStream::read(char* buffer, std::size_t size) {
  if (aborted_) return 0;
  if (tls_ != nullptr) {
    const int got = SSL_read(tls_, buffer, static_cast<int>(std::min<std::size_t>(size, INT_MAX)));
    ERR_clear_error();
    return got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  while (true) {
    const ssize_t got = ::recv(descriptor_, buffer, size, 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return 0;
  }
}

bool ConnectionStream::write(std::string_view bytes) {
  while (!bytes.empty()) {
    if (aborted_) return false;
    std::size_t sent = 0;
    if (tls_ != nullptr) {
      const int put = SSL_write(tls_, bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX)));
      ERR_clear_error();
      if (put <= 0) return false;
      sent = static_cast<std::size_t>(put);
    } else {
      const ssize_t put = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) return false;
      sent = static_cast<std::size_t>(put);
    }
    bytes.remove_prefix(sent);
  }
  return true;
}

ConnectionStream::Wait ConnectionStream::wait(std::optional<Clock::time_point> until) {
  while (!aborted_) {
    int timeout = -1;
    if (until) {
      // Rounded up: a wait that ends a fraction early would spin on a zero timeout.
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now()).count();
      if (left <= 0) return Wait::timed_out;
      timeout = static_cast<int>(std::min<long long>(left, INT_MAX));
    }
    pollfd watched[2] = {{descriptor_, POLLRDHUP, 0}, {wake_, POLLIN, 0}};
    if (::poll(watched, 2, timeout) < 0) continue;
    if (aborted_ || watched[0].revents != 0) return Wait::closed;
    if (watched[1].revents != 0) {
      eventfd_t count = 0;
      (void)::eventfd_read(wake_, &count);
      return Wait::woken;
    }
  }
  return Wait::closed;
}

void ConnectionStream::abort() {
  const std::scoped_lock lock(mutex_);
  aborted_ = true;
  if (descriptor_ >= 0) ::shutdown(descriptor_, SHUT_RDWR);
  (void)::eventfd_write(wake_, 1);
}

void ConnectionStream::wake() { (void)::eventfd_write(wake_, 1); }

void ConnectionStream::close(bool politely) {
  if (tls_ != nullptr) {
    if (politely && !aborted_) SSL_shutdown(tls_);
    ERR_clear_error();
    SSL_free(tls_);
    tls_ = nullptr;
  }
  close_descriptor();
}

void ConnectionStream::reset() {
  linger at_once{};
  at_once.l_onoff = 1;
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(false);
}

void ConnectionStream::close_descriptor() {
  const std::scoped_lock lock(mutex_);
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace confab::test
