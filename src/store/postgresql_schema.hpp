// Is this database's schema one that we can use? Makes it, brings it up to date, refuses what is too new.
#pragma once

#include <confab/result.hpp>

#include <string>
#include <string_view>

#include "store/postgresql_session.hpp"
#include "store/postgresql_steps.hpp"

namespace confab::store {

/// a-z, 0-9 and _, at most 40, no digit first: safe in every statement as it is.
[[nodiscard]] Result<void> check_schema_name(std::string_view name);

/// The text with `{schema}` replaced.
[[nodiscard]] std::string in_schema(std::string_view sql, std::string_view schema);

/// Take the steps that are missing, each in a transaction of its own; several processes may do so at once. A schema
/// that newer programs have expanded is left as it is and used; Errc::store, store.dsn, for one that they have
/// contracted.
[[nodiscard]] Result<void> migrate_postgresql(PostgresqlSession& session, const std::string& schema,
                                              PostgresqlSteps steps);

}  // namespace confab::store
