#include "store/postgresql_connection.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>

namespace confab::store {
namespace {

// For all hosts of the dsn together; one that does not answer is left after silent_host.
constexpr std::chrono::seconds connect_within{20};
constexpr const char* silent_host_ms = "5000";  // libpq's tcp_user_timeout

// What is over by itself: the server restarts, a standby takes over, a proxy lost its server, two transactions crossed.
// Whatever was asked is repeated on a new connection.
bool passes_by_itself(std::string_view state) {
  return state.starts_with("08") || state.starts_with("57P") || state == "25006" || state == "53300" ||
         state == "40001" || state == "40P01";
}

Error fault_of(std::string_view state) {
  if (state == "55P03" || state == "57014") {
    return Error(Errc::busy, "the database made the store wait for too long: nothing was done")
        .with_subject("store.dsn");
  }
  if (state.starts_with("53")) {
    return database_fault(fmt::format("the database is out of space or memory (code {})", state)).with_retriable(true);
  }
  if (state.starts_with("42")) {
    return database_fault(
        fmt::format("the database lacks what the store needs, or keeps it from this user (code {}): check its rights, "
                    "and that no newer release took it over",
                    state));
  }
  return database_fault(fmt::format("the database refused a statement (code {})", state));
}

}  // namespace

Error database_fault(std::string message) { return Error(Errc::store, std::move(message)).with_subject("store.dsn"); }

void PostgresqlArray::separate() {
  if (text_.size() > 1) text_ += ',';
}
PostgresqlArray& PostgresqlArray::add(std::string_view text) {
  separate();
  text_ += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') text_ += '\\';
    text_ += c;
  }
  text_ += '"';
  return *this;
}
PostgresqlArray& PostgresqlArray::add(std::int64_t number) {
  separate();
  text_ += std::to_string(number);
  return *this;
}
PostgresqlArray& PostgresqlArray::add_null() {
  separate();
  text_ += "NULL";
  return *this;
}

void PostgresqlRows::Clear::operator()(pg_result* result) const { PQclear(result); }
int PostgresqlRows::count() const { return PQntuples(result_.get()); }
bool PostgresqlRows::is_null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
std::string_view PostgresqlRows::text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}
std::optional<std::int64_t> PostgresqlRows::integer(int row, int column) const {
  const std::string_view digits = text(row, column);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return {};
  return number;
}

void PostgresqlConnection::Finish::operator()(pg_conn* connection) const { PQfinish(connection); }

Result<void> PostgresqlConnection::check_dsn(const Secret& dsn) {
  // libpq's own words about it may quote it.
  char* words = nullptr;
  const std::string text(dsn.reveal());
  PQconninfoOption* options = PQconninfoParse(text.c_str(), &words);
  PQfreemem(words);
  PQconninfoFree(options);
  if (options != nullptr && text.find('\0') == std::string::npos) return {};
  return Error(Errc::config,
               "is no connection string of PostgreSQL: write postgresql://user@host/database, or key=value pairs")
      .with_subject("store.dsn");
}

