"""The numbered course of examples, run in its order as a reader would."""

import os
import subprocess
import unittest
from pathlib import Path

import harness

EXAMPLES = Path(os.environ.get("CONFAB_EXAMPLES", harness.SOURCE / "build" / "dev" / "examples"))


class Course(harness.HomeserverCase):
    def example(self, name, *arguments):
        done = subprocess.run([str(EXAMPLES / f"example_{name}"), str(self.work.config), *arguments], check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=harness.PATIENCE)
        self.assertEqual(0, done.returncode, f"{name}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def test_in_order(self):
        first = self.example("01_first_message", "picnic", "ana")
        self.assertIn("@park_1:confab.test: The first message", first)
        styles = self.example("02_three_styles_of_waiting", "picnic", "ana").splitlines()
        self.assertEqual(["co_await", "co_await", "start", "start", "wait"], sorted(line.split(":")[0] for line in styles))
        self.assertTrue(all(": $" in line for line in styles), styles)
        self.assertIn("@park_1:confab.test says: Can you hear me?", self.example("03_live_events", "picnic", "ana", "ben"))
        errors = self.example("04_errors_and_deadlines", "picnic", "ana")
        for words in ("an empty message: invalid_argument", "an unknown user: not_found", "no time at all: timed_out",
                      "stopped: cancelled", "sent once: $"):
            self.assertIn(words, errors)
        remembered = self.example("05_own_store", "picnic", "ana")
        self.assertGreater(int(remembered.split()[-2]), 0, remembered)
        directory = self.example("06_host_directory").splitlines()
        self.assertEqual("before: forbidden", directory[0])
        self.assertTrue(directory[1].startswith("after: $"), directory)
        read = harness.texts(self.history("event", "picnic", "ben"))
        self.assertEqual(1, read.count("Said once"))
        self.assertNotIn("never said", read)

    @unittest.skipUnless((EXAMPLES / "example_c_first_message").exists(), "CONFAB_BUILD_C is off")
    def test_in_c(self):
        lines = self.example("c_first_message", "gala", "ana").splitlines()
        self.assertEqual("ana is @park_1:confab.test", lines[0])
        self.assertRegex(lines[2], r"^the message is \$")
        self.assertIn("arrived: The first message", lines)
        self.assertEqual("  @park_1:confab.test: The first message", lines[-1])

    def test_without_a_homeserver(self):
        done = subprocess.run([str(EXAMPLES / "example_07_testing_your_host")], check=False, capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(0, done.returncode, done.stdout)
        self.assertIn("read back: Dinner is ready", done.stdout)
        self.assertTrue(done.stdout.endswith("passed\n"), done.stdout)

    def test_wrong_usage(self):
        done = subprocess.run([str(EXAMPLES / "example_01_first_message")], check=False, capture_output=True, timeout=30)
        self.assertEqual(2, done.returncode)


if __name__ == "__main__":
    harness.main()
