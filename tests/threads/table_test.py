"""docs/threading.md names a test for every row, each test exists, and every public class has a row."""

import re
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\|(?! *-| *Component)([^|]+)\|([^|]+)\|([^|]+)\|([^|]+)\| *$", re.MULTILINE)
CASE = re.compile(r'TEST_CASE(?:_FIXTURE\(\s*\w+,|\()\s*((?:"[^"]*"\s*)+)')
CLASS = re.compile(r"^(?:class|enum class|using) (?:\[\[.*?\]\] )?(?:CONFAB_EXPORT )?(\w+)(?: (?:final )?[{:]| =)", re.MULTILINE)


def rows():
    return [tuple(cell.strip() for cell in row) for row in ROW.findall((ROOT / "docs/threading.md").read_text())]


class Table(unittest.TestCase):
    def test_every_row_names_tests_that_exist(self):
        cases = set()
        for path in (ROOT / "tests").rglob("*_test.cpp"):
            for found in CASE.findall(path.read_text()):
                cases.add("".join(re.findall(r'"([^"]*)"', found)))  # a long name stands in several pieces
        self.assertGreater(len(rows()), 10)
        for component, _, _, tests in rows():
            named = re.findall(r"`([^`]+)`", tests)
            self.assertTrue(named, f"{component} names no test")
            for name in named:
                self.assertTrue(name in cases, f"{component}: there is no test case {name}")

    def test_every_public_class_has_a_row(self):
        listed = set(re.findall(r"`(\w+)`", " ".join(row[0] for row in rows())))
        for path in sorted((ROOT / "include/confab").glob("*.hpp")):
            text = re.sub(r"^namespace (?:detail|net) \{.*?^\}(?!;)", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
            for name in CLASS.findall(text):
                self.assertTrue(name in listed, f"{path.name}: {name} has no row in docs/threading.md")


if __name__ == "__main__":
    unittest.main()
