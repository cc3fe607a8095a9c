"""A directory that the host pushes, and what the library says of itself."""

import asyncio
import logging
import threading

import confab
import confab.sync
import pytest

DEE = {"users": [{"id": "9", "slug": "dee", "name": "Dee"}],
       "attendees": [{"event": "picnic", "user": "dee", "role": "guest"}]}


async def test_what_is_pushed_counts_with_the_next_call(fake_config):
    async with confab.Client(fake_config) as chat:
        park = chat.tenant("park")
        room = await park.events.room("picnic", creator="ana")
        with pytest.raises(confab.NotFound):
            await room.send("hi", user="dee")
        revision = await park.directory.refresh()
        assert await park.directory.apply(DEE, expected=revision) == revision + 1
        assert (await room.send("hi", user="dee")).event_id
        with pytest.raises(confab.Conflict):
            await park.directory.apply({"users": []}, expected=revision)
        with pytest.raises(confab.InvalidArgument):
            await park.directory.apply({"nonsense": 1}, expected=revision + 1)
        whole = {"users": [{"id": "1", "slug": "ana", "name": "Ana"}], "events": [], "groups": []}
        assert await park.directory.load(whole) == revision + 2
        with pytest.raises(confab.Error):
            await room.send("hi", user="dee")
        with pytest.raises(confab.ConfigError):
            await park.directory.load({"users": 5})


def test_directory_in_the_synchronous_face(fake_config):
    with confab.sync.Client(fake_config) as chat:
        directory = chat.tenant().directory
        revision = directory.apply(DEE, expected=directory.refresh())
        assert directory.load({"users": [], "events": [], "groups": []}) == revision + 1


class Collect(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = []
        self.came = threading.Event()

    def emit(self, record):
        self.records.append(record)
        self.came.set()


@pytest.fixture
def collect():
    handler, logger = Collect(), logging.getLogger("confab")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)


async def test_log_lines_go_to_logging(fake_config, collect):
    async with confab.Client(fake_config, log_level="debug") as chat:
        await chat.tenant("park").users.provision("ana")
    assert {record.name for record in collect.records} >= {"confab.net"}
    assert all(record.code and "fake-admin-password" not in record.getMessage() for record in collect.records)
    with pytest.raises(confab.InvalidArgument):
        confab.Client(fake_config, log_level="loud")


def test_log_lines_of_the_synchronous_face(fake_config, collect):
    with confab.sync.Client(fake_config, log_level="debug") as chat:
        chat.tenant("park").users.provision("ana")
        assert collect.came.wait(30)


async def test_alerts(fake, fake_config):
    """A homeserver that fails is told, and that it is back."""
    alerts = asyncio.Queue()
    async with confab.Client(fake_config, on_alert=alerts.put_nowait) as chat:
        room = await chat.tenant("park").events.room("picnic", creator="ana")
        fake.fail("PUT", "/_matrix/client/v3/rooms/*/send/*/*", answer={"status": 502})
        told = asyncio.ensure_future(alerts.get())
        while not told.done():
            with pytest.raises(confab.Error):
                await room.send("hi", user="ana", timeout=1)
            await asyncio.sleep(0)
        alert = told.result()
        assert (alert.alert, alert.code) == ("homeserver_failing", "breaker.open") and alert.message
