#include "chat/slug.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "util/ascii.hpp"
#include "util/text.hpp"

namespace confab::chat {
namespace {

Result<void> check(std::string_view kind, std::string_view slug) {
  if (is_slug(slug)) return {};
  return Error(Errc::invalid_argument, fmt::format("the slug of the {} {}, not {}", kind, slug_rule, in_quotes(slug)))
      .with_subject(kind);
}

}  // namespace

std::string in_quotes(std::string_view text) {
  constexpr std::size_t most = 64;
  std::string out = "\"";
  for (const char c : text::cut_utf8(text.substr(0, text::valid_utf8_prefix(text)), most)) {
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  }
  out += text.size() > out.size() - 1 ? "...\"" : "\"";
  return out;
}

bool is_slug(std::string_view text) noexcept {
  return !text.empty() && text.size() <= longest_slug && std::all_of(text.begin(), text.end(), [](char c) {
    return ascii::is_letter(c) || ascii::is_digit(c) || c == '.' || c == '_' || c == '~' || c == '-';
  });
}

bool is_tenant_id(std::string_view text) noexcept { return text.size() <= longest_tenant_id && is_slug(text); }

Result<void> check_slug(const UserSlug& slug) { return check("user", slug.str()); }

Result<void> check_slug(const RoomRef& room) {
  if (room.kind() != RoomKind::direct) return check(room_kind_name(room.kind()), room.slug().str());
  if (auto checked = check_slug(room.first()); !checked) return checked;
  if (auto checked = check_slug(room.second()); !checked) return checked;
  if (room.first() != room.second()) return {};
  return Error(Errc::invalid_argument, "nobody has a direct conversation with themselves").with_subject("user");
}

std::string in_words(const RoomRef& room) {
  if (room.kind() == RoomKind::direct) {
    return fmt::format("the conversation of {} and {}", in_quotes(room.first().str()), in_quotes(room.second().str()));
  }
  return fmt::format("{} {}", room_kind_name(room.kind()), in_quotes(room.slug().str()));
}

}  // namespace confab::chat
