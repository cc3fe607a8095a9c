// OutboxEntry: one accepted message as it lies in the store, and where it lies.
//
// A lane is one user in one room: its messages go out one after the other, in the order in which they were accepted.
//   outbox/lanes/<tenant>/<lane>          the lane: the number of its next message, and how many are dead
//   outbox/waiting/<tenant>/<lane>/<n>    what is to be sent
//   outbox/dead/<tenant>/<lane>/<n>       what was given up, until somebody decides
//   outbox/ids/<tenant>/<id>              which of these a transaction id names (by its digest); once it is sent, for a
//   day, its event
//   outbox/restored/<tenant>              when the store was put back from a backup: what had been accepted may be sent
#pragma once

#include <confab/store.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <confab/ids.hpp>
#include <confab/result.hpp>

namespace confab::services {

// Whose messages go where: in words of the layer above, never empty.
class OutboxLane {
 public:
  OutboxLane(std::string tenant, std::string user, std::string room);
  [[nodiscard]] const std::string& tenant() const noexcept { return tenant_; }
  [[nodiscard]] const std::string& user() const noexcept { return user_; }
  [[nodiscard]] const std::string& room() const noexcept { return room_; }
  // "<tenant>/<lane>": the same in every process.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // The id that a message has on its way: the host's, or a fresh one, with the lane behind it, so never the same in two
  // lanes: a homeserver may take two of an application service's users for one. Of such an id it is the id itself.
  [[nodiscard]] TransactionId id_of(const TransactionId& given) const;

 private:
  std::string tenant_;
  std::string user_;
  std::string room_;
  std::string path_;
};

// What the lane's own record says.
class OutboxLaneRecord {
 public:
  OutboxLaneRecord() = default;
  [[nodiscard]] std::uint64_t next() const noexcept { return next_; }
  OutboxLaneRecord& next(std::uint64_t number) { return next_ = number, *this; }
  [[nodiscard]] std::uint64_t dead() const noexcept { return dead_; }
  OutboxLaneRecord& dead(std::uint64_t count) { return dead_ = count, *this; }
  // Whether somebody has to look whether there is something to send.
  [[nodiscard]] bool open() const noexcept { return open_; }
  OutboxLaneRecord& open(bool on) { return open_ = on, *this; }

  [[nodiscard]] std::string write(const OutboxLane& lane) const;
  [[nodiscard]] static Result<OutboxLaneRecord> read(const StoreRecord& record);
  // The lane that the record is of.
  [[nodiscard]] static Result<OutboxLane> lane_of(const StoreRecord& record);

 private:
  std::uint64_t next_ = 1;
  std::uint64_t dead_ = 0;
  bool open_ = true;
};

class OutboxEntry {
 public:
  using Time = std::chrono::system_clock::time_point;

  OutboxEntry(OutboxLane lane, TransactionId id, std::string content, Time accepted)
      : lane_(std::move(lane)), id_(std::move(id)), content_(std::move(content)), accepted_(accepted) {}

  [[nodiscard]] const OutboxLane& lane() const noexcept { return lane_; }
  [[nodiscard]] const TransactionId& id() const noexcept { return id_; }
  // JSON of the layer above.
  [[nodiscard]] const std::string& content() const noexcept { return content_; }
  [[nodiscard]] Time accepted() const noexcept { return accepted_; }
  OutboxEntry& accepted(Time when) { return accepted_ = when, *this; }
  // When the first attempt that may have arrived was about to be made; nothing: none was.
  [[nodiscard]] std::optional<Time> tried() const noexcept { return tried_; }
  OutboxEntry& tried(Time when) { return tried_ = when, *this; }
  // Why it was given up.
  [[nodiscard]] const std::optional<Error>& reason() const noexcept { return reason_; }
  OutboxEntry& reason(std::optional<Error> why) { return reason_ = std::move(why), *this; }

  [[nodiscard]] std::string write() const;
  [[nodiscard]] static Result<OutboxEntry> read(const StoreRecord& record);

  // Where it was read, and in which state; empty and 0 for one that was not.
  [[nodiscard]] const std::string& key() const noexcept { return key_; }
  [[nodiscard]] StoreVersion version() const noexcept { return version_; }
  OutboxEntry& at(std::string key, StoreVersion version) { return key_ = std::move(key), version_ = version, *this; }
  [[nodiscard]] std::uint64_t number() const;

 private:
  OutboxLane lane_;
  TransactionId id_;
  std::string content_;
  Time accepted_;
  std::optional<Time> tried_;
  std::optional<Error> reason_;
  std::string key_;
  StoreVersion version_ = 0;
};

// That the store was put back from a backup: anything accepted before may have been sent since the backup.
class OutboxRestored {
 public:
  using Time = OutboxEntry::Time;
  explicit OutboxRestored(Time at) : at_(at) {}
  // What was never tried, as the backup says, was tried as soon as it was accepted.
  void doubt(OutboxEntry& entry) const;
  [[nodiscard]] std::string write() const;
  [[nodiscard]] static Result<OutboxRestored> read(const StoreRecord& record);

 private:
  Time at_;
};

// What a transaction id names.
class OutboxName {
 public:
  // Where the entry lies.
  [[nodiscard]] static OutboxName at(std::string key) { return OutboxName(std::move(key), EventId()); }
  // It became this event.
  [[nodiscard]] static OutboxName sent(EventId event) { return OutboxName(std::string(), std::move(event)); }
  // Empty once it was sent.
  [[nodiscard]] const std::string& key() const noexcept { return key_; }
  [[nodiscard]] const EventId& event() const noexcept { return event_; }

  [[nodiscard]] std::string write(const OutboxLane& lane) const;
  [[nodiscard]] static Result<OutboxName> read(const StoreRecord& record);

 private:
  OutboxName(std::string key, EventId event) : key_(std::move(key)), event_(std::move(event)) {}
  std::string key_;
  EventId event_;
};

namespace outbox_key {
inline constexpr std::string_view lanes = "outbox/lanes/";
inline constexpr std::string_view waiting = "outbox/waiting/";
inline constexpr std::string_view dead = "outbox/dead/";
[[nodiscard]] std::string lane(const OutboxLane& lane);
// All of a lane; behind it their numbers.
[[nodiscard]] std::string entries(std::string_view kind, const OutboxLane& lane);
[[nodiscard]] std::string entry(std::string_view kind, const OutboxLane& lane, std::uint64_t number);
[[nodiscard]] std::string name(std::string_view tenant, const TransactionId& id);
[[nodiscard]] std::string restored(std::string_view tenant);
}  // namespace outbox_key

}  // namespace confab::services
