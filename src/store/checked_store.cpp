#include "store/checked_store.hpp"

#include <exception>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "store/answer_once.hpp"
#include "store/record_rules.hpp"

namespace confab {

Store::~Store() = default;

void Store::put_if(StoreWrite write, Durability durability, StoreHandler<StoreVersion> done) {
  std::vector<StoreWrite> writes;
  writes.push_back(std::move(write));
  transact(std::move(writes), durability, [done = std::move(done)](Result<std::vector<StoreVersion>> result) {
    if (!result) return done(std::move(result).error());
    done(result->front());
  });
}

namespace store {
namespace {

Error untrue() { return Error(Errc::store, "the store's answer does not fit the question").with_subject("store"); }

std::optional<Error> check_page(const StorePage& page, std::string_view prefix, std::string_view cursor,
                                std::size_t limit) {
  if (page.records().size() > limit) return untrue();
  std::string_view before = cursor;
  for (const StoreRecord& record : page.records()) {
    if (auto error = check_record(record)) return error;
    if (!record.key().starts_with(prefix) || record.key() <= before) return untrue();
    before = record.key();
  }
  // A cursor that does not move would have the caller read for ever.
  if (!page.cursor().empty() && (page.cursor() <= cursor || !page.cursor().starts_with(prefix))) return untrue();
  return {};
}

std::optional<Error> check_versions(const std::vector<StoreVersion>& versions,
                                    const std::vector<StoreWrite::Kind>& kinds) {
  if (versions.size() != kinds.size()) return untrue();
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (kinds[i] == StoreWrite::Kind::put && versions[i] == 0) return untrue();
  }
  return {};
}

class CheckedStore final : public Store {
 public:
  explicit CheckedStore(std::shared_ptr<Store> backend) : backend_(std::move(backend)) {}

  void get(std::string key, StoreHandler<std::optional<StoreRecord>> done) override {
    AnswerOnce<std::optional<StoreRecord>> answer(std::move(done));
    if (auto error = check_key(key)) return refuse(std::move(answer), std::move(*error));
    guarded([&] {
      std::string asked = key;
      backend_->get(std::move(key), [answer = std::move(answer),
                                     asked = std::move(asked)](Result<std::optional<StoreRecord>> result) mutable {
        if (result && *result) {
          auto error = check_record(**result);
          if (!error && (*result)->key() != asked) error = untrue();
          if (error) return answer(std::move(*error));
        }
        answer(std::move(result));
      });
    });
  }

  void list(std::string prefix, std::string cursor, std::size_t limit, StoreHandler<StorePage> done) override {
    AnswerOnce<StorePage> answer(std::move(done));
    if (auto error = check_listing(prefix, cursor, limit)) return refuse(std::move(answer), std::move(*error));
    guarded([&] {
      std::string of = prefix;
      std::string from = cursor;
      backend_->list(std::move(prefix), std::move(cursor), limit,
                     [answer = std::move(answer), of = std::move(of), from = std::move(from),
                      limit](Result<StorePage> result) mutable {
                       if (result) {
                         if (auto error = check_page(*result, of, from, limit)) return answer(std::move(*error));
                       }
                       answer(std::move(result));
                     });
    });
  }

  void transact(std::vector<StoreWrite> writes, Durability durability,
                StoreHandler<std::vector<StoreVersion>> done) override {
    AnswerOnce<std::vector<StoreVersion>> answer(std::move(done));
    if (auto error = check_writes(writes)) return refuse(std::move(answer), std::move(*error));
    guarded([&] {
      std::vector<StoreWrite::Kind> kinds;
      for (const StoreWrite& write : writes) kinds.push_back(write.kind());
      backend_->transact(
          std::move(writes), durability,
          [answer = std::move(answer), kinds = std::move(kinds)](Result<std::vector<StoreVersion>> result) mutable {
            if (result) {
              if (auto error = check_versions(*result, kinds)) return answer(std::move(*error));
            }
            answer(std::move(result));
          });
    });
  }

  void now(StoreHandler<StoreTime> done) override {
    AnswerOnce<StoreTime> answer(std::move(done));
    guarded([&] {
      backend_->now([answer = std::move(answer)](Result<StoreTime> result) mutable { answer(std::move(result)); });
    });
  }

 private:
  template <class T>
  void refuse(AnswerOnce<T> answer, Error error) {
    guarded([&] {
      backend_->now([answer = std::move(answer), error = std::move(error)](const Result<StoreTime>&) mutable {
        answer(std::move(error));
      });
    });
  }

  // A host's backend may throw; the handler it then drops answers by itself.
  template <class F>
  static void guarded(F call) {
    try {
      call();
    } catch (const std::bad_alloc&) {
      throw;
    } catch (...) {
    }
  }

  std::shared_ptr<Store> backend_;
};

}  // namespace

std::shared_ptr<Store> checked(std::shared_ptr<Store> backend) {
  if (dynamic_cast<CheckedStore*>(backend.get()) != nullptr) return backend;  // once is enough
  return std::make_shared<CheckedStore>(std::move(backend));
}

}  // namespace store
}  // namespace confab
