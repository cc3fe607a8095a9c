#include "net/http_client.hpp"

#include <algorithm>
#include <array>
#include <coroutine>
#include <deque>
#include <map>
#include <new>
#include <vector>

#include "net/chore.hpp"
#include "net/curl_failure.hpp"
#include "net/curl_owners.hpp"
#include "net/idle_handles.hpp"
#include "net/name_resolver.hpp"
#include "net/preparation_failure.hpp"
#include "net/stop_wake.hpp"
#include "net/transfer.hpp"
#include "net/trust_store.hpp"
#include "util/frame_allocator.hpp"

namespace confab::net {

using namespace std::chrono_literals;

namespace {

// What libcurl reads at once. It is there as long as a transfer waits, and costs less to touch when it is small: 15 %
// of a request's CPU less than with libcurl's own 16 KB. Of much, each read is two system calls.
constexpr std::array<long, 3> buffer_bytes = {1024, 4096, 16384};  // by Expected
// A larger body goes over HTTP/1.1, on connections of its own: where the window of an HTTP/2 connection keeps a body
// waiting, libcurl 7.88 may lose an answer that comes before all of it was sent (docs/decisions/0015).
constexpr std::size_t largest_shared_body = 16 * 1024;
constexpr std::size_t large_body_connections = 8;
// Requests begun in one turn of the loop: libcurl works on all that are new in one go, and a connect costs it 50 us.
constexpr std::size_t starts_per_turn = 16;
// Long polls that need a connection of their own and are begun in one window of time: a thousand users who start at
// once must not be a thousand connects at once.
constexpr std::size_t poll_starts_per_window = 64;
constexpr std::chrono::milliseconds poll_start_window{10};
// Whether polls have connected is looked at for all that began within this.
constexpr std::chrono::milliseconds look_at_once{20};

// Whom do we connect to: the homeserver, or the proxy before it?
Url first_hop(const HttpClientOptions& options) {
  if (options.proxy().empty()) return options.base();
  const Result<Url> proxy = Url::parse(options.proxy());
  return proxy ? *proxy : options.base();  // libcurl refuses what is no URL when it is used
}

}  // namespace

struct HttpClient::State : std::enable_shared_from_this<HttpClient::State> {
  struct Call;
  using Deadlines = std::multimap<TimePoint, Call*, std::less<>, FrameAllocator<std::pair<const TimePoint, Call*>>>;

  // A transfer and the coroutine that waits for it.
  struct Call final : Transfer, EventLoop::Errand, std::enable_shared_from_this<Call> {
    Call(std::shared_ptr<State> owner, std::shared_ptr<const HttpRequest> asked)
        : Transfer(std::move(asked), owner->prefix, owner->headers), state(std::move(owner)) {}
    void run() override { state->give_up(*this, TransferFailure::cancelled, "cancelled"); }  // the stop came
    // Loop thread.
    void later(bool Call::*what) noexcept {
      this->*what = true;
      state->loop.post(std::shared_ptr<EventLoop::Errand>(shared_from_this(), &chore));
    }
    void do_what_is_due() {
      if (std::exchange(drop_due, false)) state->drop(*this);
      if (std::exchange(pace_due, false)) state->pace(*this);
      if (!std::exchange(close_due, false)) return;
      state->settle(*this, failed(TransferFailure::cancelled, was_sent, "the client was closed"));
    }
    [[nodiscard]] BodyFlow* flow() const noexcept { return request().body_flow().get(); }

    std::shared_ptr<State> state;
    std::shared_ptr<ResolveList> resolve;
    std::coroutine_handle<> waiting;
    std::optional<Deadlines::iterator> deadline;  // while it is paused: when that has to end; at first: connect_by
    Deadlines::node_type no_deadline;             // the place of one that was taken back
    TimePoint ends_by = TimePoint::max();
    TimePoint connect_by = TimePoint::max();
    std::optional<TimePoint> paused_at;
    Clock::duration paused_for{0};  // before
    Clock::duration left{0};        // until the deadline, when it was paused
    StopWake on_stop;
    std::optional<HttpOutcome> result;
    std::size_t place = nowhere;  // among those that run
    bool was_sent = false;        // when the client was closed
    bool drop_due = false;
    bool pace_due = false;
    bool close_due = false;
    Chore<Call> chore{this, &Call::do_what_is_due};

