// Requests: read from structs of this or another version of the header, and turned into the library's words.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <confab/call_options.hpp>
#include <confab/ids.hpp>
#include <confab/message.hpp>

#include "capi/guard.hpp"
#include "capi/include/confab.h"

namespace confab::capi {

/// No later version of a struct is larger.
constexpr std::size_t largest_struct = 4096;

/// Refuses a struct that this version cannot read: too small to be one, or with something set that is not known here.
/// `earlier` is a size that it once had. Gives the number of bytes to read.
std::size_t check_struct(const void* given, std::size_t known, std::size_t earlier, std::string_view name);

/// What an earlier version did not have is zero.
template <class T>
T read_struct(const T* given, std::string_view name, std::size_t earlier = sizeof(T)) {
  T whole{};
  std::memcpy(&whole, given, check_struct(given, sizeof(T), earlier, name));
  return whole;
}

/// What a request was before it grew, where it did.
template <class T>
inline constexpr std::size_t earlier_size = sizeof(T);
template <>
inline constexpr std::size_t earlier_size<confab_room_request> = offsetof(confab_room_request, topic);

/// Defaults where there is none.
template <class T>
T read_options(const T* given, std::size_t earlier = sizeof(T)) {
  return given == nullptr ? T{} : read_struct(given, "options", earlier);
}

[[nodiscard]] inline std::string text(const char* given) { return given == nullptr ? std::string() : given; }

[[nodiscard]] CallOptions call_options(std::uint32_t timeout_ms);
[[nodiscard]] MessageKind message_kind(std::int32_t kind);
/// Those who join with a room; more than any operation takes are refused here.
[[nodiscard]] std::vector<UserSlug> first_members(const confab_room_request& given);
/// `user` is one of the two of a direct room.
[[nodiscard]] RoomRef room_ref(std::int32_t kind, const char* room, const char* user);
void check_reserved(std::uint32_t reserved);

}  // namespace confab::capi
