// JSON in and out for every layer: Document and Value to read, Reader to decode answers, Writer to build bodies.
//
// Everything that comes from a network or a file passes through parse(): UTF-8 is checked, depth, size and number of
// values are bounded, and no error ever quotes what was parsed, because that may hold tokens and messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <confab/error.hpp>
#include <confab/result.hpp>

namespace confab::json {

enum class Kind : std::uint8_t { absent, null, boolean, integer, number, string, array, object };

namespace detail {
// One parsed value. Strings and raw slices point into the document's text wherever they hold no escapes.
struct Node {
  Kind kind = Kind::null;
  bool truth = false;
  std::uint32_t count = 0;     // elements, or members
  std::uint32_t length = 0;    // bytes at text
  const char* text = nullptr;  // string: its decoded characters; all else: the source as written
  union {
    std::int64_t integer = 0;
    const Node* children;  // array: elements; object: key, value, key, value...
  };
};
struct Storage;
}  // namespace detail

class Document;
class Elements;
class Members;

/// A view of one value inside a Document, or of nothing ("absent"): cheap to copy, valid while the Document lives.
///
/// Reading a member that is missing gives an absent Value, so chains such as value["a"]["b"] need no test in between.
class Value {
 public:
  Value() = default;

  [[nodiscard]] Kind kind() const { return node_ == nullptr ? Kind::absent : node_->kind; }
  [[nodiscard]] explicit operator bool() const { return node_ != nullptr; }
  [[nodiscard]] bool is_object() const { return kind() == Kind::object; }
  [[nodiscard]] bool is_array() const { return kind() == Kind::array; }
  [[nodiscard]] bool is_string() const { return kind() == Kind::string; }
  [[nodiscard]] bool is_null() const { return kind() == Kind::null; }

  /// The member called `key`, or absent. Of members written twice the last counts, as in the homeserver's own parser.
  [[nodiscard]] Value operator[](std::string_view key) const;
  /// The element at `index`, or absent.
  [[nodiscard]] Value operator[](std::size_t index) const;
  /// How many elements or members; 0 for everything else.
  [[nodiscard]] std::size_t size() const { return is_array() || is_object() ? node_->count : 0; }
  [[nodiscard]] Elements elements() const;  ///< Of an array; else an empty range.
  [[nodiscard]] Members members() const;    ///< Of an object, in written order; else an empty range.

  // Strict: Errc::protocol, naming the path, unless the value has that kind.
  [[nodiscard]] Result<std::string_view> string() const;
  [[nodiscard]] Result<bool> boolean() const;
  [[nodiscard]] Result<std::int64_t> integer(std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                                             std::int64_t most = std::numeric_limits<std::int64_t>::max()) const;
  [[nodiscard]] Result<Value> array() const;
  [[nodiscard]] Result<Value> object() const;
  [[nodiscard]] Result<std::string_view> string(std::string_view key) const;
  [[nodiscard]] Result<bool> boolean(std::string_view key) const;
  [[nodiscard]] Result<std::int64_t> integer(std::string_view key,
                                             std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                                             std::int64_t most = std::numeric_limits<std::int64_t>::max()) const;
  [[nodiscard]] Result<Value> array(std::string_view key) const;
  [[nodiscard]] Result<Value> object(std::string_view key) const;

  // Lenient: the fallback for whatever is absent or of another kind.
  [[nodiscard]] std::string_view string_or(std::string_view fallback) const;
  [[nodiscard]] bool boolean_or(bool fallback) const;
  [[nodiscard]] std::int64_t integer_or(std::int64_t fallback) const;
  [[nodiscard]] double number_or(double fallback) const;  ///< Of any number, integers too.

  /// The value as it was written, spaces and all; for strings without their quotes' escapes see to_json().
  [[nodiscard]] std::string_view source() const;
  /// The value as compact JSON on one line: numbers as they were written, members in order. Absent gives "null".
  [[nodiscard]] std::string to_json() const;

