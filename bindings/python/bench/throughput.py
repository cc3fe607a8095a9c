#!/usr/bin/env python3
"""How many events a second one queue brings to `async for`, and whether memory stays flat meanwhile.

    throughput.py [--events N] [--operations N]

Prints one JSON object: events per second from the first to the last, resident memory when a tenth had come and at the
end, and operations a second that end without the network (a user whom the directory does not list), 256 at a time.
"""

import argparse
import asyncio
import json
import resource
import time

import bench

import confab  # noqa: E402  (bench says where it is)


async def events_of(config, server, count):
    async with confab.Client(config) as chat:
        park = chat.tenant("park")
        room = await park.events.room("hall", creator="user1")
        watch = park.watch("user1")
        await watch.ready()
        server.tell("say", room_id=room.room_id, events=count, per_answer=2000)
        seen, early, begun, cpu = 0, 0, 0.0, resource.getrusage(resource.RUSAGE_SELF)
        async for event in watch:
            if isinstance(event, confab.Missed):
                raise RuntimeError("events were missed: that is another thing than what is measured here")
            if not isinstance(event, confab.Message) or not event.id.startswith("$bench"):
                continue
            seen += 1
            if seen == 1:
                begun = time.perf_counter()
            elif seen == count // 10:
                early = bench.resident_kilobytes()
            if seen == count:
                break
        seconds = time.perf_counter() - begun
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {"events": seen, "events_per_second": round(count / seconds), "kilobytes_at_a_tenth": early,
                "kilobytes_at_the_end": bench.resident_kilobytes(),
                "cpu_us_per_event": round((used.ru_utime + used.ru_stime - cpu.ru_utime - cpu.ru_stime) / count * 1e6, 1)}


async def operations_of(config, count):
    async with confab.Client(config) as chat:
        users = chat.tenant("park").users

        async def one_after_the_other():
            for _ in range(count // 256):
                try:
                    await users.show("nobody")
                except confab.NotFound:
                    pass

        await one_after_the_other()
        begun = time.perf_counter()
        await asyncio.gather(*(one_after_the_other() for _ in range(256)))
        return {"operations_per_second": round(count // 256 * 256 / (time.perf_counter() - begun))}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--operations", type=int, default=50_000)
    given = parser.parse_args()
    with bench.homeserver() as (server, config):
        told = asyncio.run(events_of(config, server, given.events)) if given.events else {}
        told.update(asyncio.run(operations_of(config, given.operations)) if given.operations else {})
    print(json.dumps(told))


if __name__ == "__main__":
    main()
