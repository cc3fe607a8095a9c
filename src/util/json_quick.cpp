#include "util/json_quick.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <string_view>
#include <vector>

#include "util/json_bytes.hpp"

namespace confab::json {
namespace {

using detail::Node;
using detail::Storage;

// So many digits are always a 64-bit integer.
constexpr std::ptrdiff_t digits_that_fit = 18;

bool digit(char c) { return c >= '0' && c <= '9'; }

// As Builder in json.cpp: children that are whole wait on a stack until their container ends.
class QuickReader {
 public:
  QuickReader(Storage& storage, const Limits& limits)
      : storage_(storage), limits_(limits), at_(storage.text.data()), end_(storage.text.data() + storage.text.size()) {
    pending_.reserve(usual_values);
    open_.reserve(usual_depth);
  }

  [[nodiscard]] bool read() {
    for (;;) {
      if (!value()) return false;
      // What has just ended may be the last in what holds it.
      for (;;) {
        blanks();
        if (open_.empty()) return finish();
        if (at_ == end_) return false;
        if (*at_ == ',') {
          ++at_;
          if (open_.back().object && !key()) return false;
          break;
        }
        if (*at_ != (open_.back().object ? '}' : ']')) return false;
        if (!close()) return false;
      }
    }
  }

 private:
  struct Open {
    const char* from;
    std::size_t first;  // of its children, on the stack
    bool object;
  };

  void blanks() {
    // Mostly there is none.
    if (at_ != end_ && static_cast<unsigned char>(*at_) > ' ') return;
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  bool push(const Node& node) {
    if (left_ == 0) return false;
    --left_;
    pending_.push_back(node);
    return true;
  }
  bool finish() {
    if (at_ != end_) return false;
    storage_.root = pending_.back();
    return true;
  }

  // The beginning of a container is a value too: then the next one is its first child. An empty one is whole at once.
  bool value() {
    for (;;) {
      blanks();
      if (at_ == end_) return false;
      switch (*at_) {
        case '"':
          return string();
        case '{':
        case '[': {
          if (open_.size() >= limits_.depth()) return false;
          const bool object = *at_ == '{';
          open_.push_back({at_++, pending_.size(), object});
          blanks();
          if (at_ == end_) return false;
          if (*at_ == (object ? '}' : ']')) return close();
          if (object && !key()) return false;
          continue;
        }
        case 't':
          return literal("true", Kind::boolean, true);
        case 'f':
          return literal("false", Kind::boolean, false);
        case 'n':
          return literal("null", Kind::null, false);
        default:
          return integer();
      }
    }
  }
  bool key() {
    blanks();
    if (at_ == end_ || *at_ != '"' || !string()) return false;
    blanks();
    if (at_ == end_ || *at_ != ':') return false;
    ++at_;
    return true;
  }
  bool close() {
    const Open opened = open_.back();
    open_.pop_back();
    const std::size_t nodes = pending_.size() - opened.first;
    Node node;
    node.kind = opened.object ? Kind::object : Kind::array;
    node.count = static_cast<std::uint32_t>(opened.object ? nodes / 2 : nodes);
    node.text = opened.from;
    node.length = static_cast<std::uint32_t>(++at_ - opened.from);
    node.children = nullptr;
    if (nodes > 0) {
      auto* const run = static_cast<Node*>(storage_.arena->allocate(nodes * sizeof(Node), alignof(Node)));
      std::uninitialized_copy_n(pending_.end() - static_cast<std::ptrdiff_t>(nodes), nodes, run);
      pending_.erase(pending_.end() - static_cast<std::ptrdiff_t>(nodes), pending_.end());
      node.children = run;
    }
    return push(node);
  }
  bool literal(std::string_view word, Kind kind, bool truth) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word)) return false;
    Node node;
    node.kind = kind;
    node.truth = truth;
    node.text = at_;
    node.length = static_cast<std::uint32_t>(word.size());
    at_ += word.size();
    return push(node);
  }
  bool integer() {
    const char* const from = at_;
    const bool negative = *at_ == '-';
    if (negative) ++at_;
    const char* const digits = at_;
    std::int64_t number = 0;
    for (; at_ != end_ && digit(*at_); ++at_) {
      if (at_ - digits == digits_that_fit) return false;
      number = number * 10 + (*at_ - '0');
    }
    if (at_ == digits || (*digits == '0' && (negative || at_ - digits > 1))) return false;
    if (at_ != end_ && (*at_ == '.' || *at_ == 'e' || *at_ == 'E')) return false;
    Node node;
    node.kind = Kind::integer;
    node.text = from;
    node.length = static_cast<std::uint32_t>(at_ - from);
    node.integer = negative ? -number : number;
    return push(node);
  }

