#include "capi/stream.hpp"

#include <chrono>
#include <optional>
#include <string>

#include <confab/events_options.hpp>

#include "capi/results.hpp"
#include "capi/tenant_operation.hpp"

namespace confab::capi {
namespace {

constexpr unsigned places = 2;  // a batch, and the end

}  // namespace

StreamCore::StreamCore(EventStream events, std::shared_ptr<QueueCore> queue, std::uint64_t tag)
    : queue_(std::move(queue)),
      tag_(tag),
      events_(std::move(events)),
      end_(new confab_event(CONFAB_EVENT_STREAM_END, tag)) {
  end_->places = places;
  queue_->reserve(places);
}

StreamCore::~StreamCore() {
  if (end_) queue_->give_back(places);
}

void StreamCore::grant(std::uint32_t batches) {
  const std::lock_guard lock(mutex_);
  if (closed_) refuse(Errc::closed, "stream", "the stream is closed");
  const std::uint32_t before = granted_;
  granted_ = batches > without_end - before ? without_end : before + batches;
  try {
    ask_if_due();
  } catch (...) {
    granted_ = before;
    throw;
  }
}

void StreamCore::ack(const confab_event& batch) {
  if (batch.what != CONFAB_EVENT_BATCH || batch.stream != identity_ || batch.batch == 0) {
    refuse(Errc::invalid_argument, "batch", "this is no batch of this stream");
  }
  const std::lock_guard lock(mutex_);
  if (batch.batch > acknowledged_) {
    acknowledged_ = batch.batch;
    // Also after it was closed: what was dealt with is not to come again.
    if (batch.status == CONFAB_OK) events_.ack();
  }
  // Also where it was acknowledged before: memory may have been short then.
  ask_if_due();
}

void StreamCore::ask_if_due() {
  if (closed_ || asking_ || granted_ == 0 || acknowledged_ != delivered_) return;
  Ref<confab_event> event(new confab_event(CONFAB_EVENT_BATCH, tag_));
  event->places = 0;
  event->stream = identity_;
  if (untold_) {
    if (granted_ != without_end) --granted_;
    Result<EventBatch> batch(*std::exchange(untold_, std::nullopt));
    tell(*event, batch, write_events);
    return tell_batch(std::move(event), std::move(batch));
  }
  // Without a deadline: a stream waits.
  auto next = events_.next(CallOptions().within(std::chrono::nanoseconds::max()));
  asking_ = true;
  try {
    std::move(next).start([self = shared_from_this(), event = std::move(event)](Result<EventBatch> batch) mutable {
      self->arrived(std::move(event), std::move(batch));
    });
  } catch (...) {
    asking_ = false;
    throw;
  }
  if (granted_ != without_end) --granted_;
}

void StreamCore::arrived(Ref<confab_event> event, Result<EventBatch> batch) noexcept {
  // Written before the lock is taken: it is the larger part of the work.
  tell(*event, batch, write_events);
  const std::lock_guard lock(mutex_);
  asking_ = false;
  if (closed_ || (!batch && batch.error().code() == Errc::closed)) {
    end(closed_ ? nullptr : &batch.error());
    return;
  }
  tell_batch(std::move(event), std::move(batch));
}

void StreamCore::tell_batch(Ref<confab_event> event, Result<EventBatch> batch) noexcept {
  if (batch && event->status != CONFAB_OK) untold_ = *std::move(batch);
  // With an error, too: whoever does not look at them gets no more of them.
  event->batch = ++delivered_;
  if (event->status != CONFAB_OK) granted_ = 0;
  queue_->push(std::move(event).give());
}

void StreamCore::end(const Error* why) noexcept {
  closed_ = true;
  if (!end_) return;
  if (why == nullptr) {
    end_->succeed({});
  } else {
    end_->fail(*why);
  }
  queue_->push(std::move(end_).give());
}

void StreamCore::close() noexcept {
  const std::lock_guard lock(mutex_);
  if (std::exchange(closed_, true)) return;
  events_.close();
  // What is asked for ends soon, and the end has to come after it.
  if (!asking_) end(nullptr);
}

}  // namespace confab::capi

using namespace confab::capi;

confab_status confab_stream_open(confab_tenant* tenant, const confab_stream_request* request, confab_queue* queue,
                                 uint64_t tag, confab_stream** stream, confab_error** error) {
  return guarded(error, [&] {
    require_place(stream, "stream");
    confab_tenant& of = require(tenant, "tenant");
    const std::shared_ptr<QueueCore> into = require(queue, "queue").core;
    const confab_stream_request given = read_struct(request, "request");
    check_reserved(given.reserved);
    confab::EventStream events =
        of.chat->events(confab::UserSlug(text(given.user)), confab::EventsOptions().remember_as(text(given.consumer)));
    const auto core = std::make_shared<StreamCore>(std::move(events), into, tag);
    into->close_too(core);
    *stream = new confab_stream(Ref<confab_tenant>::another(of), confab::UserSlug(text(given.user)), core);
  });
}

confab_status confab_outbox_open(confab_tenant* tenant, confab_queue* queue, uint64_t tag, confab_stream** stream,
                                 confab_error** error) {
  return guarded(error, [&] {
    require_place(stream, "stream");
    confab_tenant& of = require(tenant, "tenant");
    const std::shared_ptr<QueueCore> into = require(queue, "queue").core;
    const auto core = std::make_shared<StreamCore>(of.chat->outbox_events(), into, tag);
    into->close_too(core);
    *stream = new confab_stream(Ref<confab_tenant>::another(of), confab::UserSlug(), core);
  });
}

confab_status confab_stream_ready(confab_stream* stream, const confab_plain_request* request, CONFAB_ASK) {
  std::shared_ptr<const AskedDirectory> directory;
  Needs needs;
  const confab_status read = guarded(error, [&] {
    directory = require(stream, "stream").tenant->asked;
    if (directory && !stream->user.empty()) needs.users.push_back(stream->user);
  });
  if (read != CONFAB_OK) {
    if (operation != nullptr) *operation = nullptr;
    return read;
  }
  return start_knowing({queue, tag, operation, error}, directory, std::move(needs), [&] {
    StreamCore& core = *require(stream, "stream").core;
    return std::make_pair(core.ready(call_options(read_struct(request, "request").timeout_ms)), write_done);
  });
}

confab_status confab_stream_grant(confab_stream* stream, uint32_t batches) {
  return guarded(nullptr, [&] { require(stream, "stream").core->grant(batches); });
}

confab_status confab_stream_ack(confab_stream* stream, const confab_event* batch) {
  return guarded(nullptr, [&] { require(stream, "stream").core->ack(require(batch, "batch")); });
}

confab_status confab_stream_close(confab_stream* stream) {
  return guarded(nullptr, [&] { require(stream, "stream").core->close(); });
}

confab_stream* confab_stream_retain(confab_stream* stream) { return retain(stream); }
void confab_stream_release(confab_stream* stream) { release(stream); }
