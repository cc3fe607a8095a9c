#include "contract/postgresql_database.hpp"

#include <stdexcept>
#include <utility>

namespace confab::test {

PostgresqlServer& database() {
  static PostgresqlServer server(CONFAB_POSTGRESQL_SCRIPT);
  return server;
}

std::string fresh_schema() {
  static int number = 0;
  return "s" + std::to_string(++number);
}

std::shared_ptr<Store> open_postgresql(store::PostgresqlStoreOptions options) {
  if (options.schema() == "confab") options.schema(fresh_schema());
  auto opened = store::open_postgresql_store(options);
  if (!opened) throw std::runtime_error(std::string(opened.error().message()));
  return *opened;
}

}  // namespace confab::test
