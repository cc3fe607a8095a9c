#!/usr/bin/env python3
"""Whether a Python host whose threads burn the interpreter's lock stalls the library's loop.

    busy_host.py [--users N] [--seconds S] [--rounds R] [--turn MILLISECONDS]

Users listen; the homeserver answers each poll after 20 ms with nothing, so that the next poll is the library's alone.
How long that takes to come is measured at the homeserver, in turns while the host sleeps and while a thread of it
burns. Beside it: how late the host's own loop is then. Prints one JSON object, microseconds, over all rounds. A turn is how
long a thread keeps the lock that others wait for, and so what the library would lose by each wait for it. `stalls`: how
many turns of the library's loop its watchdog found to be longer than 5 ms, and the milliseconds of them all, a round each.
Whatever the loop waits for is in them, also the processor where the machine gives it to somebody else.
"""

import argparse
import asyncio
import json
import logging
import re
import sys
import threading
import time

import bench

import confab  # noqa: E402  (bench says where it is)


def percentile(values, share):
    return round(sorted(values)[min(len(values) - 1, int(len(values) * share))])


def told(rounds):
    values = sum(rounds, [])
    return {"count": len(values), "median": percentile(values, 0.5), "p99": percentile(values, 0.99),
            "worst": round(max(values)), "p99_of_rounds": [percentile(each, 0.99) for each in rounds]}


async def lateness(until, late):
    while not until.is_set():
        begun = time.perf_counter()
        await asyncio.sleep(0.01)
        late.append((time.perf_counter() - begun - 0.01) * 1e6)


class Stalls(logging.Handler):
    """What the watchdog of the library's loop tells."""

    def __init__(self):
        super().__init__()
        self.lost, self.took = 0, []
        logger = logging.getLogger("confab.net")
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
        logger.addHandler(self)

    def emit(self, record):
        if record.code == "loop.stalled":
            self.took.append(int(re.search(r"(\d+) ms$", record.getMessage()).group(1)))
        elif record.code == "log.dropped":
            self.lost += 1


def burn(until):
    number = 1
    while not until.is_set():
        for _ in range(1000):
            number = number * 1103515245 % 2147483647


async def measure(given):
    with bench.homeserver(given.users) as (server, config):
        lines = Stalls()
        async with confab.Client(config, log_level="debug") as chat:
            park = chat.tenant("park")
            room = await park.events.room("hall", creator="user1")
            watches = [park.watch(f"user{number}") for number in range(1, given.users + 1)]
            for number in range(1, given.users + 1):
                await room.add(f"user{number}")
            for watch in watches:
                await watch.ready()
            readers = [asyncio.ensure_future(read(watch)) for watch in watches]
            gaps, late = {"idle": [], "burning": []}, {"idle": [], "burning": []}
            stalls = {"idle": [], "burning": []}
            for _ in range(given.rounds):
                for how in gaps:
                    until = threading.Event()
                    thread = threading.Thread(target=burn if how == "burning" else until.wait,
                                              args=(until,) if how == "burning" else ())
                    thread.start()
                    server.tell("beat", milliseconds=20)
                    before = len(lines.took)
                    late[how].append([])
                    watching = asyncio.ensure_future(lateness(until, late[how][-1]))
                    await asyncio.sleep(given.seconds)
                    gaps[how].append(server.tell("gaps")["gaps"])
                    until.set()
                    thread.join()
                    await watching
                    stalls[how].append({"count": len(lines.took) - before, "ms": sum(lines.took[before:])})
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)
    return {"lines_lost": lines.lost, **{how: {"library": told(gaps[how]), "python": told(late[how]), "stalls": stalls[how]}
                                         for how in gaps}}


async def read(watch):
    async for _ in watch:
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--turn", type=float, default=sys.getswitchinterval() * 1000)
    given = parser.parse_args()
    sys.setswitchinterval(given.turn / 1000)
    print(json.dumps(asyncio.run(measure(given))))


if __name__ == "__main__":
    main()