    static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
  };
  class Wait;

  State(EventLoop& on, HttpClientOptions wanted, std::shared_ptr<NameResolver> names,
        std::shared_ptr<TrustStore> believed);

  [[nodiscard]] std::shared_ptr<CurlMulti> make_multi(std::size_t connections, bool may_http2);
  [[nodiscard]] const std::shared_ptr<CurlMulti>& multi_for(const HttpRequest& request);
  [[nodiscard]] const std::shared_ptr<CurlMulti>& poll_shard();
  [[nodiscard]] std::shared_ptr<ResolveList> resolve_list(const std::shared_ptr<const AddressList>& addresses);
  [[nodiscard]] bool is_prepared(std::shared_ptr<ResolveList>& addresses);
  // What failed, if anything did. The caller's frame, which waits for it, keeps `addresses`.
  [[nodiscard]] static Task<std::optional<HttpOutcome>> prepare(std::shared_ptr<State> self,
                                                                std::shared_ptr<ResolveList>& addresses,
                                                                TimePoint deadline, std::stop_token stop);
  [[nodiscard]] bool may_start_now(const Call& call);
  void begin(const std::shared_ptr<Call>& call);
  void start(Call& call) noexcept;
  [[nodiscard]] bool try_to_start(Call& call);
  void start_later() noexcept;
  [[nodiscard]] bool times_connecting(const Call& call) const;
  void start_waiting();
  void ended(CURL* easy, CURLcode result) noexcept;
  void give_up(Call& call, TransferFailure failure, const char* reason) noexcept;
  // The reason is left out where there is no memory for it.
  [[nodiscard]] static HttpOutcome failed(TransferFailure failure, bool sent, const char* reason) noexcept;
  void drop(Call& call) noexcept;
  void follow(Call& call);
  void pace(Call& call);
  void pause(Call& call);
  void go_on(Call& call);
  void expect(Call& call, TimePoint deadline);
  void expect_no_more(Call& call) noexcept;
  void wake_for_deadlines(TimePoint when) noexcept;
  void end_what_is_late();
  void settle(Call& call, HttpOutcome outcome) noexcept;
  void runs(Call& call);
  void runs_no_more(Call& call) noexcept;
  [[nodiscard]] CURL* take_handle(const HttpRequest& request);
  void close() noexcept;
  void later(Chore<State>& chore) noexcept {
    loop.post(std::shared_ptr<EventLoop::Errand>(shared_from_this(), &chore));
  }

