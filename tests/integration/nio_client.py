"""matrix-nio, signed in with a password: tells each message it sees, says each line that it reads. Run by
another_client_test.py in the environment of `scripts/python-tools matrix-nio`: nio_client.py URL USER, and the password is the
first line of standard input. A line of input is `ROOM TEXT`; its end is the client's."""

import asyncio
import json
import sys

import nio


def tell(**what):
    print(json.dumps(what), flush=True)


async def converse(url, user):
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    client = nio.AsyncClient(url, user)
    signed_in = await client.login((await lines.readline()).decode().rstrip("\n"), device_name="a phone")
    if not isinstance(signed_in, nio.LoginResponse):
        tell(refused=signed_in.status_code)
        await client.close()
        return

    def on_error(answer):
        tell(failed=answer.status_code)
    client.add_response_callback(on_error, nio.SyncError)
    await client.sync(timeout=0)  # what was said before is not told
    client.add_event_callback(lambda room, event: tell(sender=event.sender, body=event.body), nio.RoomMessageText)
    tell(user_id=signed_in.user_id, device_id=signed_in.device_id)
    listening = asyncio.ensure_future(client.sync_forever(timeout=10_000))
    while line := (await lines.readline()).decode().rstrip("\n"):
        room, text = line.split(" ", 1)
        said = await client.room_send(room, "m.room.message", {"msgtype": "m.text", "body": text})
        tell(said=text, event_id=getattr(said, "event_id", None), failed=getattr(said, "status_code", None))
    listening.cancel()
    await client.close()


asyncio.run(converse(*sys.argv[1:]))
