// refused: could not convert|no viable conversion|cannot convert|no matching function
#include <confab/call_options.hpp>

void call(confab::CallOptions options);
void soon() {
#ifdef MISUSE
  call(std::chrono::seconds(5));
#else
  call(confab::CallOptions().within(std::chrono::seconds(5)));
#endif
}