  /// A Document of this value: it shares, and so keeps alive, everything that was parsed with it.
  [[nodiscard]] Document share() const;

  /// Where the value stands, for example "rooms.join.!abc.timeline.events[3]"; found by search, so for errors only.
  [[nodiscard]] std::string path() const;
  /// Errc::protocol saying that the value at path() "must be <wanted>".
  [[nodiscard]] Error wrong(std::string_view wanted) const;
  /// Errc::protocol saying that the member `key` of this value is missing, or must be <wanted>.
  [[nodiscard]] Error wrong(std::string_view key, std::string_view wanted) const;

 private:
  friend class Document;
  friend class Elements;
  friend class Members;
  Value(const detail::Storage* storage, const detail::Node* node) : storage_(storage), node_(node) {}
  const detail::Storage* storage_ = nullptr;
  const detail::Node* node_ = nullptr;
};

/// The elements of an array, for range-for.
class Elements {
 public:
  class Iterator {
   public:
    Iterator(const detail::Storage* storage, const detail::Node* at) : storage_(storage), at_(at) {}
    Value operator*() const { return {storage_, at_}; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    const detail::Storage* storage_;
    const detail::Node* at_;
  };
  Elements(const detail::Storage* storage, const detail::Node* first, std::size_t count)
      : storage_(storage), first_(first), count_(count) {}
  [[nodiscard]] Iterator begin() const { return {storage_, first_}; }
  [[nodiscard]] Iterator end() const { return {storage_, first_ + count_}; }

 private:
  const detail::Storage* storage_;
  const detail::Node* first_;
  std::size_t count_;
};

struct Member {
  std::string_view key;
  Value value;
};

/// The members of an object, for range-for: `for (auto [key, value] : object.members())`.
class Members {
 public:
  class Iterator {
   public:
    Iterator(const detail::Storage* storage, const detail::Node* at) : storage_(storage), at_(at) {}
    Member operator*() const { return {std::string_view(at_->text, at_->length), Value(storage_, at_ + 1)}; }
    Iterator& operator++() {
      at_ += 2;
      return *this;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    const detail::Storage* storage_;
    const detail::Node* at_;
  };
  Members(const detail::Storage* storage, const detail::Node* first, std::size_t count)
      : storage_(storage), first_(first), count_(count) {}
  [[nodiscard]] Iterator begin() const { return {storage_, first_}; }
  [[nodiscard]] Iterator end() const { return {storage_, first_ + 2 * count_}; }

 private:
  const detail::Storage* storage_;
  const detail::Node* first_;
  std::size_t count_;
};

/// A parsed text with everything its Values point to. Copies share it; immutable, so any thread may read.
class Document {
 public:
  Document() = default;
  [[nodiscard]] Value root() const;

 private:
  friend class Parser;
  friend class Value;
  Document(std::shared_ptr<const detail::Storage> storage, const detail::Node* root)
      : storage_(std::move(storage)), root_(root) {}
  std::shared_ptr<const detail::Storage> storage_;
  const detail::Node* root_ = nullptr;
};

/// What parse() accepts at most. Over a bound: Errc::too_large.
class Limits {
 public:
  Limits() = default;
  Limits& bytes(std::size_t most) { return bytes_ = most, *this; }
  Limits& depth(std::uint32_t most) { return depth_ = most, *this; }
  Limits& values(std::size_t most) { return values_ = most, *this; }  ///< Keys count too; each costs 32 bytes.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint32_t depth() const { return depth_; }
  [[nodiscard]] std::size_t values() const { return values_; }

