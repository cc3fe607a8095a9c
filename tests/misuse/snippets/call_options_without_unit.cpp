// refused: no matching (member )?function|could not convert|no viable conversion|cannot convert
#include <confab/call_options.hpp>

confab::CallOptions soon() {
#ifdef MISUSE
  return confab::CallOptions().within(5);
#else
  return confab::CallOptions().within(std::chrono::seconds(5));
#endif
}
