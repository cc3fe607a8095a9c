// Is this process a forked child of one that used the library?
#pragma once

namespace confab::capi {

/// From now on the children of this process know. Called by whatever makes the first handles; may throw std::bad_alloc.
void watch_forks();

[[nodiscard]] bool forked() noexcept;

}  // namespace confab::capi