  CurlLibrary library;  // the first member, so the last to go
  EventLoop& loop;
  HttpClientOptions options;
  std::shared_ptr<NameResolver> resolver;
  std::shared_ptr<TrustStore> trust;
  Url hop;
  bool http2;
  std::string prefix;  // of each target: the base's path, and its origin where a proxy wants to know
  std::shared_ptr<CommonHeaders> headers;
  CurlAddress address;
  // TLS sessions, so that a new connection need not do a whole handshake. One thread, so no lock functions.
  std::unique_ptr<CURLSH, CloseShare> share;
  std::shared_ptr<CurlMulti> interactive;
  std::shared_ptr<CurlMulti> large_bodies;  // from the first one on, where the others may speak HTTP/2
  std::vector<std::shared_ptr<CurlMulti>> polls;
  IdleHandles idle_handles{loop};
  std::shared_ptr<ResolveList> resolve;
  std::vector<Call*> running;  // those with a handle
  std::deque<std::weak_ptr<Call>> waiting;
  // One timer for all: most requests end long before their deadline, and setting a timer for each costs more than now
  // and then finding nothing late.
  Deadlines deadlines;
  EventLoop::Timer deadline_timer;
  TimePoint deadline_timer_at = TimePoint::max();
  EventLoop::Timer wake;
  bool woken = false;
  bool closed = false;
  std::uint64_t turn = 0;
  std::size_t starts_in_turn = 0;
  TimePoint window_end{};
  std::size_t poll_starts_in_window = 0;
  Chore<State> start_soon{this, &State::start_waiting};
  Chore<State> look_for_late{this, &State::end_what_is_late};
};

HttpClient::State::State(EventLoop& on, HttpClientOptions wanted, std::shared_ptr<NameResolver> names,
                         std::shared_ptr<TrustStore> believed)
    : loop(on),
      options(std::move(wanted)),
      resolver(std::move(names)),
      trust(std::move(believed)),
      hop(first_hop(options)),
      http2(options.base().is_https() && !options.force_http1()),
      prefix((options.proxy().empty() || options.base().is_https() ? "" : options.base().origin()) +
             options.base().path()),
      headers(std::make_shared<CommonHeaders>(options.user_agent())),
      address(address_of(options.base())),
      share(curl_share_init()) {
  if (!share) throw std::bad_alloc();
  curl_share_setopt(share.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  interactive = make_multi(options.max_interactive(), http2);
}

std::shared_ptr<CurlMulti> HttpClient::State::make_multi(std::size_t connections, bool may_http2) {
  return std::make_shared<CurlMulti>(
      loop, CurlMulti::Options().max_connections(std::max<std::size_t>(1, connections)).http2(may_http2),
      [this](CURL* easy, CURLcode result) { ended(easy, result); });
}

// The first shard with room: so that polls that come back find the connections they left.
const std::shared_ptr<CurlMulti>& HttpClient::State::poll_shard() {
  const std::size_t room = std::max<std::size_t>(1, options.polls_per_shard());
  for (const auto& shard : polls) {
    if (shard->active() < room) return shard;
  }
  return polls.emplace_back(make_multi(room, http2));
}

const std::shared_ptr<CurlMulti>& HttpClient::State::multi_for(const HttpRequest& request) {
  if (request.lane() == Lane::long_poll) return poll_shard();
  if (!http2 || request.body().size() <= largest_shared_body) return interactive;
  if (!large_bodies) large_bodies = make_multi(large_body_connections, false);
  return large_bodies;
}

std::shared_ptr<ResolveList> HttpClient::State::resolve_list(const std::shared_ptr<const AddressList>& addresses) {
  if (!resolve || resolve->addresses() != addresses) {
    resolve = std::make_shared<ResolveList>(hop.host(), hop.port(), addresses);
  }
  return resolve;
}

// ---- beginning

bool HttpClient::State::may_start_now(const Call& call) {
  if (turn != loop.turns()) {
    turn = loop.turns();
    starts_in_turn = 0;
  }
  if (starts_in_turn >= starts_per_turn) return false;
  if (call.request().lane() == Lane::long_poll) {
    CurlMulti& shard = *poll_shard();
    const bool connects = !shard.multiplexes && shard.active() >= shard.sockets().sockets();
    if (connects) {
      const auto now = Clock::now();
      if (now >= window_end) {
        window_end = now + poll_start_window;
        poll_starts_in_window = 0;
      }
      if (poll_starts_in_window >= poll_starts_per_window) return false;
      ++poll_starts_in_window;
    }
  }
  ++starts_in_turn;
  return true;
}

void HttpClient::State::begin(const std::shared_ptr<Call>& call) {
  if (waiting.empty() && may_start_now(*call)) return start(*call);
  waiting.push_back(call);
  if (!std::exchange(woken, true)) later(start_soon);
}

void HttpClient::State::start_waiting() {
  woken = false;
  while (!waiting.empty()) {
    const std::shared_ptr<Call> call = waiting.front().lock();
    const bool gone = !call || !call->waiting;
    bool good = true;
    try {
      if (!gone && !may_start_now(*call)) break;
    } catch (...) {  // no memory for what carries it
      good = false;
    }
    waiting.pop_front();
    if (gone) continue;
    if (good) {
      start(*call);
    } else {
      settle(*call, HttpOutcome(TransferFailure::no_memory, false));
    }
  }
  if (waiting.empty()) return;
  woken = true;
  if (starts_in_turn >= starts_per_turn) return later(start_soon);
  try {
    wake = loop.at(window_end, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->start_waiting();
    });
  } catch (...) {  // too early is no harm
    later(start_soon);
  }
}

// libcurl looks at every transfer again when its time to connect is over, connected or not, which for ten thousand
// polls that wait takes more than all else. Of several addresses it has to choose in time; one of which there is no
// other is timed here, for many at once.
bool HttpClient::State::times_connecting(const Call& call) const {
  return call.request().lane() == Lane::long_poll && (!call.resolve || call.resolve->addresses()->size() == 1);
}

void HttpClient::State::start(Call& call) noexcept {
  bool started = false;
  try {
    started = try_to_start(call);
  } catch (...) {  // memory
  }
  if (!started) settle(call, HttpOutcome(TransferFailure::no_memory, false));
}

bool HttpClient::State::try_to_start(Call& call) {
  std::unique_ptr<CURL, CloseEasy> handle(take_handle(call.request()));
  CURL* const easy = handle.get();
  if (easy == nullptr) return false;
  const bool timed_here = times_connecting(call);
  set_connect_timeout(easy, timed_here ? 0ms : std::max(options.connect_timeout(), 1ms));
  if (timed_here) {
    call.connect_by = Clock::now() + options.connect_timeout();
    call.connect_by += look_at_once - call.connect_by.time_since_epoch() % look_at_once;
    if (call.deadline && call.connect_by < call.ends_by) {  // it had to wait until it could start
      expect_no_more(call);
      expect(call, call.connect_by);
    }
  }
  const auto& multi = multi_for(call.request());
  runs(call);
  return call.start(handle.release(), multi, call.resolve, options.base().is_https() ? trust->store() : nullptr);
}

// ---- ending

// libcurl tells it once.
void HttpClient::State::ended(CURL* easy, CURLcode result) noexcept {
  Call& call = static_cast<Call&>(Transfer::of(easy));
  HttpOutcome outcome(TransferFailure::no_memory, call.sent());
  try {
    outcome = call.outcome(result);
  } catch (...) {  // memory
  }
  if (!outcome.answered() && outcome.failure() == TransferFailure::connect && call.resolve) resolver->doubt(hop.host());
  settle(call, std::move(outcome));
}

void HttpClient::State::give_up(Call& call, TransferFailure failure, const char* reason) noexcept {
  settle(call, failed(failure, call.sent(), reason));
}

HttpOutcome HttpClient::State::failed(TransferFailure failure, bool sent, const char* reason) noexcept {
  try {
    return HttpOutcome(failure, sent, reason);
  } catch (...) {
    return HttpOutcome(failure, sent);
  }
}

// Frees what the call holds. The coroutine is resumed last: it may end the call's life, and the client's.
void HttpClient::State::settle(Call& call, HttpOutcome outcome) noexcept {
  const auto alive = shared_from_this();
  drop(call);
  call.result = std::move(outcome);
  if (!call.waiting) return;  // it ended while it began, and is about to be asked
  std::exchange(call.waiting, nullptr).resume();
}

void HttpClient::State::drop(Call& call) noexcept {
  expect_no_more(call);
  call.on_stop.forget();
  if (call.flow() != nullptr) call.flow()->on_change(nullptr);
  if (!call.started()) return;
  if (call.multi()->acting()) {
    // Inside a callback of libcurl (a reader of the body that ended its own coroutine): the handle comes back later.
    call.abandon();
    return call.later(&Call::drop_due);
  }
  runs_no_more(call);
  CURL* const easy = call.detach();
  closed ? curl_easy_cleanup(easy) : idle_handles.put_back(call.request().expected(), easy);
}

void HttpClient::State::runs(Call& call) {
  running.push_back(&call);
  call.place = running.size() - 1;
}

void HttpClient::State::runs_no_more(Call& call) noexcept {
  if (call.place == Call::nowhere) return;
  Call* const last = running.back();
  running[call.place] = last;
  last->place = call.place;
  running.pop_back();
  call.place = Call::nowhere;
}

// ---- readers that hold a body up

// At once to pause: libcurl goes on reading as long as there is something, and comes back to the loop after megabytes.
// Never by what the reader's callback returns, which would bring the same bytes again. To go on, from the loop: libcurl
// hands over what it kept back while it is told so.
void HttpClient::State::follow(Call& call) {
  if (call.flow() == nullptr) return;
  // drop() takes it back, before the call can end. A pointer alone needs no memory of its own.
  call.flow()->on_change([whose = &call] {
    const auto changed = whose->shared_from_this();
    if (changed->flow()->held()) return changed->state->pace(*changed);
    changed->later(&Call::pace_due);
  });
}

void HttpClient::State::pace(Call& call) {
  if (!call.started() || !call.waiting) return;
  const bool may_pause = call.paused_for < options.longest_hold() && !call.multi()->multiplexes;
  const bool hold = may_pause && call.flow()->held();
  if (hold == call.paused_at.has_value()) return;
  hold ? pause(call) : go_on(call);
}

void HttpClient::State::pause(Call& call) {
  if (!call.pause(true)) return give_up(call, TransferFailure::cut, "the transfer could not be paused");
  const TimePoint now = Clock::now();
  call.paused_at = now;
  call.left = call.ends_by == TimePoint::max() ? Clock::duration::max() : call.ends_by - now;
  expect_no_more(call);
  expect(call, now + options.longest_hold() - call.paused_for);
}

void HttpClient::State::go_on(Call& call) {
  const TimePoint now = Clock::now();
  call.paused_for += now - *std::exchange(call.paused_at, std::nullopt);
  expect_no_more(call);
  if (call.left != Clock::duration::max()) call.ends_by = now + call.left;
  expect(call, call.ends_by);
  if (!call.pause(false)) give_up(call, TransferFailure::cut, "the answer ended while it was paused");
}

// ---- deadlines

void HttpClient::State::expect(Call& call, TimePoint deadline) {
  if (deadline == TimePoint::max()) return;
  if (call.no_deadline) {
    call.no_deadline.key() = deadline;
    call.deadline = deadlines.insert(std::move(call.no_deadline));
  } else {
    call.deadline = deadlines.emplace_hint(deadlines.end(), deadline, &call);
  }
  if (deadline < deadline_timer_at) wake_for_deadlines(deadline);
}

void HttpClient::State::expect_no_more(Call& call) noexcept {
  if (call.deadline) call.no_deadline = deadlines.extract(*std::exchange(call.deadline, std::nullopt));
}

void HttpClient::State::wake_for_deadlines(TimePoint when) noexcept {
  try {
    deadline_timer = loop.at(when, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->end_what_is_late();
    });
    deadline_timer_at = when;
  } catch (...) {  // to look too early, and again, is no harm
    later(look_for_late);
  }
}

