// Any sequence of inputs: the machine never spins, never asks for two things at once, never loses its position.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "matrix/sync_machine.hpp"

namespace {
using namespace confab;
using namespace confab::matrix;

std::string event(unsigned id) {
  return R"({"event_id":"$)" + std::to_string(id) +
         R"(","type":"m.x","sender":"@a:b","origin_server_ts":1,"content":{}})";
}

SyncAnswer sync_answer(unsigned choice) {
  const std::string room = "!" + std::to_string(choice % 3);
  const std::string text = R"({"next_batch":"s)" + std::to_string(choice % 5) + R"(","rooms":{")" +
                           (choice % 7 == 0 ? "leave" : "join") + R"(":{")" + room + R"(":{"timeline":{"limited":)" +
                           (choice % 2 == 0 ? "true" : "false") + R"(,"prev_batch":"p","events":[)" + event(choice) +
                           "," + event(choice + 1) + "]}}}}}";
  return *SyncAnswer::read(text);
}

MessagesAnswer page(unsigned choice) {
  const std::string end = choice % 3 == 0 ? "" : R"(,"end":"p)" + std::to_string(choice) + "\"";
  return *GetMessages::decode(json::parse(R"({"chunk":[)" + event(choice) + "]" + end + "}")->root());
}

SyncAnchors anchors() {
  SyncAnchors some;
  some.note(SyncAnchor(MatrixRoomId("!0"), EventId("$0"), 1));
  some.note(SyncAnchor(MatrixRoomId("!1"), EventId("$9"), 2));
  return some;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  SyncMachine machine(SyncOptions([](unsigned) { return std::chrono::milliseconds(10); })
                          .remembered_ids(16)
                          .batch_events(2)
                          .gap_bounds(GapBounds().events(8).pages(4)));
  SyncTime now{std::chrono::hours(1)};
  enum { nothing, syncing, gap, token, confirmation } outstanding = nothing;
  if (size > 0 && data[0] % 2 == 1) {
    machine.resume(SyncPosition(PageToken("s3")).recent({EventId("$1")}).anchors(anchors()));
  }
  std::optional<SyncBatch> batch;
  for (std::size_t i = 0; i + 1 < size; i += 2) {
    const unsigned choice = data[i + 1];
    switch (data[i] % 10) {
      case 0:
        machine.reader_asked();
        break;
      case 1:
        machine.reader_withdrew();
        break;
      case 2:
        machine.acknowledged();
        break;
      case 3:
        if (batch) machine.not_delivered(*std::exchange(batch, std::nullopt));
        break;
      case 4:
        now += std::chrono::milliseconds(choice);
        break;
      case 5:
        if (outstanding == nothing) break;
        machine.failed(Error(static_cast<Errc>(1 + choice % 28), "x"), now);
        outstanding = nothing;
        break;
      case 9:
        if (choice == 255) machine.close();
        if (choice < 8) machine.prepare(choice % 2 == 0);
        break;
      default:
        if (outstanding == syncing && data[i] % 10 == 8) {
          for (RoomPiece& piece : sync_answer(choice).rooms()) machine.arrived(std::move(piece));
          const auto arrived = machine.deliver_arrived();
          if (arrived && (arrived->batch.empty() || arrived->batch.size() > 2)) std::abort();
          break;
        }
        if (outstanding == syncing) machine.answered(sync_answer(choice), now);
        if (outstanding == gap) machine.gap_page(page(choice), now);
        if (outstanding == token) machine.token_renewed();
        if (outstanding == confirmation) machine.confirmed(static_cast<SyncConfirmation>(choice % 3));
        outstanding = nothing;
    }
    for (int polls = 0;; ++polls) {
      if (polls > 50) std::abort();
      SyncAction action = machine.poll(now);
      const bool request = std::holds_alternative<SyncPoll>(action) || std::holds_alternative<SyncFetchGap>(action) ||
                           std::holds_alternative<SyncConfirm>(action) ||
                           std::holds_alternative<SyncRenewToken>(action);
      if (request && outstanding != nothing) std::abort();
      if (std::holds_alternative<SyncPoll>(action)) outstanding = syncing;
      if (std::holds_alternative<SyncFetchGap>(action)) outstanding = gap;
      if (std::holds_alternative<SyncRenewToken>(action)) outstanding = token;
      if (std::holds_alternative<SyncConfirm>(action)) outstanding = confirmation;
      if (auto* deliver = std::get_if<SyncDeliver>(&action)) {
        if (deliver->batch.empty() || deliver->batch.size() > 2) std::abort();
        batch = std::move(deliver->batch);
      }
      if (auto* wait = std::get_if<SyncWait>(&action)) {
        if (wait->until <= now) std::abort();
        break;
      }
      if (std::holds_alternative<SyncIdle>(action)) break;
    }
  }
  return 0;
}
