// In front of every backend, ours or a host's: checks what goes in and what comes out, and that each call is answered
// once.
#pragma once

#include <confab/store.hpp>

#include <memory>

namespace confab::store {

/// Errors in arguments come back like all others, on the backend's thread: they take the way of a now().
[[nodiscard]] std::shared_ptr<Store> checked(std::shared_ptr<Store> backend);

}  // namespace confab::store
