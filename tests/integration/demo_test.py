"""`scripts/demo --once`: what a newcomer sees first. It judges itself: a 401 was met, nobody noticed, each text came once."""

import os
import re
import subprocess
import unittest

import harness

# A Synapse is started, and two users talk.
PATIENCE = 400


def demo(*words):
    return subprocess.run([str(harness.SOURCE / "scripts" / "demo"), *words], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=PATIENCE, check=False)


class Demo(unittest.TestCase):
    def test_tokens_die_in_the_middle_and_nobody_notices(self):
        done = demo("--once", "--program", harness.PROGRAM)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        refused = re.search(r"refused (\d+) sends and (\d+) polls for their dead tokens", done.stdout)
        self.assertTrue(refused and int(refused[1]) > 0, done.stdout)
        seen = re.search(r"Ben saw (\d+) messages of (\d+), and \d+ events, each once", done.stdout)
        self.assertTrue(seen and seen[1] == seen[2] and int(seen[1]) > 5, done.stdout)
        self.assertIn("exit code 0, and 0 bytes on standard error", done.stdout)
        [folder] = re.findall(r"removed (\S+)", done.stdout)
        self.assertFalse(os.path.exists(folder))

    def test_what_it_does_not_know_it_refuses(self):
        for words in (["--twice"], ["--once", "--program", "/no/such/program"], ["--program"]):
            done = demo(*words)
            self.assertNotEqual(0, done.returncode, words)
            self.assertTrue(done.stderr, words)
            self.assertNotIn("Synapse of our own", done.stdout, words)


if __name__ == "__main__":
    unittest.main(verbosity=2)