void HttpClient::State::end_what_is_late() {
  const TimePoint now = Clock::now();
  deadline_timer_at = TimePoint::max();
  // One at a time: what a coroutine does that goes on may end others.
  while (!deadlines.empty() && deadlines.begin()->first <= now) {
    const std::shared_ptr<Call> call = deadlines.begin()->second->shared_from_this();
    if (call->paused_at) {
      go_on(*call);
      continue;
    }
    if (call->ends_by <= now) {
      give_up(*call, TransferFailure::timed_out, "the deadline passed");
    } else if (call->is_connected()) {
      expect_no_more(*call);
      expect(*call, call->ends_by);
    } else {
      if (call->resolve) resolver->doubt(hop.host());
      give_up(*call, TransferFailure::connect, connect_timeout_reason);
    }
  }
  if (!deadlines.empty() && deadlines.begin()->first < deadline_timer_at) wake_for_deadlines(deadlines.begin()->first);
}

CURL* HttpClient::State::take_handle(const HttpRequest& request) {
  if (CURL* const idle = idle_handles.take(request.expected())) return idle;
  CURL* const easy = curl_easy_init();
  const long buffer = buffer_bytes[static_cast<std::size_t>(request.expected())];
  if (easy != nullptr) set_lasting_options(easy, options, buffer, address.get(), share.get());
  return easy;
}

