#include "util/canonical_json.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace confab {
namespace {

// Recursion is bounded by the depth that json::parse() let through.
class Encoder {
 public:
  void encode(const json::Value& value) {
    if (error_) return;
    switch (value.kind()) {
      case json::Kind::object:
        return object(value);
      case json::Kind::array:
        return array(value);
      case json::Kind::string:
        return json::append_quoted(out_, value.source());
      case json::Kind::integer:
        return integer(value);
      case json::Kind::number:
        return refuse(value);
      case json::Kind::absent:
        out_ += "null";
        return;
      case json::Kind::null:
      case json::Kind::boolean:
        out_ += value.source();
        return;
    }
  }
  Result<std::string> finish() && {
    if (error_) return *std::move(error_);
    return std::move(out_);
  }

 private:
  void object(const json::Value& value) {
    std::vector<json::Member> members;
    members.reserve(value.size());
    for (const auto& member : value.members()) members.push_back(member);
    // Bytes of UTF-8 sort as code points do. Stable, so that of equal names the last written is the last here.
    std::stable_sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
    out_ += '{';
    bool first = true;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i + 1 < members.size() && members[i + 1].key == members[i].key) continue;
      if (!first) out_ += ',';
      first = false;
      json::append_quoted(out_, members[i].key);
      out_ += ':';
      encode(members[i].value);
    }
    out_ += '}';
  }
  void array(const json::Value& value) {
    out_ += '[';
    bool first = true;
    for (const json::Value element : value.elements()) {
      if (!first) out_ += ',';
      first = false;
      encode(element);
    }
    out_ += ']';
  }
  void integer(const json::Value& value) {
    const std::int64_t number = value.integer_or(0);
    if (number > max_canonical_integer || number < -max_canonical_integer) return refuse(value);
    out_ += std::to_string(number);
  }
  void refuse(const json::Value& value) {
    error_ =
        value.wrong("an integer of at most 53 bits: events hold no other numbers").with_code(Errc::invalid_argument);
  }

  std::string out_;
  std::optional<Error> error_;
};

}  // namespace

Result<std::string> canonical_json(const json::Value& value) {
  Encoder encoder;
  encoder.encode(value);
  return std::move(encoder).finish();
}

}  // namespace confab
