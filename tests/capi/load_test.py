"""A host that loads the library a hundred times, and asks the fake homeserver for something by it each time."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

DIRECTORY = {"users": [{"id": "1", "slug": "ana", "name": "Ana Lima"}]}


class Load(unittest.TestCase):
    def test_a_hundred_times(self):
        server = subprocess.Popen([os.environ["CONFAB_FAKE_HOMESERVER"]], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.communicate)
        about = json.loads(server.stdout.readline())
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "park.json").write_text(json.dumps(DIRECTORY))
            config = Path(folder) / "confab.json"
            homeserver = {name: about[name] for name in ("url", "server_name", "admin_user", "admin_password")}
            config.write_text(json.dumps({"homeserver": homeserver,
                                          "tenants": [{"id": "park", "directory": "park.json"}]}))
            done = subprocess.run([os.environ["CONFAB_LOAD_HOST"], os.environ["CONFAB_LIBRARY"], str(config)],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        server.stdin.write('{"do":"count","method":"POST","path":"/_matrix/client/v3/login"}\n')
        server.stdin.flush()
        # Each one logged its own admin in: what the one before knew is gone.
        self.assertEqual(100, json.loads(server.stdout.readline())["count"])


if __name__ == "__main__":
    unittest.main()
