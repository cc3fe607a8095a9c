#include "chat/matrix_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "chat/slug.hpp"
#include "matrix/identifiers.hpp"
#include "util/digest.hpp"

namespace confab::chat {
namespace {

constexpr std::string_view id_mark = "{id}";
constexpr std::string_view tenant_mark = "{tenant}";

bool stays(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '/' || c == '+';
}

void append_byte(std::string& out, char c) {
  static constexpr std::string_view hex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += '=';
  out += hex[byte >> 4U];
  out += hex[byte & 15U];
}

// Of the two digits that a text begins with; whether they are any is found out by writing the byte again.
char read_byte(std::string_view digits) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  return static_cast<char>(digit(digits[0]) * 16 + digit(digits[1]));
}

std::string direct_begin(const TenantId& tenant) {
  return fmt::format("{}_{}_", encode_tenant(tenant.str()), room_kind_name(RoomKind::direct));
}

// Text that stands for itself in a regular expression.
std::string literal(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view(".+*?()[]{}|^$\\").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

Error wrong(std::string text) { return Error(Errc::config, std::move(text)); }

}  // namespace

std::string encode_id(std::string_view id) {
  std::string out;
  out.reserve(id.size());
  for (const char c : id) {
    if (stays(c)) {
      out += c;
    } else if (c == '_') {
      out += "__";
    } else if (c >= 'A' && c <= 'Z') {
      out += '_';
      out += static_cast<char>(c - 'A' + 'a');
    } else {
      append_byte(out, c);
    }
  }
  return out;
}

std::optional<std::string> decode_id(std::string_view encoded) {
  std::string id;
  for (std::size_t at = 0; at < encoded.size(); ++at) {
    const char c = encoded[at];
    const std::string_view behind = encoded.substr(at + 1);
    if (c == '_' && !behind.empty()) {
      id += behind[0] >= 'a' && behind[0] <= 'z' ? static_cast<char>(behind[0] - 'a' + 'A') : behind[0];
      at += 1;
    } else if (c == '=' && behind.size() >= 2) {
      id += read_byte(behind);
      at += 2;
    } else {
      id += c;
    }
  }
  // Whatever was read loosely above does not come out as it went in.
  if (encode_id(id) != encoded) return std::nullopt;
  return id;
}

std::string encode_tenant(std::string_view tenant) {
  std::string out;
  out.reserve(tenant.size());
  for (const char c : tenant) {
    if (stays(c))
      out += c;
    else
      append_byte(out, c);
  }
  return out;
}

std::optional<std::string> decode_tenant(std::string_view encoded) {
  std::string text;
  for (std::size_t at = 0; at < encoded.size(); ++at) {
    const std::string_view behind = encoded.substr(at + 1);
    if (encoded[at] == '=' && behind.size() >= 2) {
      text += read_byte(behind);
      at += 2;
    } else {
      text += encoded[at];
    }
  }
  if (encode_tenant(text) != encoded) return std::nullopt;
  return text;
}

std::string alias_prefix(const TenantId& tenant) { return encode_tenant(tenant.str()) + '_'; }

std::string alias_localpart(const TenantId& tenant, const RoomRef& room) {
  // By hand: it is made for every message that is sent.
  std::string name = encode_tenant(tenant.str());
  name += '_';
  name += room_kind_name(room.kind());
  name += '_';
  name += room.slug().str();
  return name;
}

std::string direct_alias_localpart(const TenantId& tenant, std::string_view id, std::string_view other_id,
                                   std::size_t most) {
  std::string first = encode_tenant(id);
  std::string second = encode_tenant(other_id);
  if (second < first) std::swap(first, second);
  std::string pair = fmt::format("{}_{}", first, second);
  const std::string begin = direct_begin(tenant);
  if (begin.size() + pair.size() > most) pair = sha256_hex(pair);
  return begin + pair;
}

std::string alias_pattern(const TenantId& tenant, std::string_view server_name) {
  return fmt::format("#{}_({}|{}|{})_[^:]+:{}$", literal(encode_tenant(tenant.str())), room_kind_name(RoomKind::event),
                     room_kind_name(RoomKind::group), room_kind_name(RoomKind::direct), literal(server_name));
}

bool is_direct_alias(const TenantId& tenant, std::string_view localpart) {
  return localpart.starts_with(direct_begin(tenant));
}

std::optional<std::string> LocalpartTemplate::id_of(std::string_view localpart) const {
  if (localpart.size() < prefix_.size() + suffix_.size()) return std::nullopt;
  if (!localpart.starts_with(prefix_) || !localpart.ends_with(suffix_)) return std::nullopt;
  localpart.remove_prefix(prefix_.size());
  localpart.remove_suffix(suffix_.size());
  return decode_id(localpart);
}

Result<LocalpartTemplate> LocalpartTemplate::parse(std::string_view pattern, std::string_view tenant) {
  std::string parts[2];
  std::size_t part = 0;
  while (!pattern.empty()) {
    if (pattern.starts_with(id_mark)) {
      if (part == 1) return wrong("must hold {id} once only");
      part = 1;
      pattern.remove_prefix(id_mark.size());
      continue;
    }
    if (pattern.starts_with(tenant_mark)) {
      parts[part] += encode_tenant(tenant);
      pattern.remove_prefix(tenant_mark.size());
      continue;
    }
    if (pattern.front() == '{') return wrong("may hold {id} and {tenant}, and nothing else in braces");
    if (!matrix::is_legal_localpart(pattern.substr(0, 1))) {
      return wrong("may hold a-z 0-9 . _ = - / + besides {id} and {tenant}");
    }
    parts[part] += pattern.front();
    pattern.remove_prefix(1);
  }
  if (part == 0) return wrong("must hold {id}, or all users would be called the same");
  if (parts[0].size() + parts[1].size() > matrix::max_identifier_bytes / 2) return wrong("is too long");
  return LocalpartTemplate(std::move(parts[0]), std::move(parts[1]));
}

bool LocalpartTemplate::covers(std::string_view localpart) const noexcept {
  return localpart.size() > prefix_.size() + suffix_.size() && localpart.starts_with(prefix_) &&
         localpart.ends_with(suffix_);
}

std::string LocalpartTemplate::user_pattern(std::string_view server_name) const {
  return fmt::format("@{}[^:]+{}:{}$", literal(prefix_), literal(suffix_), literal(server_name));
}

bool LocalpartTemplate::may_meet(const LocalpartTemplate& other) const noexcept {
  const auto begins_alike = [](std::string_view a, std::string_view b) { return a.starts_with(b) || b.starts_with(a); };
  const auto ends_alike = [](std::string_view a, std::string_view b) { return a.ends_with(b) || b.ends_with(a); };
  return begins_alike(prefix_, other.prefix_) && ends_alike(suffix_, other.suffix_);
}

}  // namespace confab::chat
