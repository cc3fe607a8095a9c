"""The interpreters of this machine: those on the path, and pyenv's."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST, NEWEST = 9, 20


def interpreters(oldest=OLDEST):
    """One for each version from 3.`oldest` on, oldest first; the one that runs the tests among them, if it is one."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = {}
    for minor in range(oldest, NEWEST):
        places = [shutil.which(f"python3.{minor}"), *sorted(map(str, versions.glob(f"3.{minor}.*/bin/python3")))]
        for place in filter(None, places):
            if sys.version_info[:2] == (3, minor):
                place = sys.executable
            if minor not in found and _works(place, minor):
                found[minor] = place
    return list(found.values())


def _works(place, minor):
    """pyenv leaves programs on the path that only say that they are not there."""
    done = subprocess.run([place, "-c", "import ctypes, asyncio, sys; print(sys.version_info[1])"], capture_output=True,
                          text=True, check=False)
    return done.stdout.strip() == str(minor)
