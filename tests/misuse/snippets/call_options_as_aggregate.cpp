// refused: no matching function|could not convert|no matching constructor|designated init|non-aggregate
#include <confab/call_options.hpp>

confab::CallOptions soon() {
#ifdef MISUSE
  return confab::CallOptions{std::chrono::seconds(5), confab::CallOptions::Clock::time_point(), std::stop_token()};
#else
  return confab::CallOptions().within(std::chrono::seconds(5));
#endif
}
