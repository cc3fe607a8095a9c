// sanitize_html: what of this HTML may stand in a message? Asked when one is sent and when one is read, because neither
// a host's users nor other servers' can be trusted with a host's pages.
//
// Nothing of the input is passed on as it is: it is cut into tags and text as browsers cut it, and what is on the
// specification's list is written anew, properly nested, every value quoted. So nothing that is read differently by
// somebody else's parser can bring back what was left out here. Why our own: docs/decisions/0012-html.md.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace confab::services {

// An event is no larger, so no formatted body is.
inline constexpr std::size_t largest_html = 65536;
// Elements inside each other; deeper ones are left out, their content stays. (Specification: as "a depth of 100".)
inline constexpr std::size_t most_nested = 100;

// Only elements and attributes of the specification's list; the same again for what it returned. Empty for what is no
// UTF-8 or larger than largest_html.
[[nodiscard]] std::string sanitize_html(std::string_view html);

}  // namespace confab::services
