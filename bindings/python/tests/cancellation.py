"""Operations that are cancelled or run out of time, by whichever Python runs this: how tasks are cancelled differs between
its versions. Prints the name of each case that passed; cancellation_test.py runs it by every interpreter of this machine.
"""

import asyncio
import contextlib
import sys
import tempfile
import traceback
from pathlib import Path

from fakes import Fake, configuration

import confab

SEND = "/_matrix/client/v3/rooms/*/send/*/*"
LOGIN = "/_matrix/client/v3/login"


@contextlib.contextmanager
def raises(*kinds):
    caught = []
    try:
        yield caught
    except kinds as error:
        caught.append(error)
    else:
        raise AssertionError(f"it ended without {' or '.join(kind.__name__ for kind in kinds)}")


async def room_of(chat):
    return await chat.tenant("park").events.room("picnic", creator="ana")


async def held_send(fake, room):
    """A send whose request was written and is not answered."""
    before = fake.count("PUT", SEND)
    fake.fail("PUT", SEND, times=1, answer={"real": True, "hold": True})
    sending = asyncio.ensure_future(room.send("once", user="ana"))
    while fake.count("PUT", SEND) == before:
        await asyncio.sleep(0)
    return sending


async def it_is_said_once(fake, room, unknown):
    fake.tell("release")
    again = await room.send("once", user="ana", transaction_id=unknown.transaction_id, repeated=True)
    assert again.transaction_id == unknown.transaction_id
    assert fake.tell("bodies", room_id=room.room_id)["bodies"].count("once") == 1


async def a_time_out_with_an_unknown_outcome(fake, config):
    async with confab.Client(config) as chat:
        room = await room_of(chat)
        fake.fail("PUT", SEND, times=1, answer={"real": True, "hold": True})
        with raises(confab.OutcomeUnknown) as caught:
            await room.send("once", user="ana", timeout=0.5)
        await it_is_said_once(fake, room, caught[0])


async def a_cancelled_send_whose_request_was_written_is_told(fake, config):
    async with confab.Client(config) as chat:
        room = await room_of(chat)
        sending = await held_send(fake, room)
        sending.cancel()
        with raises(confab.OutcomeUnknown) as caught:
            await sending
        await it_is_said_once(fake, room, caught[0])


async def wait_for_tells_the_unknown_outcome(fake, config):
    async with confab.Client(config) as chat:
        room = await room_of(chat)
        sending = await held_send(fake, room)
        with raises(confab.OutcomeUnknown) as caught:
            await asyncio.wait_for(sending, 0.001)
        await it_is_said_once(fake, room, caught[0])


async def timeout_tells_the_unknown_outcome(fake, config):
    async with confab.Client(config) as chat:
        room = await room_of(chat)
        sending = await held_send(fake, room)
        with raises(confab.OutcomeUnknown) as caught:
            async with asyncio.timeout(0.001):
                await sending
        await it_is_said_once(fake, room, caught[0])


async def a_task_group_tells_the_unknown_outcome(fake, config):
    async with confab.Client(config) as chat:
        room = await room_of(chat)

        async def fail_when_it_is_sent():
            while fake.count("PUT", SEND) == 0:
                await asyncio.sleep(0)
            raise LookupError

        fake.fail("PUT", SEND, times=1, answer={"real": True, "hold": True})
        with raises(ExceptionGroup) as caught:  # noqa: F821  (of 3.11)
            async with asyncio.TaskGroup() as group:
                group.create_task(room.send("once", user="ana"))
                group.create_task(fail_when_it_is_sent())
        unknown, = caught[0].subgroup(confab.OutcomeUnknown).exceptions
        await it_is_said_once(fake, room, unknown)


async def wins_against_its_cancellation(config, cancelled_first):
    async with confab.Client(config) as chat:
        room = await room_of(chat)
        sending = asyncio.ensure_future(room.send("quick", user="ana"))
        await asyncio.sleep(0)
        arrivals = chat._arrivals()
        # The completion is taken and the task cancelled in one turn of the loop.
        taken = arrivals.queue.wait(10_000)
        if cancelled_first:
            sending.cancel()
        arrivals._receivers.pop(taken.tag)(taken)
        if not cancelled_first:
            sending.cancel()
        with raises(confab.OutcomeUnknown) as caught:
            await sending
        assert "had been sent" in str(caught[0]) and caught[0].transaction_id


async def a_send_that_ends_before_its_cancellation_is_told(_fake, config):
    await wins_against_its_cancellation(config, False)


async def a_send_that_ends_behind_its_cancellation_is_told(_fake, config):
    await wins_against_its_cancellation(config, True)


async def what_was_not_sent_is_cancelled_plainly(fake, config):
    async with confab.Client(config) as chat:
        fake.fail("POST", LOGIN, answer={"hold": True})
        waiting = asyncio.ensure_future(chat.tenant("park").users.show("ana"))
        while fake.count("POST", LOGIN) == 0:
            await asyncio.sleep(0)
        waiting.cancel()
        with raises(asyncio.CancelledError):
            await waiting
        assert waiting.cancelled()
        fake.tell("release")


async def wait_for_what_was_not_sent_times_out(fake, config):
    async with confab.Client(config) as chat:
        fake.fail("POST", LOGIN, answer={"hold": True})
        with raises(asyncio.TimeoutError):
            await asyncio.wait_for(chat.tenant("park").users.show("ana"), 0.1)
        fake.tell("release")


async def cancelled_twice_is_not_waited_for(fake, config):
    async with confab.Client(config) as chat:
        room = await room_of(chat)
        sending = await held_send(fake, room)
        sending.cancel()
        await asyncio.sleep(0)
        sending.cancel()
        with raises(confab.OutcomeUnknown) as caught:
            await sending
        await it_is_said_once(fake, room, caught[0])


# The last ones need what is new in Python 3.11.
CASES = [a_time_out_with_an_unknown_outcome, a_cancelled_send_whose_request_was_written_is_told,
         wait_for_tells_the_unknown_outcome, a_send_that_ends_before_its_cancellation_is_told,
         a_send_that_ends_behind_its_cancellation_is_told, what_was_not_sent_is_cancelled_plainly,
         wait_for_what_was_not_sent_times_out, cancelled_twice_is_not_waited_for, timeout_tells_the_unknown_outcome,
         a_task_group_tells_the_unknown_outcome]
OLD_ENOUGH = 8


def main():
    failed = 0
    for case in CASES if sys.version_info >= (3, 11) else CASES[:OLD_ENOUGH]:
        fake = Fake()
        try:
            with tempfile.TemporaryDirectory() as folder:
                asyncio.run(asyncio.wait_for(case(fake, configuration(Path(folder), fake.config())), 60))
            print(case.__name__)
        except Exception:
            failed = 1
            print(f"{case.__name__}:", file=sys.stderr)
            traceback.print_exc()
        finally:
            fake.end()
    return failed


if __name__ == "__main__":
    sys.exit(main())
