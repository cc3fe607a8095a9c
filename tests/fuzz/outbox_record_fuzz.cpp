// Whatever a store gives back as a record of the outbox (a key, a line break, a value): what is read can be written and
// read again, and everything else is an error of the store.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "chat/outgoing_record.hpp"
#include "services/outbox_entry.hpp"

namespace {

template <class T>
void check_error(const confab::Result<T>& read) {
  if (!read && read.error().code() != confab::Errc::store) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace confab;
  using namespace confab::services;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  const StoreRecord record(text.substr(0, end), 7, text.substr(std::min(end + 1, text.size())));

  const Result<OutboxEntry> entry = OutboxEntry::read(record);
  check_error(entry);
  if (entry) {
    const std::string written = entry->write();
    const Result<OutboxEntry> again = OutboxEntry::read(StoreRecord(record.key(), 8, written));
    if (!again || again->write() != written || again->number() != entry->number()) std::abort();
    if (entry->lane().id_of(entry->id()).empty()) std::abort();
    const UserSlug sender("ana");
    const Result<Message> message = chat::outgoing_message(entry->content(), sender);
    check_error(message);
    if (message) {
      const std::string said = chat::outgoing_record(*message);
      const Result<Message> same = chat::outgoing_message(said, sender);
      if (!same || chat::outgoing_record(*same) != said) std::abort();
    }
  }
  const Result<OutboxLaneRecord> lane = OutboxLaneRecord::read(record);
  check_error(lane);
  const Result<OutboxLane> of = OutboxLaneRecord::lane_of(record);
  check_error(of);
  if (lane && of) {
    const std::string written = lane->write(*of);
    const Result<OutboxLaneRecord> again = OutboxLaneRecord::read(StoreRecord("k", 8, written));
    if (!again || again->write(*of) != written) std::abort();
  }
  const Result<OutboxName> name = OutboxName::read(record);
  check_error(name);
  if (name && of) check_error(OutboxName::read(StoreRecord("k", 8, name->write(*of))));
  return 0;
}
