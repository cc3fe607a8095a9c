// The PostgreSQL server of this process: started when a case first asks for it, ended with the process.
#pragma once

#include <confab/secret.hpp>

#include <memory>
#include <string>

#include "store/postgresql_store.hpp"
#include "support/postgresql_server.hpp"

namespace confab::test {

[[nodiscard]] PostgresqlServer& database();
[[nodiscard]] inline Secret database_dsn() { return Secret(database().dsn()); }

/// A schema that nobody has used yet.
[[nodiscard]] std::string fresh_schema();

/// An empty store, or the one in options.schema() where that was named. Throws when it does not open.
[[nodiscard]] std::shared_ptr<Store> open_postgresql(store::PostgresqlStoreOptions options);

}  // namespace confab::test
