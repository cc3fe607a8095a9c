#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#if defined(__SANITIZE_THREAD__)
// libcurl 7.88 closes sockets that never connected without telling; we then ask whether a number is still that socket,
// and unregister it from our epoll if it is not. Another thread may have the number by then, which is the very
// question: the sanitizer takes the system call for a use of the other thread's descriptor.
extern "C" const char* __tsan_default_suppressions() {  // NOLINT: the sanitizer's name
  return "race:confab::net::SocketWatch::Socket::identity_of\n"
         "race:confab::net::SocketWatch::let_go\n";
}
#endif
