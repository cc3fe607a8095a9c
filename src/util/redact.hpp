// What of this text must never be logged? Tokens and passwords, in whatever dress they come.
#pragma once

#include <string>
#include <string_view>

namespace confab {

/// Replace everything that looks like a secret by "***": bearer and basic credentials, members and parameters with
/// telling names (access_token, password, ...), tokens known by their prefix, passwords in URLs.
///
/// A last line of defence before a log sink: code must not put secrets into messages in the first place.
[[nodiscard]] std::string redact(std::string_view text);

/// Whether a member or parameter of this name holds a secret.
[[nodiscard]] bool names_a_secret(std::string_view name);

}  // namespace confab
