#include "net/socket_watch.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstdint>
#include <new>
#include <utility>

#include "net/handler_memory.hpp"

namespace confab::net {

namespace asio = boost::asio;

// One descriptor in one life. Waits hold it, so a wait that comes late finds this life over, not the next one.
struct SocketWatch::Socket {
  Socket(asio::io_context& io, int number, SocketWatch* watch)
      : descriptor(io, number), identity(identity_of(number)), owner(watch) {}
  // Unlike the number, never given to another socket while the system runs. The number may by now belong to another
  // thread's descriptor, which is just what is asked; statx, because ThreadSanitizer takes fstat there for a race.
  static std::uint64_t identity_of(int number) {
    struct statx status {};
    return ::statx(number, "", AT_EMPTY_PATH, STATX_INO, &status) == 0 ? status.stx_ino : 0;
  }

  // Of the loop's own executor, which takes a quarter of what any executor does.
  asio::posix::basic_stream_descriptor<asio::io_context::executor_type> descriptor;
  const std::uint64_t identity;
  SocketWatch* owner;  // null once closed
  int wanted = CURL_POLL_NONE;
  bool reading = false;
  bool writing = false;
  // libcurl asks for a wait inside a callback, where nothing may be thrown. Nearly always a socket waits to read; to
  // write it waits while it connects, and where a body is large: that memory goes with the wait.
  HandlerMemory reading_memory;
  std::unique_ptr<HandlerMemory> writing_memory = std::make_unique<HandlerMemory>();
};

namespace {

bool wants(int wanted, int what) { return (wanted & what) != 0; }

// Nothing to read and no end to be seen: the other end is there, as far as anybody can know.
bool quiet(int socket) {
  char byte = 0;
  const ssize_t got = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool ended(int socket) {
  char byte = 0;
  const ssize_t got = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
}

}  // namespace

SocketWatch::SocketWatch(EventLoop& loop, bool note_losses, Ready ready)
    : loop_(&loop), ready_(std::move(ready)), note_losses_(note_losses) {}

SocketWatch::~SocketWatch() {
  find_closed();
  for (auto& [number, socket] : sockets_) {
    socket->owner = nullptr;
    boost::system::error_code ignored;
    socket->descriptor.close(ignored);
  }
}

curl_socket_t SocketWatch::open(const curl_sockaddr& address) {
  const int number = ::socket(address.family, address.socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address.protocol);
  if (number < 0) return CURL_SOCKET_BAD;
  if (sockets_.contains(number)) let_go(number);  // the system would not give it away if it were still open
  try {
    connecting_.push_back(number);
    sockets_[number] = std::make_shared<Socket>(loop_->context(), number, this);
  } catch (...) {  // the reactor or memory is exhausted; an exception must not pass through libcurl
    std::erase(connecting_, number);
    sockets_.erase(number);
    ::close(number);
    return CURL_SOCKET_BAD;
  }
  return number;
}

int SocketWatch::close(curl_socket_t number) {
  const auto found = sockets_.find(number);
  if (found == sockets_.end()) return ::close(number);
  if (note_losses_ && !quiet(number)) ++losses_;
  const std::shared_ptr<Socket> socket = std::move(found->second);
  sockets_.erase(found);
  std::erase(connecting_, number);
  socket->owner = nullptr;
  boost::system::error_code failure;
  socket->descriptor.close(failure);
  return failure ? -1 : 0;
}

// Forgets a descriptor that is closed, without closing it: somebody else may have its number now.
void SocketWatch::let_go(curl_socket_t number) {
  const std::shared_ptr<Socket> socket = std::move(sockets_.at(number));
  sockets_.erase(number);
  std::erase(connecting_, number);
  socket->owner = nullptr;
  socket->descriptor.release();
}

void SocketWatch::find_closed() {
  for (std::size_t i = connecting_.size(); i-- > 0;) {
    const curl_socket_t number = connecting_[i];
    if (Socket::identity_of(number) != sockets_.at(number)->identity) let_go(number);
  }
}

bool SocketWatch::want(curl_socket_t number, int what) noexcept {
  const auto found = sockets_.find(number);
  if (found == sockets_.end()) return true;
  const std::shared_ptr<Socket>& socket = found->second;
  // A wait that is under way is left so, wanted or not: it costs nothing, and mostly it is wanted again soon.
  socket->wanted = what == CURL_POLL_REMOVE ? CURL_POLL_NONE : what;
  // Whoever connects wants to write first; whoever wants to read has connected.
  if (wants(socket->wanted, CURL_POLL_IN) && !connecting_.empty()) std::erase(connecting_, number);
  if (wants(socket->wanted, CURL_POLL_IN) && !socket->reading) wait_read(socket);
  if (wants(socket->wanted, CURL_POLL_OUT) && !socket->writing) wait_write(socket);
  // It may have connected without a wait.
  if (wants(socket->wanted, CURL_POLL_IN) && !socket->writing) socket->writing_memory.reset();
  return !unwatched_;
}

bool SocketWatch::watch_again() noexcept {
  if (!std::exchange(unwatched_, false)) return true;
  for (const auto& [number, socket] : sockets_) {
    if (wants(socket->wanted, CURL_POLL_OUT) && !socket->writing) wait_write(socket);
  }
  return !unwatched_;
}

bool SocketWatch::any_lost() const noexcept {
  for (const auto& [number, socket] : sockets_) {
    if (ended(number)) return true;
  }
  return false;
}

void SocketWatch::wait_read(const std::shared_ptr<Socket>& socket) noexcept {
  socket->reading = true;
  socket->descriptor.async_wait(
      asio::posix::descriptor_base::wait_read,
      asio::bind_allocator(socket->reading_memory.allocator(), [socket](const boost::system::error_code& failure) {
        socket->reading = false;
        SocketWatch* const watch = socket->owner;
        if (watch == nullptr || !wants(socket->wanted, CURL_POLL_IN)) return;
        const EventLoop::Turn turn(*watch->loop_);
        watch->ready_(socket->descriptor.native_handle(), failure ? CURL_CSELECT_ERR : CURL_CSELECT_IN);
        if (socket->owner == nullptr || socket->reading) return;
        if (wants(socket->wanted, CURL_POLL_IN)) wait_read(socket);
      }));
}

void SocketWatch::wait_write(const std::shared_ptr<Socket>& socket) noexcept {
  if (!socket->writing_memory) socket->writing_memory.reset(new (std::nothrow) HandlerMemory);
  if (!socket->writing_memory) {
    socket->owner->unwatched_ = true;
    return;
  }
  socket->writing = true;
  socket->descriptor.async_wait(
      asio::posix::descriptor_base::wait_write,
      asio::bind_allocator(socket->writing_memory->allocator(), [socket](const boost::system::error_code& failure) {
        socket->writing = false;
        SocketWatch* const watch = socket->owner;
        if (watch != nullptr && wants(socket->wanted, CURL_POLL_OUT)) {
          const EventLoop::Turn turn(*watch->loop_);
          watch->ready_(socket->descriptor.native_handle(), failure ? CURL_CSELECT_ERR : CURL_CSELECT_OUT);
          const bool again = socket->owner != nullptr && wants(socket->wanted, CURL_POLL_OUT);
          if (again && !socket->writing) wait_write(socket);
        }
        if (!socket->writing) socket->writing_memory.reset();
      }));
}

}  // namespace confab::net
