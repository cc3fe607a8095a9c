"""A host application in a process of its own: it does what JSON lines on its standard input say, many things at once, and
answers each by a line. The Python package over the library under test; CONFAB_LIBRARY names that.

  {"id": 1, "do": "provision", "user": "u1"}
  {"id": 2, "do": "room", "event": "r1", "creator": "u1"}      {"id": 3, "do": "add", "event": "r1", "user": "u2"}
  {"id": 4, "do": "send", "event": "r1", "user": "u2", "text": "hi"}             and "durable": true through the outbox

  {"id": 5, "do": "arrive", "event": "r1", "creator": "u1", "user": "u2", "text": "hi", "transaction_id": "t1"}   all of it
  {"id": 6, "do": "metrics"}                                                     what the process tells of its tokens

A durable send is answered when the store says that it was sent, by whichever process. Another send whose outcome is
unknown is repeated as its error says: with the same transaction id, marked as repeated. Whoever is provisioned while no
login is left comes again after the wait that the error names; who is told that the library is busy, or that the homeserver
did not answer, does so a little later.
"""

import asyncio
import json
import logging
import random
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bindings" / "python" / "src"))
import confab  # noqa: E402

PATIENCE = 600  # of an operation, in seconds: longer than any outage that a storm makes
LOOK_FIRST, LOOK_EVERY = 0.25, 2  # seconds, at what became of an accepted message


busy = 0  # how often it was told so


async def unless_busy(begin):
    global busy
    while True:
        try:
            return await begin()
        except (confab.Busy, confab.Unavailable):
            busy += 1
            await asyncio.sleep(random.random())


async def provision(tenant, user):
    while True:
        try:
            done = await unless_busy(lambda: tenant.users.provision(user, timeout=PATIENCE))
            return {"user_id": done.user_id}
        except confab.RateLimited as limited:
            await asyncio.sleep(limited.retry_after)


async def arrive(tenant, order):
    await provision(tenant, order["user"])
    room = await unless_busy(lambda: tenant.events.room(order["event"], creator=order["creator"], timeout=PATIENCE))
    await unless_busy(lambda: room.add(order["user"], timeout=PATIENCE))
    return {"room_id": room.room_id, **await say_for_certain(tenant, room, order)}


async def act(chat, tenant, order):
    what = order["do"]
    if what == "metrics":
        return {"made": dict(chat.metrics().made), "busy": busy}
    if what == "provision":
        return await provision(tenant, order["user"])
    if what == "arrive":
        return await arrive(tenant, order)
    if what == "room":
        room = await unless_busy(lambda: tenant.events.room(order["event"], creator=order["creator"], timeout=PATIENCE))
        return {"room_id": room.room_id}
    room = tenant.events.ref(order["event"])
    if what == "add":
        await unless_busy(lambda: room.add(order["user"], timeout=PATIENCE))
        return {}
    if order.get("durable"):
        return await say_for_certain(tenant, room, order)
    more = {}
    while True:
        try:
            sent = await room.send(order["text"], user=order["user"], timeout=PATIENCE, **more)
            return {"event_id": sent.event_id}
        except confab.OutcomeUnknown as unknown:
            more = {"transaction_id": unknown.transaction_id, "repeated": True}
        except (confab.Unreachable, confab.Unavailable):
            await asyncio.sleep(1)  # nothing was sent


async def say_for_certain(tenant, room, order):
    accepted = await room.send_durably(order["text"], user=order["user"],
                                       transaction_id=order.get("transaction_id"), timeout=PATIENCE)
    wait = LOOK_FIRST
    while (message := await tenant.outbox.show(accepted, timeout=PATIENCE)).state != "sent":
        if message.state == "dead":
            raise confab.Error(f"given up: {message.reason}")
        await asyncio.sleep(wait)
        wait = min(1.5 * wait, LOOK_EVERY)
    return {"event_id": message.id}


async def serve(chat, tenant, order):
    answer = {"id": order["id"]}
    try:
        answer["ok"] = await act(chat, tenant, order)
    except confab.Error as error:
        answer["error"] = {"code": error.code, "errcode": error.errcode, "message": str(error),
                           "transaction_id": error.transaction_id}
    print(json.dumps(answer), flush=True)


class Line(logging.Formatter):
    def format(self, record):
        more = (getattr(record, name, None) for name in ("code", "subject"))
        return " ".join(map(str, (record.name, record.levelname, *more, record.getMessage())))


def log_everything():
    """To standard error, all that the library logs: somebody looks for secrets in it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Line())
    logging.getLogger("confab").addHandler(handler)
    logging.getLogger("confab").setLevel(logging.DEBUG)


async def main(configuration):
    log_everything()
    async with confab.Client(configuration, most_operations=20000, log_level="debug") as chat:
        tenant = chat.tenant()
        reader = asyncio.StreamReader(limit=1 << 20)
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        print(json.dumps({"id": 0, "ok": {}}), flush=True)
        running = set()
        while line := await reader.readline():
            task = asyncio.ensure_future(serve(chat, tenant, json.loads(line)))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
