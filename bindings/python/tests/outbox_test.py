"""What waits in the outbox when a backup was put back, from both faces."""

import asyncio

import confab
import confab.sync
import pytest

from cancellation import SEND

HISTORY = "/_matrix/client/v3/rooms/*/messages"


@pytest.fixture
def kept(fake_config, tmp_path):
    """With a store that outlives its process: without one there is nothing that could be put back."""
    keys = tmp_path / "keys"
    keys.touch(mode=0o600)
    keys.write_text("k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")
    return {**fake_config, "store": {"kind": "sqlite", "path": str(tmp_path / "store.db"), "key_file": str(keys)}}


async def test_after_a_backup_what_waits_is_looked_for(fake, kept):
    async with confab.Client(kept) as chat:
        park = chat.tenant("park")
        room = await park.events.room("picnic", creator="ana")
        fake.fail("PUT", SEND, times=1, answer={"real": True, "hold": True})
        await room.send_durably("first", user="ana")
        second = await room.send_durably("second", user="ana")
        while fake.count("PUT", SEND) == 0:  # the first one stands, and the second one behind it
            await asyncio.sleep(0)
        assert (await park.reset(all_users=True)).messages == 0
        assert (await park.reset(all_users=True, restored=True)).messages == 2
        with pytest.raises(confab.InvalidArgument) as caught:
            await park.reset("ana", restored=True)
        assert caught.value.subject == "user"
        assert fake.count("GET", HISTORY) == 0
        fake.tell("release")
        while (await park.outbox.show(second)).state != "sent":
            pass
        assert fake.count("GET", HISTORY) > 0  # a message that was not sent before is looked for by nobody
        assert fake.tell("bodies", room_id=room.room_id)["bodies"] == ["first", "second"]


def test_after_a_backup_what_waits_is_counted(fake, kept):
    with confab.sync.Client(kept) as chat:
        park = chat.tenant("park")
        fake.fail("PUT", SEND, answer={"hold": True})
        park.events.room("picnic", creator="ana").send_durably("first", user="ana")
        assert park.reset(all_users=True).messages == 0
        assert park.reset(all_users=True, restored=True).messages == 1
        fake.tell("release")