 private:
  std::size_t bytes_ = std::size_t{64} << 20U;
  std::uint32_t depth_ = 128;
  std::size_t values_ = std::size_t{4} << 20U;
};

/// Parse one JSON text. Errc::protocol with line, column and offset when it is none; callers that read a configuration
/// or an argument change the code with Error::with_code().
[[nodiscard]] Result<Document> parse(std::string text, const Limits& limits = {});

/// Decodes an object in straight lines: every getter answers something, the first thing wrong is kept for finish().
///
///     json::Reader read(body);
///     Answer answer(std::string(read.string("event_id")));
///     return read.finish(std::move(answer));
class Reader {
 public:
  /// Anything but an object is the first thing wrong.
  explicit Reader(Value object);

  // Required: absent, null or of another kind is wrong.
  [[nodiscard]] std::string_view string(std::string_view key);
  [[nodiscard]] std::string_view non_empty_string(std::string_view key);
  [[nodiscard]] bool boolean(std::string_view key);
  [[nodiscard]] std::int64_t integer(std::string_view key,
                                     std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                                     std::int64_t most = std::numeric_limits<std::int64_t>::max());
  [[nodiscard]] Value array(std::string_view key);
  [[nodiscard]] Value object(std::string_view key);

  // Optional: absent or null is nullopt (or an absent Value), another kind is wrong.
  [[nodiscard]] std::optional<std::string_view> optional_string(std::string_view key);
  [[nodiscard]] std::optional<bool> optional_boolean(std::string_view key);
  [[nodiscard]] std::optional<std::int64_t> optional_integer(
      std::string_view key, std::int64_t least = std::numeric_limits<std::int64_t>::min(),
      std::int64_t most = std::numeric_limits<std::int64_t>::max());
  [[nodiscard]] Value optional_array(std::string_view key);
  [[nodiscard]] Value optional_object(std::string_view key);

  /// Note something wrong that only the caller can see; the first one stays.
  void fail(Error error);
  [[nodiscard]] bool failed() const { return error_.has_value(); }
  [[nodiscard]] const Error& error() const { return *error_; }
  [[nodiscard]] const Value& value() const { return object_; }

  /// The answer, unless something was wrong.
  template <class T>
  [[nodiscard]] Result<T> finish(T answer) const {
    if (error_) return *error_;
    return answer;
  }

 private:
  template <class T>
  T take(Result<T> result, T fallback);
  Value object_;
  std::optional<Error> error_;
};

/// Writes JSON, always complete and always valid UTF-8: bytes that are none become U+FFFD.
///
///     json::Writer w;
///     w.object().member("msgtype", "m.text").member("body", text).end();
///     std::string body = std::move(w).finish();
class Writer {
 public:
  Writer& object();
  Writer& array();
  Writer& end();  ///< Close the innermost object or array.
  Writer& key(std::string_view name);

  Writer& value(std::string_view text);
  Writer& value(const char* text) { return value(std::string_view(text)); }
  Writer& value(const std::string& text) { return value(std::string_view(text)); }
  Writer& value(bool truth);
  Writer& value(std::int64_t number);
  Writer& value(std::uint64_t number);
  Writer& value(int number) { return value(static_cast<std::int64_t>(number)); }
  Writer& value(unsigned number) { return value(static_cast<std::uint64_t>(number)); }
  Writer& value(double number);        ///< What is not finite becomes null.
  Writer& value(const Value& parsed);  ///< Compact; absent becomes null.
  Writer& null();
  /// Insert text that is known to be one JSON value, for example Value::to_json(); it is not looked at again.
  Writer& raw(std::string_view json);

  template <class T>
  Writer& member(std::string_view name, const T& content) {
    return key(name).value(content);
  }
  /// Write the member only where there is something to write.
  template <class T>
  Writer& member_if(std::string_view name, const std::optional<T>& content) {
    return content ? key(name).value(*content) : *this;
  }

  /// The text; whatever was left open is closed first.
  [[nodiscard]] std::string finish() &&;

 private:
  void separate();
  std::string out_;
  std::string open_;  // closing brackets of what is open
  bool comma_ = false;
};

/// Append `text` as a JSON string with its quotes.
void append_quoted(std::string& out, std::string_view text);

}  // namespace confab::json
