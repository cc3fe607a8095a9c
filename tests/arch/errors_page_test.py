"""docs/errors.md has one row for each Errc, with its number and the default of retriable() that the source has."""

import re
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]


class ErrorsPage(unittest.TestCase):
    def test_each_code_has_its_row(self):
        header = (ROOT / "include/confab/error.hpp").read_text()
        source = (ROOT / "src/util/error.cpp").read_text()
        codes = dict(re.findall(r"^  (\w+) = (\d+),", header, re.MULTILINE))
        defaults = re.search(r"bool retriable_by_default\(Errc code\) \{(.*?)return true;", source, re.DOTALL).group(1)
        retriable = set(re.findall(r"case Errc::(\w+):", defaults))
        wanted = [(name, number, "yes" if name in retriable else "no") for name, number in codes.items()]
        page = (ROOT / "docs/errors.md").read_text()
        rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (yes|no) \|[^|]+\|[^|]+\|[^|]+\|$", page, re.MULTILINE)
        self.assertGreater(len(wanted), 20)
        self.assertEqual(wanted, rows)

    def test_each_code_has_its_name(self):
        source = (ROOT / "src/util/error.cpp").read_text()
        header = (ROOT / "include/confab/error.hpp").read_text()
        for name in re.findall(r"^  (\w+) = \d+,", header, re.MULTILINE):
            self.assertRegex(source, rf'case Errc::{name}:\s*return "{name}";')


if __name__ == "__main__":
    unittest.main()
