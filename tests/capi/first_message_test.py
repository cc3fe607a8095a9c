"""The C example, start to end, with the fake homeserver."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

DIRECTORY = {"users": [{"id": "1", "slug": "ana", "name": "Ana Lima"}],
             "events": [{"slug": "picnic", "name": "Picnic", "visibility": "private", "creator": "ana",
                         "attendees": [{"user": "ana", "role": "host", "permissions": []}]}]}


class FirstMessage(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.server = subprocess.Popen([os.environ["CONFAB_FAKE_HOMESERVER"]], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.server.communicate)
        about = json.loads(self.server.stdout.readline())
        (self.folder / "park.json").write_text(json.dumps(DIRECTORY))
        homeserver = {name: about[name] for name in ("url", "server_name", "admin_user", "admin_password")}
        self.config = self.folder / "confab.json"
        self.config.write_text(json.dumps({"homeserver": homeserver,
                                           "tenants": [{"id": "park", "directory": "park.json"}]}))

    def example(self, *arguments):
        return subprocess.run([os.environ["CONFAB_EXAMPLE"], *map(str, arguments)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120, check=False)

    def test_whole_path(self):
        done = self.example(self.config, "picnic", "ana")
        self.assertEqual(0, done.returncode, done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual("ana is @park_1:hs.test", lines[0])
        self.assertRegex(lines[1], r"^the room is !")
        self.assertRegex(lines[2], r"^the message is \$")
        self.assertEqual(["arrived: The first message", "  @park_1:hs.test: The first message"], lines[3:])

    def test_what_goes_wrong_is_told(self):
        done = self.example(self.config, "picnic", "nobody")
        self.assertEqual(1, done.returncode)
        self.assertIn("account: not_found", done.stderr)
        done = self.example(self.folder / "none.json", "picnic", "ana")
        self.assertEqual(1, done.returncode)
        self.assertIn("configuration: config", done.stderr)
        self.assertEqual(2, self.example().returncode)


if __name__ == "__main__":
    unittest.main()
