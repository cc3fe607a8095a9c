// The one way to say that memory is exhausted. It needs none.
#pragma once

#include <confab/error.hpp>

namespace confab {

[[nodiscard]] Error no_memory() noexcept;

}  // namespace confab
