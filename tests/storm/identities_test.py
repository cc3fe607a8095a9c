"""500 identities of two tenants whose tokens die at once: `scripts/storm identities` is 10,000."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import cases  # noqa: E402


class Identities(unittest.TestCase):
    def small(self, *extra):
        with tempfile.TemporaryDirectory(prefix="confab-storm-") as folder:
            return cases.identities(folder, 10, 0, print, extra)

    def test_identities(self):
        report = self.small()
        self.assertEqual(500, report["recoveries"])
        self.assertEqual(2, report["logins"])  # the admin's, whose token died too
        self.assertEqual(4, report["secrets_looked_for"])  # what tokens begin with; the admin's password; the key

    def test_identities_auto(self):
        self.assertEqual(500, self.small("--access", "auto")["recoveries"])

    def test_a_secret_that_is_left_is_found(self):
        """What every token of the fake homeserver begins with, in a file beside the store."""
        with tempfile.TemporaryDirectory(prefix="confab-storm-") as folder:
            (Path(folder) / "left").write_text("it was syt_fake_12")
            with self.assertRaisesRegex(AssertionError, "a secret stands in .*/left$"):
                cases.identities(folder, 1, 0, print)

    def test_an_unfair_order_is_found(self):
        """Both tenants in one group are served in the order in which they came, nine to one."""
        with self.assertRaisesRegex(AssertionError, r"unfair: the small tenant had 0\.(0|1[0-4])"):
            self.small("--one-group")

    def test_a_refused_login_is_found(self):
        """Others have spent all logins of the address but one: the admin's second is answered 429."""
        with self.assertRaisesRegex(AssertionError, "1 requests were answered 429; /_matrix/client/v3/login"):
            self.small("--spent", "4")


if __name__ == "__main__":
    unittest.main(verbosity=2)
