"""What the pages show runs as it stands, and their reference is that of the docstrings."""

import json
import os
import re
import subprocess
import sys

import pytest

from conftest import PACKAGE, SOURCE
from versions import interpreters

DIRECTORY = {
    "users": [{"id": "1", "slug": "ana", "name": "Ana Lima"}, {"id": "2", "slug": "ben", "name": "Ben Okafor"}],
    "events": [{"slug": "standup", "name": "Standup", "visibility": "private", "creator": "ana",
                "attendees": [{"user": "ana", "role": "host", "permissions": []},
                              {"user": "ben", "role": "guest", "permissions": []}]}]}
EXAMPLE = SOURCE / "examples" / "python" / "first_message.py"


def examples():
    for page in ("README.md", "docs/python.md", "bindings/python/README.md"):
        blocks = re.findall(r"^```python\n(.*?)^```$", (SOURCE / page).read_text(), re.MULTILINE | re.DOTALL)
        assert blocks, page
        for number, block in enumerate(blocks, 1):
            yield pytest.param(block, id=f"{page}-{number}")


def run(folder, *command):
    return subprocess.run([*map(str, command)], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, check=False, env={**os.environ, "PYTHONPATH": str(PACKAGE / "src")})


@pytest.fixture
def folder(fake, tmp_path):
    """With a confab.json as the pages describe it, and a room that is there."""
    (tmp_path / "acme.json").write_text(json.dumps(DIRECTORY))
    (tmp_path / "confab.json").write_text(json.dumps(
        {"homeserver": fake.config(), "tenants": [{"id": "acme", "directory": "acme.json"}]}))
    done = run(tmp_path, sys.executable, "-c", "import confab.sync\n"
               "with confab.sync.Client('confab.json') as chat:\n"
               "    chat.tenant().events.room('standup', creator='ana').add('ben')\n")
    assert done.returncode == 0, done.stderr
    return tmp_path


@pytest.mark.parametrize("block", list(examples()))
def test_example(block, folder):
    done = run(folder, sys.executable, "-B", "-c", block)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_reference_is_that_of_the_docstrings():
    done = run(SOURCE, SOURCE / "scripts" / "python-reference", "--check")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("python", interpreters())
def test_the_example_program_by_every_interpreter_that_is_here(python, folder):
    done = run(folder, python, "-B", EXAMPLE, "confab.json", "standup", "ana")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "ana is @acme_1:hs.test" and lines[1].startswith("the room is !")
    assert lines[2].startswith("the message is $") and lines[3] == "arrived: The first message"
    assert lines[-1] == "  @acme_1:hs.test: The first message"


def test_the_example_program_says_what_is_wrong(folder):
    done = run(folder, sys.executable, EXAMPLE, "none.json", "standup", "ana")
    assert done.returncode == 1 and done.stderr.startswith("config: ")
