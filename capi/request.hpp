// Requests: read from structs of this or another version of the header, and turned into the library's words.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <confab/call_options.hpp>
#include <confab/ids.hpp>
#include <confab/message.hpp>

#include "capi/guard.hpp"
#include "capi/include/confab.h"

namespace confab::capi {

/// No later version of a struct is larger.
constexpr std::size_t largest_struct = 4096;

/// Refuses a struct that this version cannot read: too small to be one, or with something set that is not known here.
void check_struct(const void* given, std::size_t known, std::string_view name);

template <class T>
T read_struct(const T* given, std::string_view name) {
  check_struct(given, sizeof(T), name);
  return *given;
}

/// Defaults where there is none.
template <class T>
T read_options(const T* given) {
  return given == nullptr ? T{} : read_struct(given, "options");
}

[[nodiscard]] inline std::string text(const char* given) { return given == nullptr ? std::string() : given; }

[[nodiscard]] CallOptions call_options(std::uint32_t timeout_ms);
[[nodiscard]] MessageKind message_kind(std::int32_t kind);
/// `user` is one of the two of a direct room.
[[nodiscard]] RoomRef room_ref(std::int32_t kind, const char* room, const char* user);
void check_reserved(std::uint32_t reserved);

}  // namespace confab::capi
