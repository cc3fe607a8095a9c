#include "store/postgresql_steps.hpp"

#include <array>

namespace confab::store {
namespace {

// `writing` is the row that every transaction locks first: writers of all processes come one after the other, so what
// one has looked at stays as it is until it commits, records that are absent included, and no two wait for each other.
// `version` numbers all writes, so that no key sees a version twice. `written` keeps the answer of each writer's last
// group: when the answer to a commit was lost the group is sent again under its id, and finds it.
constexpr const char* first_step = R"sql(
CREATE TABLE {schema}.record (
  key text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, expires bigint, value text NOT NULL);
CREATE INDEX record_expires ON {schema}.record (expires) WHERE expires IS NOT NULL;
CREATE SEQUENCE {schema}.version;
CREATE TABLE {schema}.writing (one boolean PRIMARY KEY CHECK (one));
INSERT INTO {schema}.writing VALUES (true);
CREATE TABLE {schema}.written (id text PRIMARY KEY, time bigint NOT NULL, versions bigint[] NOT NULL);

CREATE FUNCTION {schema}.transact_1(
  p_id text, p_previous text, p_time bigint, p_promised boolean, p_sweep boolean,
  p_jobs integer[], p_kinds integer[], p_keys text[], p_expected bigint[], p_lifetimes bigint[], p_values text[])
RETURNS bigint[] LANGUAGE plpgsql SET lock_timeout = '5s' SET search_path = pg_catalog AS $body$
DECLARE
  v_time bigint;
  v_versions bigint[];
  v_version bigint;
  v_first integer := 1;
  v_last integer;
  v_count integer := array_length(p_keys, 1);
  v_fits boolean;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'confab needs read committed' USING ERRCODE = '25001';
  END IF;
  PERFORM 1 FROM {schema}.writing FOR UPDATE;
  SELECT w.versions INTO v_versions FROM {schema}.written w WHERE w.id = p_id;
  IF FOUND THEN
    RETURN v_versions;
  END IF;
  IF NOT p_promised THEN
    PERFORM set_config('synchronous_commit', 'off', true);
  ELSIF current_setting('synchronous_commit') = 'off' THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  v_time := coalesce(p_time, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint);
  v_versions := array_fill(0::bigint, ARRAY[v_count]);
  WHILE v_first <= v_count LOOP
    v_last := v_first;
    WHILE v_last < v_count AND p_jobs[v_last + 1] = p_jobs[v_first] LOOP
      v_last := v_last + 1;
    END LOOP;
    v_fits := true;
    FOR i IN v_first..v_last LOOP
      v_version := (SELECT r.version FROM {schema}.record r
                    WHERE r.key = p_keys[i] AND (r.expires IS NULL OR r.expires > v_time));
      IF coalesce(v_version, 0) <> p_expected[i] THEN
        v_fits := false;
        v_versions[i] := -1;
        EXIT;
      END IF;
    END LOOP;
    IF v_fits THEN
      FOR i IN v_first..v_last LOOP
        CASE p_kinds[i]
          WHEN 0 THEN
            v_version := nextval('{schema}.version');
            INSERT INTO {schema}.record AS r (key, version, expires, value)
            VALUES (p_keys[i], v_version, v_time + p_lifetimes[i], p_values[i])
            ON CONFLICT (key) DO UPDATE
            SET version = excluded.version, expires = excluded.expires, value = excluded.value;
            v_versions[i] := v_version;
          WHEN 1 THEN
            DELETE FROM {schema}.record r WHERE r.key = p_keys[i];
          ELSE
            v_versions[i] := p_expected[i];
        END CASE;
      END LOOP;
    END IF;
    v_first := v_last + 1;
  END LOOP;
  IF p_sweep THEN
    DELETE FROM {schema}.record r
    WHERE r.key IN (SELECT s.key FROM {schema}.record s WHERE s.expires <= v_time LIMIT 500);
    DELETE FROM {schema}.written w WHERE w.time < v_time - 86400000;
  END IF;
  DELETE FROM {schema}.written w WHERE w.id = p_previous;
  INSERT INTO {schema}.written VALUES (p_id, v_time, v_versions);
  RETURN v_versions;
END
$body$;
)sql";

constexpr std::array<PostgresqlStep, 1> steps = {PostgresqlStep{first_step, 1, "transact_1"}};

}  // namespace

PostgresqlSteps postgresql_steps() { return steps; }

}  // namespace confab::store
