#include "chat/password_check.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "util/text.hpp"

namespace confab::chat {

Result<void> check_password(const Secret& password) {
  const auto wrong = [](std::string text) -> Result<void> {
    return Error(Errc::invalid_argument, std::move(text)).with_subject("password");
  };
  const std::string_view text = password.reveal();
  if (text::valid_utf8_prefix(text) != text.size()) return wrong("the password must be UTF-8");
  const auto characters =
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
  if (static_cast<std::size_t>(characters) < shortest_password) {
    return wrong(fmt::format("the password must have at least {} characters", shortest_password));
  }
  if (text.size() > longest_password) {
    return wrong(fmt::format("the password must have at most {} bytes", longest_password));
  }
  return {};
}

}  // namespace confab::chat
