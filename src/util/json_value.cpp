#include <charconv>
#include <string>

#include "util/json.hpp"
#include "util/json_storage.hpp"

namespace confab::json {

using detail::Node;

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
  const bool plain = !key.empty() && key.size() <= 64 &&
                     key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-!:#@$/") ==
                         std::string_view::npos;
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
  if (kind() != Kind::integer || node_->integer < least || node_->integer > most)
    return wrong(integer_range(least, most));
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
