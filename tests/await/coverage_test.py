"""Every member of a public class that returns a Pending is awaited in one expression by await_test.cpp: a case carries
its name, and the coroutine of that case awaits it with options made in the same expression."""

import re
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
INCLUDE = HERE.parents[1] / "include/confab"
MEMBER = re.compile(r"Pending<(?:[^<>]|<[^<>]*>)*>\s+(\w+)\(", re.MULTILINE)
CLASS = re.compile(r"^class (?:\[\[[^\]]*\]\] )?(?:CONFAB_EXPORT )?(\w+)[^;]*?\{$", re.MULTILINE)


def operations(text):
    """Class::member of each operation in one header; what is in a nested namespace is no public API."""
    text = re.sub(r"^namespace (?:detail|net) \{.*?^\}(?!;)", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"//.*", "", text)
    starts = [(found.start(), found.group(1)) for found in CLASS.finditer(text)]
    for found in MEMBER.finditer(text):
        inside = [name for start, name in starts if start < found.start()]
        yield f"{inside[-1] if inside else ''}::{found.group(1)}"


def all_operations():
    return sorted({name for path in INCLUDE.glob("*.hpp") for name in operations(path.read_text())})


class Coverage(unittest.TestCase):
    def test_the_scan_finds_operations(self):
        found = all_operations()
        self.assertIn("ChatService::send", found)
        self.assertIn("EventStream::next", found)
        self.assertIn("Homeserver::examine", found)
        self.assertNotIn("EventSource::next", found)
        self.assertEqual(["A::b"], list(operations("class A {\n  virtual Pending<std::vector<int>> b(int c) = 0;\n};\n")))

    def test_every_operation_is_awaited(self):
        text = (HERE / "await_test.cpp").read_text()
        for name in all_operations():
            with self.subTest(name):
                self.assertIn(f'TEST_CASE("{name}")', text, "await it in tests/await/await_test.cpp")
                member = name.split("::")[1]
                expression = re.compile(rf"co_await [^;]*[.>:]{member}\((?:[^;]*[ (])?CallOptions\(\)\.within\([^;]*\.stop\(", re.DOTALL)
                self.assertTrue(expression.search(text), "no co_await of it with options in one expression")


if __name__ == "__main__":
    unittest.main()
