#include "util/json.hpp"

#include <charconv>
#include <cstring>
#include <memory_resource>
#include <vector>

// RapidJSON 1.1 adds to a null pointer before its stack first grows: harmless, but clang's sanitizer ends the process.
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("pointer-overflow"))), apply_to = function)
#endif
#include <rapidjson/error/error.h>
#include <rapidjson/reader.h>
#ifdef __clang__
#pragma clang attribute pop
#endif

#include "util/text.hpp"

namespace confab::json {

namespace detail {
struct Storage : std::enable_shared_from_this<Storage> {
  explicit Storage(std::string content) : text(std::move(content)), arena(std::max<std::size_t>(text.size(), 256)) {}
  const std::string text;
  std::pmr::monotonic_buffer_resource arena;
  Node root;
};
}  // namespace detail

namespace {

using detail::Node;
using detail::Storage;

// Input for RapidJSON's reader. Unlike its own StringStream it is never copied while a token is read, so that the
// handler may ask where it is; the byte after the end of a std::string is the NUL that ends the text.
struct Source {
  using Ch = char;
  const char* begin;
  const char* at;
  [[nodiscard]] char Peek() const { return *at; }
  char Take() { return *at++; }
  [[nodiscard]] std::size_t Tell() const { return static_cast<std::size_t>(at - begin); }
  // The reader is a template over in-situ parsing too; these are never called.
  char* PutBegin() { return nullptr; }
  void Put(char) {}
  void Flush() {}
  std::size_t PutEnd(char*) { return 0; }
};

enum class Bound : std::uint8_t { none, depth, values };

// Builds nodes bottom-up: finished children wait on a stack until their container ends, then move to the arena in one run.
class Builder {
 public:
  Builder(Storage& storage, Source& source, const Limits& limits) : storage_(storage), source_(source), limits_(limits) {
    pending_.reserve(64);
  }

  bool Null() { return push(literal(Kind::null, 4)); }
  bool Bool(bool truth) {
    Node node = literal(Kind::boolean, truth ? 4 : 5);
    node.truth = truth;
    return push(node);
  }
  bool Int(int number) { return integer(number); }
  bool Uint(unsigned number) { return integer(static_cast<std::int64_t>(number)); }
  bool Int64(std::int64_t number) { return integer(number); }
  bool Uint64(std::uint64_t number) {
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return push(number_as_written());
    return integer(static_cast<std::int64_t>(number));
  }
  bool Double(double) { return push(number_as_written()); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return push(number_as_written()); }
  bool String(const char* characters, rapidjson::SizeType length, bool) {
    Node node;
    node.kind = Kind::string;
    node.length = length;
    node.text = keep(characters, length);
    return push(node);
  }
  bool Key(const char* characters, rapidjson::SizeType length, bool copy) { return String(characters, length, copy); }
  bool StartObject() { return open(); }
  bool StartArray() { return open(); }
  bool EndObject(rapidjson::SizeType members) { return close(Kind::object, members, std::size_t{members} * 2); }
  bool EndArray(rapidjson::SizeType elements) { return close(Kind::array, elements, elements); }

  [[nodiscard]] Bound exceeded() const { return exceeded_; }
  [[nodiscard]] const Node& result() const { return pending_.back(); }

 private:
  bool push(const Node& node) {
    if (++values_ > limits_.values()) {
      exceeded_ = Bound::values;
      return false;
    }
    pending_.push_back(node);
    return true;
  }
  [[nodiscard]] Node literal(Kind kind, std::uint32_t length) const {
    Node node;
    node.kind = kind;
    node.length = length;
    node.text = source_.at - length;
    return node;
  }
  [[nodiscard]] Node number_as_written() const {
    const char* first = source_.at;
    while (first > source_.begin && is_number_character(first[-1])) --first;
    return literal(Kind::number, static_cast<std::uint32_t>(source_.at - first));
  }
  bool integer(std::int64_t number) {
    Node node = number_as_written();
    node.kind = Kind::integer;
    node.integer = number;
    return push(node);
  }
  static bool is_number_character(char c) {
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
  }
  // Escapes only ever shrink, so a decoded string that equals the source before its closing quote had none.
  const char* keep(const char* characters, std::size_t length) {
    if (source_.Tell() > length) {
      const char* written = source_.at - 1 - length;
      if (std::memcmp(written, characters, length) == 0) return written;
    }
    auto* copy = static_cast<char*>(storage_.arena.allocate(length, 1));
    std::memcpy(copy, characters, length);
    return copy;
  }
  bool open() {
    if (starts_.size() >= limits_.depth()) {
      exceeded_ = Bound::depth;
      return false;
    }
    starts_.push_back(source_.at);  // the reader tells of a bracket before it takes it
    return true;
  }
  bool close(Kind kind, std::uint32_t count, std::size_t nodes) {
    Node node;
    node.kind = kind;
    node.count = count;
    node.text = starts_.back();
    node.length = static_cast<std::uint32_t>(source_.at + 1 - starts_.back());
    starts_.pop_back();
    node.children = nullptr;
    if (nodes > 0) {
      auto* run = static_cast<Node*>(storage_.arena.allocate(nodes * sizeof(Node), alignof(Node)));
      std::uninitialized_copy_n(pending_.end() - static_cast<std::ptrdiff_t>(nodes), nodes, run);
      pending_.resize(pending_.size() - nodes);
      node.children = run;
    }
    return push(node);
  }

