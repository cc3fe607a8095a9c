// What are the host's users and rooms called on the homeserver? Deterministic, and never the same name for two of them:
// it can be computed anywhere, and nothing has to be remembered.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <confab/ids.hpp>
#include <confab/result.hpp>

namespace confab::chat {

// The host's id in the characters of a localpart, as the appendices of the specification map them ("Mapping from other
// character sets"): capitals become _x, the underscore __, every other byte that is not allowed =hh.
[[nodiscard]] std::string encode_id(std::string_view id);
// The way back; nothing for what encode_id never gives.
[[nodiscard]] std::optional<std::string> decode_id(std::string_view encoded);

// The tenant's id likewise, but with the underscore as =5f too: the separators behind it are then never part of it.
[[nodiscard]] std::string encode_tenant(std::string_view tenant);

// The way back; nothing for what encode_tenant never gives.
[[nodiscard]] std::optional<std::string> decode_tenant(std::string_view encoded);

// "{tenant}_{kind}_{slug}". The tenant and the kind hold no underscore, so the first two end them. The tenant is in the
// characters of a localpart; slugs have nothing in them that an alias could not hold.
[[nodiscard]] std::string alias_localpart(const TenantId& tenant, const RoomRef& room);

// The room of two users: "{tenant}_direct_{id}_{id}", the same whichever of them is named first. The ids, in the
// characters that a tenant is put into, because a slug may change and an id never does; no underscore is within them.
// Where that is longer than `most`, the SHA-256 of the two stands in their place, as one word.
[[nodiscard]] std::string direct_alias_localpart(const TenantId& tenant, std::string_view id, std::string_view other_id,
                                                 std::size_t most);

// How all of them begin, and no other tenant's.
[[nodiscard]] std::string alias_prefix(const TenantId& tenant);

// A regular expression for the aliases of the tenant's rooms, the direct ones included.
[[nodiscard]] std::string alias_pattern(const TenantId& tenant, std::string_view server_name);

// Whether an alias is that of a direct room of the tenant's, its two written out or hashed.
[[nodiscard]] bool is_direct_alias(const TenantId& tenant, std::string_view localpart);

// How a tenant's users are called: text with one {id} in it.
class LocalpartTemplate {
 public:
  // Errc::config with a text to put behind the key. Exactly one "{id}"; "{tenant}" as often as wanted; all else from
  // the characters of a localpart.
  [[nodiscard]] static Result<LocalpartTemplate> parse(std::string_view pattern, std::string_view tenant);

  [[nodiscard]] std::string localpart(std::string_view id) const { return prefix_ + encode_id(id) + suffix_; }
  // The way back: whose localpart is this? Nothing where it is nobody's.
  [[nodiscard]] std::optional<std::string> id_of(std::string_view localpart) const;
  // Whether some id here and some id there could give the same localpart. It may err on the side of yes.
  [[nodiscard]] bool may_meet(const LocalpartTemplate& other) const noexcept;
  // Whether it begins and ends like one of these, be it one or not.
  [[nodiscard]] bool covers(std::string_view localpart) const noexcept;
  // A regular expression for the ids of these users: "@park_[^:]+:example\\.org$".
  [[nodiscard]] std::string user_pattern(std::string_view server_name) const;
  friend bool operator==(const LocalpartTemplate& a, const LocalpartTemplate& b) = default;

 private:
  LocalpartTemplate(std::string prefix, std::string suffix) : prefix_(std::move(prefix)), suffix_(std::move(suffix)) {}
  std::string prefix_;
  std::string suffix_;
};

}  // namespace confab::chat
