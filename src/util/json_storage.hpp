// What a json::Document owns: the text, and the nodes in an arena beside it. Private to the parser and to Value.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <utility>

#include "util/json.hpp"

namespace confab::json {

namespace detail {
struct Storage : std::enable_shared_from_this<Storage> {
  explicit Storage(std::string content) : text(std::move(content)) {
    if (text.size() <= place.size()) {
      arena.emplace(place.data(), place.size());
    } else {
      arena.emplace(text.size());
    }
  }
  const std::string text;
  // Most answers are small, and need no memory apart from this.
  alignas(std::max_align_t) std::array<std::byte, 256> place;
  std::optional<std::pmr::monotonic_buffer_resource> arena;
  Node root;
};
}  // namespace detail

}  // namespace confab::json
