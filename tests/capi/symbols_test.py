"""libconfab.so exports exactly capi/symbols.txt, which is what confab.h declares, and says its ABI in its name."""

import os
import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = os.environ["CONFAB_LIBRARY"]


def output_of(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True).stdout


class Symbols(unittest.TestCase):
    def setUp(self):
        self.listed = (ROOT / "capi/symbols.txt").read_text().split()
        self.header = (ROOT / "capi/include/confab.h").read_text()
        self.abi = re.search(r"^#define CONFAB_ABI (\d+)$", self.header, re.MULTILINE).group(1)

    def test_exported_is_listed(self):
        exported = [line.split()[-1] for line in output_of("nm", "-D", "--defined-only", LIBRARY).splitlines()]
        # The version's own name is a symbol of its own with some linkers.
        functions = [name for name in exported if not name.startswith(f"CONFAB_{self.abi}")]
        self.assertEqual([f"{name}@@CONFAB_{self.abi}" for name in self.listed], sorted(functions))

    def test_listed_is_declared(self):
        declared = re.findall(r"^CONFAB_API [^(]*?\*?(confab_\w+)\(", self.header, re.MULTILINE)
        self.assertEqual(sorted(declared), self.listed)
        self.assertEqual(len(set(declared)), len(declared))

    def test_every_declaration_is_documented(self):
        lines = self.header.splitlines()
        for number, line in enumerate(lines):
            if line.startswith(("CONFAB_API", "typedef struct", "#define CONFAB_A")) and "  ///< " not in line:
                self.assertTrue(lines[number - 1].startswith("///"), line)
            # Members of structs and enumerations.
            if re.match(r"  \w.*[;,]|  \w+ = \d+", line):
                self.assertIn("///<", line)

    def test_every_operation_names_its_result_and_its_counterpart(self):
        """docs/c-api.md says which function in C++ an operation is: what this header has no room for stands there."""
        operations = re.findall(r"((?:^///.*\n)+)^CONFAB_API confab_status (confab_\w+)\([^;]*\bCONFAB_ASK\);", self.header,
                                re.MULTILINE)
        rows = {name: (place, function, header) for name, place, function, header in re.findall(
            r"^\| `(confab_\w+)` \| `(\w+)::(\w+)` \| \[\w+\.hpp\]\(\.\./(include/confab/\w+\.hpp)\) \|$",
            (ROOT / "docs/c-api.md").read_text(), re.MULTILINE)}
        self.assertEqual(len(operations), len(re.findall(r"\bCONFAB_ASK\);", self.header)))
        others = {"confab_stream_open", "confab_outbox_open", "confab_stream_grant", "confab_stream_ack", "confab_stream_close",
                  "confab_metrics"}
        self.assertEqual(sorted({name for _, name in operations} | others), sorted(rows))
        for name in others:
            place, function, header = rows[name]
            text = (ROOT / header).read_text()
            self.assertRegex(text, rf"(?m)^class (?:CONFAB_\w+ )?{place}\b", name)
            self.assertRegex(text, rf"(?m)^  .*\b{function}\(", name)
        # What the tests in C++ hold each result against.
        held = dict(re.findall(r'reinterpret_cast<const void\*>\((\w+)\), "(\w+)"', (ROOT / "tests/capi/result_names.hpp").read_text()))
        for comment, name in operations:
            with self.subTest(name):
                self.assertEqual([held.get(name)], re.findall(r"Result:\s+`(\w+)`", comment))
                place, function, header = rows[name]
                text = (ROOT / header).read_text()
                self.assertRegex(text, rf"(?m)^class (?:CONFAB_\w+ )?{place}\b")
                self.assertRegex(text, rf"(?m)^  \[\[nodiscard\]\] (?:virtual )?Pending<.*> {function}\(")

    def test_name_and_flags(self):
        dynamic = output_of("readelf", "-d", LIBRARY)
        self.assertEqual(f"libconfab.so.{self.abi}", os.environ["CONFAB_SONAME"])
        self.assertRegex(dynamic, rf"\(SONAME\).*\[libconfab\.so\.{self.abi}\]")
        self.assertIn("NODELETE", dynamic)


if __name__ == "__main__":
    unittest.main()