Result<PostgresqlConnection> PostgresqlConnection::open(const Secret& dsn) {
  const std::string text(dsn.reveal());
  // libpq's own default takes any certificate, or none. Who runs the process may say otherwise, by libpq's variable.
  const char* said = std::getenv("PGSSLMODE");
  const char* sslmode = said == nullptr || *said == '\0' ? "verify-full" : said;
  // Before dbname: what the dsn says otherwise wins. Behind it: what it must not change.
  constexpr std::size_t parameters = 7;
  const std::array<const char*, parameters> names = {
      "sslmode", "tcp_user_timeout", "target_session_attrs", "fallback_application_name", "dbname", "client_encoding",
      nullptr};
  const std::array<const char*, parameters> values = {sslmode,      silent_host_ms, "read-write", "confab",
                                                      text.c_str(), "UTF8",         nullptr};
  PostgresqlConnection made(PQconnectStartParams(names.data(), values.data(), 1));
  pg_conn* connection = made.connection_.get();
  if (connection == nullptr) return Error(Errc::no_memory, "an allocation failed while a database was connected to");
  // libpq writes what the server remarks to standard error, which is the host's.
  PQsetNoticeReceiver(
      connection, [](void*, const PGresult*) {}, nullptr);
  const auto until = std::chrono::steady_clock::now() + connect_within;
  for (auto next = PGRES_POLLING_WRITING; next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING;) {
    if (PQstatus(connection) == CONNECTION_BAD) break;
    const short awaited = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!made.wait(awaited, until)) break;
    next = PQconnectPoll(connection);
  }
  if (PQstatus(connection) != CONNECTION_OK) {
    if (PQconnectionNeedsPassword(connection) != 0) {
      return database_fault("the database asks for a password that the dsn does not give");
    }
    if (PQconnectionUsedPassword(connection) != 0) {
      return database_fault("the database refused the user, the password or the database of the dsn, or ended");
    }
    return database_fault(
               "the database cannot be reached, or refuses the connection, or its certificate is not good: check the "
               "dsn's "
               "host, port, user and database, sslrootcert (the authority of its certificate) and sslmode "
               "(verify-full where nothing is said), and the database's log")
        .with_retriable(true);
  }
  const char* encoding = PQparameterStatus(connection, "server_encoding");
  if (encoding == nullptr || std::string_view(encoding) != "UTF8") {
    return database_fault("the database's encoding must be UTF8: make one with ENCODING 'UTF8'");
  }
  if (PQsetnonblocking(connection, 1) != 0) return made.lost();
  return made;
}

Error PostgresqlConnection::lost() {
  usable_ = false;
  return database_fault("the connection to the database was lost").with_retriable(true);
}

bool PostgresqlConnection::wait(short awaited, std::chrono::steady_clock::time_point until) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    if (left <= 0) return false;
    pollfd socket{PQsocket(connection_.get()), awaited, 0};
    const int ready = ::poll(&socket, 1, static_cast<int>(std::min<std::int64_t>(left, INT_MAX)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

Result<PostgresqlRows> PostgresqlConnection::run(const PostgresqlQuery& query,
                                                 std::chrono::milliseconds answer_within) {
  std::vector<const char*> values;
  for (const auto& value : query.values()) values.push_back(value ? value->c_str() : nullptr);
  if (PQsendQueryParams(connection_.get(), query.sql().c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                        nullptr, nullptr, 0) != 1) {
    return lost();
  }
  return answer(answer_within);
}

Result<void> PostgresqlConnection::run_script(const std::string& sql, std::chrono::milliseconds answer_within) {
  if (PQsendQuery(connection_.get(), sql.c_str()) != 1) return lost();
  auto rows = answer(answer_within);
  if (!rows) return std::move(rows).error();
  return {};
}

// The first error among the results, or the last result.
Result<PostgresqlRows> PostgresqlConnection::answer(std::chrono::milliseconds answer_within) {
  pg_conn* connection = connection_.get();
  const auto until = std::chrono::steady_clock::now() + answer_within;
  std::optional<PostgresqlRows> last;
  std::optional<Error> refused;
  for (;;) {
    const int unsent = PQflush(connection);
    if (unsent < 0) return lost();
    if (unsent > 0 || PQisBusy(connection) != 0) {
      if (!wait(unsent > 0 ? POLLIN | POLLOUT : POLLIN, until) || PQconsumeInput(connection) != 1) return lost();
      continue;
    }
    pg_result* result = PQgetResult(connection);
    if (result == nullptr) break;
    PostgresqlRows rows(result);
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) {
      last.emplace(std::move(rows));
      continue;
    }
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    // Without a code it is libpq that speaks, of a connection that broke.
    if (state == nullptr || passes_by_itself(state) || PQstatus(connection) != CONNECTION_OK) return lost();
    if (!refused) refused = fault_of(state);
  }
  if (PQstatus(connection) != CONNECTION_OK) return lost();
  if (refused) return std::move(*refused);
  if (!last) return lost();
  return std::move(*last);
}

}  // namespace confab::store
