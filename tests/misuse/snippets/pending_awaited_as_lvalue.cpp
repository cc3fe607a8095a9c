// refused: discards qualifiers|as 'this' argument|'this' argument|no viable|await
#include <confab/pending.hpp>

struct Fire {
  struct promise_type {
    Fire get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
};
Fire follow(confab::Pending<int> pending) {
#ifdef MISUSE
  static_cast<void>(co_await pending);
#else
  static_cast<void>(co_await std::move(pending));
#endif
}