  Storage& storage_;
  Source& source_;
  const Limits& limits_;
  std::vector<Node> pending_;
  std::vector<const char*> starts_;
  std::size_t values_ = 0;
  Bound exceeded_ = Bound::none;
};

std::string_view in_words(rapidjson::ParseErrorCode code) {
  switch (code) {
    case rapidjson::kParseErrorDocumentEmpty: return "there is nothing";
    case rapidjson::kParseErrorDocumentRootNotSingular: return "something follows the value";
    case rapidjson::kParseErrorObjectMissName: return "a member name is missing";
    case rapidjson::kParseErrorObjectMissColon: return "a colon is missing after a member name";
    case rapidjson::kParseErrorObjectMissCommaOrCurlyBracket: return "a comma or } is missing";
    case rapidjson::kParseErrorArrayMissCommaOrSquareBracket: return "a comma or ] is missing";
    case rapidjson::kParseErrorStringUnicodeEscapeInvalidHex: return "a \\u escape has no four hexadecimal digits";
    case rapidjson::kParseErrorStringUnicodeSurrogateInvalid: return "a \\u escape is half a surrogate pair";
    case rapidjson::kParseErrorStringEscapeInvalid: return "a string holds an unknown escape";
    case rapidjson::kParseErrorStringMissQuotationMark: return "a string is not closed";
    case rapidjson::kParseErrorStringInvalidEncoding: return "a string holds a control character";
    case rapidjson::kParseErrorNumberTooBig: return "a number is too big";
    case rapidjson::kParseErrorNumberMissFraction: return "a number has no digits after its point";
    case rapidjson::kParseErrorNumberMissExponent: return "a number has no digits in its exponent";
    default: return "no value begins here";
  }
}

Error malformed(std::string_view text, std::size_t offset, std::string_view what) {
  const std::string_view before = text.substr(0, offset);
  std::size_t line = 1;
  std::size_t line_start = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] == '\n') {
      ++line;
      line_start = i + 1;
    }
  }
  return {Errc::protocol, "not valid JSON at line " + std::to_string(line) + ", column " +
                              std::to_string(before.size() - line_start + 1) + " (byte " + std::to_string(offset) +
                              "): " + std::string(what)};
}

}  // namespace

class Parser {
 public:
  static Result<Document> parse(std::string text, const Limits& limits) {
    if (text.size() > limits.bytes() || text.size() > std::numeric_limits<std::uint32_t>::max()) {
      return Error(Errc::too_large, "JSON of " + std::to_string(text.size()) + " bytes is over the limit of " +
                                        std::to_string(limits.bytes()));
    }
    const std::size_t valid = text::valid_utf8_prefix(text);
    if (valid != text.size()) return malformed(text, valid, "not UTF-8");

    auto storage = std::make_shared<Storage>(std::move(text));
    Source source{storage->text.data(), storage->text.data()};
    Builder builder(*storage, source, limits);
    rapidjson::Reader reader;
    const auto outcome = reader.Parse<rapidjson::kParseIterativeFlag>(source, builder);
    if (builder.exceeded() == Bound::depth) {
      return Error(Errc::too_large, "JSON nested deeper than " + std::to_string(limits.depth()) + " levels");
    }
    if (builder.exceeded() == Bound::values) {
      return Error(Errc::too_large, "JSON with more than " + std::to_string(limits.values()) + " values");
    }
    if (outcome.IsError()) return malformed(storage->text, outcome.Offset(), in_words(outcome.Code()));
    // A NUL ends the text for the reader, whatever follows it.
    if (source.Tell() != storage->text.size()) return malformed(storage->text, source.Tell(), "a NUL byte");
    storage->root = builder.result();
    const Node* root = &storage->root;
    return Document(std::move(storage), root);
  }
};

Result<Document> parse(std::string text, const Limits& limits) { return Parser::parse(std::move(text), limits); }

Value Document::root() const { return {storage_.get(), root_}; }
Document Value::share() const { return node_ == nullptr ? Document() : Document(storage_->shared_from_this(), node_); }

Value Value::operator[](std::string_view key) const {
  if (!is_object()) return {};
  for (std::size_t i = node_->count; i > 0; --i) {
    const Node* name = node_->children + 2 * (i - 1);
    if (std::string_view(name->text, name->length) == key) return {storage_, name + 1};
  }
  return {};
}

Value Value::operator[](std::size_t index) const {
  if (!is_array() || index >= node_->count) return {};
  return {storage_, node_->children + index};
}