void HttpClient::State::close() noexcept {
  closed = true;
  wake.cancel();
  deadline_timer.cancel();
  // Not from here: whoever closes the client does not expect the coroutines that use it to go on meanwhile.
  const auto end = [this](Call& call) {
    const auto alive = call.shared_from_this();
    call.was_sent = call.sent();
    call.later(&Call::close_due);
    drop(call);
  };
  while (!running.empty()) {
    Call& call = *running.back();
    runs_no_more(call);
    end(call);
  }
  for (const auto& queued : waiting) {
    if (const auto call = queued.lock()) end(*call);
  }
  waiting.clear();
  idle_handles.clear();
}

// What perform() waits on. It may be destroyed while it waits; the transfer goes with it.
class HttpClient::State::Wait {
 public:
  Wait(std::shared_ptr<Call> call, TimePoint deadline, std::stop_token stop)
      : call_(std::move(call)), deadline_(deadline), stop_(std::move(stop)) {}
  ~Wait() {
    call_->waiting = nullptr;
    call_->state->drop(*call_);
  }
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> handle) {
    State& state = *call_->state;
    state.begin(call_);
    if (call_->result) return false;
    call_->waiting = handle;
    call_->ends_by = deadline_;
    state.expect(*call_, std::min(deadline_, call_->connect_by));
    state.follow(*call_);
    call_->on_stop.listen(stop_, state.loop, call_);
    return true;
  }
  [[nodiscard]] HttpOutcome await_resume() { return std::move(*call_->result); }

 private:
  std::shared_ptr<Call> call_;
  TimePoint deadline_;
  std::stop_token stop_;
};

