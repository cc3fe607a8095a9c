"""Each case of a storm, small: `scripts/storm` runs them with 200 users."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import cases  # noqa: E402
import storm  # noqa: E402


class Small(unittest.TestCase):
    def run_case(self, name):
        with tempfile.TemporaryDirectory(prefix="confab-storm-") as folder:
            report = cases.CASES[name](folder, 12, 120, lambda text: print(f"{name}: {text}", file=sys.stderr))
        self.assertGreaterEqual(report["recoveries"], 12)
        self.assertGreater(report["refused_with_401"], 0)

    def test_rows_deleted(self):
        self.run_case("rows_deleted")

    def test_logged_out(self):
        self.run_case("logged_out")

    def test_four_processes(self):
        self.run_case("four_processes")

    def test_four_processes_postgresql(self):
        self.run_case("four_processes_postgresql")

    def test_admin_too(self):
        self.run_case("admin_too")

    def test_holder_stopped(self):
        with tempfile.TemporaryDirectory(prefix="confab-storm-") as folder:
            cases.CASES["holder_stopped"](folder, 2, 0, print)

    def test_newcomers(self):
        with tempfile.TemporaryDirectory(prefix="confab-storm-") as folder:
            cases.newcomers(folder, 4, 0, print)

    def test_newcomers_appservice(self):
        with tempfile.TemporaryDirectory(prefix="confab-storm-") as folder:
            cases.newcomers_appservice(folder, 4, 0, print)

    def test_refreshes(self):
        with tempfile.TemporaryDirectory(prefix="confab-storm-") as folder:
            cases.refreshes(folder, 3, 0, print, life=4)

    def test_what_does_not_hold_is_found(self):
        """A text too many, a text too few, a second token: the judge sees each."""
        with tempfile.TemporaryDirectory(prefix="confab-storm-") as folder, storm.Storm(folder, 2) as small:
            small.confirmed(small.sends(4, "plain"))
            small.each_text_once()
            small.one_recovery_each(0.0)
            small.texts.append("never sent")
            with self.assertRaisesRegex(AssertionError, "1 are lost"):
                small.each_text_once()
            small.texts[-1] = small.texts[0]
            with self.assertRaises(AssertionError):
                small.each_text_once()
            small.texts.pop()
            extra = next(iter(small.user_ids.values()))
            small.matrix.homeserver = type("Through", (), {"about": {"url": small.proxy.url}})
            status, _ = small.matrix.call("POST", f"/_synapse/admin/v1/users/{extra}/login", {}, small.operator)
            self.assertEqual(200, status)
            with self.assertRaisesRegex(AssertionError, "exactly one token"):
                small.one_recovery_each(0.0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
