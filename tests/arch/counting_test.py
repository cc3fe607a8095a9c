"""scripts/suites counts honestly: what a test printed and how it ended give the numbers."""

import importlib.machinery
import importlib.util
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
PATH = Path(__file__).resolve().parents[2] / "scripts" / "suites"
LOADER = importlib.machinery.SourceFileLoader("suites", str(PATH))
SUITES = importlib.util.module_from_spec(importlib.util.spec_from_loader("suites", LOADER))
LOADER.exec_module(SUITES)

DOCTEST = "[doctest] test cases:  {} |  {} passed | {} failed | {} skipped\n"
UNITTEST = "----\nRan {} tests in 0.1s\n\n{}\n"


class Counting(unittest.TestCase):
    def counts(self, expected, output, passed=True, skipped=False):
        self.assertEqual(expected, SUITES.count(output, passed, skipped))

    def test_doctest(self):
        self.counts((25, 0, 0), DOCTEST.format(25, 25, 0, 0))
        self.counts((23, 2, 0), DOCTEST.format(25, 23, 2, 0), passed=False)
        self.counts((7, 0, 0), "\x1b[0;32m" + DOCTEST.format(7, 7, 0, 3) + "\x1b[0m")

    def test_doctest_that_finds_out_what_it_cannot_try(self):
        unable = "/t/disk_test.cpp:342: MESSAGE: SKIPPED: no small disk\n"
        self.counts((24, 0, 1), "\x1b[0;33m" + unable + "\x1b[0m" + DOCTEST.format(25, 25, 0, 0))
        self.counts((0, 0, 2), 2 * unable + DOCTEST.format(2, 2, 0, 0))
        self.counts((1, 0, 0), "  MESSAGE: a case called SKIPPED: is none\n" + DOCTEST.format(1, 1, 0, 0))

    def test_a_crash_is_a_failure(self):
        self.counts((0, 1, 0), "Segmentation fault\n", passed=False)
        self.counts((1, 1, 0), DOCTEST.format(2, 1, 1, 1), passed=False)

    def test_a_sanitizer_after_the_last_case_is_a_failure(self):
        self.counts((25, 1, 0), DOCTEST.format(25, 25, 0, 0) + "ERROR: LeakSanitizer\n", passed=False)

    def test_a_filter_that_fits_nothing_is_a_failure(self):
        self.counts((0, 1, 0), DOCTEST.format(0, 0, 0, 25))

    def test_unittest(self):
        self.counts((12, 0, 0), UNITTEST.format(12, "OK"))
        self.counts((9, 2, 1), UNITTEST.format(12, "FAILED (failures=1, errors=1, skipped=1)"), passed=False)
        self.counts((0, 0, 2), UNITTEST.format(2, "OK (skipped=2)"))
        self.counts((0, 1, 0), UNITTEST.format(0, "OK"))

    def test_unittest_that_fails_before_its_tests(self):
        self.counts((3, 1, 0), "ERROR: setUpClass (__main__.Rooms)\n" + UNITTEST.format(3, "FAILED (errors=1)"),
                    passed=False)

    def test_pytest(self):
        self.counts((95, 0, 0), "....\n95 passed in 16.14s\n")
        self.counts((95, 0, 2), "=== 95 passed, 2 skipped, 3 warnings in 70.14s (0:01:10) ===\n")
        self.counts((9, 3, 0), "1 failed, 9 passed, 2 errors in 1.20s\n", passed=False)
        self.counts((0, 1, 0), "no tests ran in 0.01s\n", passed=False)

    def test_a_test_that_counts_nothing_is_one(self):
        self.counts((1, 0, 0), "compiled\n")
        self.counts((0, 1, 0), "error: no\n", passed=False)
        self.counts((0, 0, 1), "SKIP: no clang here\n", skipped=True)


if __name__ == "__main__":
    unittest.main()
