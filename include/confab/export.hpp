/// @file
/// Version of the library and the visibility macro of its public symbols.
#pragma once

/// Marks what belongs to the public C++ API. The library is built with hidden visibility, so that a host which
/// links it into a shared object of its own exports nothing of ours by accident beyond these.
#define CONFAB_EXPORT __attribute__((visibility("default")))

/// Version of these headers, as numbers for the preprocessor. The C++ API promises source compatibility within one
/// minor version until 1.0; only the C ABI promises binary compatibility.
#define CONFAB_VERSION_MAJOR 0
/// Raised when the C++ API gains or changes something.
#define CONFAB_VERSION_MINOR 1
/// Raised when only behaviour is mended.
#define CONFAB_VERSION_PATCH 0

namespace confab {

/// Tell the version of the library that is linked, for example "0.1.0".
///
/// Compare it with the macros above to find headers and library out of step.
///
/// @returns        A string with static storage duration.
/// @par Errors     None.
/// @par Threads    Any.
[[nodiscard]] CONFAB_EXPORT const char* version() noexcept;

}  // namespace confab
