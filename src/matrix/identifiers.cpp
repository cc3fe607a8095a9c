#include "matrix/identifiers.hpp"

#include <algorithm>
#include <string>

#include "util/ascii.hpp"
#include "util/text.hpp"

namespace confab::matrix {
namespace {

constexpr std::size_t max_server_name_bytes = 230;

Error wrong(std::string_view subject, std::string_view rule) {
  return Error(Errc::invalid_argument, std::string(subject) + ": must be " + std::string(rule)).with_subject(subject);
}

bool is_printable(char c) { return c > 0x20 && c < 0x7F; }

// Opaque text: UTF-8 without spaces and control characters.
bool is_opaque(std::string_view text) {
  return text::is_valid_utf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte <= 0x20 || byte == 0x7F;
         });
}

bool is_port(std::string_view port) {
  return !port.empty() && port.size() <= 5 && std::all_of(port.begin(), port.end(), ascii::is_digit);
}

bool is_server_name(std::string_view name) {
  if (name.empty() || name.size() > max_server_name_bytes) return false;
  std::string_view host = name;
  if (name.front() == '[') {
    const std::size_t close = name.find(']');
    if (close == std::string_view::npos) return false;
    host = name.substr(1, close - 1);
    const std::string_view rest = name.substr(close + 1);
    if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return false;
    return host.size() >= 2 && host.size() <= 45 &&
           std::all_of(host.begin(), host.end(), [](char c) { return ascii::is_hex(c) || c == ':' || c == '.'; });
  }
  const std::size_t colon = name.find(':');
  if (colon != std::string_view::npos) {
    host = name.substr(0, colon);
    if (!is_port(name.substr(colon + 1))) return false;
  }
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return ascii::is_letter(c) || ascii::is_digit(c) || c == '-' || c == '.';
  });
}

struct Parts {
  std::string_view localpart;
  std::string_view server;
};

// "<sigil>localpart:server"; both empty when it has not that shape.
Parts split(std::string_view id, char sigil) {
  if (id.empty() || id.front() != sigil) return {};
  const std::size_t colon = id.find(':');
  if (colon == std::string_view::npos) return {};
  return {id.substr(1, colon - 1), id.substr(colon + 1)};
}

}  // namespace

Result<void> check_user_id(const MatrixUserId& id) {
  const Parts parts = split(id.str(), '@');
  const bool good = id.str().size() <= max_identifier_bytes && !parts.localpart.empty() &&
                    std::all_of(parts.localpart.begin(), parts.localpart.end(), is_printable) &&
                    is_server_name(parts.server);
  if (!good) return wrong("user_id", "of the form @name:server, at most 255 bytes");
  return {};
}

Result<void> check_room_id(const MatrixRoomId& id) {
  const std::string_view text = id.str();
  if (text.size() < 2 || text.size() > max_identifier_bytes || text.front() != '!' || !is_opaque(text)) {
    return wrong("room_id", "a room id: \"!\" and what the homeserver gave, at most 255 bytes without spaces");
  }
  return {};
}

Result<void> check_room_alias(const RoomAlias& alias) {
  const Parts parts = split(alias.str(), '#');
  const bool good = alias.str().size() <= max_identifier_bytes && !parts.localpart.empty() &&
                    is_opaque(parts.localpart) && is_server_name(parts.server);
  if (!good) return wrong("room_alias", "of the form #name:server, at most 255 bytes without spaces");
  return {};
}

Result<void> check_event_id(const EventId& id) {
  const std::string_view text = id.str();
  if (text.size() < 2 || text.size() > max_identifier_bytes || text.front() != '$' || !is_opaque(text)) {
    return wrong("event_id", "an event id: \"$\" and what the homeserver gave, at most 255 bytes without spaces");
  }
  return {};
}

Result<void> check_server_name(std::string_view name) {
  if (!is_server_name(name))
    return wrong("server_name", "a host name or address with an optional port, at most 230 bytes");
  return {};
}

Result<void> check_transaction_id(const TransactionId& id) {
  const std::string& text = id.str();
  if (text.empty() || text.size() > max_identifier_bytes || !std::all_of(text.begin(), text.end(), is_printable)) {
    return wrong("transaction_id", "1 to 255 printable ASCII characters without spaces");
  }
  return {};
}

Result<void> check_device_id(const DeviceId& id) {
  const std::string& text = id.str();
  if (text.empty() || text.size() > max_device_id_bytes || !is_opaque(text))
    return wrong("device_id", "1 to 512 bytes without spaces");
  return {};
}

Result<void> check_event_type(std::string_view type) {
  if (type.empty() || type.size() > max_identifier_bytes || !is_opaque(type)) {
    return wrong("event_type", "1 to 255 bytes without spaces, for example m.room.message");
  }
  return {};
}

Result<void> check_state_key(std::string_view key) {
  if (key.size() > max_identifier_bytes || !text::is_valid_utf8(key)) {
    return wrong("state_key", "at most 255 bytes of UTF-8");
  }
  return {};
}

bool is_legal_localpart(std::string_view localpart) {
  return !localpart.empty() && std::all_of(localpart.begin(), localpart.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || ascii::is_digit(c) || c == '.' || c == '_' || c == '=' || c == '-' || c == '/' ||
           c == '+';
  });
}

std::string_view localpart_of(const MatrixUserId& id) { return split(id.str(), '@').localpart; }
std::string_view server_name_of(const MatrixUserId& id) { return split(id.str(), '@').server; }

}  // namespace confab::matrix
