#include "store/lease_machine.hpp"

#include <utility>

#include "store/record_rules.hpp"
#include "util/json.hpp"

namespace confab::store {
namespace {

struct Holding {
  bool ours;
  std::int64_t ask;
};

// What cannot be read is another's: whoever wrote it did not write it as this process.
Holding holding_of(const StoreRecord& record, std::string_view holder) {
  const auto parsed = parse(record);
  if (!parsed) return {false, 0};
  return {parsed->root()["holder"].string_or("") == holder, parsed->root()["ask"].integer_or(0)};
}

// After these the store did nothing; after all others the write may have happened.
bool surely_undone(Errc code) {
  return code == Errc::busy || code == Errc::closed || code == Errc::invalid_argument || code == Errc::too_large;
}

}  // namespace

LeaseMachine::LeaseMachine(std::string name, std::string holder, std::chrono::milliseconds length)
    : lease_key_("lease/" + name), fence_key_("fence/" + name), holder_(std::move(holder)), length_(length) {}

LeaseMachine::Step LeaseMachine::ask(Time now) {
  asked_ = now;
  owed_ = 0;
  ++ask_;
  if (version_ == 0) {
    phase_ = Phase::read_fence;
    return Step::read(fence_key_);
  }
  phase_ = Phase::renew;
  return Step::write({StoreWrite::put(lease_key_, version_, content()).expires_after(length_)});
}

LeaseMachine::Step LeaseMachine::release() {
  if (version_ != 0) owed_ = version_;
  lose();
  if (owed_ == 0) return end(Outcome::released);
  phase_ = Phase::release;
  return Step::write({StoreWrite::erase(lease_key_, owed_)});
}

LeaseMachine::Step LeaseMachine::on_read(const Result<std::optional<StoreRecord>>& read) {
  if (!read) return end(Outcome::failed);
  switch (phase_) {
    case Phase::read_fence:
      return acquire(*read ? (**read).version() : 0);
    case Phase::judge:
      return judge(*read);
    case Phase::judge_fence:
      return judge_fence(*read);
    default:
      return end(Outcome::failed);
  }
}

LeaseMachine::Step LeaseMachine::on_written(const Result<std::vector<StoreVersion>>& written) {
  if (phase_ == Phase::release) {
    if (written) owed_ = 0;
    return end(written ? Outcome::released : Outcome::failed);
  }
  if (phase_ != Phase::acquire && phase_ != Phase::renew) return end(Outcome::failed);
  if (!written) {
    if (surely_undone(written.error().code())) return end(Outcome::failed);
    phase_ = Phase::judge;
    return Step::read(lease_key_);
  }
  version_ = written->front();
  if (phase_ == Phase::acquire) fence_ = written->back();
  until_ = asked_ + length_;
  return end(Outcome::held);
}

// Both records in one transaction: nobody is ever the holder without a fencing number of its own.
LeaseMachine::Step LeaseMachine::acquire(StoreVersion fence_before) {
  phase_ = Phase::acquire;
  return Step::write({StoreWrite::put(lease_key_, 0, content()).expires_after(length_),
                      StoreWrite::put(fence_key_, fence_before, content())});
}

LeaseMachine::Step LeaseMachine::judge(const std::optional<StoreRecord>& lease) {
  if (!lease) {
    lose();
    return end(Outcome::vanished);
  }
  const Holding holding = holding_of(*lease, holder_);
  if (!holding.ours) {
    lose();
    return end(Outcome::taken);
  }
  // Ours, though its answer was lost. Only the last question may count from when it was asked; an older one keeps the
  // end that is known, or none.
  if (version_ != 0) {
    if (holding.ask == ask_) until_ = asked_ + length_;
    version_ = lease->version();
    return end(Outcome::held);
  }
  if (holding.ask != ask_) return end(Outcome::taken);  // by a question that was given up: it ends by itself
  judged_ = lease->version();
  phase_ = Phase::judge_fence;
  return Step::read(fence_key_);
}

LeaseMachine::Step LeaseMachine::judge_fence(const std::optional<StoreRecord>& fence) {
  if (!fence) return end(Outcome::vanished);
  const Holding holding = holding_of(*fence, holder_);
  if (!holding.ours || holding.ask != ask_) return end(Outcome::vanished);
  version_ = judged_;
  fence_ = fence->version();
  until_ = asked_ + length_;
  return end(Outcome::held);
}

std::chrono::milliseconds LeaseMachine::remaining(Time now) const {
  if (version_ == 0) return std::chrono::milliseconds(0);
  return std::chrono::duration_cast<std::chrono::milliseconds>(until_ - now);
}

std::string LeaseMachine::content() const {
  json::Writer writer;
  writer.object().member("holder", holder_).member("ask", ask_).end();
  return std::move(writer).finish();
}

LeaseMachine::Step LeaseMachine::end(Outcome outcome) {
  phase_ = Phase::idle;
  return Step::done(outcome);
}

void LeaseMachine::lose() {
  version_ = 0;
  until_ = {};
}

}  // namespace confab::store
