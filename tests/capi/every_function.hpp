// Every function of the ABI, with how it answers where its handle is none of its kind and in a forked child; and a
// handle of every kind.
#pragma once

#include <functional>
#include <future>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "capi/client_at_work.hpp"

namespace confab::test {

/// Which handle comes first.
enum class Takes { nothing, error, runtime, queue, event, operation, client, tenant, stream, store, store_answer };

constexpr Takes kinds[] = {Takes::error,  Takes::runtime, Takes::queue,  Takes::event, Takes::operation,
                           Takes::client, Takes::tenant,  Takes::stream, Takes::store, Takes::store_answer};

struct Function {
  using Answers = std::function<bool(void* handle, confab_status expected)>;
  using Faults = std::function<std::string(void* handle, confab_queue* other)>;

  Function(std::string its_name, Takes first, Answers how)
      : name(std::move(its_name)), takes(first), answers(std::move(how)) {}
  Function(std::string its_name, Takes first, std::pair<Answers, Faults> how)
      : name(std::move(its_name)), takes(first), answers(std::move(how.first)), fault_of_queue(std::move(how.second)) {}

  std::string name;
  Takes takes;
  /// Calls it: with NULL, or with a handle of another kind (expected: CONFAB_INVALID_ARGUMENT), or with its own in a
  /// forked child (CONFAB_FORKED). Tells whether it answered so, or, where it has no status, as it says of NULL.
  Answers answers;
  /// Of those that take a queue, too: calls it with its own handle and this in place of a queue. Tells what it says is
  /// at fault; nothing where it did not refuse the call.
  Faults fault_of_queue;
};

/// `queue` is for those that need one, too.
std::vector<Function> every_function(confab_queue* queue);

/// The names in capi/symbols.txt.
std::set<std::string> exported_functions();

/// One handle of each kind. That of a store's call is there because a call waits for its end.
class EveryHandle : public ClientAtWork {
 public:
  EveryHandle();
  ~EveryHandle();
  EveryHandle(const EveryHandle&) = delete;
  EveryHandle& operator=(const EveryHandle&) = delete;

  [[nodiscard]] void* of(Takes kind) const;
  /// Lets the store's call end, and its client with it.
  void end_store_call();

  HeldError error;
  HeldEvent event;
  HeldEvent failed;
  HeldOperation operation;
  HeldStream stream;
  Held<confab_store, confab_store_release> store;
  confab_store_answer* store_answer = nullptr;

 private:
  void hold_a_store_call();
  static confab_status hold(void* of, confab_store_answer* answer);

  HeldClient storing_;
  std::promise<confab_store_answer*> asked_;
  std::promise<void> answered_;
  bool held_ = false;  // of the store's one thread
  std::thread first_use_;
};

}  // namespace confab::test
