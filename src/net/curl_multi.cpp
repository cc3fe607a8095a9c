#include "net/curl_multi.hpp"

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <mutex>
#include <new>
#include <utility>

namespace confab::net {

namespace {
// Streams on one HTTP/2 connection: below what servers allow (100 and 128 are common), so that none is refused.
constexpr long max_streams = 80;

std::mutex& library_mutex() {
  static std::mutex mutex;  // trivial to destroy: nothing of it outlives anything
  return mutex;
}
}  // namespace

CurlLibrary::CurlLibrary() {
  const std::lock_guard lock(library_mutex());
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::bad_alloc();
}

CurlLibrary::~CurlLibrary() {
  const std::lock_guard lock(library_mutex());
  curl_global_cleanup();
}

CurlMulti::CurlMulti(EventLoop& loop, Options options, Done done)
    : loop_(&loop),
      http2_(options.http2_),
      done_(std::move(done)),
      sockets_(loop, options.http2_, [this](curl_socket_t socket, int events) { act(socket, events); }),
      coming_back_memory_(std::make_shared<HandlerMemory>()),
      multi_(curl_multi_init()) {
  if (multi_ == nullptr) throw std::bad_alloc();
  const long connections = static_cast<long>(options.max_connections_);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlMulti::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlMulti::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, connections);
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, connections);
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, options.http2_ ? CURLPIPE_MULTIPLEX : CURLPIPE_NOTHING);
  curl_multi_setopt(multi_, CURLMOPT_MAX_CONCURRENT_STREAMS, max_streams);
}

CurlMulti::~CurlMulti() { curl_multi_cleanup(multi_); }

bool CurlMulti::add(CURL* easy) {
  if (curl_multi_add_handle(multi_, easy) != CURLM_OK) return false;
  ++active_;
  return true;
}

void CurlMulti::remove(CURL* easy) {
  if (curl_multi_remove_handle(multi_, easy) == CURLM_OK) --active_;
  sockets_.find_closed();
}

bool CurlMulti::pause(CURL* easy, bool on) {
  const bool was_acting = std::exchange(acting_, true);
  // Both directions: a transfer of which only one is paused is read from once more.
  const CURLcode result = curl_easy_pause(easy, on ? CURLPAUSE_ALL : CURLPAUSE_CONT);
  acting_ = was_acting;
  return result == CURLE_OK;
}

int CurlMulti::on_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* self, void* /*of_socket*/) {
  CurlMulti& multi = *static_cast<CurlMulti*>(self);
  if (!multi.sockets_.want(socket, what)) multi.watch_soon();
  return 0;  // a failure would end every transfer
}

int CurlMulti::on_timer(CURLM* /*multi*/, long wait_ms, void* self) {
  CurlMulti& multi = *static_cast<CurlMulti*>(self);
  if (wait_ms < 0) {
    multi.due_ = TimePoint::max();
  } else if (wait_ms == 0) {
    multi.come_back_now();
  } else {
    multi.come_back_at(Clock::now() + std::chrono::milliseconds(wait_ms));
  }
  return 0;
}

// These are called in callbacks of libcurl, through which nothing may be thrown.
void CurlMulti::come_back_now() noexcept {
  due_ = TimePoint::max();
  if (std::exchange(coming_back_, true)) return;
  const auto come_back = [weak = weak_from_this(), memory = coming_back_memory_] {
    const auto self = weak.lock();
    if (!self) return;
    const EventLoop::Turn turn(*self->loop_);
    self->coming_back_ = false;
    if (!self->sockets_.watch_again()) self->watch_soon();
    self->act(CURL_SOCKET_TIMEOUT, 0);
    // There was no memory for the timer.
    if (self->due_ != TimePoint::max() && self->timer_at_ == TimePoint::max()) self->come_back_at(self->due_);
  };
  boost::asio::post(loop_->context(), boost::asio::bind_allocator(coming_back_memory_->allocator(), come_back));
}

// Until there is memory for it: libcurl says only once what it waits for.
void CurlMulti::watch_soon() noexcept {
  const TimePoint due = due_;
  come_back_now();
  due_ = due;
}

void CurlMulti::come_back_at(TimePoint when) noexcept {
  due_ = when;
  // libcurl moves its time with every request, mostly later: a timer that fires too early and is set again then is
  // cheaper than one that is always exact.
  if (timer_at_ <= when) return;
  try {
    timer_ = loop_->at(when, [this] { timer_fired(); });
    timer_at_ = when;
  } catch (...) {  // too early costs some, never would be too late
    timer_at_ = TimePoint::max();
    come_back_now();
    due_ = when;
  }
}

void CurlMulti::timer_fired() {
  timer_at_ = TimePoint::max();
  if (due_ == TimePoint::max()) return;
  if (Clock::now() < due_) return come_back_at(due_);
  due_ = TimePoint::max();
  act(CURL_SOCKET_TIMEOUT, 0);
}

void CurlMulti::act(curl_socket_t socket, int events) {
  const auto alive = shared_from_this();  // a completion may drop the client
  int running = 0;
  acting_ = true;
  curl_multi_socket_action(multi_, socket, events, &running);
  acting_ = false;
  sockets_.find_closed();
  int left = 0;
  // One at a time: what a completion does may remove other transfers, and their messages with them.
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg == CURLMSG_DONE) done_(message->easy_handle, message->data.result);
  }
}

}  // namespace confab::net
