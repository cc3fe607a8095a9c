"""What the program `confab` can do can be done from Python, by both faces, but for what decision 23 leaves to the program."""

import operator
import os
import re
import subprocess

import confab.client
import confab.sync
import pytest

from fakes import BUILD, SOURCE

PROGRAM = os.environ.get("CONFAB_PROGRAM", str(BUILD / "examples" / "confab" / "confab"))

IN_PYTHON = {
    "doctor": "Client.doctor",
    "user provision": "Users.provision", "user show": "Users.show", "user password": "Users.set_password",
    "room create": "Rooms.room", "room direct": "DirectRooms.room", "room add": "Room.add", "room remove": "Room.remove",
    "room members": "Room.members",
    "send": "Room.send", "edit": "Room.edit", "redact": "Room.redact", "react": "Room.react", "read": "Room.mark_read",
    "unread": "Room.unread", "typing": "Room.typing", "history": "Room.history", "watch": "Tenant.watch",
    "outbox list": "Outbox.list", "outbox show": "Outbox.show", "outbox retry": "Outbox.retry",
    "outbox drop": "Outbox.drop",
    "reset": "Tenant.reset", "recover": "Tenant.reset",  # with restored=True
}
OF_OPERATORS = {"store check", "store export", "store import", "keys rotate", "appservice register"}
"""docs/decisions/0023-operators-commands.md says why."""
ABOUT_THE_PROGRAM = {"completion", "manual"}


def commands():
    """Each command of the program, as its manual page has it: the words before what is to be filled in."""
    manual = subprocess.run([PROGRAM, "manual"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    headings = re.findall(r'^\.SS "(.*)"$', manual.stdout, re.MULTILINE)
    assert headings
    # In bold is what is typed as it stands.
    bold = [re.match(r"\\fBconfab\\fR((?: \\fB[a-z]+\\fR)+)", heading) for heading in headings]
    return {" ".join(re.findall(r"\\fB([a-z]+)\\fR", found.group(1))) for found in bold}


def test_every_command_has_its_place():
    assert commands() == IN_PYTHON.keys() | OF_OPERATORS | ABOUT_THE_PROGRAM
    decision = (SOURCE / "docs" / "decisions" / "0023-operators-commands.md").read_text()
    assert [name for name in sorted(OF_OPERATORS) if f"`{name}`" not in decision] == []


@pytest.mark.parametrize("face", [confab.client, confab.sync])
def test_both_faces_have_what_commands_do(face):
    for place in IN_PYTHON.values():
        assert callable(operator.attrgetter(place)(face)), place
