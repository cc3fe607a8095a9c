// Every endpoint against a real homeserver; started by endpoints_test.py, which reads the tally at the end.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <exception>

#include "homeserver_calls.hpp"

int main(int argc, char** argv) {
  try {
    doctest::Context context(argc, argv);
    const int failed = context.run();
    std::printf("== tally\n%s", confab::test::HomeserverCalls::get().tally().c_str());
    return failed;
  } catch (const std::exception& wrong) {
    std::fprintf(stderr, "%s\n", wrong.what());
    return 2;
  }
}
