// Stands in for the SQLite store in builds with CONFAB_SQLITE=OFF.
#include "store/sqlite_store.hpp"

namespace confab::store {

Result<std::shared_ptr<Store>> open_sqlite_store(const SqliteStoreOptions& /*options*/) {
  return Error(Errc::unsupported, "this build has no SQLite: configure it with CONFAB_SQLITE, or choose another store")
      .with_subject("store.kind");
}

}  // namespace confab::store
