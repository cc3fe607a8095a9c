// refused: no match for 'operator\+'|invalid operands
#include <confab/secret.hpp>

std::string header(const confab::Secret& token) {
#ifdef MISUSE
  return std::string("Bearer ") + token;
#else
  return std::string("Bearer ") + std::string(token.reveal());
#endif
}
