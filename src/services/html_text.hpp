// Characters of HTML: how is a text written so that it is nothing but text, and what do character references stand for?
#pragma once

#include <string>
#include <string_view>

namespace confab::services {

// Appends what stands between tags. Character references stay as they are, if they are complete and name a character
// that may stand in a text; every other "&", and "<" and ">", is escaped. Control characters are left out.
void append_html_text(std::string& out, std::string_view text);

// Appends the inside of a quoted value. Everything that is special is escaped: `value` holds no references.
void append_html_value(std::string& out, std::string_view value);

// A value with its references resolved, as far as they decide what it is: numbers, and the names of what schemes and
// separators are made of. Any other name stays, and is written as the text that it is.
[[nodiscard]] std::string resolved_references(std::string_view value);

}  // namespace confab::services