Elements Value::elements() const {
  return is_array() ? Elements(storage_, node_->children, node_->count) : Elements(nullptr, nullptr, 0);
}
Members Value::members() const {
  return is_object() ? Members(storage_, node_->children, node_->count) : Members(nullptr, nullptr, 0);
}

namespace {

// Keys come from the other side: only what looks like a name or an identifier is shown.
void append_key(std::string& path, std::string_view key) {
  const bool plain = !key.empty() && key.size() <= 64 && key.find_first_not_of(
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-!:#@$/") == std::string_view::npos;
  if (!path.empty()) path += '.';
  path += plain ? key : std::string_view("*");
}

bool find_path(const Node& from, const Node* wanted, std::string& path) {
  if (&from == wanted) return true;
  const std::size_t length = path.size();
  for (std::size_t i = 0; i < from.count; ++i) {
    const bool object = from.kind == Kind::object;
    const Node& child = from.children[object ? 2 * i + 1 : i];
    if (object) {
      const Node& key = from.children[2 * i];
      append_key(path, {key.text, key.length});
    } else {
      path += '[' + std::to_string(i) + ']';
    }
    if (find_path(child, wanted, path)) return true;
    path.resize(length);
  }
  return false;
}

}  // namespace

std::string Value::path() const {
  std::string path;
  if (node_ != nullptr) find_path(storage_->root, node_, path);
  return path;
}

std::string_view Value::source() const {
  if (node_ == nullptr) return {};
  return {node_->text, node_->length};
}

Error Value::wrong(std::string_view wanted) const {
  std::string at = path();
  if (at.empty()) at = "the whole value";
  return Error(Errc::protocol, "JSON: " + at + " must be " + std::string(wanted)).with_subject(at);
}

Error Value::wrong(std::string_view key, std::string_view wanted) const {
  const Value member = (*this)[key];
  if (member) return member.wrong(wanted);
  if (!is_object()) return wrong("an object");
  std::string at = path();
  append_key(at, key);
  return Error(Errc::protocol, "JSON: " + at + " is missing; it must be " + std::string(wanted)).with_subject(at);
}

namespace {
std::string integer_range(std::int64_t least, std::int64_t most) {
  using Range = std::numeric_limits<std::int64_t>;
  if (least == Range::min() && most == Range::max()) return "an integer";
  if (most == Range::max()) return "an integer of at least " + std::to_string(least);
  return "an integer from " + std::to_string(least) + " to " + std::to_string(most);
}
}  // namespace

Result<std::string_view> Value::string() const {
  if (!is_string()) return wrong("a string");
  return std::string_view(node_->text, node_->length);
}
Result<bool> Value::boolean() const {
  if (kind() != Kind::boolean) return wrong("true or false");
  return node_->truth;
}
Result<std::int64_t> Value::integer(std::int64_t least, std::int64_t most) const {
  if (kind() != Kind::integer || node_->integer < least || node_->integer > most) return wrong(integer_range(least, most));
  return node_->integer;
}
Result<Value> Value::array() const {
  if (!is_array()) return wrong("an array");
  return *this;
}
Result<Value> Value::object() const {
  if (!is_object()) return wrong("an object");
  return *this;
}

Result<std::string_view> Value::string(std::string_view key) const {
  const Value member = (*this)[key];
  return member ? member.string() : wrong(key, "a string");
}
Result<bool> Value::boolean(std::string_view key) const {
  const Value member = (*this)[key];
  return member ? member.boolean() : wrong(key, "true or false");
}
Result<std::int64_t> Value::integer(std::string_view key, std::int64_t least, std::int64_t most) const {
  const Value member = (*this)[key];
  return member ? member.integer(least, most) : wrong(key, integer_range(least, most));
}
Result<Value> Value::array(std::string_view key) const {
  const Value member = (*this)[key];
  return member ? member.array() : wrong(key, "an array");
}
Result<Value> Value::object(std::string_view key) const {
  const Value member = (*this)[key];
  return member ? member.object() : wrong(key, "an object");
}

std::string_view Value::string_or(std::string_view fallback) const {
  return is_string() ? std::string_view(node_->text, node_->length) : fallback;
}
bool Value::boolean_or(bool fallback) const { return kind() == Kind::boolean ? node_->truth : fallback; }
std::int64_t Value::integer_or(std::int64_t fallback) const {
  return kind() == Kind::integer ? node_->integer : fallback;
}

double Value::number_or(double fallback) const {
  if (kind() == Kind::integer) return static_cast<double>(node_->integer);
  if (kind() != Kind::number) return fallback;
  double number = 0;
  const auto parsed = std::from_chars(node_->text, node_->text + node_->length, number);
  return parsed.ec == std::errc() ? number : fallback;
}

std::string Value::to_json() const {
  Writer writer;
  writer.value(*this);
  return std::move(writer).finish();
}

}  // namespace confab::json
