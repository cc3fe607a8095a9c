#include "chat/room_names.hpp"

#include "chat/matrix_names.hpp"
#include "chat/slug.hpp"

namespace confab::chat {

std::optional<RoomName> RoomName::of_alias(const TenantId& tenant, std::string_view localpart) {
  const std::string begin = encode_tenant(tenant.str()) + '_';
  if (!localpart.starts_with(begin)) return std::nullopt;
  localpart.remove_prefix(begin.size());
  const std::size_t bar = localpart.find('_');
  if (bar == std::string_view::npos) return std::nullopt;
  const std::string_view kind = localpart.substr(0, bar);
  const std::string_view rest = localpart.substr(bar + 1);
  for (const RoomKind listed : {RoomKind::event, RoomKind::group}) {
    if (kind != room_kind_name(listed)) continue;
    if (!is_slug(rest)) return std::nullopt;
    return RoomName(listed, RoomSlug(std::string(rest)));
  }
  const std::size_t between = rest.find('_');
  if (kind != room_kind_name(RoomKind::direct) || between == std::string_view::npos) return std::nullopt;
  std::optional<std::string> id = decode_tenant(rest.substr(0, between));
  std::optional<std::string> other = decode_tenant(rest.substr(between + 1));
  if (!id || !other) return std::nullopt;
  return RoomName(std::move(*id), std::move(*other));
}

}  // namespace confab::chat
