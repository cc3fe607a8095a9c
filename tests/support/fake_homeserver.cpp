#include "fake_homeserver.hpp"

#include <algorithm>
#include <utility>

#include "fake_homeserver_state.hpp"

namespace confab::test {

Script& Script::then(Answer answer) {
  return then(Handler([answer = std::move(answer)](const Request&) { return answer; }));
}

Script& Script::then(Handler handler) {
  const std::scoped_lock lock(state_->mutex);
  rule_->steps.push_back({std::move(handler), std::nullopt, 0});
  return *this;
}

Script& Script::times(std::size_t count) {
  const std::scoped_lock lock(state_->mutex);
  if (!rule_->steps.empty()) rule_->steps.back().count = count;
  return *this;
}

Script& Script::pass(std::size_t count) {
  const std::scoped_lock lock(state_->mutex);
  rule_->steps.push_back({Handler(), count, 0});
  return *this;
}

FakeHomeserver::FakeHomeserver(Options options) : state_(std::make_unique<FakeHomeserverState>(std::move(options))) {
  fallback([](const Request&) { return Answer::error(404, "M_UNRECOGNIZED", "Unrecognized request"); });
  state_->start_listening();
}

FakeHomeserver::~FakeHomeserver() { stop(); }

std::string FakeHomeserver::url() const {
  return (state_->options.tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(state_->port);
}

std::uint16_t FakeHomeserver::port() const { return state_->port; }

Script FakeHomeserver::on(std::string_view method, std::string_view path_pattern) {
  auto rule = std::make_shared<Script::Rule>(Script::Rule{PathPattern(method, path_pattern), {}, 0});
  const std::scoped_lock lock(state_->mutex);
  state_->rules.push_back(rule);
  return {state_.get(), std::move(rule)};
}

Script FakeHomeserver::on(std::string_view method, std::string_view path_pattern, Answer answer) {
  Script script = on(method, path_pattern);
  script.then(std::move(answer));
  return script;
}

void FakeHomeserver::clear_scripts() {
  const std::scoped_lock lock(state_->mutex);
  state_->rules.clear();
}

void FakeHomeserver::fallback(Handler handler) {
  const std::scoped_lock lock(state_->mutex);
  state_->fallback = std::move(handler);
}

void FakeHomeserver::release() {
  const std::scoped_lock lock(state_->mutex);
  ++state_->release_round;
  for (auto& connection : state_->connections) connection.stream.wake();
}

void FakeHomeserver::wake() {
  const std::scoped_lock lock(state_->mutex);
  for (auto& connection : state_->connections) connection.stream.wake();
}

std::vector<Request> FakeHomeserver::requests() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->records;
}

std::vector<Request> FakeHomeserver::requests(std::string_view method, std::string_view path_pattern) const {
  const PathPattern pattern(method, path_pattern);
  std::vector<Request> out;
  const std::scoped_lock lock(state_->mutex);
  std::copy_if(state_->records.begin(), state_->records.end(), std::back_inserter(out),
               [&](const Request& request) { return pattern.matches(request); });
  return out;
}

std::size_t FakeHomeserver::count() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->records.size();
}

namespace {

std::size_t matching(const std::vector<Request>& records, const PathPattern& pattern) {
  return static_cast<std::size_t>(
      std::count_if(records.begin(), records.end(), [&](const Request& request) { return pattern.matches(request); }));
}

}  // namespace

std::size_t FakeHomeserver::count(std::string_view method, std::string_view path_pattern) const {
  const PathPattern pattern(method, path_pattern);
  const std::scoped_lock lock(state_->mutex);
  return matching(state_->records, pattern);
}

void FakeHomeserver::forget_requests() {
  const std::scoped_lock lock(state_->mutex);
  state_->records.clear();
}

bool FakeHomeserver::wait_for(std::size_t n, std::string_view method, std::string_view path_pattern,
                              Milliseconds timeout) const {
  const PathPattern pattern(method, path_pattern);
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, timeout, [&] { return matching(state_->records, pattern) >= n; });
}

std::size_t FakeHomeserver::connections() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->open;
}

std::size_t FakeHomeserver::connections_accepted() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->accepted;
}

std::size_t FakeHomeserver::handshakes_failed() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->handshakes_failed;
}

bool FakeHomeserver::wait_connections_closed(Milliseconds timeout) const { return wait_connections(0, timeout); }

bool FakeHomeserver::wait_connections(std::size_t n, Milliseconds timeout) const {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, timeout, [&] { return state_->open == n; });
}

void FakeHomeserver::drop_connections() { state_->abort_connections(); }

void FakeHomeserver::go_away() {
  state_->stop_listening();
  state_->abort_connections();
}

void FakeHomeserver::come_back() { state_->start_listening(); }

void FakeHomeserver::stop() {
  state_->stop_listening();
  state_->abort_connections();
  state_->reap(true);
}

}  // namespace confab::test
