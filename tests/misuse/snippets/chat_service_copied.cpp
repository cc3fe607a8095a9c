// refused: abstract|deleted
#include <confab/chat_service.hpp>

void keep(confab::ChatService& service) {
#ifdef MISUSE
  auto copy = service;
#else
  auto& copy = service;
#endif
  static_cast<void>(copy);
}
