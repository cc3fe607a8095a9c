"""What the measurements share: the library, the homeserver beside them, a configuration of it."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[2]
BUILD = Path(os.environ.get("CONFAB_BUILD", SOURCE / "build" / "bench"))
FAKE = os.environ.get("CONFAB_FAKE_HOMESERVER", str(BUILD / "tests" / "confab-fake-homeserver"))
os.environ.setdefault("CONFAB_LIBRARY", str(BUILD / "capi" / "libconfab.so"))
sys.path.insert(0, str(HERE.parent / "src"))


class Homeserver:
    def __init__(self):
        self.process = subprocess.Popen([sys.executable, str(HERE / "homeserver.py"), FAKE], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.about = json.loads(self.process.stdout.readline())

    def tell(self, what, **more):
        self.process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@contextlib.contextmanager
def homeserver(users=1):
    """A homeserver, and a configuration of it with so many users who are in one event, "hall"."""
    people = [{"id": str(number), "slug": f"user{number}", "name": f"User {number}"} for number in range(1, users + 1)]
    directory = {"users": people, "events": [
        {"slug": "hall", "name": "Hall", "visibility": "private", "creator": "user1",
         "attendees": [{"user": each["slug"], "role": "guest", "permissions": []} for each in people]}]}
    running = Homeserver()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "park.json").write_text(json.dumps(directory))
        about = {name: running.about[name] for name in ("url", "server_name", "admin_user", "admin_password")}
        try:
            yield running, {"homeserver": about, "tenants": [{"id": "park", "directory": f"{folder}/park.json"}]}
        finally:
            running.process.communicate()


def resident_kilobytes():
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
