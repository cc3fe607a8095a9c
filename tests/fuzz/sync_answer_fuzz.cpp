// Any JSON may claim to be a /sync answer; what is accepted can be read to its last event.
#include <cstdint>
#include <string>

#include "matrix/event.hpp"
#include "matrix/sync_answer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace confab;
  const auto parsed = json::parse(std::string(reinterpret_cast<const char*>(data), size), json::Limits().depth(64));
  if (!parsed) return 0;
  const auto answer = matrix::SyncAnswer::decode(parsed->root());
  if (!answer) return 0;
  for (const matrix::RoomPiece& piece : answer->rooms()) {
    for (const matrix::RoomEvent& event : matrix::EventList::decode(piece.timeline()).events()) {
      (void)event.transaction_id();
      (void)event.redacted();
      (void)event.content()["body"].string_or("");
      (void)matrix::check_event_size(event.content(), 0);
    }
    for (const json::Value state : piece.state().elements()) (void)matrix::StrippedEvent::decode(state);
    for (const json::Value event : piece.ephemeral().elements()) (void)event["type"].string_or("");
  }
  return 0;
}
