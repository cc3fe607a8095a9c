"""The package and a program that uses it pass the strict modes of mypy and pyright."""

import json
import re
import shutil
import subprocess
import sys

import pytest

from conftest import PACKAGE

tomllib = pytest.importorskip("tomllib", reason="of Python 3.11 and later")
if shutil.which("pyright") is None:
    pytest.skip(f"mypy and pyright are not beside {sys.executable}", allow_module_level=True)

# What a program may rely on; the last lines must be refused.
PROGRAM = """
import asyncio
from typing import List, Optional
import confab
import confab.sync

async def main() -> None:
    async with confab.Client({"tenants": []}, timeout=3) as chat:
        acme = chat.tenant("acme")
        user: confab.User = await acme.users.provision("ana")
        room: confab.Room = await acme.events.room("standup", creator="ana")
        sent: confab.Sent = await room.send("hi", user=user.slug, timeout=5)
        page: confab.Page = await room.history(user="ana", start=None)
        bodies: List[str] = [message.body for message in page.messages]
        async for event in acme.watch("ben"):
            if isinstance(event, confab.Message):
                name: Optional[str] = event.sender_name
            elif isinstance(event, confab.Receipts):
                ids: List[str] = [each.event_id for each in event.receipts]
    with confab.sync.Client("confab.json") as waiting:
        for other in waiting.tenant().watch("ben", consumer="one"):
            if isinstance(other, confab.Membership):
                who: str = other.user_id

asyncio.run(main())
"""
WRONG = "\ndef wrong(room: confab.Room, sent: confab.Sent) -> None:\n    sent.event_id = 5\n    room.send(5)\n"


@pytest.fixture
def program(tmp_path):
    (tmp_path / "good.py").write_text(PROGRAM)
    (tmp_path / "wrong.py").write_text(PROGRAM + WRONG)
    return tmp_path


def run(*command):
    return subprocess.run([*map(str, command)], cwd=PACKAGE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)


def only_the_wrong_lines_are_refused(output):
    errors = [line for line in output.splitlines() if re.search(r"\berror\b", line) and ".py:" in line]
    assert len(errors) >= 2 and all("wrong.py" in line for line in errors), output


def test_mypy(program):
    done = run("mypy", "--cache-dir", program / "cache", "src", program / "good.py", program / "wrong.py")
    only_the_wrong_lines_are_refused(done.stdout)


def test_pyright(program):
    settings = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["tool"]["pyright"]
    shutil.copytree(PACKAGE / "src", program / "src")
    (program / "pyrightconfig.json").write_text(json.dumps(
        {**settings, "include": ["src", "good.py", "wrong.py"], "extraPaths": ["src"], "reportUnusedVariable": False}))
    only_the_wrong_lines_are_refused(run("pyright", "--project", program).stdout)
