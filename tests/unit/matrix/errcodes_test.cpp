#include "matrix/errcodes.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace confab;
using namespace confab::matrix;

TEST_CASE("errcodes: all 52, each found by its text and its enumerator") {
  CHECK(errcode_rows().size() == 52);
  std::string_view before;
  std::size_t index = 1;
  for (const ErrcodeRow& row : errcode_rows()) {
    CAPTURE(row.text);
    CHECK(before < row.text);  // the look-up is a binary search
    before = row.text;
    CHECK(static_cast<std::size_t>(row.errcode) == index++);
    CHECK(errcode_from(row.text) == row.errcode);
    CHECK(errcode_text(row.errcode) == row.text);
    CHECK(errcode_row(row.errcode) == &row);
    CHECK_FALSE(row.message.empty());
    CHECK(row.message.find(row.text) == std::string_view::npos);
  }
}

TEST_CASE("errcodes: what is not standard is other") {
  for (const char* text : {"", "M_", "M_FORBIDDENX", "m_forbidden", "FORBIDDEN", "COM.EXAMPLE_X", "M_ZZZ", "."}) {
    CAPTURE(text);
    CHECK(errcode_from(text) == Errcode::other);
  }
  CHECK(errcode_text(Errcode::other).empty());
  CHECK(errcode_row(Errcode::other) == nullptr);
}

TEST_CASE("errcodes: a proposal's namespace is seen through") {
  CHECK(errcode_from("ORG.MATRIX.MSC4326.M_UNKNOWN_DEVICE") == Errcode::unknown_device);
  CHECK(errcode_from("IO.ELEMENT.MSC4190.M_APPSERVICE_LOGIN_UNSUPPORTED") == Errcode::appservice_login_unsupported);
}
