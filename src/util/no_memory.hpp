// The one way to say that memory is exhausted.
#pragma once

#include <confab/error.hpp>

namespace confab {

[[nodiscard]] inline Error no_memory() { return {Errc::no_memory, "memory is exhausted"}; }

}  // namespace confab
