"""scripts/release-check lets additions pass and nothing else, tried with libraries made from confab.h."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADER = (ROOT / "capi/include/confab.h").read_text()
COMPILER = os.environ.get("CONFAB_C_COMPILER", "cc")


@unittest.skipUnless(shutil.which("abidiff"), "skipped: no abidiff (Debian: abigail-tools)")
class ReleaseCheck(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.old = self.library("old", HEADER)

    def library(self, name, header):
        """A library with every function of a header, which do nothing."""
        folder = self.folder / name
        folder.mkdir()
        (folder / "confab.h").write_text(header)
        shutil.copy(ROOT / "capi/results.schema.json", folder)
        bodies = ['#include "confab.h"\n']
        for declaration in re.findall(r"^CONFAB_API ([^;]*);", header, re.MULTILINE):
            result = "" if declaration.startswith("void ") else " return 0;"
            bodies.append(f"{declaration} {{{result} }}\n")
        source = folder / "library.c"
        source.write_text("".join(bodies))
        library = folder / "libconfab.so"
        subprocess.run([COMPILER, "-g", "-shared", "-fPIC", "-w", str(source), "-o", str(library)], check=True)
        return [str(library), str(folder)]

    def check(self, header, *options):
        new = self.library("new", header)
        done = subprocess.run([str(ROOT / "scripts/release-check"), "--libraries", *self.old, *new, *options],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def changed(self, before, after):
        self.assertEqual(1, HEADER.count(before), before)
        return HEADER.replace(before, after)

    def test_the_same(self):
        self.assertEqual(0, self.check(HEADER)[0])

    def test_an_added_function(self):
        self.assertEqual(0, self.check(self.changed(
            "CONFAB_API uint32_t confab_abi(void);",
            "CONFAB_API uint32_t confab_abi(void);\nCONFAB_API uint32_t confab_later(int32_t how);"))[0])

    def test_a_struct_that_grows_at_its_end(self):
        code, told = self.check(self.changed("} confab_queue_options;", "  uint64_t later;\n} confab_queue_options;"))
        self.assertEqual(0, code, told)

    def test_a_removed_function(self):
        code, told = self.check(self.changed("CONFAB_API const char *confab_version(void);", ""))
        self.assertEqual(1, code, told)
        self.assertIn("confab_version", told)

    def test_a_changed_signature(self):
        before = "CONFAB_API int32_t confab_has(const char *feature);"
        for after in (before.replace("int32_t", "int64_t"), before.replace("feature", "feature, int32_t how")):
            shutil.rmtree(self.folder / "new", ignore_errors=True)
            code, told = self.check(self.changed(before, after))
            self.assertEqual(1, code, told)
            self.assertIn("confab_has", told)

    def test_a_struct_that_changes_inside(self):
        code, told = self.check(self.changed("  uint32_t most_operations;", "  uint64_t most_operations;"))
        self.assertEqual(1, code, told)
        self.assertIn("most_operations", told)

    def test_a_constant_of_another_number(self):
        """For all that abi_breaks_test.py tries: its findings count here."""
        code, told = self.check(self.changed("CONFAB_EVENT_BATCH = 2,", "CONFAB_EVENT_BATCH = 12,"))
        self.assertEqual(1, code, told)
        self.assertIn("CONFAB_EVENT_BATCH was 2 and is 12", told)

    def test_changes_that_are_meant(self):
        changed = self.changed("CONFAB_API const char *confab_version(void);", "")
        self.assertEqual(0, self.check(changed, "--accept-changes")[0])
        shutil.rmtree(self.folder / "new")
        self.assertEqual(0, self.check(changed.replace("#define CONFAB_ABI 0", "#define CONFAB_ABI 1"))[0])


if __name__ == "__main__":
    unittest.main()
