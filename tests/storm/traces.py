"""What a run leaves for others to see: command lines and environments of its processes, files, outputs. And whether a
secret stands in any of it."""

import base64
import contextlib
import os
import threading
from pathlib import Path
from urllib.parse import quote

SHORTEST = 8    # characters: what is shorter is found by accident
BEGINNING = 6   # bytes of a secret that are looked for first: tokens of one kind begin alike
LOOK_EVERY = 0.05  # seconds


class ProcessWatch:
    """Keeps what the list of processes shows of every process below this one, as long as it runs: command lines, and
    environments."""

    def __init__(self):
        self._seen = {"cmdline": {}, "environ": {}}  # contents -> the process that had them first
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._end.wait(LOOK_EVERY):
            self.look()

    def look(self):
        for pid in below(os.getpid()):
            for what, seen in self._seen.items():
                with contextlib.suppress(OSError):  # it has ended
                    content = Path(f"/proc/{pid}/{what}").read_bytes()
                    with self._lock:
                        seen.setdefault(content, pid)

    def end(self):
        self._end.set()
        self._thread.join()

    def seen(self, what):
        """(name, content) of each "cmdline" or "environ" that there was."""
        with self._lock:
            return [(f"the {what} of process {pid}", content) for content, pid in self._seen[what].items() if content]


def below(pid):
    """The processes that this one started, and those that they started."""
    found = set()
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                for child in (task / "children").read_text().split():
                    found |= {int(child)} | below(int(child))
    return found


class Secrets:
    """What must not be found: as it is, in hexadecimal, in base64, or as a URL writes it."""

    def __init__(self, secrets):
        self.wanted = {secret for secret in secrets if len(secret) >= SHORTEST}
        self._forms = {}  # by their beginnings
        for secret in self.wanted:
            plain = secret.encode()
            for form in {plain, plain.hex().encode(), base64.b64encode(plain[:len(plain) // 3 * 3]),
                         quote(secret, safe="").encode()}:
                self._forms.setdefault(form[:BEGINNING], []).append((form, secret))

    def within(self, content):
        return {secret for beginning, forms in self._forms.items() if beginning in content
                for form, secret in forms if form in content}

    def found(self, places, given=()):
        """The names of those of the (name, content) that hold one which was not `given` to them on purpose."""
        return sorted({name for name, content in places if self.within(content) - set(given)})


def files(folder, but=()):
    """(path, content) of every file in it; not of those that are named so."""
    for path in Path(folder).rglob("*"):
        if path.is_file() and path.name not in but:
            with contextlib.suppress(FileNotFoundError):
                yield str(path), path.read_bytes()
