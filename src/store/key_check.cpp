#include "store/key_check.hpp"

#include <string>
#include <utility>

#include "store/answer_once.hpp"
#include "store/record_rules.hpp"
#include "store/sealed_text.hpp"

namespace confab::store {
namespace {
constexpr std::string_view folder = "confab/keys/";
constexpr std::string_view known_text = "the quick brown fox";

std::string record_of(std::string_view id) { return std::string(folder) + std::string(id); }

std::optional<Error> check_one(const StoreRecord& record, const SealingKeys& keys) {
  const auto parsed = parse(record);
  if (!parsed) return parsed.error();
  const auto text = unseal(keys, SealedPlace(record.key(), "test"), parsed->root()["test"]);
  if (!text) return text.error();
  if (text->reveal() != known_text) return key_fault("a key's own record holds another text: restore the store");
  return {};
}

void check(std::shared_ptr<Store> store, std::shared_ptr<const SealingKeys> keys, AnswerOnce<void> done);

void write_own(const std::shared_ptr<Store>& store, const std::shared_ptr<const SealingKeys>& keys,
               AnswerOnce<void> done) {
  const std::string key = record_of(keys->sealing().id());
  const auto sealed = seal(*keys, SealedPlace(key, "test"), Secret(std::string(known_text)));
  if (!sealed) return done(sealed.error());
  json::Writer writer;
  writer.object().key("test").raw(*sealed).end();
  store->put_if(StoreWrite::put(key, 0, std::move(writer).finish()), Durability::promised,
                [store, keys, done = std::move(done)](const Result<StoreVersion>& put) mutable {
                  if (put) return done(Result<void>());
                  if (put.error().code() != Errc::conflict) return done(put.error());
                  // Another process was first: its key of this name must be ours.
                  check(store, keys, std::move(done));
                });
}

void check(std::shared_ptr<Store> store, std::shared_ptr<const SealingKeys> keys, AnswerOnce<void> done) {
  Store& asked = *store;
  asked.list(
      std::string(folder), "", most_page_records,
      [store = std::move(store), keys = std::move(keys), done = std::move(done)](Result<StorePage> page) mutable {
        if (!page) return done(page.error());
        bool known = false;
        for (const StoreRecord& record : page->records()) {
          if (auto error = check_one(record, *keys)) return done(std::move(*error));
          known = known || record.key() == record_of(keys->sealing().id());
        }
        if (known) return done(Result<void>());
        write_own(store, keys, std::move(done));
      });
}

}  // namespace

// Answered also where memory is short in a handler of the store's.
void check_sealing_keys(std::shared_ptr<Store> store, std::shared_ptr<const SealingKeys> keys,
                        StoreHandler<void> done) {
  check(std::move(store), std::move(keys), AnswerOnce<void>(std::move(done)));
}

void retire_sealing_key(const std::shared_ptr<Store>& store, const std::string& id, StoreHandler<void> done) {
  store->get(record_of(id),
             [store, done = AnswerOnce<void>(std::move(done))](const Result<std::optional<StoreRecord>>& got) mutable {
               if (!got) return done(got.error());
               if (!*got) return done(Result<void>());
               store->put_if(StoreWrite::erase((**got).key(), (**got).version()), Durability::promised,
                             [done = std::move(done)](const Result<StoreVersion>& erased) mutable {
                               done(erased ? Result<void>() : Result<void>(erased.error()));
                             });
             });
}

}  // namespace confab::store
