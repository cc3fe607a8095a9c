"""What failed is told by its class and its members."""

import asyncio
import pickle

import confab
import pytest
from confab import _ffi, errors

from cancellation import held_send
from conftest import configuration

SEND = "/_matrix/client/v3/rooms/*/send/*/*"


def test_codes_are_the_library_s():
    for number, kind in errors.BY_STATUS.items():
        assert _ffi._library["confab_status_name"](number).decode() == kind.code
        assert issubclass(kind, confab.Error) and getattr(confab, kind.__name__) is kind


def test_an_error_can_be_sent_to_another_process():
    error = confab.RateLimited("slow down", retry_after=2.5, errcode="M_LIMIT_EXCEEDED", http_status=429)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is confab.RateLimited and str(copy) == "slow down" and vars(copy) == vars(error)


async def room_of(chat):
    park = chat.tenant("park")
    await park.users.provision("ben")
    return await park.events.room("picnic", creator="ana")


async def test_rate_limited(fake, fake_config):
    async with confab.Client(fake_config) as chat:
        room = await room_of(chat)
        fake.fail("PUT", SEND, answer={"status": 429, "headers": {"Retry-After": "7"},
                                       "body": {"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many"}})
        with pytest.raises(confab.RateLimited) as caught:
            await room.send("hi", user="ana", timeout=2)
        error = caught.value
        assert (error.code, error.errcode, error.http_status, error.retriable) == (
            "rate_limited", "M_LIMIT_EXCEEDED", 429, True)
        assert 5 < error.retry_after <= 10
        assert error.server_message == "Too Many" and "Too Many" not in str(error)


async def test_timed_out(fake, fake_config):
    async with confab.Client(fake_config) as chat:
        room = await room_of(chat)
        fake.fail("GET", "/_matrix/client/v3/rooms/*/messages", answer={"hold": True})
        with pytest.raises(confab.TimedOut) as caught:
            await room.history(user="ana", timeout=0.3)
        assert (caught.value.code, caught.value.retriable) == ("timed_out", True)


async def test_unreachable(tmp_path):
    import harness
    nobody = {"url": f"http://127.0.0.1:{harness.closed_port()}", "server_name": "hs.test", "admin_user": "admin",
              "admin_password": "none"}
    async with confab.Client(configuration(tmp_path, nobody)) as chat:
        with pytest.raises(confab.Unreachable):
            await chat.tenant("park").users.provision("ana", timeout=2)


@pytest.mark.parametrize("config, subject", [
    ({"homeserver": {}, "tenants": []}, "homeserver"), ({"homeserver": {"url": 5}}, "homeserver.url"),
    ("no-such-file.json", "no-such-file.json")])
async def test_config(config, subject):
    with pytest.raises(confab.ConfigError) as caught:
        async with confab.Client(config):
            pass
    assert subject in str(caught.value)


async def test_tenants(fake_config):
    async with confab.Client(fake_config) as chat:
        with pytest.raises(confab.NotFound):
            await chat.tenant("none").users.provision("ana")


async def test_arguments_that_can_never_be(fake_config):
    async with confab.Client(fake_config) as chat:
        room = await room_of(chat)
        for wrong in ({"body": ""}, {"body": "a\0b"}, {"body": "\ud800"}, {"body": "x", "kind": "shout"},
                      {"body": "x", "timeout": 0}, {"body": "x", "timeout": float("nan")}):
            with pytest.raises(confab.InvalidArgument):
                await room.send(**{"user": "ana", **wrong})
        with pytest.raises(confab.TooLarge):
            await room.send("x" * 70_000, user="ana")
        with pytest.raises(TypeError):
            await room.send(5, user="ana")
        with pytest.raises(confab.InvalidArgument):
            await chat.tenant().reset()
    for wrong in ({"timeout": -1}, {"most_operations": 2_000_000}):
        with pytest.raises(confab.InvalidArgument):
            async with confab.Client(fake_config, **wrong):
                pass


async def test_too_many_at_once_are_busy(fake, fake_config):
    async with confab.Client(fake_config, most_operations=2) as chat:
        room = await room_of(chat)
        fake.fail("PUT", SEND, answer={"hold": True})
        sends = [asyncio.ensure_future(room.send(str(n), user="ana")) for n in range(3)]
        done, _ = await asyncio.wait(sends, return_when=asyncio.FIRST_COMPLETED)
        with pytest.raises(confab.Busy):
            done.pop().result()
        fake.tell("release")
        fake.tell("clear")
        for send in sends:
            send.cancel()
        await asyncio.gather(*sends, return_exceptions=True)


async def test_a_closed_client(fake, fake_config):
    chat = confab.Client(fake_config)
    with pytest.raises(confab.Closed):
        await chat.doctor()
    await chat.open()
    with pytest.raises(RuntimeError):
        await chat.open()
    room = await room_of(chat)
    await chat.tenant("park").users.provision("cyd")
    watching = asyncio.ensure_future(chat.tenant("park").watch("cyd").__anext__())
    sending = await held_send(fake, room)
    await chat.aclose()
    with pytest.raises(confab.OutcomeUnknown):
        await sending
    with pytest.raises(confab.Closed):
        await watching
    with pytest.raises(confab.Closed):
        await room.send("late", user="ana")
    await chat.aclose()
    fake.tell("release")


async def test_a_watch_that_fails_may_go_on(fake, fake_config):
    async with confab.Client(fake_config) as chat:
        park = chat.tenant("park")
        room = await room_of(chat)
        await room.add("ben")
        watch = park.watch("nobody")
        for _ in range(2):
            with pytest.raises(confab.NotFound):
                async for _ in watch:
                    pass
        watch.close()
        assert [event async for event in watch] == []
        with pytest.raises(confab.Closed):
            await watch.ready()


async def test_a_watch_closed_while_it_is_awaited_ends(fake_config):
    async with confab.Client(fake_config) as chat:
        await room_of(chat)
        watch = chat.tenant("park").watch("ana")
        await watch.ready()

        async def read():
            return [event async for event in watch]

        reading = asyncio.ensure_future(read())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="another task"):
            await watch.__anext__()
        watch.close()
        await reading
