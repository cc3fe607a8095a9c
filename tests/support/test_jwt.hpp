// What a JSON Web Token claims, if it is signed with this key: written again, so that the library's own can be judged.
#pragma once

#include <optional>
#include <string_view>

#include "test_json.hpp"

namespace confab::test {

/// HS256 alone; nothing is looked at but the signature.
[[nodiscard]] std::optional<TestJson> signed_claims(std::string_view token, std::string_view key);

}  // namespace confab::test
