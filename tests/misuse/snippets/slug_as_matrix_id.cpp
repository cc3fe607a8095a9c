// refused: could not convert|no matching function|no viable conversion|cannot convert
#include <confab/ids.hpp>

void join(confab::MatrixUserId user);
void call(confab::UserSlug slug, confab::MatrixUserId user) {
#ifdef MISUSE
  join(slug);
#else
  static_cast<void>(slug);
  join(user);
#endif
}
