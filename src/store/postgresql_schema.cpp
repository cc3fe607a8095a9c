#include "store/postgresql_schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace confab::store {
namespace {

struct Found {
  int version = 0;
  int usable_from = 0;
};

Error damaged() { return database_fault("the store's own tables were changed by another program: restore them"); }

// Several statements in one: who makes the tables at the same moment waits for the other, then finds them made. The
// lock ends with the transaction.
std::string step_sql(const std::string& schema, const PostgresqlStep& step, int from) {
  constexpr std::string_view frame = R"sql(
DO $confab$
DECLARE
  v_version integer;
BEGIN
  PERFORM set_config('lock_timeout', '5s', true);
  PERFORM pg_advisory_xact_lock(1131376230);
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = '{schema}') THEN
    CREATE SCHEMA {schema};
  END IF;
  CREATE TABLE IF NOT EXISTS {schema}.schema_version (
    one boolean PRIMARY KEY CHECK (one), version integer NOT NULL, usable_from integer NOT NULL);
  SELECT version INTO v_version FROM {schema}.schema_version;
  IF coalesce(v_version, 0) = {from} THEN
    EXECUTE $step${step}$step$;
    INSERT INTO {schema}.schema_version VALUES (true, {to}, {usable_from})
    ON CONFLICT (one) DO UPDATE SET version = excluded.version, usable_from = excluded.usable_from;
  END IF;
END
$confab$;
)sql";
  return fmt::format(fmt::runtime(in_schema(frame, schema)), fmt::arg("step", in_schema(step.sql, schema)),
                     fmt::arg("from", from), fmt::arg("to", from + 1), fmt::arg("usable_from", step.usable_from));
}

Result<Found> look(PostgresqlSession& session, const std::string& schema) {
  PostgresqlQuery exists("SELECT to_regclass($1) IS NOT NULL");
  exists.bind(schema + ".schema_version");
  auto there = session.run(exists);
  if (!there) return std::move(there).error();
  if (there->count() != 1) return damaged();
  if (there->text(0, 0) != "t") return Found();
  const auto rows =
      session.run(PostgresqlQuery(in_schema("SELECT version, usable_from FROM {schema}.schema_version", schema)));
  if (!rows) return rows.error();
  if (rows->count() == 0) return Found();
  const auto version = rows->integer(0, 0);
  const auto usable_from = rows->integer(0, 1);
  if (!version || !usable_from || *version < 1 || *version > 1'000'000) return damaged();
  return Found{static_cast<int>(*version), static_cast<int>(*usable_from)};
}

}  // namespace

Result<void> check_schema_name(std::string_view name) {
  const bool legal = !name.empty() && name.size() <= 40 && !(name.front() >= '0' && name.front() <= '9') &&
                     std::all_of(name.begin(), name.end(),
                                 [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
  if (legal) return {};
  return Error(Errc::config, "a schema's name is 1 to 40 small letters, digits or underscores, no digit first")
      .with_subject("store.dsn");
}

std::string in_schema(std::string_view sql, std::string_view schema) {
  constexpr std::string_view mark = "{schema}";
  std::string text;
  for (;;) {
    const auto at = sql.find(mark);
    text += sql.substr(0, at);
    if (at == std::string_view::npos) return text;
    text += schema;
    sql.remove_prefix(at + mark.size());
  }
}

Result<void> migrate_postgresql(PostgresqlSession& session, const std::string& schema, PostgresqlSteps steps) {
  const auto isolation = session.run(PostgresqlQuery("SHOW transaction_isolation"));
  if (!isolation) return isolation.error();
  if (isolation->count() != 1 || isolation->text(0, 0) != "read committed") {
    return database_fault("default_transaction_isolation must be \"read committed\" for this user and database");
  }
  const int known = static_cast<int>(steps.size());
  for (;;) {
    const auto found = look(session, schema);
    if (!found) return found.error();
    if (found->usable_from > known) {
      return database_fault(fmt::format(
          "the database was written by a newer release (schema {}, for programs from {} on; this one is {}): "
          "use that release",
          found->version, found->usable_from, known));
    }
    if (found->version >= known) return {};
    const auto& step = steps[static_cast<std::size_t>(found->version)];
    if (auto taken = session.run_script(step_sql(schema, step, found->version)); !taken) return taken;
  }
}

}  // namespace confab::store
