// Which header fields does a request or an answer carry?
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <confab/result.hpp>

namespace confab::net {

// Most fields in one message, and most bytes of names and values together. Over either: Errc::too_large on building,
// Errc::protocol on receiving (the transfer is ended). Proxies cap at 8 to 64 KB; Synapse sends about 1 KB.
constexpr std::size_t max_header_fields = 100;
constexpr std::size_t max_header_bytes = 64 * 1024;

// Views into a list; they live until it changes.
struct HeaderField {
  std::string_view name;
  std::string_view value;
};

// What one raw line was.
enum class HeaderLine {
  status,   // A status line: a new answer begins, everything before (100 Continue, a proxy's CONNECT) is forgotten.
  field,    // A field, or the continuation of one, was stored.
  ignored,  // Malformed; skipped, because proxies in the field add such and the answer is sound without it.
  end,      // The empty line.
};

// A small list in order of arrival; names compare without case. Values may be secrets: nothing here prints them.
class Headers {
 public:
  // Append. Refuses names that are no token and values with CR, LF, NUL or other controls: nobody can smuggle in a
  // second field.
  [[nodiscard]] Result<void> add(std::string_view name, std::string_view value);
  // Replace every field of that name.
  [[nodiscard]] Result<void> set(std::string_view name, std::string_view value);
  // Take one line of an answer as libcurl's header callback hands it over, with or without its line ending.
  [[nodiscard]] Result<HeaderLine> add_line(std::string_view raw);

  // The first value of that name. The view lives until the list changes.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
  // Returns how many were removed.
  std::size_t remove(std::string_view name);
  void clear();

  // Status of the last status line that add_line() saw, or 0.
  [[nodiscard]] int status() const noexcept { return status_; }
  [[nodiscard]] std::vector<HeaderField> fields() const;
  [[nodiscard]] std::size_t bytes() const noexcept { return text_.size(); }
  [[nodiscard]] bool empty() const noexcept { return places_.empty(); }

 private:
  // Where in the text a name begins, which its value follows.
  struct Place {
    std::uint32_t at;
    std::uint32_t name;
    std::uint32_t value;
  };
  [[nodiscard]] HeaderField field(const Place& place) const noexcept;
  [[nodiscard]] bool fits(std::size_t more_bytes, std::size_t more_fields) const noexcept;
  void append(std::string_view name, std::string_view value);
  Result<HeaderLine> continue_last(std::string_view line);

  // All names and values, one behind the other: an answer has a dozen fields, and nearly all are never asked for.
  std::string text_;
  std::vector<Place> places_;
  int status_ = 0;
  // A continuation line belongs to the line just before it, which may have been ignored.
  bool last_line_stored_ = false;
};

// ASCII comparison without case, as RFC 9110, 5.1 asks for field names.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

}  // namespace confab::net
