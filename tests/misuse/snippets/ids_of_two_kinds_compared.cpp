// refused: no match for 'operator=='|invalid operands
#include <confab/ids.hpp>

bool same(const confab::UserSlug& slug, const confab::MatrixUserId& user) {
#ifdef MISUSE
  return slug == user;
#else
  return slug.str() == user.str();
#endif
}
