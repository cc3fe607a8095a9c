#include "matrix/endpoints/synapse_admin_room_delete.hpp"

#include "matrix/identifiers.hpp"

namespace confab::matrix {
namespace {

// Everybody of a large room may be named.
constexpr std::size_t max_deletion_answer = std::size_t{16} << 20U;

DeletionState state_of(std::string_view text) {
  if (text == "scheduled") return DeletionState::scheduled;
  // Versions before 1.77 called the two steps of "active" by names of their own.
  if (text == "active" || text == "shutting_down" || text == "purging") return DeletionState::active;
  if (text == "complete") return DeletionState::complete;
  if (text == "failed") return DeletionState::failed;
  return DeletionState::other;
}

}  // namespace

Result<EndpointRequest> AdminDeleteRoom::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_)})) return *wrong;
  json::Writer w;
  w.object().member("block", block_).member("purge", purge_);
  return EndpointRequest(Method::del, path_of({"/_synapse/admin/v2/rooms/", room_.str()}))
      .body(std::move(w).finish())
      .idempotent(false)
      .expect({Errc::not_found});
}

Result<AdminDeleteRoom::Answer> AdminDeleteRoom::decode(const json::Value& body) {
  json::Reader read(body);
  std::string id{read.non_empty_string("delete_id")};
  return read.finish(DeleteRoomAnswer(std::move(id)));
}

Result<EndpointRequest> AdminGetRoomDeletion::encode() const {
  if (id_.empty() || !check_text("delete_id", id_)) return wrong_argument("delete_id", "UTF-8 and not empty");
  return EndpointRequest(Method::get, path_of({"/_synapse/admin/v2/rooms/delete_status/", id_}))
      .max_answer(max_deletion_answer)
      .expect({Errc::not_found});
}

Result<AdminGetRoomDeletion::Answer> AdminGetRoomDeletion::decode(const json::Value& body) {
  json::Reader read(body);
  const DeletionState state = state_of(read.non_empty_string("status"));
  std::vector<MatrixUserId> not_removed;
  if (const json::Value shutdown = read.optional_object("shutdown_room")) {
    json::Reader room(shutdown);
    for (const json::Value user : room.optional_array("failed_to_kick_users").elements()) {
      if (const auto id = user.string()) {
        not_removed.emplace_back(std::string(*id));
      } else {
        read.fail(id.error());
      }
    }
    if (room.failed()) read.fail(room.error());
  }
  return read.finish(RoomDeletionAnswer(state, std::move(not_removed)));
}

}  // namespace confab::matrix
