#include "../../support/temporary_directory.hpp"

#include <doctest/doctest.h>

using confab::test::TemporaryDirectory;

TEST_CASE("temporary directory: there while it lives, gone with its content") {
  std::string file;
  {
    const TemporaryDirectory directory;
    const TemporaryDirectory other;
    CHECK(directory.path() != other.path());
    file = directory.write("a.txt", "words");
    CHECK(std::filesystem::file_size(file) == 5);
  }
  CHECK_FALSE(std::filesystem::exists(file));
}
