"""What the program says of itself: help, manual page and completion. No homeserver is needed."""

import re
import shutil
import subprocess
import unittest

import harness

PAGE = (harness.SOURCE / "docs" / "command-line.md").read_text()


def confab(*arguments):
    return subprocess.run([harness.PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, timeout=harness.PATIENCE, env=harness.ENVIRONMENT)


def commands(*path):
    """Every command that `--help` tells, as a tuple of words."""
    section = confab(*path, "--help").stdout.partition("Subcommands:\n")[2]
    for name in re.findall(r"^  (\S+)", section, re.MULTILINE):
        below = list(commands(*path, name))
        yield from below or [(*path, name)]


class TheProgramTellsOfItself(unittest.TestCase):
    def test_every_command_is_in_the_manual_and_on_the_page(self):
        manual = confab("manual").stdout.replace("\\fB", "").replace("\\fR", "").replace("\\fI", "").replace("\\-", "-")
        known = list(commands())
        self.assertGreaterEqual(len(known), 9)
        for command in known:
            with self.subTest(command=command):
                self.assertIn(f'.SS "confab {" ".join(command)}', manual)
                self.assertIn(f"`{' '.join(command)}", PAGE)
                help_text = confab(*command, "--help").stdout
                for option in re.findall(r"--[a-z-]+", help_text):
                    self.assertIn(option, manual)

    def test_the_manual_page_is_clean(self):
        self.assertTrue(shutil.which("groff"), "groff is missing: run scripts/install-dependencies")
        shown = subprocess.run(["groff", "-man", "-ww", "-Tutf8"], input=confab("manual").stdout, capture_output=True,
                               text=True, check=True)
        self.assertEqual("", shown.stderr)
        self.assertIn("EXIT STATUS", re.sub(r"\x1b\[[0-9;]*m|.\x08", "", shown.stdout))

    def completed(self, *words):
        script = ('source <("$1" completion bash); shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _confab; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "--norc", "-c", script, "bash", harness.PROGRAM, "confab", *words],
                              capture_output=True, text=True, check=True)
        self.assertEqual("", done.stderr)
        return set(done.stdout.split())

    def test_completion(self):
        self.assertLessEqual({"doctor", "room", "send", "watch", "--config"}, self.completed(""))
        self.assertEqual({"doctor"}, self.completed("doc"))
        self.assertLessEqual({"create", "add"}, self.completed("room", ""))
        self.assertNotIn("doctor", self.completed("room", ""))
        self.assertLessEqual({"event", "group"}, self.completed("room", "create", ""))
        self.assertNotIn("event", self.completed("room", "create", "event", ""))
        self.assertLessEqual({"event", "group"}, self.completed("--deadline", "5", "send", ""))
        self.assertEqual({"--creator"}, self.completed("room", "create", "event", "x", "--cr"))
        self.assertIn("--deadline", self.completed("send", "event", "x", "--d"))
        self.assertEqual(set(), self.completed("watch", "--as", ""))
        self.assertEqual({"bash"}, self.completed("completion", "b"))

    def test_a_reset_says_whose_and_a_full_one_that_it_is_meant(self):
        for wrong in (["reset"], ["reset", "--user", ""], ["reset", "--all", "--user", "ana"], ["reset", "--all", "--full"]):
            with self.subTest(wrong=wrong):
                refused = confab(*wrong)
                self.assertEqual(2, refused.returncode)
                self.assertIn('"code":"invalid_argument"', refused.stderr)
        self.assertIn("--yes", confab("reset", "--all", "--full").stderr)

    def test_a_shell_that_is_not_supported(self):
        self.assertEqual(2, confab("completion", "tcsh").returncode)


if __name__ == "__main__":
    unittest.main()
