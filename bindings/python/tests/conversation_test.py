"""Everything that the program `confab` can do, from asyncio, against a real Synapse."""

import asyncio
import datetime

import confab
import pytest


async def until(watch, kind, fits=lambda event: True):
    """The next event of a class."""
    async for event in watch:
        if isinstance(event, kind) and fits(event):
            return event


async def test_the_example_of_the_package(config):
    async with confab.Client(config) as chat:
        park = chat.tenant("park")
        ana = await park.users.provision("ana")
        assert ana == confab.User("@park_1:confab.test", "ana", "Ana Lima", "active")
        room = await park.events.room("picnic", creator="ana")
        assert (room.slug, room.kind, room.room_id[0]) == ("picnic", "event", "!")
        await room.add("ben")
        async with park.watch("ben") as events:
            sent = await room.send("hi", user="ana", timeout=5)
            message = await until(events, confab.Message)
        assert (message.id, message.room_id, message.sender) == (sent.event_id, room.room_id, ana.user_id)
        assert (message.body, message.kind, message.sender_name) == ("hi", "text", "Ana Lima")
        assert abs(message.time - datetime.datetime.now(datetime.timezone.utc)) < datetime.timedelta(minutes=5)


async def test_the_outbox(config):
    async with confab.Client(config) as chat:
        park = chat.tenant("park")
        async with park.outbox.watch() as outcomes:
            chess = park.groups.ref("chess")  # nobody has made its room
            accepted = await chess.send_durably("for certain", user="ben", transaction_id="42")
            assert accepted.startswith("42.")
            assert (await until(outcomes, confab.OutboxGivenUp)).reason == "not_found"
            dead, = (await park.outbox.list(dead=True)).messages
            assert (dead.transaction_id, dead.user, dead.slug, dead.body) == (accepted, "ben", "chess", "for certain")
            assert dead.reason.code == "not_found" and await park.outbox.show(accepted) == dead
            unwanted = await chess.send_durably("on second thoughts", user="ben")
            assert (await until(outcomes, confab.OutboxGivenUp)).transaction_id == unwanted
            await park.outbox.drop(unwanted)
            with pytest.raises(confab.NotFound):
                await park.outbox.show(unwanted)
            assert [each.transaction_id for each in (await park.outbox.list(dead=True)).messages] == [accepted]
            await park.groups.room("chess", creator="ben")
            await park.outbox.retry(accepted)
            sent = await until(outcomes, confab.OutboxSent)
        assert (await park.outbox.show(accepted)).id == sent.id
        assert (await chess.history(user="ben")).messages[0].id == sent.id
        assert await chess.send_durably("for certain", user="ben", transaction_id="42") == accepted
        with pytest.raises(confab.InvalidArgument):
            await park.outbox.list(limit=0)


async def test_doctor(config):
    async with confab.Client(config) as chat:
        findings = await chat.doctor()
    told = {finding.check: finding for finding in findings}
    assert told["reachability"].fit and told["admin rights"].fit and told["store"].detail


async def test_users(config, homeserver):
    async with confab.Client(config) as chat:
        park = chat.tenant("park")
        with pytest.raises(confab.NotFound) as caught:
            await park.users.provision("zoe")
        assert (caught.value.code, caught.value.subject) == ("not_found", "user")
        await park.users.provision("cyd", name="Cyd N.")
        assert (await park.users.show("cyd")).name == "Cyd N."
        await park.users.set_password("cyd", "correct horse battery")
        counts = await park.reset("cyd")
        assert counts.users == 1
        with pytest.raises(confab.InvalidArgument):
            await park.users.set_password("cyd", "short")
        assert (await park.reset(all_users=True, full=True)).users >= 0
    import harness
    status, _ = harness.Matrix(homeserver).login("park_3", "correct horse battery", "PHONE")
    assert status == 200


async def test_messages_and_their_changes(config):
    async with confab.Client(config) as chat:
        park = chat.tenant()
        with pytest.raises(confab.InvalidArgument) as refused:
            await park.groups.room("chess", creator="ben", topic="e4 " * 2000)
        assert refused.value.subject == "topic"
        room = await park.groups.room("chess", creator="ben", name="Chess", topic="Openings", members=["cyd"])
        assert (room.kind, room.name) == ("group", "Chess")
        assert {member.slug for member in await room.members()} == {"ben", "cyd"}
        async with park.watch("cyd") as events:
            first = await room.send("e4", user="ben")
            assert (await until(events, confab.Message)).id == first.event_id
            answer = await room.send("e5", user="cyd", formatted="<em>e5</em>", kind="emote",
                                     reply_to=first.event_id)
            told = await until(events, confab.Message)
            assert (told.reply_to, told.kind, told.formatted_body) == (first.event_id, "emote", "<em>e5</em>")
            edit = await room.edit(first.event_id, "d4", user="ben")
            changed = await until(events, confab.Edit)
            assert (changed.id, changed.target, changed.message.body) == (edit.event_id, first.event_id, "d4")
            reaction = await room.react(first.event_id, "👍", user="cyd")
            thumb = await until(events, confab.Reaction)
            assert (thumb.id, thumb.target, thumb.key) == (reaction.event_id, first.event_id, "👍")
            await room.typing(user="ben")
            assert (await until(events, confab.Typing)).users == ("@park_2:confab.test",)
            await room.typing(user="ben", on=False)
            assert (await until(events, confab.Typing)).users == ()
            await room.mark_read(answer.event_id, user="ben")
            receipts = await until(events, confab.Receipts, lambda event: any(
                each.event_id == answer.event_id for each in event.receipts))
            assert receipts.room_id == room.room_id
            redaction = await room.redact(answer.event_id, user="cyd", reason="a slip")
            gone = await until(events, confab.Redaction)
            assert (gone.id, gone.target, gone.reason) == (redaction.event_id, answer.event_id, "a slip")
        page = await room.history(user="ben", limit=10)
        by_id = {message.id: message for message in page.messages}
        assert by_id[first.event_id].edited and by_id[first.event_id].body == "d4"
        assert by_id[first.event_id].reactions == (confab.Reactions("👍", ("@park_3:confab.test",)),)
        assert by_id[answer.event_id].redacted and by_id[answer.event_id].body == ""
        assert (await room.unread(user="ben")).last_read == answer.event_id


