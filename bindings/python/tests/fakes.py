"""Where the package and its library are, and a fake homeserver that can be told to fail. Without pytest: every interpreter
of this machine runs what stands on this."""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent
SOURCE = PACKAGE.parents[1]
BUILD = Path(os.environ.get("CONFAB_BUILD", SOURCE / "build" / "dev"))
sys.path[:0] = [str(PACKAGE / "src"), str(SOURCE / "tests" / "integration")]
os.environ.setdefault("CONFAB_LIBRARY", str(BUILD / "capi" / "libconfab.so"))

import harness  # noqa: E402

FAKE = os.environ.get("CONFAB_FAKE_HOMESERVER", str(BUILD / "tests" / "confab-fake-homeserver"))


def configuration(folder, homeserver, **more):
    """A mapping with one tenant, park: the directory of the integration tests."""
    (folder / "park.json").write_text(json.dumps(harness.DIRECTORY))
    return {"homeserver": homeserver, "tenants": [{"id": "park", "directory": str(folder / "park.json")}], **more}


class Fake:
    """A fake homeserver: what it answers can be told."""

    def __init__(self, *options):
        self.process = subprocess.Popen([FAKE, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about = json.loads(self.process.stdout.readline())

    def tell(self, what, **more):
        self.process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "error" not in answer, answer
        return answer

    def fail(self, method, path, **fault):
        self.tell("fail", faults=[{"method": method, "path": path, **fault}])

    def count(self, method, path):
        return self.tell("count", method=method, path=path)["count"]

    def config(self):
        return {name: self.about[name] for name in ("url", "server_name", "admin_user", "admin_password")}

    def end(self):
        self.process.communicate()
