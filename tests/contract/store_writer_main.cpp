// A process of its own that writes to a store until it is killed, or raises a counter that others raise too.
//
//   confab-store-writer STORE pairs         writes pairs of records, eight at once; a line "CHAIN NUMBER" for each
//                                           promise
//   confab-store-writer STORE count TIMES   raises "shared/counter" so often, then ends
//
// STORE is an SQLite file, or postgresql:SCHEMA:STEPS with the dsn in CONFAB_STORE_DSN: STEPS more than this
// release has, of those in schema_steps.hpp.
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "contract/pairs.hpp"
#include "contract/schema_steps.hpp"
#include "contract/store_client.hpp"
#include "store/postgresql_store.hpp"
#include "store/sqlite_store.hpp"

namespace {
using namespace confab;
using namespace confab::test;

void tell(const std::string& line) {
  // Whole lines: shorter than what a pipe takes at once.
  if (::write(1, line.data(), line.size()) != static_cast<ssize_t>(line.size())) ::_exit(3);
}

class Chain {
 public:
  Chain(std::shared_ptr<Store> store, int name) : store_(std::move(store)), name_(name) {
    const StoreClient client(store_);
    const auto first = client.get(pair_key(name, 'a'));
    const auto second = client.get(pair_key(name, 'b'));
    if (!first || !second) ::_exit(4);
    if (!*first || !*second) return;
    a_ = (**first).version();
    b_ = (**second).version();
    number_ = number_of_pair((**first).value()) + 1;
  }

  void next() {
    const std::string value = pair_value(number_);
    store_->transact(
        {StoreWrite::put(pair_key(name_, 'a'), a_, value), StoreWrite::put(pair_key(name_, 'b'), b_, value)},
        Durability::promised, [this](const Result<std::vector<StoreVersion>>& done) {
          // The last commit of who was killed before may have been on its way to the database's server still.
          if (!done && done.error().code() == Errc::conflict) return read_again();
          if (!done) ::_exit(5);
          a_ = (*done)[0];
          b_ = (*done)[1];
          tell(std::to_string(name_) + ' ' + std::to_string(number_++) + '\n');
          next();
        });
  }

 private:
  void read_again() {
    store_->list(pair_prefix(name_), "", 2, [this](const Result<StorePage>& page) {
      if (!page || page->records().size() != 2) ::_exit(4);
      a_ = page->records()[0].version();
      b_ = page->records()[1].version();
      number_ = number_of_pair(page->records()[0].value()) + 1;
      next();
    });
  }

  std::shared_ptr<Store> store_;
  int name_;
  int number_ = 0;
  StoreVersion a_ = 0;
  StoreVersion b_ = 0;
};

int count(const StoreClient& client, int times) {
  for (int done = 0; done < times;) {
    const auto record = client.get("shared/counter");
    if (!record) return 6;
    const int value = *record ? std::stoi((**record).value()) : 0;
    const auto put = client.put("shared/counter", *record ? (**record).version() : 0, std::to_string(value + 1));
    if (put) ++done;
    if (!put && put.error().code() != Errc::conflict) return 7;
  }
  return 0;
}

Result<std::shared_ptr<Store>> open(const std::string& name) {
  if (!name.starts_with("postgresql:")) return store::open_sqlite_store(store::SqliteStoreOptions(name).readers(1));
  const auto schema = name.find(':') + 1;
  const auto steps = name.find(':', schema);
  const char* dsn = std::getenv("CONFAB_STORE_DSN");
  store::PostgresqlStoreOptions options(Secret(dsn == nullptr ? "" : dsn));
  options.schema(name.substr(schema, steps - schema)).readers(1);
  options.steps(later_steps(std::atoi(name.c_str() + steps + 1)));
  return store::open_postgresql_store(options);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const auto store = open(argv[1]);
  if (!store) return 1;
  if (std::string(argv[2]) == "count") return count(StoreClient(*store), argc > 3 ? std::atoi(argv[3]) : 1);
  std::vector<std::unique_ptr<Chain>> chains;
  for (int name = 0; name < pair_chains; ++name) chains.push_back(std::make_unique<Chain>(*store, name));
  for (const auto& chain : chains) chain->next();
  for (;;) ::pause();
}
