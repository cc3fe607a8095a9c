"""What the library asks, answered by coroutines of the host, and by its functions."""

import asyncio
import threading

import confab
import confab.sync
import pytest

DEE = {"users": [{"id": "9", "slug": "dee", "name": "Dee"}],
       "attendees": [{"event": "picnic", "user": "dee", "role": "guest"}]}


def asking(config, fake):
    """The password is left out of the configuration."""
    about = {name: value for name, value in config["homeserver"].items() if name != "admin_password"}
    return {**config, "homeserver": {**about, "admin_password": {"ask": True}}}


async def test_secrets_and_directory_misses(fake, fake_config):
    asked = []

    async def secret(key):
        asked.append(key)
        await asyncio.sleep(0)
        return fake.about["admin_password"]

    async def user(tenant, slug):
        asked.append((tenant, slug))
        return DEE if slug == "dee" else None

    async def room(tenant, kind, slug):
        asked.append((tenant, kind, slug))

    async with confab.Client(asking(fake_config, fake), ask_secret=secret, ask_user=user, ask_room=room) as chat:
        park = chat.tenant("park")
        picnic = await park.events.room("picnic", creator="ana")
        assert (await picnic.send("hi", user="dee")).event_id
        with pytest.raises(confab.NotFound):
            await park.users.provision("zoe")
        with pytest.raises(confab.NotFound):
            await park.events.ref("fair").send("hi", user="ana")
    assert asked == ["homeserver.admin_password", ("park", "dee"), ("park", "zoe"), ("park", "event", "fair")]


async def test_nobody_answers(fake, fake_config):
    with pytest.raises(confab.ConfigError):
        async with confab.Client(asking(fake_config, fake)):
            pass


async def test_an_answer_that_fails_is_told_and_is_none(fake_config):
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))

    async def user(tenant, slug):
        return {"users": 5} if slug == "bad" else 1 / 0

    async with confab.Client(fake_config, ask_user=user) as chat:
        with pytest.raises(confab.NotFound):
            await chat.tenant("park").users.provision("zoe")
        with pytest.raises(confab.Error):
            await chat.tenant("park").users.provision("bad", timeout=2)
    assert isinstance(told[0], ZeroDivisionError)


async def test_closing_ends_what_is_being_answered(fake_config):
    asked = asyncio.Event()

    async def user(tenant, slug):
        asked.set()
        await asyncio.Event().wait()

    async with confab.Client(fake_config, ask_user=user) as chat:
        provisioning = asyncio.ensure_future(chat.tenant("park").users.provision("zoe"))
        await asked.wait()
    with pytest.raises(confab.Error):
        await provisioning


def test_functions_answer_in_the_synchronous_face(fake, fake_config):
    asked = []

    def user(tenant, slug):
        asked.append((tenant, slug, threading.current_thread().name))
        return DEE

    with confab.sync.Client(asking(fake_config, fake), ask_secret=lambda key: fake.about["admin_password"],
                            ask_user=user) as chat:
        chat.tenant().events.room("picnic", creator="ana")
        assert chat.tenant().events.ref("picnic").send("hi", user="dee").event_id
    assert asked == [("park", "dee", "confab-told")]
