// The C++ test program. Options: --help; one test: -tc="dense*".
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
