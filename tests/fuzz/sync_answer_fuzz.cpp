// Any bytes may claim to be a /sync answer. However they are split, the same comes of them; what is accepted is JSON,
// and can be read to its last event.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "matrix/event.hpp"
#include "matrix/sync_answer.hpp"
#include "value_fault.hpp"

namespace {
using namespace confab;

void read_all(const matrix::RoomPiece& piece) {
  for (std::size_t at = 0; at < piece.events(); ++at) {
    const auto event = piece.event(at);
    if (!event) continue;
    (void)event->transaction_id();
    (void)event->redacted();
    (void)event->content()["body"].string_or("");
    (void)matrix::check_event_size(event->content(), 0);
  }
  const json::Document state = piece.invite_state();
  for (const json::Value element : state.root().elements()) (void)matrix::StrippedEvent::decode(element);
  const json::Document ephemeral = piece.ephemeral();
  for (const json::Value element : ephemeral.root().elements()) (void)element["type"].string_or("");
}

// What came of it, in one text.
std::string outcome(std::string_view text, std::size_t chunk) {
  std::string out;
  matrix::SyncReader reader([&](matrix::RoomPiece piece) {
    out += piece.room_id().str() + (piece.limited() ? "!" : "") + (piece.prev_batch() ? piece.prev_batch()->str() : "");
    for (std::size_t at = 0; at < piece.events(); ++at) out += piece.event_text(at);
    for (std::size_t at = 0; at < piece.members(); ++at) {
      if (const auto member = confab::matrix::RoomEvent::read(piece.member_text(at))) out += member->id().str();
    }
    out += piece.ephemeral().root().to_json() + piece.invite_state().root().to_json();
    read_all(piece);
  });
  bool sound = true;
  for (std::size_t at = 0; sound && at < text.size(); at += chunk) sound = reader.feed(text.substr(at, chunk));
  const auto answer = reader.finish();
  if (sound != !reader.error() && answer) std::abort();
  // Of an answer that is refused, how much came before depends on the chunks: a whole one is seen not to be UTF-8
  // first.
  return answer ? out + answer->next_batch().str() : "refused";
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 65536) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string whole = outcome(text, size + 1);
  if (outcome(text, 1) != whole || outcome(text, 7) != whole) std::abort();
  if (whole != "refused") {
    const auto parsed = json::parse(text);
    if (!parsed && parsed.error().code() == Errc::protocol && !is_fault_of_a_value(parsed.error())) std::abort();
  }
  return 0;
}
