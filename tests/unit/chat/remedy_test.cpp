#include "chat/remedy.hpp"

#include <doctest/doctest.h>

#include <string>

#include "matrix/errcodes.hpp"

using namespace confab;
using chat::Remedy;
using chat::remedy_for;

namespace {

Error error_about(Errc code, const char* errcode, const char* subject = "") {
  return Error(code, "x").with_errcode(errcode).with_subject(subject);
}

}  // namespace

TEST_CASE("remedy: who may be outside joins, and an account or room that may be gone is looked for again") {
  for (const char* errcode : {"M_FORBIDDEN", "M_UNKNOWN", "ORG.EXAMPLE_NO", ""}) {
    CHECK(remedy_for(error_about(Errc::forbidden, errcode), true) == Remedy::join);
    CHECK(remedy_for(error_about(Errc::forbidden, errcode, "room"), false) == Remedy::join);
  }
  for (const char* errcode : {"M_NOT_FOUND", "M_UNKNOWN", "ORG.EXAMPLE_NO", ""}) {
    CHECK(remedy_for(error_about(Errc::not_found, errcode), true) == Remedy::renew);
    CHECK(remedy_for(error_about(Errc::not_found, errcode, "user"), false) == Remedy::renew);
  }
  // As an application service hears it.
  CHECK(remedy_for(error_about(Errc::not_found, "M_FORBIDDEN", "user"), false) == Remedy::renew);
}

TEST_CASE("remedy: what is wrong with the message stays so in every room") {
  for (const bool is_in : {true, false}) {
    CHECK(remedy_for(error_about(Errc::forbidden, "", "message"), is_in) == Remedy::none);
    CHECK(remedy_for(error_about(Errc::forbidden, "", "event"), is_in) == Remedy::none);
    CHECK(remedy_for(error_about(Errc::not_found, "M_NOT_FOUND", "event"), is_in) == Remedy::none);
  }
  // One that cannot be seen from outside may be there.
  CHECK(remedy_for(error_about(Errc::not_found, "M_NOT_FOUND", "message"), true) == Remedy::none);
  CHECK(remedy_for(error_about(Errc::not_found, "M_NOT_FOUND", "message"), false) == Remedy::join);
}

TEST_CASE("remedy: of all other codes of a homeserver none is mended by joining or looking again") {
  for (const matrix::ErrcodeRow& row : matrix::errcode_rows()) {
    if (row.text == "M_FORBIDDEN" || row.text == "M_NOT_FOUND" || row.text == "M_UNKNOWN") continue;
    const std::string text(row.text);
    CAPTURE(text);
    CHECK(remedy_for(error_about(row.code, text.c_str()), false) == Remedy::none);
  }
  CHECK(remedy_for(Error(Errc::outcome_unknown, "x"), false) == Remedy::none);
}
