#include "services/consumer_position.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "matrix/identifiers.hpp"
#include "store/record_rules.hpp"
#include "util/json.hpp"
#include "util/text.hpp"

namespace confab::services {
namespace {

constexpr int position_version = 1;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '~' || c == '-';
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= ConsumerPosition::longest_name &&
         std::all_of(name.begin(), name.end(), is_name_character);
}

std::string key_of_group(std::string_view group) {
  return group.empty() ? "events/" : "events/" + text::percent_encode(group) + "/";
}

std::string key_of_user(const MatrixUserId& user) {
  std::string_view localpart(user.str());
  localpart = localpart.substr(std::min<std::size_t>(1, localpart.size()));
  localpart = localpart.substr(0, localpart.find(':'));
  return text::percent_encode(localpart) + "/";
}

// The localpart in what stands behind the group; nothing where it is no user and consumer.
std::optional<std::string> localpart_in(std::string_view rest) {
  const std::size_t end = rest.find('/');
  if (end == std::string_view::npos || rest.find('/', end + 1) != std::string_view::npos) return std::nullopt;
  std::string localpart;
  for (std::size_t at = 0; at < end; ++at) {
    if (rest[at] != '%') {
      localpart += rest[at];
      continue;
    }
    unsigned byte = 0;
    if (end - at < 3 || std::from_chars(&rest[at + 1], &rest[at + 1] + 2, byte, 16).ec != std::errc()) {
      return std::nullopt;
    }
    localpart += static_cast<char>(byte);
    at += 2;
  }
  return localpart;
}

Error taken_over() {
  return Error(Errc::conflict, "another reader has opened the stream of this consumer: one at a time, or other names")
      .with_subject("consumer");
}

}  // namespace

ConsumerPosition::ConsumerPosition(net::RecordStore records, std::string_view group, const MatrixUserId& user,
                                   std::string_view consumer, std::string server_name)
    : records_(std::move(records)), server_name_(std::move(server_name)) {
  if (!is_name(consumer)) return;
  // Without the server's name, which stands in the record: a homeserver that is called otherwise is to be noticed.
  key_ = key_of_group(group) + key_of_user(user);
  key_ += consumer;
}

std::string ConsumerPosition::record(const Claim& claim) const {
  json::Writer w;
  w.object().member("version", position_version).member("server_name", server_name_).member("reader", holder_);
  // Whoever ends before the reader has heard of it leaves that to the next.
  if (!claim.usable()) w.member("unusable", true);
  if (!claim.position().token().empty()) claim.position().write(w);
  return std::move(w.end()).finish();
}

ConsumerPosition::Claim ConsumerPosition::read(const StoreRecord& found) const {
  const Result<json::Document> parsed = store::parse(found);
  if (!parsed) return Claim::unusable();
  json::Reader fields(parsed->root());
  const std::int64_t version = fields.integer("version");
  const std::string_view server = fields.string("server_name");
  const bool unusable = fields.optional_boolean("unusable").value_or(false);
  if (fields.failed() || version != position_version || server != server_name_ || unusable) return Claim::unusable();
  // Claimed, and ended before it had a position: nothing can have been missed.
  if (!parsed->root()["position"]) return Claim();
  Result<matrix::SyncPosition> position = matrix::SyncPosition::read(parsed->root());
  return position ? Claim(*std::move(position)) : Claim::unusable();
}

bool ConsumerPosition::is_ours(const StoreRecord& found) const {
  const Result<json::Document> parsed = store::parse(found);
  return parsed && parsed->root()["reader"].string_or("") == holder_;
}

Task<Result<ConsumerPosition::Claim>> ConsumerPosition::claim(Self self, net::CallContext context) {
  if (self->key_.empty()) {
    co_return Error(Errc::invalid_argument, "a consumer's name is 1 to 64 letters, digits or . _ ~ - of ASCII")
        .with_subject("consumer");
  }
  if (self->after_) {
    const Result<int> ended = co_await net::SharedResult<int>::wait(self->after_, context);
    if (!ended) co_return Error(Errc::busy, "a reset that was begun is still being finished; try again");
  }
  Result<std::optional<StoreRecord>> found = co_await self->records_.get(context, self->key_);
  if (!found) co_return std::move(found).error();
  self->holder_ = text::random_token();
  const std::optional<StoreRecord>& there = found.value();
  Claim claimed;
  StoreVersion before = 0;
  if (there) {
    claimed = self->read(*there);
    before = there->version();
  }
  const std::string value = self->record(claimed);
  StoreWrite put = StoreWrite::put(self->key_, before, value);
  Result<StoreVersion> written = co_await self->records_.put_if(context, std::move(put), Durability::relaxed);
  if (!written && written.error().code() == Errc::conflict) co_return taken_over();
  if (!written) co_return std::move(written).error();
  self->version_ = written.value();
  co_return claimed;
}

Task<Result<void>> ConsumerPosition::save(Self self, matrix::SyncPosition position, net::CallContext context) {
  const std::string value = self->record(Claim(std::move(position)));
  for (int attempt = 0;; ++attempt) {
    StoreWrite put = StoreWrite::put(self->key_, self->version_, value);
    Result<StoreVersion> written = co_await self->records_.put_if(context, std::move(put), Durability::relaxed);
    if (written) {
      self->version_ = written.value();
      co_return Result<void>();
    }
    // After an error of the store an earlier write may have happened all the same: then the version is not the expected
    // one, though nobody else was here.
    if (written.error().code() != Errc::conflict || attempt > 0) {
      if (written.error().code() == Errc::conflict) co_return taken_over();
      co_return std::move(written).error();
    }
    Result<std::optional<StoreRecord>> found = co_await self->records_.get(context, self->key_);
    if (!found) co_return std::move(found).error();
    const std::optional<StoreRecord>& there = found.value();
    // Whoever removes the record asks for a new beginning of the next stream, not for the end of this one.
    if (there && !self->is_ours(*there)) co_return taken_over();
    self->version_ = there ? there->version() : 0;
  }
}

Task<Result<std::size_t>> ConsumerPosition::forget(net::RecordStore records, std::string group, MatrixUserId user,
                                                   Whose whose, net::CallContext context) {
  constexpr std::size_t page_size = 200;
  const std::string of_group = key_of_group(group);
  const std::string prefix = user.empty() ? of_group : of_group + key_of_user(user);
  std::size_t count = 0;
  std::string cursor;
  do {
    Result<StorePage> page = co_await records.list(context, prefix, cursor, page_size);
    if (!page) co_return std::move(page).error();
    for (const StoreRecord& there : page->records()) {
      const std::optional<std::string> localpart = localpart_in(std::string_view(there.key()).substr(of_group.size()));
      if (!localpart || !whose(*localpart)) continue;
      StoreWrite erase = StoreWrite::erase(there.key(), there.version());
      Result<StoreVersion> erased = co_await records.put_if(context, std::move(erase), Durability::relaxed);
      if (erased) ++count;
      // A conflict: its reader goes on at this very moment, and would write it again anyway.
      if (!erased && erased.error().code() != Errc::conflict) co_return std::move(erased).error();
    }
    cursor = page->cursor();
  } while (!cursor.empty());
  co_return count;
}

}  // namespace confab::services
