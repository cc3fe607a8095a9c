#include "services/outbox_entry.hpp"

#include <fmt/format.h>

#include <charconv>
#include <initializer_list>

#include "matrix/identifiers.hpp"
#include "store/record_rules.hpp"
#include "util/digest.hpp"
#include "util/json.hpp"
#include "util/text.hpp"

namespace confab::services {
namespace {

constexpr int outbox_version = 1;
constexpr std::size_t digest_digits = 32;
constexpr std::size_t suffix_digits = 16;
// What a time point can hold: the year 2255.
constexpr std::int64_t latest_stamp = 9'000'000'000'000;

// The parts cannot be read as other parts: none of them holds the separator of JSON strings unescaped.
std::string digest_of(std::initializer_list<std::string_view> parts) {
  json::Writer writer;
  writer.array();
  for (const std::string_view part : parts) writer.value(part);
  return sha256_hex(std::move(writer.end()).finish()).substr(0, digest_digits);
}

std::int64_t stamp_of(OutboxEntry::Time time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}
OutboxEntry::Time moment_of(std::int64_t milliseconds) {
  return OutboxEntry::Time(std::chrono::milliseconds(milliseconds));
}

json::Writer& write_lane(json::Writer& writer, const OutboxLane& lane) {
  writer.object().member("version", outbox_version);
  return writer.member("tenant", lane.tenant()).member("user", lane.user()).member("room", lane.room());
}

bool is_stamp(std::int64_t milliseconds) { return milliseconds >= 0 && milliseconds <= latest_stamp; }

// Of a record of this version; anything else is damaged, or of a later release.
Error unreadable_outbox(const StoreRecord& record) {
  return Error(Errc::store, "a record of the outbox cannot be read: damaged, or of a later release")
      .with_subject(record.key());
}

void write_reason(json::Writer& writer, const Error& why) {
  writer.key("reason").object().member("code", static_cast<int>(why.code())).member("message", why.message());
  if (!why.errcode().empty()) writer.member("errcode", why.errcode());
  if (why.http_status() != 0) writer.member("http_status", why.http_status());
  writer.end();
}

Error reason_of(const json::Value& value) {
  Error why(static_cast<Errc>(value["code"].integer_or(static_cast<std::int64_t>(Errc::unknown))),
            std::string(value["message"].string_or("")));
  return why.with_errcode(value["errcode"].string_or(""))
      .with_http_status(static_cast<int>(value["http_status"].integer_or(0)));
}

}  // namespace

OutboxLane::OutboxLane(std::string tenant, std::string user, std::string room)
    : tenant_(std::move(tenant)), user_(std::move(user)), room_(std::move(room)) {
  path_ = text::concat({tenant_, "/", digest_of({user_, room_})});
}

TransactionId OutboxLane::id_of(const TransactionId& given) const {
  const std::string suffix = text::concat({".", digest_of({tenant_, user_, room_}).substr(0, suffix_digits)});
  if (given.str().ends_with(suffix)) return given;
  if (given.empty()) return TransactionId(make_transaction_id().str() + suffix);
  if (given.str().size() + suffix.size() <= matrix::max_identifier_bytes) return TransactionId(given.str() + suffix);
  return TransactionId(digest_of({given.str()}) + suffix);
}

std::string OutboxLaneRecord::write(const OutboxLane& lane) const {
  json::Writer writer;
  write_lane(writer, lane).member("next", next_).member("dead", dead_).member("open", open_);
  return std::move(writer.end()).finish();
}

Result<OutboxLaneRecord> OutboxLaneRecord::read(const StoreRecord& record) {
  const Result<json::Document> parsed = store::parse(record);
  if (!parsed) return parsed.error();
  json::Reader fields(parsed->root());
  const std::int64_t version = fields.integer("version");
  const std::int64_t next = fields.integer("next", 1);
  const std::int64_t dead = fields.integer("dead", 0);
  const bool open = fields.boolean("open");
  if (fields.failed() || version != outbox_version || next < 1 || dead < 0) return unreadable_outbox(record);
  OutboxLaneRecord out;
  out.next(static_cast<std::uint64_t>(next)).dead(static_cast<std::uint64_t>(dead)).open(open);
  return out;
}

Result<OutboxLane> OutboxLaneRecord::lane_of(const StoreRecord& record) {
  const Result<json::Document> parsed = store::parse(record);
  if (!parsed) return parsed.error();
  json::Reader fields(parsed->root());
  OutboxLane lane(std::string(fields.non_empty_string("tenant")), std::string(fields.non_empty_string("user")),
                  std::string(fields.non_empty_string("room")));
  if (fields.failed()) return unreadable_outbox(record);
  return lane;
}

std::string OutboxEntry::write() const {
  json::Writer writer;
  write_lane(writer, lane_).member("id", id_.str()).member("accepted", stamp_of(accepted_));
  if (tried_) writer.member("tried", stamp_of(*tried_));
  if (reason_) write_reason(writer, *reason_);
  writer.key("content").raw(content_);
  return std::move(writer.end()).finish();
}

Result<OutboxEntry> OutboxEntry::read(const StoreRecord& record) {
  const Result<json::Document> parsed = store::parse(record);
  if (!parsed) return parsed.error();
  json::Reader fields(parsed->root());
  const std::int64_t version = fields.integer("version");
  OutboxLane lane(std::string(fields.non_empty_string("tenant")), std::string(fields.non_empty_string("user")),
                  std::string(fields.non_empty_string("room")));
  TransactionId id(std::string(fields.non_empty_string("id")));
  std::string content = fields.object("content").to_json();
  const std::int64_t accepted = fields.integer("accepted");
  const auto tried = fields.optional_integer("tried");
  const json::Value reason = fields.optional_object("reason");
  if (fields.failed() || version != outbox_version || !is_stamp(accepted) || (tried && !is_stamp(*tried)))
    return unreadable_outbox(record);
  OutboxEntry entry(std::move(lane), std::move(id), std::move(content), moment_of(accepted));
  if (tried) entry.tried(moment_of(*tried));
  if (reason) entry.reason(reason_of(reason));
  entry.at(record.key(), record.version());
  return entry;
}

std::uint64_t OutboxEntry::number() const {
  const std::string_view digits = std::string_view(key_).substr(key_.rfind('/') + 1);
  std::uint64_t number = 0;
  (void)std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

void OutboxRestored::doubt(OutboxEntry& entry) const {
  if (!entry.tried() && entry.accepted() <= at_) entry.tried(entry.accepted());
}

std::string OutboxRestored::write() const {
  json::Writer writer;
  writer.object().member("version", outbox_version).member("at", stamp_of(at_));
  return std::move(writer.end()).finish();
}

Result<OutboxRestored> OutboxRestored::read(const StoreRecord& record) {
  const Result<json::Document> parsed = store::parse(record);
  if (!parsed) return parsed.error();
  json::Reader fields(parsed->root());
  const std::int64_t version = fields.integer("version");
  const std::int64_t at = fields.integer("at");
  if (fields.failed() || version != outbox_version) return unreadable_outbox(record);
  return OutboxRestored(moment_of(at));
}

std::string OutboxName::write(const OutboxLane& lane) const {
  json::Writer writer;
  write_lane(writer, lane);
  if (event_.empty()) {
    writer.member("key", key_);
  } else {
    writer.member("event_id", event_.str());
  }
  return std::move(writer.end()).finish();
}

Result<OutboxName> OutboxName::read(const StoreRecord& record) {
  const Result<json::Document> parsed = store::parse(record);
  if (!parsed) return parsed.error();
  json::Reader fields(parsed->root());
  const std::int64_t version = fields.integer("version");
  const std::string_view key = fields.optional_string("key").value_or("");
  const std::string_view event = fields.optional_string("event_id").value_or("");
  if (fields.failed() || version != outbox_version || key.empty() == event.empty()) return unreadable_outbox(record);
  return key.empty() ? sent(EventId(std::string(event))) : at(std::string(key));
}

namespace outbox_key {

std::string lane(const OutboxLane& lane) { return text::concat({lanes, lane.path()}); }

std::string entries(std::string_view kind, const OutboxLane& lane) { return text::concat({kind, lane.path(), "/"}); }

std::string entry(std::string_view kind, const OutboxLane& lane, std::uint64_t number) {
  return fmt::format("{}{}/{:012}", kind, lane.path(), number);
}

std::string name(std::string_view tenant, const TransactionId& id) {
  return text::concat({"outbox/ids/", tenant, "/", digest_of({id.str()})});
}

std::string restored(std::string_view tenant) { return text::concat({"outbox/restored/", tenant}); }

}  // namespace outbox_key

}  // namespace confab::services
