// Steps that later releases might take after this one's, so that the ways of stepping can be tried: one that expands,
// and one that contracts.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "store/postgresql_steps.hpp"

namespace confab::test {

/// A function by which programs of the later releases write: it fills a column that today's do not know.
[[nodiscard]] inline std::string later_transact(const std::string& inner) {
  return R"sql(
CREATE OR REPLACE FUNCTION {schema}.transact_2(
  p_id text, p_previous text, p_time bigint, p_promised boolean, p_sweep boolean,
  p_jobs integer[], p_kinds integer[], p_keys text[], p_expected bigint[], p_lifetimes bigint[], p_values text[])
RETURNS bigint[] LANGUAGE plpgsql AS $body$
DECLARE
  v_versions bigint[] := {schema}.)sql" +
         inner + R"sql((p_id, p_previous, p_time, p_promised, p_sweep, p_jobs, p_kinds, p_keys,
    p_expected, p_lifetimes, p_values);
BEGIN
  UPDATE {schema}.record SET writer = 'later' WHERE key = ANY(p_keys) AND version = ANY(v_versions);
  RETURN v_versions;
END
$body$;
)sql";
}

/// Today's steps and `more` of the later ones: the first expands, the second contracts.
[[nodiscard]] inline store::PostgresqlSteps later_steps(int more) {
  static const std::string expand =
      "ALTER TABLE {schema}.record ADD COLUMN writer text;" + later_transact("transact_1");
  static const std::string contract =
      "ALTER FUNCTION {schema}.transact_1 RENAME TO transact_inside;" + later_transact("transact_inside");
  static const std::vector<store::PostgresqlStep> steps = [] {
    const auto today = store::postgresql_steps();
    const int known = static_cast<int>(today.size());
    std::vector<store::PostgresqlStep> all(today.begin(), today.end());
    all.push_back({expand.c_str(), today.back().usable_from, "transact_2"});
    all.push_back({contract.c_str(), known + 1, "transact_2"});
    return all;
  }();
  return store::PostgresqlSteps(steps).first(store::postgresql_steps().size() + static_cast<std::size_t>(more));
}

}  // namespace confab::test
