// The rows of html_corpus.txt: HTML of people and attackers, and what shall be left of it wherever it comes through.
#pragma once

#include <cstddef>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace confab::test {

struct HtmlRow {
  std::string name;
  std::string input;
  std::string output;
};

inline std::string html_unescaped(std::string_view text) {
  constexpr std::string_view letters = "ntrf0vaed\\";
  constexpr std::string_view bytes("\n\t\r\f\0\v\a\x1B\x7F\\", 10);
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::size_t which = text[at] == '\\' && at + 1 < text.size() ? letters.find(text[at + 1]) : std::string::npos;
    if (which == std::string::npos) {
      out += text[at];
    } else {
      out += bytes[which];
      ++at;
    }
  }
  return out;
}

inline std::vector<HtmlRow> html_corpus() {
  std::ifstream file(CONFAB_UNIT_FOLDER "/services/html_corpus.txt");
  std::vector<HtmlRow> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("# ")) rows.push_back({line.substr(2), {}, {}});
    if (rows.empty()) continue;
    if (line.starts_with("<< ")) rows.back().input = html_unescaped(std::string_view(line).substr(3));
    if (line.starts_with(">> ")) rows.back().output = html_unescaped(std::string_view(line).substr(3));
  }
  return rows;
}

}  // namespace confab::test