// ---- the client

// Whom to trust, and where the host is: false where that takes time to find out.
bool HttpClient::State::is_prepared(std::shared_ptr<ResolveList>& addresses) {
  if (options.base().is_https() && trust->store() == nullptr) return false;
  if (hop.host_is_address()) return true;
  const std::optional<NameAnswer> name = resolver->known(hop.host());
  if (!name || !name->addresses()) return false;
  addresses = resolve_list(name->addresses());
  return true;
}

// Apart from perform(), whose frame waits for the answer.
Task<std::optional<HttpOutcome>> HttpClient::State::prepare(std::shared_ptr<State> self,
                                                            std::shared_ptr<ResolveList>& addresses, TimePoint deadline,
                                                            std::stop_token stop) {
  if (self->options.base().is_https() && self->trust->store() == nullptr) {
    const Result<void> ready = co_await self->trust->ready(self->loop, deadline, stop);
    if (!ready) co_return trust_failure(ready.error());
  }
  if (!self->hop.host_is_address()) {
    std::optional<NameAnswer> name = self->resolver->known(self->hop.host());
    if (!name) name = co_await self->resolver->resolve(self->loop, self->hop.host(), deadline, stop);
    if (!name->addresses()) co_return name_failure(*name);
    addresses = self->resolve_list(name->addresses());
  }
  co_return std::nullopt;
}

HttpClient::HttpClient(EventLoop& loop, HttpClientOptions options, std::shared_ptr<NameResolver> resolver,
                       std::shared_ptr<TrustStore> trust)
    : state_(std::make_shared<State>(loop, std::move(options), std::move(resolver), std::move(trust))) {}

HttpClient::~HttpClient() { state_->close(); }

std::size_t HttpClient::transfers() const noexcept { return state_->running.size(); }

Task<HttpOutcome> HttpClient::perform(std::shared_ptr<const HttpRequest> request, TimePoint deadline,
                                      std::stop_token stop) {
  const std::shared_ptr<State> state = state_;
  if (stop.stop_requested()) co_return HttpOutcome(TransferFailure::cancelled, false, "cancelled");
  if (deadline <= Clock::now()) co_return HttpOutcome(TransferFailure::timed_out, false, "the deadline passed");
  if (const Result<void> good = state->options.base().check_target(request->target()); !good) {
    co_return HttpOutcome(TransferFailure::protocol, false, std::string(good.error().message()));
  }
  std::shared_ptr<ResolveList> resolve;
  if (!state->is_prepared(resolve)) {
    std::optional<HttpOutcome> failed = co_await State::prepare(state, resolve, deadline, stop);
    if (failed) co_return *std::move(failed);
  }
  if (state->closed) co_return HttpOutcome(TransferFailure::cancelled, false, "the client was closed");
  const auto call = std::allocate_shared<State::Call>(FrameAllocator<State::Call>(), state, std::move(request));
  call->resolve = std::move(resolve);
  State::Wait wait(call, deadline, std::move(stop));
  HttpOutcome outcome = co_await wait;
  co_return outcome;
}

}  // namespace confab::net