async def test_history_page_by_page(config):
    async with confab.Client(config) as chat:
        room = await chat.tenant("park").events.room("gala", creator="ana", public=True)
        texts = [f"line {number}" for number in range(7)]
        for text in texts:
            await room.send(text, user="ana", kind="notice")
        seen, start = [], None
        while True:
            page = await room.history(user="ben", limit=3, start=start, reactions=False)
            seen += [message.body for message in page.messages]
            if page.end is None:
                break
            start = page.end
        assert seen == texts[::-1]
        with pytest.raises(confab.InvalidArgument):
            await room.history(user="ben", limit=0)


async def test_members(config):
    async with confab.Client(config) as chat:
        park = chat.tenant("park")
        room = await park.events.room("picnic", creator="ana")
        await room.add("ben")
        assert {member.slug for member in await room.members() if member.membership == "join"} >= {"ana", "ben"}
        async with park.watch("ana") as events:
            await room.remove("ben")
            left = await until(events, confab.Membership)
        assert (left.user_id, left.membership) == ("@park_2:confab.test", "leave")
        assert "ben" not in {member.slug for member in await room.members() if member.membership == "join"}
        with pytest.raises(confab.Forbidden):
            await room.send("let me in", user="eve")
        await room.add("ben")


async def test_direct_rooms(config):
    async with confab.Client(config) as chat:
        park = chat.tenant("park")
        room = await park.direct.room("ana", "cyd")
        assert (room.kind, room.users, room.slug) == ("direct", ("ana", "cyd"), "")
        await room.send("psst", user="ana")
        await room.send("what?", user="cyd")
        same = park.direct.ref("cyd", "ana")
        assert [message.body for message in (await same.history(user="ana")).messages] == ["what?", "psst"]
        assert {member.slug for member in await same.members()} == {"ana", "cyd"}
        with pytest.raises(confab.InvalidArgument, match="not one of the two"):
            await room.send("hello?", user="ben")
        with pytest.raises(confab.InvalidArgument):
            await room.remove("cyd")


async def test_ref_names_a_room_without_asking(config):
    async with confab.Client(config) as chat:
        ref = chat.tenant("park").events.ref("picnic")
        assert ref.room_id == ""
        sent = await ref.send("by its slug", user="ana")
        assert (await ref.history(user="ana", limit=1)).messages[0].id == sent.event_id


async def test_named_watch_goes_on_where_it_was(config, tmp_path):
    kept = with_store(config, tmp_path)

    async def read(expected):
        async with confab.Client(kept) as chat:
            watch = chat.tenant("park").watch("ben", consumer="test")
            await watch.ready()
            room = chat.tenant("park").events.ref("picnic")
            if expected is None:
                await room.send("one", user="ana")
            seen = []
            async for event in watch:
                if isinstance(event, confab.Message):
                    seen.append(event.body)
                    if event.body in ("one", "two"):
                        watch.acknowledge()
                        break
            await room.send("two", user="ana")
            return seen

    assert await read(None) == ["one"]
    assert await read("two") == ["two"]


async def test_after_a_backup_was_put_back(config, tmp_path):
    async with confab.Client(with_store(config, tmp_path)) as chat:
        park = chat.tenant("park")
        room = await park.events.room("picnic", creator="ana")
        before = await room.send("before", user="ana")
        counts = await park.reset(all_users=True, restored=True)
        assert counts.users >= 1 and counts.tokens >= 1 and counts.messages == 0
        after = await room.send("after", user="ana")
        assert [message.id for message in (await room.history(user="ana", limit=2)).messages] == [
            after.event_id, before.event_id]


def with_store(config, folder):
    make_key(folder / "keys")
    return {**config, "store": {"kind": "sqlite", "path": str(folder / "store.db"), "key_file": str(folder / "keys")}}


def make_key(path):
    """A key file as docs/store.md says."""
    import base64
    import os
    path.touch(mode=0o600)
    path.write_text(f"first {base64.b64encode(os.urandom(32)).decode()}\n")


async def test_many_at_once(config):
    async with confab.Client(config) as chat:
        room = await chat.tenant("park").events.room("picnic", creator="ana")
        sent = await asyncio.gather(*(room.send(f"all at once {n}", user=user)
                                      for n in range(20) for user in ("ana", "ben")))
        assert len({each.event_id for each in sent}) == 40
