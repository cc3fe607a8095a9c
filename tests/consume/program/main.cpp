// A host as small as it can be: it says which library it is linked with, headers and archive being of one version.
#include <cstdio>
#include <string>

#include <confab/confab.hpp>

std::string header_version();  // other.cpp: the headers must stand in two translation units of one program

int main() {
  std::printf("%s\n", confab::version());
  return header_version() == confab::version() ? 0 : 1;
}
