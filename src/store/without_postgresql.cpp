// Stands in for the PostgreSQL store in builds with CONFAB_POSTGRESQL=OFF.
#include "store/postgresql_store.hpp"

namespace confab::store {

PostgresqlSteps postgresql_steps() { return {}; }

Result<std::shared_ptr<Store>> open_postgresql_store(const PostgresqlStoreOptions& /*options*/) {
  return Error(Errc::unsupported,
               "this build has no PostgreSQL: configure it with CONFAB_POSTGRESQL, or choose another store")
      .with_subject("store.kind");
}

}  // namespace confab::store
