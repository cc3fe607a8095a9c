"""Each case of a storm, small: `scripts/storm` runs them with 200 users."""

import concurrent.futures
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import cases  # noqa: E402
import judges  # noqa: E402
import storm  # noqa: E402
from storm import harness  # noqa: E402


def holder_stopped():
    with tempfile.TemporaryDirectory(prefix="confab-storm-") as folder:
        return cases.holder_stopped(folder, 2, 0, print)


def holder_stopped_device():
    with tempfile.TemporaryDirectory(prefix="confab-storm-") as folder:
        return cases.holder_stopped_device(folder, 6, 0, print)


def logins_spent():
    """At 25 s for a login, where Synapse's own limit is 333."""
    with tempfile.TemporaryDirectory(prefix="confab-storm-") as folder:
        return cases.logins_spent(folder, 2, 0, print, rate=0.04)


def session_ends():
    """In sessions of 24 s, where a server that ends them would let them last for days."""
    with tempfile.TemporaryDirectory(prefix="confab-storm-") as folder:
        return cases.session_ends(folder, 3, 0, print, life=6, session=24, rate=0.25)


def refreshes():
    """With tokens of 12 s, where Synapse's last 5 minutes."""
    with tempfile.TemporaryDirectory(prefix="confab-storm-") as folder:
        return cases.refreshes(folder, 3, 0, print, life=12)


class Small(unittest.TestCase):
    beside = {}  # what runs beside the other tests: cases that wait for most of their time

    @classmethod
    def setUpClass(cls):
        if len(sys.argv) == 1:  # all of them are wanted
            threads = concurrent.futures.ThreadPoolExecutor()
            cls.addClassCleanup(threads.shutdown)
            cls.beside = {case: threads.submit(case)
                          for case in (holder_stopped, holder_stopped_device, logins_spent, session_ends, refreshes)}

    def of(self, case):
        return self.beside[case].result() if case in self.beside else case()

    def run_case(self, name):
        with tempfile.TemporaryDirectory(prefix="confab-storm-") as folder:
            report = cases.CASES[name](folder, 12, 120, lambda text: print(f"{name}: {text}", file=sys.stderr))
        self.assertGreaterEqual(report["recoveries"], 12)
        self.assertGreater(report["refused_with_401"], 0)

    def test_devices_die(self):
        self.run_case("devices_die")

    def test_rows_deleted(self):
        self.run_case("rows_deleted")

    def test_rows_deleted_device(self):
        self.run_case("rows_deleted_device")

    def test_logged_out(self):
        self.run_case("logged_out")

    def test_four_processes(self):
        self.run_case("four_processes")

    def test_four_processes_postgresql(self):
        self.run_case("four_processes_postgresql")

    def test_four_processes_device_postgresql(self):
        self.run_case("four_processes_device_postgresql")

    def test_admin_too(self):
        self.run_case("admin_too")

    def test_holder_stopped(self):
        self.assertGreater(min(self.of(holder_stopped)["waited_s"].values()), 14)

    def test_holder_stopped_device(self):
        waited = self.of(holder_stopped_device)["waited_s"]
        self.assertEqual(6, len(waited))
        self.assertGreater(min(waited.values()), 14)

    def test_logins_spent(self):
        self.assertGreater(self.of(logins_spent)["told_to_wait_s"], 4)

    def test_session_ends(self):
        self.assertEqual(4, self.of(session_ends)["logins"])

    def test_newcomers(self):
        with tempfile.TemporaryDirectory(prefix="confab-storm-") as folder:
            cases.newcomers(folder, 4, 0, print)

    def test_newcomers_appservice(self):
        with tempfile.TemporaryDirectory(prefix="confab-storm-") as folder:
            cases.newcomers_appservice(folder, 4, 0, print)

    def test_refreshes(self):
        self.of(refreshes)

    def test_what_does_not_hold_is_found(self):
        """A text too many, a text too few, a text of another's; a token too many, which the store does not know; a new
        device, another account; a secret on a command line: the judges see each."""
        with tempfile.TemporaryDirectory(prefix="confab-storm-") as folder, storm.Storm(folder, 2) as small:
            small.confirmed(small.sends(4, "plain"))
            mark = judges.Mark(small)
            small.each_text_once()
            small.stored_tokens_are_the_last()
            small.texts.append("never sent")
            with self.assertRaisesRegex(AssertionError, "1 are lost"):
                small.each_text_once()
            small.texts[-1] = small.texts[0]
            with self.assertRaises(AssertionError):
                small.each_text_once()
            small.texts.pop()
            small.said_by["plain 0"], small.said_by["plain 1"] = small.said_by["plain 1"], small.said_by["plain 0"]
            with self.assertRaisesRegex(AssertionError, "'plain 0' of u0001 was said by @"):
                small.each_text_once()
            with self.assertRaisesRegex(AssertionError, "counts 0 recoveries"):
                small.one_recovery_each(mark)

            extra, (status, _) = self.by_the_proxy(small, "POST", "/_synapse/admin/v1/users/{}/login", {})
            self.assertEqual(200, status)
            with self.assertRaisesRegex(AssertionError, f"{extra} was given 1 tokens, of which the store counts 0"):
                small.one_recovery_each(mark)
            with self.assertRaisesRegex(AssertionError, f"the store gave {extra} the token number 1 of 2"):
                small.stored_tokens_are_the_last()

            judges.hold_true(judges.identity_faults(mark.identities, small.identities()))
            _, (status, _) = self.by_the_proxy(small, "PUT", "/_synapse/admin/v2/users/{}x", {"displayname": "another"})
            self.assertEqual(201, status)
            _, (status, _) = self.by_the_proxy(small, "POST", "/_synapse/admin/v2/users/{}/devices", {"device_id": "NEW"})
            self.assertEqual(201, status)
            found = judges.identity_faults(mark.identities, small.identities())
            self.assertEqual([f"the account {extra.replace(':', 'x:')} is new",
                              f"{extra} was on None of [] and is on None of ['NEW']"], found)

            small.finish()
            small.nothing_leaked()
            token = small.last_tokens()[extra]
            shown = subprocess.Popen([sys.executable, "-c", "print(flush=True); input()", token], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE)
            with shown:
                shown.stdout.readline()  # before it runs, Linux shows an empty command line of it
                small.processes.look()
                shown.stdin.write(b"\n")
            with self.assertRaisesRegex(AssertionError, "secrets stand in .*the cmdline of process"):
                small.nothing_leaked()

    def by_the_proxy(self, small, method, path, body):
        """Somebody uses the operator's token where the proxy sees it, on the first user."""
        user = next(iter(small.user_ids.values()))
        through = harness.Matrix(type("Through", (), {"about": {"url": small.proxy.url}}))
        path = path.replace("{}x", user.replace(":", "x:")).replace("{}", user)
        return user, through.call(method, path, body, small.operator)


if __name__ == "__main__":
    unittest.main(verbosity=2)
