"""A secret is found wherever it stands: on a command line, in an environment, in a file, in an output, in another form."""

import base64
import os
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from urllib.parse import quote

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import traces  # noqa: E402

SECRET, OTHER = "syt_dTAwMDA_abc/+ defghi_1x2y3z", "syt_dTAwMDB_another_token_4a5b6c"


class Traces(unittest.TestCase):
    def test_it_is_found_in_each_form_and_its_neighbour_is_not(self):
        for form in (SECRET, SECRET.encode().hex(), base64.b64encode(SECRET.encode()).decode(), quote(SECRET, safe="")):
            content = f"before {form} after".encode()
            self.assertEqual(["it"], traces.Secrets({SECRET, OTHER}).found([("it", content), ("else", b"syt_dTAwMDA_ab")]))
            self.assertEqual([], traces.Secrets({OTHER}).found([("it", content)]))

    def test_what_was_given_on_purpose_is_no_finding_there(self):
        secrets = traces.Secrets({SECRET, OTHER})
        self.assertEqual([], secrets.found([("it", SECRET.encode())], given={SECRET}))
        self.assertEqual(["it"], secrets.found([("it", (SECRET + OTHER).encode())], given={SECRET}))

    def test_it_is_found_in_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("keys", "inner"):
                (Path(folder) / name).write_text(SECRET)
            self.assertEqual([str(Path(folder) / "inner")],
                             traces.Secrets({SECRET}).found(traces.files(folder, but=("keys",))))

    def test_it_is_found_on_the_command_line_and_in_the_environment_of_what_a_child_starts(self):
        """The child of a child: by the time it is asked for it has long ended."""
        idle = "import sys; print(flush=True); sys.stdin.read()"
        child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {idle!r}, *sys.argv[1:]])"
        for what, arguments, more in (("cmdline", [SECRET], {}), ("environ", [], {"NOBODY_LOOKS": SECRET})):
            watch = traces.ProcessWatch()
            process = subprocess.Popen([sys.executable, "-c", child, *arguments], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, env={**os.environ, **more})
            with process:
                process.stdout.readline()  # all are there
                end = time.monotonic() + 60
                while not traces.Secrets({SECRET}).found(watch.seen(what)) and time.monotonic() < end:
                    time.sleep(0.01)
                process.stdin.close()
            watch.end()
            self.assertTrue(traces.Secrets({SECRET}).found(watch.seen(what)))
            self.assertEqual([], traces.Secrets({OTHER}).found(watch.seen(what)))
            other = {"cmdline": "environ", "environ": "cmdline"}[what]
            self.assertEqual([], traces.Secrets({SECRET}).found(watch.seen(other)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
