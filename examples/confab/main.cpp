#include <confab/export.hpp>
#include <cstdio>
int main() { std::puts(confab::version()); }
