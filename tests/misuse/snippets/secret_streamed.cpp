// refused: no match for 'operator<<'|invalid operands
#include <confab/secret.hpp>
#include <ostream>

void print(std::ostream& out, const confab::Secret& secret) {
#ifdef MISUSE
  out << secret;
#else
  out << secret.reveal().size();
#endif
}