  bool string() {
    const char* const from = ++at_;
    at_ = bytes::skip_plain(at_, end_);
    if (at_ == end_) return false;
    Node node;
    node.kind = Kind::string;
    node.text = from;
    if (*at_ == '"') {
      node.length = static_cast<std::uint32_t>(at_++ - from);
      return push(node);
    }
    return decoded(from, node) && push(node);
  }
  // From the first escape on. What is decoded is never longer than what was written.
  bool decoded(const char* from, Node& node) {
    const char* close = at_;
    while (close != end_ && *close != '"') {
      if (*close != '\\') return false;  // a control character
      if (end_ - close < 2) return false;
      close = bytes::skip_plain(close + 2, end_);
    }
    if (close == end_) return false;
    auto* const text = static_cast<char*>(storage_.arena->allocate(static_cast<std::size_t>(close - from), 1));
    char* to = std::copy(from, at_, text);
    while (at_ != close) {
      if (!escape(to)) return false;
      bytes::copy_plain(at_, close, to);
    }
    ++at_;
    node.text = text;
    node.length = static_cast<std::uint32_t>(to - text);
    return true;
  }
  bool escape(char*& to) {
    const char kind = at_[1];
    at_ += 2;
    switch (kind) {
      case '"':
      case '\\':
      case '/':
        *to++ = kind;
        return true;
      case 'b':
        *to++ = '\b';
        return true;
      case 'f':
        *to++ = '\f';
        return true;
      case 'n':
        *to++ = '\n';
        return true;
      case 'r':
        *to++ = '\r';
        return true;
      case 't':
        *to++ = '\t';
        return true;
      case 'u':
        return unicode(to);
      default:
        return false;
    }
  }
  bool unicode(char*& to) {
    unsigned code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = *at_;  // the closing quote ends it at the latest
      unsigned value = 0;
      if (digit(c)) {
        value = static_cast<unsigned>(c - '0');
      } else if (c >= 'a' && c <= 'f') {
        value = static_cast<unsigned>(c - 'a' + 10);
      } else if (c >= 'A' && c <= 'F') {
        value = static_cast<unsigned>(c - 'A' + 10);
      } else {
        return false;
      }
      code = code << 4U | value;
    }
    if (code >= 0xD800 && code <= 0xDFFF) return false;
    if (code < 0x80) {
      *to++ = static_cast<char>(code);
      return true;
    }
    if (code < 0x800) {
      *to++ = static_cast<char>(0xC0U | code >> 6U);
    } else {
      *to++ = static_cast<char>(0xE0U | code >> 12U);
      *to++ = static_cast<char>(0x80U | (code >> 6U & 0x3FU));
    }
    *to++ = static_cast<char>(0x80U | (code & 0x3FU));
    return true;
  }

  Storage& storage_;
  const Limits& limits_;
  const char* at_;
  const char* end_;
  // What is usual needs no memory apart from this.
  static constexpr std::size_t usual_values = 64;
  static constexpr std::size_t usual_depth = 8;
  alignas(std::max_align_t) std::array<std::byte, usual_values * sizeof(Node) + usual_depth * sizeof(Open)> place_;
  std::pmr::monotonic_buffer_resource memory_{place_.data(), place_.size()};
  std::pmr::vector<Node> pending_{&memory_};
  std::pmr::vector<Open> open_{&memory_};
  std::size_t left_ = limits_.values();  // so many more values may come
};

}  // namespace

bool read_quickly(Storage& storage, const Limits& limits) { return QuickReader(storage, limits).read(); }

}  // namespace confab::json
