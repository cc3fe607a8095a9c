"""The examples in other languages, built on libconfab.so and run against a real homeserver."""

import os
import shutil
import subprocess
import unittest
from pathlib import Path

import harness

LIBRARY = Path(os.environ.get("CONFAB_LIBRARY", harness.SOURCE / "build" / "dev" / "capi" / "libconfab.so"))
# Go keeps what it compiled of its own library here, so that the next run need not.
GO_CACHE = Path(os.environ.get("CONFAB_GO_CACHE", LIBRARY.parents[1] / "go-cache"))


def node_headers():
    node = shutil.which("node")
    return node and (Path(node).resolve().parents[1] / "include" / "node" / "node_api.h").exists()


class Languages(harness.HomeserverCase):
    def setUp(self):
        super().setUp()
        # As an installed library describes itself.
        packages = self.folder / "pkgconfig"
        packages.mkdir(exist_ok=True)
        (packages / "confab.pc").write_text(
            "Name: confab\nDescription: the library of this build\nVersion: 0\n"
            f"Cflags: -I{harness.SOURCE}/capi/include\nLibs: -L{LIBRARY.parent} -Wl,-rpath,{LIBRARY.parent} -lconfab\n")
        self.environment = {**harness.ENVIRONMENT, "PKG_CONFIG_PATH": str(packages), "GOCACHE": str(GO_CACHE),
                            "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false"}

    def copy_of(self, language):
        """A folder to build in: the checkout stays as it is."""
        return Path(shutil.copytree(harness.SOURCE / "examples" / language, self.folder / language))

    def command(self, folder, *arguments):
        return subprocess.run(list(map(str, arguments)), cwd=folder, env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=400, check=False)

    def judge(self, folder, *program):
        done = self.command(folder, *program, self.work.config, "picnic", "ana", "ben")
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        room, message, heard = done.stdout.splitlines()
        self.assertRegex(room, r"^the room is !")
        self.assertRegex(message, r"^the message is \$")
        self.assertRegex(heard, r"^ben heard from @park_1:confab\.test: Hello from ")
        refused = self.command(folder, *program, self.work.config, "picnic", "nobody", "ben")
        self.assertEqual(1, refused.returncode)
        self.assertIn('lists no user "nobody"', refused.stderr)

    @unittest.skipUnless(shutil.which("go"), "skipped: no Go (Debian: golang-go)")
    def test_go(self):
        folder = self.copy_of("go")
        built = self.command(folder, "go", "build", "-o", "first_message", ".")
        self.assertEqual(0, built.returncode, built.stderr)
        self.judge(folder, folder / "first_message")

    @unittest.skipUnless(node_headers() and shutil.which("npm"), "skipped: no Node with headers (Debian: npm libnode-dev)")
    def test_node(self):
        folder = self.copy_of("node")
        built = self.command(folder, "npm", "run", "build")
        self.assertEqual(0, built.returncode, built.stdout + built.stderr)
        self.assertNotIn("warning", built.stderr)
        self.judge(folder, "node", "first_message.js")


if __name__ == "__main__":
    harness.main()
