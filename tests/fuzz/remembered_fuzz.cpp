// Whatever a store gives back of what the library remembers (a key, a line break, a value): a token, a reader's place,
// a part of a directory, which room an alias names; and an application service's registration. What is read can be
// written and read again, and everything else is an error of the kind that its reader is told to expect.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "chat/appservice_registration.hpp"
#include "chat/directory_records.hpp"
#include "credentials/token_record.hpp"
#include "matrix/sync_position.hpp"
#include "memory_file.hpp"
#include "services/room_records.hpp"
#include "store/sealing_keys.hpp"
#include "util/json.hpp"

namespace {

using namespace confab;

const store::SealingKeys& keys() {
  static const store::SealingKeys made = [] {
    std::vector<store::SealingKey> list;
    list.emplace_back("fuzz", Secret(std::string(store::sealing_key_bytes, 'k')));
    return *store::SealingKeys::of(std::move(list));
  }();
  return made;
}

void read_token(const StoreRecord& record) {
  (void)credentials::times_made(record);
  const Result<credentials::StoredToken> read = credentials::read_token_record(record, keys());
  if (!read) {
    if (read.error().code() != Errc::store) std::abort();
    return;
  }
  const Result<std::string> written = credentials::token_record(*read, record.key(), keys());
  if (!written) std::abort();
  const auto again = credentials::read_token_record(StoreRecord(record.key(), 8, *written), keys());
  if (!again || again->generation() != read->generation() || again->kind() != read->kind() ||
      again->device() != read->device() || again->intent() != read->intent() ||
      again->password_owner() != read->password_owner() || again->settled() != read->settled()) {
    std::abort();
  }
}

void read_place(const json::Value& value) {
  const Result<matrix::SyncPosition> read = matrix::SyncPosition::read(value);
  if (!read) {
    if (read.error().code() != Errc::protocol) std::abort();
    return;
  }
  json::Writer writer;
  writer.object();
  read->write(writer);
  writer.end();
  const auto text = json::parse(std::move(writer).finish());
  if (!text) std::abort();
  const Result<matrix::SyncPosition> again = matrix::SyncPosition::read(text->root());
  if (!again || again->token() != read->token() || again->recent() != read->recent()) std::abort();
}

// The key stands for the alias, too.
void read_room(const StoreRecord& record) {
  const auto read = services::RoomRecord::read(record, record.key());
  if (!read) return;
  const StoreRecord written(record.key(), 8, read->write(record.key()));
  const auto again = services::RoomRecord::read(written, record.key());
  if (!again || again->room() != read->room() || again->looked_up() != read->looked_up()) std::abort();
}

void read_directory(const json::Value& value) {
  chat::DirectoryChange change;
  if (const Result<void> read = chat::decode(value, change); !read) {
    if (read.error().code() != Errc::protocol) std::abort();
    return;
  }
  for (const std::string& part : chat::encode(change)) {
    const auto text = json::parse(part);
    chat::DirectoryChange again;
    if (!text || !chat::decode(text->root(), again)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  const StoreRecord record(text.substr(0, end), 7, text.substr(std::min(end + 1, text.size())));
  read_token(record);
  read_room(record);
  if (const auto value = json::parse(record.value())) {
    read_place(value->root());
    read_directory(value->root());
  }
  static const fuzz::MemoryFile file(900);
  file.write(record.value());
  const Result<Secret> token = chat::read_appservice_token(file.path());
  if (!token && token.error().code() != Errc::config) std::abort();
  if (token && token->empty()) std::abort();
  return 0;
}
