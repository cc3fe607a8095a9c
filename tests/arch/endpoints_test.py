"""Every endpoint class is called by the driver that runs against a real Synapse, and fuzzed both ways."""

import re
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]


def endpoint_classes():
    found = {}
    for header in sorted((ROOT / "src" / "matrix" / "endpoints").glob("*.hpp")):
        for name, body in re.findall(r"^class (\w+) \{\n(.*?)^\};", header.read_text(), re.M | re.S):
            if "using Answer =" in body:
                found[name] = header.name
    return found


def words_of(*patterns):
    text = "".join(path.read_text() for pattern in patterns for path in sorted(ROOT.glob(pattern)))
    return set(re.findall(r"\w+", re.sub(r"//.*|#include.*", "", text)))


class Endpoints(unittest.TestCase):
    def test_there_are_some(self):
        self.assertGreater(len(endpoint_classes()), 60)

    def test_the_driver_calls_each(self):
        called = words_of("tests/integration/endpoints/*.cpp")
        missing = {name: header for name, header in endpoint_classes().items() if name not in called}
        self.assertEqual({}, missing, "tests/integration/endpoints never calls them")

    def test_each_is_fuzzed(self):
        for target in ("endpoints", "requests"):
            fuzzed = words_of(f"tests/fuzz/{target}_fuzz.cpp")
            missing = {name: header for name, header in endpoint_classes().items() if name not in fuzzed}
            self.assertEqual({}, missing, f"tests/fuzz/{target}_fuzz.cpp does not know them")
        seeds = {path.name for path in (ROOT / "tests" / "fuzz" / "seeds" / "endpoints").iterdir()}
        self.assertEqual(set(), set(endpoint_classes()) - seeds, "they have no seed")


if __name__ == "__main__":
    unittest.main()
