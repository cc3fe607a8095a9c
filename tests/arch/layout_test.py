"""This checkout keeps every rule of rules.py."""

import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import rules  # noqa: E402

TREE = rules.Tree(Path(__file__).resolve().parents[2])


class Layout(unittest.TestCase):
    def test_there_is_something_to_check(self):
        self.assertTrue(TREE.code("src/"))
        self.assertTrue(TREE.code("include/confab/"))


def kept(rule):
    def test(self):
        found = [f"{path}:{line}: {text}" for path, line, text in rule(TREE)]
        self.assertFalse(found, f"{rule.__name__}: {len(found)} violations\n" + "\n".join(found))
    return test


for each in rules.ALL:
    setattr(Layout, f"test_{each.__name__}", kept(each))

if __name__ == "__main__":
    unittest.main()
