#include "util/json.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
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

#include "util/json_quick.hpp"
#include "util/json_storage.hpp"
#include "util/text.hpp"

namespace confab::json {

namespace {

using detail::Node;
using detail::Storage;

// What stands inside a string as it is: no quote, no backslash, no control character, no end of the text.
constexpr std::array<bool, 256> ends_no_string = [] {
  std::array<bool, 256> table{};
  for (std::size_t byte = 0x20; byte < table.size(); ++byte) table[byte] = byte != '"' && byte != '\\';
  return table;
}();

// Input for RapidJSON's reader. Unlike its own StringStream it is never copied while a token is read, so that the
// handler may ask where it is; the byte after the end of a std::string is the NUL that ends the text.
//
// The reader is told to parse in place, so it hands each string back here, character by character. Nothing is written:
// as long as what it hands back is what it took, the string is a piece of the text; from the first escape on it is
// decoded aside.
class Source {
 public:
  using Ch = char;
  explicit Source(const std::string& text) : begin_(text.data()), at_(text.data()) {}
  [[nodiscard]] char Peek() const { return *at_; }
  char Take() { return *at_++; }
  [[nodiscard]] std::size_t Tell() const { return static_cast<std::size_t>(at_ - begin_); }

  // Called behind the opening quote. What needs no look at each character is passed over at once.
  char* PutBegin() {
    first_ = at_;
    while (ends_no_string[static_cast<unsigned char>(*at_)]) ++at_;
    length_ = static_cast<std::size_t>(at_ - first_);
    escaped_ = false;
    return nullptr;
  }
  void Put(char c) {
    if (!escaped_ && at_ == first_ + length_ + 1) {
      ++length_;
      return;
    }
    if (!escaped_) decoded_.assign(first_, length_);
    escaped_ = true;
    decoded_.push_back(c);
  }
  std::size_t PutEnd(char* /*begin*/) { return escaped_ ? decoded_.size() : length_; }
  void Flush() {}

  [[nodiscard]] const char* begin() const { return begin_; }
  [[nodiscard]] const char* at() const { return at_; }
  // Of the string that was read last.
  [[nodiscard]] bool escaped() const { return escaped_; }
  [[nodiscard]] const char* first() const { return escaped_ ? decoded_.data() : first_; }

 private:
  const char* begin_;
  const char* at_;
  const char* first_ = nullptr;
  std::size_t length_ = 0;
  bool escaped_ = false;
  std::string decoded_;
};

// RapidJSON does not look at what an allocator gives it.
class OrBadAlloc {
 public:
  [[nodiscard]] static void* Malloc(std::size_t bytes) { return Realloc(nullptr, 0, bytes); }
  [[nodiscard]] static void* Realloc(void* old, std::size_t /*before*/, std::size_t bytes) {
    if (bytes == 0) {
      std::free(old);
      return nullptr;
    }
    void* const memory = std::realloc(old, bytes);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
  }
  static void Free(void* memory) { std::free(memory); }
};

enum class Bound : std::uint8_t { none, depth, values, surrogate };

// Builds nodes bottom-up: finished children wait on a stack until their container ends, then move to the arena in one
// run.
class Builder {
 public:
  Builder(Storage& storage, Source& source, const Limits& limits)
      : storage_(storage), source_(source), limits_(limits) {
    pending_.reserve(std::min<std::size_t>(64, 4 + storage.text.size() / 16));
    starts_.reserve(8);
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
  bool String(const char* /*in the source*/, rapidjson::SizeType length, bool) {
    Node node;
    node.kind = Kind::string;
    node.length = length;
    node.text = source_.escaped() ? keep(source_.first(), length) : source_.first();
    return node.text != nullptr && push(node);
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
    node.text = source_.at() - length;
    return node;
  }
  [[nodiscard]] Node number_as_written() const {
    const char* first = source_.at();
    while (first > source_.begin() && is_number_character(first[-1])) --first;
    return literal(Kind::number, static_cast<std::uint32_t>(source_.at() - first));
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
  // Null, when an escape was the second half of a surrogate pair alone: RapidJSON 1.1 refuses only a lone first half.
  const char* keep(const char* characters, std::size_t length) {
    if (!text::is_valid_utf8({characters, length})) {
      exceeded_ = Bound::surrogate;
      return nullptr;
    }
    auto* copy = static_cast<char*>(storage_.arena->allocate(length, 1));
    std::memcpy(copy, characters, length);
    return copy;
  }
  bool open() {
    if (starts_.size() >= limits_.depth()) {
      exceeded_ = Bound::depth;
      return false;
    }
    starts_.push_back(source_.at());  // the reader tells of a bracket before it takes it
    return true;
  }
  bool close(Kind kind, std::uint32_t count, std::size_t nodes) {
    Node node;
    node.kind = kind;
    node.count = count;
    node.text = starts_.back();
    node.length = static_cast<std::uint32_t>(source_.at() + 1 - starts_.back());
    starts_.pop_back();
    node.children = nullptr;
    if (nodes > 0) {
      auto* run = static_cast<Node*>(storage_.arena->allocate(nodes * sizeof(Node), alignof(Node)));
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
    case rapidjson::kParseErrorDocumentEmpty:
      return "there is nothing";
    case rapidjson::kParseErrorDocumentRootNotSingular:
      return "something follows the value";
    case rapidjson::kParseErrorObjectMissName:
      return "a member name is missing";
    case rapidjson::kParseErrorObjectMissColon:
      return "a colon is missing after a member name";
    case rapidjson::kParseErrorObjectMissCommaOrCurlyBracket:
      return "a comma or } is missing";
    case rapidjson::kParseErrorArrayMissCommaOrSquareBracket:
      return "a comma or ] is missing";
    case rapidjson::kParseErrorStringUnicodeEscapeInvalidHex:
      return "a \\u escape has no four hexadecimal digits";
    case rapidjson::kParseErrorStringUnicodeSurrogateInvalid:
      return "a \\u escape is half a surrogate pair";
    case rapidjson::kParseErrorStringEscapeInvalid:
      return "a string holds an unknown escape";
    case rapidjson::kParseErrorStringMissQuotationMark:
      return "a string is not closed";
    case rapidjson::kParseErrorStringInvalidEncoding:
      return "a string holds a control character";
    case rapidjson::kParseErrorNumberTooBig:
      return "a number is too big";
    case rapidjson::kParseErrorNumberMissFraction:
      return "a number has no digits after its point";
    case rapidjson::kParseErrorNumberMissExponent:
      return "a number has no digits in its exponent";
    default:
      return "no value begins here";
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
    if (read_quickly(*storage, limits)) {
      const Node* const root = &storage->root;
      return Document(std::move(storage), root);
    }
    Source source(storage->text);
    Builder builder(*storage, source, limits);
    OrBadAlloc allocator;
    rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, OrBadAlloc> reader(&allocator);
    const auto outcome = reader.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseInsituFlag>(source, builder);
    if (builder.exceeded() == Bound::depth) {
      return Error(Errc::too_large, "JSON nested deeper than " + std::to_string(limits.depth()) + " levels");
    }
    if (builder.exceeded() == Bound::values) {
      return Error(Errc::too_large, "JSON with more than " + std::to_string(limits.values()) + " values");
    }
    if (builder.exceeded() == Bound::surrogate) {
      return malformed(storage->text, outcome.Offset(), in_words(rapidjson::kParseErrorStringUnicodeSurrogateInvalid));
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

}  // namespace confab::json
