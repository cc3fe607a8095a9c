// What a json::Document owns: the text, and the nodes in an arena beside it. Private to the parser and to Value.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <memory_resource>
#include <string>
#include <utility>

#include "util/json.hpp"

namespace confab::json {

namespace detail {
struct Storage : std::enable_shared_from_this<Storage> {
  explicit Storage(std::string content) : text(std::move(content)), arena(std::max<std::size_t>(text.size(), 256)) {}
  const std::string text;
  std::pmr::monotonic_buffer_resource arena;
  Node root;
};
}  // namespace detail

}  // namespace confab::json
