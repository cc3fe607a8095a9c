// Identifiers that are accepted survive the way into a path: one segment, and nothing of them outside it.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "matrix/endpoint.hpp"
#include "matrix/identifiers.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace confab;
  using namespace confab::matrix;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (check_user_id(MatrixUserId(text))) {
    const MatrixUserId id(text);
    if (localpart_of(id).empty() || server_name_of(id).empty() || !check_server_name(server_name_of(id))) std::abort();
    if ("@" + std::string(localpart_of(id)) + ":" + std::string(server_name_of(id)) != text) std::abort();
  }
  const bool accepted = check_user_id(MatrixUserId(text)).has_value() ||
                        check_room_id(MatrixRoomId(text)).has_value() ||
                        check_room_alias(RoomAlias(text)).has_value() || check_event_id(EventId(text)).has_value() ||
                        check_transaction_id(TransactionId(text)).has_value() || check_event_type(text).has_value();
  (void)check_state_key(text);
  if (accepted) {
    if (text.empty() || text.size() > max_identifier_bytes) std::abort();
    const std::string path = path_of({"/a/", text, "/b"});
    const std::string segment = path.substr(3, path.size() - 5);
    if (segment.find_first_of("/?#& \r\n") != std::string::npos || segment == "." || segment == "..") std::abort();
  }
  return 0;
}
