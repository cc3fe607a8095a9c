#include "chat/nearest_word.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

TEST_CASE("the word that was meant is found") {
  static constexpr std::array<std::string_view, 4> known{"url", "server_name", "admin_user", "ca_file"};
  CHECK(confab::chat::nearest_word("urll", known) == "url");
  CHECK(confab::chat::nearest_word("rul", known) == "url");
  CHECK(confab::chat::nearest_word("servername", known) == "server_name");
  CHECK(confab::chat::nearest_word("cafile", known) == "ca_file");
  CHECK(confab::chat::nearest_word("colour", known).empty());
  CHECK(confab::chat::nearest_word("", known).empty());
  CHECK(confab::chat::nearest_word(std::string(1000, 'u'), known).empty());
}
