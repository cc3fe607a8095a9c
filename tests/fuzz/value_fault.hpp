// What only who decodes a value finds, and who scans its text does not.
#pragma once

#include <string_view>

#include <confab/error.hpp>

// Half a surrogate pair, or a number that no double can hold: well-formed, and yet refused by the parser.
inline bool is_fault_of_a_value(const confab::Error& fault) {
  return fault.message().find("surrogate pair") != std::string_view::npos ||
         fault.message().find("number is too big") != std::string_view::npos;
}
