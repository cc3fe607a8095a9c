// Who gets into the PostgreSQL store, over what, and what is said of it when that fails.
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "contract/backends.hpp"

using namespace confab;
using namespace confab::test;

namespace {

// The error of a dsn that does not open, after a look that no password stands in it.
Error refused(const std::string& dsn) {
  const auto opened = store::open_postgresql_store(
      store::PostgresqlStoreOptions(Secret(dsn)).patience(std::chrono::milliseconds(0)).readers(1));
  if (opened) return Error(Errc::internal, "opened");
  CHECK(opened.error().subject() == "store.dsn");
  const std::string message(opened.error().message());
  CHECK(message.find(database().password()) == std::string::npos);
  CHECK(message.find("hunter2") == std::string::npos);
  return opened.error();
}

std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("postgresql: what is no connection string is a fault of the configuration") {
  for (const char* dsn : {"postgresql://a:hunter2@[", "hunter2", "host=a nonsense=hunter2", "password='hunter2"}) {
    CHECK(refused(dsn).code() == Errc::config);
  }
}

TEST_CASE("postgresql: a wrong password, user or database is told without a secret, and repeating does not help") {
  const std::string dsn = database().dsn();
  for (const std::string& wrong : {with(dsn, database().password(), "hunter2"), with(dsn, "confab:", "nobody:"),
                                   with(dsn, "/postgres", "/nowhere")}) {
    const Error error = refused(wrong);
    CHECK(error.code() == Errc::store);
    CHECK_FALSE(error.retriable());
  }
  CHECK(refused(with(dsn, ":" + database().password(), "")).code() == Errc::store);
}

TEST_CASE("postgresql: a server that is not there may be tried again") {
  const Error error = refused("postgresql://confab:hunter2@127.0.0.1:1/postgres");
  CHECK(error.code() == Errc::store);
  CHECK(error.retriable());
}

TEST_CASE("postgresql: a schema's name is never more than a name") {
  for (const char* name : {"", "a b", "a;drop", "A", "1a", "a\"b", "a.b"}) {
    const auto opened = store::open_postgresql_store(store::PostgresqlStoreOptions(database_dsn()).schema(name));
    CHECK(outcome(opened) == "config");
  }
}

TEST_CASE("postgresql: certificates are checked unless the dsn, or libpq's variable, says otherwise") {
  const PostgresqlServer server(CONFAB_POSTGRESQL_SCRIPT, {"--tls"});
  const auto opens = [](const std::string& dsn) {
    return outcome(store::open_postgresql_store(
        store::PostgresqlStoreOptions(Secret(dsn)).patience(std::chrono::milliseconds(0)).readers(1)));
  };
  const std::string& dsn = server.dsn();
  const std::string plain = dsn.substr(0, dsn.find('?'));
  const std::string authority = "sslrootcert=" + server.authority();
  const TemporaryDirectory folder;
  const std::string other = folder.write("other.pem", "no certificate\n");
  CHECK(opens(dsn) == "ok");
  CHECK(opens(plain + "?" + authority) == "ok");
  // By another name than the certificate's: whoever takes any certificate of the authority lets this in.
  CHECK(opens(with(plain, "127.0.0.1", "127.0.0.2") + "?hostaddr=127.0.0.1&" + authority) == "store");
  CHECK(opens(with(plain, "127.0.0.1", "127.0.0.2") + "?hostaddr=127.0.0.1&sslmode=verify-ca&" + authority) == "ok");
  CHECK(opens(plain) == "store");
  CHECK(opens(plain + "?sslmode=disable") == "store");
  CHECK(opens(plain + "?sslmode=require") == "ok");
  CHECK(opens(plain + "?sslrootcert=" + other) == "store");
  CHECK(opens(plain + "?sslrootcert=" + folder.file("nowhere.pem")) == "store");

  ::setenv("PGSSLMODE", "require", 1);
  CHECK(opens(plain) == "ok");
  CHECK(opens(plain + "?sslmode=disable") == "store");
  ::setenv("PGSSLMODE", "", 1);
  CHECK(opens(plain) == "store");
  ::unsetenv("PGSSLMODE");
}

TEST_CASE("postgresql: errors of operations name no statement, no value and no key of the database") {
  const std::string schema = fresh_schema();
  const StoreClient client(open_postgresql(store::PostgresqlStoreOptions(database_dsn()).schema(schema)));
  // The same without its tables: another release, so to speak, whose function is not there.
  static constexpr std::array<store::PostgresqlStep, 1> none = {store::PostgresqlStep{"SELECT 1", 1, "nothing"}};
  const StoreClient broken(open_postgresql(
      store::PostgresqlStoreOptions(database_dsn()).schema(schema).steps(store::PostgresqlSteps(none))));
  const auto put = broken.put("t/a", 0, "\"hunter2\"");
  REQUIRE_FALSE(put);
  CHECK(put.error().code() == Errc::store);
  CHECK(put.error().subject() == "store.dsn");
  for (const char* never : {"hunter2", "SELECT", "t/a", "nothing"}) {
    CHECK(put.error().message().find(never) == std::string_view::npos);
  }
  // The connection is fit for more.
  CHECK(outcome(broken.get("t/a")) == "ok");
}
