#include <confab.h>
#include <doctest/doctest.h>

#include <confab/error.hpp>
#include <cstring>
#include <string>

TEST_CASE("statuses are the codes of the C++ API, by number and by name") {
  const struct {
    confab_status status;
    confab::Errc code;
  } pairs[] = {
      {CONFAB_UNKNOWN, confab::Errc::unknown},
      {CONFAB_INVALID_ARGUMENT, confab::Errc::invalid_argument},
      {CONFAB_CONFIG, confab::Errc::config},
      {CONFAB_NOT_FOUND, confab::Errc::not_found},
      {CONFAB_FORBIDDEN, confab::Errc::forbidden},
      {CONFAB_CONFLICT, confab::Errc::conflict},
      {CONFAB_TOO_LARGE, confab::Errc::too_large},
      {CONFAB_RATE_LIMITED, confab::Errc::rate_limited},
      {CONFAB_UNREACHABLE, confab::Errc::unreachable},
      {CONFAB_UNAVAILABLE, confab::Errc::unavailable},
      {CONFAB_TIMED_OUT, confab::Errc::timed_out},
      {CONFAB_CANCELLED, confab::Errc::cancelled},
      {CONFAB_OUTCOME_UNKNOWN, confab::Errc::outcome_unknown},
      {CONFAB_PROTOCOL, confab::Errc::protocol},
      {CONFAB_SESSION_EXPIRED, confab::Errc::session_expired},
      {CONFAB_ADMIN_UNAVAILABLE, confab::Errc::admin_unavailable},
      {CONFAB_ACCOUNT_LOCKED, confab::Errc::account_locked},
      {CONFAB_ACCOUNT_SUSPENDED, confab::Errc::account_suspended},
      {CONFAB_ACCOUNT_DEACTIVATED, confab::Errc::account_deactivated},
      {CONFAB_ENCRYPTED_ROOM, confab::Errc::encrypted_room},
      {CONFAB_BUSY, confab::Errc::busy},
      {CONFAB_CLOSED, confab::Errc::closed},
      {CONFAB_CONSUMED, confab::Errc::consumed},
      {CONFAB_WOULD_DEADLOCK, confab::Errc::would_deadlock},
      {CONFAB_UNSUPPORTED, confab::Errc::unsupported},
      {CONFAB_STORE, confab::Errc::store},
      {CONFAB_NO_MEMORY, confab::Errc::no_memory},
      {CONFAB_INTERNAL, confab::Errc::internal},
  };
  confab_status expected = CONFAB_OK;
  for (const auto& [status, code] : pairs) {
    CHECK(status == ++expected);
    CHECK(status == static_cast<confab_status>(code));
    CHECK(std::string(confab_status_name(status)) == confab::errc_name(code));
  }
  // A code that the C++ API has and this header does not would be missing above.
  CHECK(confab::errc_name(static_cast<confab::Errc>(expected + 1)) == "unknown");
  CHECK(std::string(confab_status_name(CONFAB_OK)) == "ok");
  CHECK(std::string(confab_status_name(CONFAB_FORKED)) == "forked");
  for (const confab_status none : {-1, 999, 1001, 1'000'000}) CHECK(std::string(confab_status_name(none)) == "unknown");
}

TEST_CASE("what the library is") {
  CHECK(confab_abi() == CONFAB_ABI);
  CHECK(std::strcmp(confab_version(), CONFAB_EXPECTED_VERSION) == 0);
  CHECK(confab_has("sqlite") == CONFAB_EXPECTED_SQLITE);
  CHECK(confab_has("postgresql") == CONFAB_EXPECTED_POSTGRESQL);
  for (const char* part : {"logs", "alerts", "directory", "questions", "store"}) CHECK(confab_has(part) == 1);
  CHECK(confab_has("time travel") == 0);
  CHECK(confab_has(nullptr) == 0);
}
