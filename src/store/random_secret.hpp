// A secret that nobody has seen: 32 random bytes as text.
#pragma once

#include <confab/result.hpp>
#include <confab/secret.hpp>

namespace confab::store {

// Errc::store when the system gives no random bytes.
[[nodiscard]] Result<Secret> random_secret();

}  // namespace confab::store
