"""Rooms, who is in them, and accounts: direct conversations, removal, members, own passwords, and what happens when
several ask at once, against one real Synapse."""

import contextlib
import json
import os
import signal
import sqlite3
import time

import harness


class RoomCase(harness.HomeserverCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.matrix = harness.Matrix(cls.homeserver)
        cls.admin = cls.matrix.admin_token()

    def state(self, room):
        """(type, state key) -> content, as the server's administrator sees it."""
        status, answer = self.matrix.call("GET", f"/_synapse/admin/v1/rooms/{room}/state", token=self.admin)
        self.assertEqual(200, status, answer)
        return {(event["type"], event["state_key"]): event["content"] for event in answer["state"]}

    def membership(self, room, user_id):
        return self.state(room).get(("m.room.member", user_id), {}).get("membership")

    def rooms(self):
        status, answer = self.matrix.call("GET", "/_synapse/admin/v1/rooms?limit=1000", token=self.admin)
        self.assertEqual(200, status, answer)
        return [room["room_id"] for room in answer["rooms"]]

    def listed(self):
        """The server's public directory, by room id."""
        status, answer = self.matrix.call("GET", "/_matrix/client/v3/publicRooms?limit=1000", token=self.admin)
        self.assertEqual(200, status, answer)
        return {room["room_id"]: room for room in answer["chunk"]}

    def members(self, kind, slug):
        return {line["user_id"]: line for line in self.done(self.work.run("room", "members", kind, slug))}

    def at_once(self, *commands):
        """Several programs at the same time; their last lines."""
        running = [self.work.spawn(*command) for command in commands]
        codes = [each.finish() for each in running]
        self.assertEqual([0] * len(commands), codes, "\n".join(map(str, running)))
        return [each.seen[-1] for each in running]


class Direct(RoomCase):
    def test_1_a_conversation_that_nobody_began_is_empty_and_makes_nothing(self):
        self.provisioned("ana", "ben")
        before = self.rooms()
        self.assertEqual([], self.done(self.work.run("history", "direct", "ben", "--as", "ana")))
        self.assertEqual(before, self.rooms())

    def test_2_two_first_messages_at_once_are_one_conversation(self):
        before = set(self.rooms())
        ana, ben = self.provisioned("ana", "ben")
        self.at_once(("send", "direct", "ben", "--as", "ana", "hello ben"),
                     ("send", "direct", "ana", "--as", "ben", "hello ana"))
        (room,) = set(self.rooms()) - before
        self.assertEqual({"hello ben", "hello ana"}, set(harness.texts(self.history("direct", "ben", "ana"))))
        self.assertEqual({"hello ben", "hello ana"}, set(harness.texts(self.history("direct", "ana", "ben"))))
        lines = self.at_once(("room", "direct", "ana", "ben"), ("room", "direct", "ben", "ana"))
        self.assertEqual([room, room], [line["room_id"] for line in lines])
        self.assertEqual({"room_id": room, "kind": "direct", "users": ["ana", "ben"]}, lines[0])

        state = self.state(room)
        levels = state["m.room.power_levels", ""]
        self.assertEqual((50, 50), (levels["users"][ana], levels["users"][ben]))
        self.assertEqual((100, 100), (levels["invite"], levels["redact"]))
        self.assertEqual("invite", state["m.room.join_rules", ""]["join_rule"])
        self.assertEqual("forbidden", state["m.room.guest_access", ""]["guest_access"])
        self.assertEqual("shared", state["m.room.history_visibility", ""]["history_visibility"])
        self.assertNotIn(("m.room.encryption", ""), state)
        self.assertEqual(("join", "join"), (self.membership(room, ana), self.membership(room, ben)))
        for one, other in ((ana, ben), (ben, ana)):
            self.assertEqual({other: [room]}, self.direct_list(one))

    def direct_list(self, user_id):
        status, login = self.matrix.call("POST", f"/_synapse/admin/v1/users/{user_id}/login", {}, self.admin)
        self.assertEqual(200, status, login)
        status, kept = self.matrix.call("GET", f"/_matrix/client/v3/user/{user_id}/account_data/m.direct",
                                        token=login["access_token"])
        self.assertEqual(200, status, kept)
        return kept

    def test_3_who_left_by_another_client_hears_what_is_said_to_them(self):
        ana, ben = self.provisioned("ana", "ben")
        room = self.done(self.work.run("room", "direct", "ana", "ben"))[-1]["room_id"]
        _, login = self.matrix.call("POST", f"/_synapse/admin/v1/users/{ben}/login", {}, self.admin)
        status, answer = self.matrix.call("POST", f"/_matrix/client/v3/rooms/{room}/leave", {}, login["access_token"])
        self.assertEqual(200, status, answer)
        watcher = self.watching("ben")
        self.send("direct", "ben", "ana", "come back")
        while watcher.line().get("body") != "come back":
            pass
        self.assertEqual("join", self.membership(room, ben))
        self.assertEqual("join", self.membership(room, ana))

    def test_4_no_third_and_nobody_alone(self):
        self.provisioned("ana", "ben", "eve")
        self.refused(self.work.run("room", "direct", "ana", "ana"), 1, "invalid_argument")
        self.refused(self.work.run("send", "direct", "ana", "--as", "ana", "me"), 1, "invalid_argument")
        self.refused(self.work.run("send", "direct", "zoe", "--as", "ana", "x"), 1, "not_found", "zoe")

    def test_5_a_room_that_an_administrator_deleted_is_made_anew(self):
        self.provisioned("ana", "cyd")
        self.send("direct", "cyd", "ana", "one")
        room = self.done(self.work.run("room", "direct", "ana", "cyd"))[-1]["room_id"]
        sender = self.work.spawn("send", "direct", "cyd", "--as", "ana", "-")
        self.addCleanup(sender.end)
        sender.write("two")
        sender.line()
        status, answer = self.matrix.call("DELETE", f"/_synapse/admin/v1/rooms/{room}", {"purge": True}, self.admin)
        self.assertEqual(200, status, answer)
        sender.write("three")
        sender.line()
        self.assertEqual(0, sender.finish(), str(sender))
        self.assertEqual(["three"], harness.texts(self.history("direct", "ana", "cyd")))
        self.assertNotEqual(room, self.done(self.work.run("room", "direct", "ana", "cyd"))[-1]["room_id"])


class Members(RoomCase):
    def test_the_creator_moderates_and_everybody_is_told(self):
        ana, ben = self.provisioned("ana", "ben")
        room = self.room("event", "picnic", "ana", "ben")
        levels = self.state(room)["m.room.power_levels", ""]
        self.assertEqual(50, levels["users"][ana])
        self.assertNotIn(ben, levels["users"])
        members = self.members("event", "picnic")
        self.assertEqual({ana, ben}, set(members), "the library's own account is no member")
        self.assertEqual({"user": "ana", "user_id": ana, "name": "Ana Lima", "membership": "join", "power_level": 50},
                         members[ana])
        self.assertEqual(("ben", "join", 0), tuple(members[ben][key] for key in ("user", "membership", "power_level")))

    def test_who_is_taken_out_hears_nothing_more_and_may_come_back(self):
        ana, ben = self.provisioned("ana", "ben")
        room = self.room("event", "gala", "ana", "ben")
        watcher = self.watching("ben")
        self.send("event", "gala", "ana", "before")
        while watcher.line().get("body") != "before":
            pass
        line = self.done(self.work.run("room", "remove", "event", "gala", "ben"))[-1]
        self.assertEqual((room, "ben"), (line["room_id"], line["user"]))
        self.assertEqual("leave", self.membership(room, ben))
        self.assertEqual({ana}, set(self.members("event", "gala")))
        while (line := watcher.line()).get("membership") != "leave":
            pass
        self.assertEqual(ben, line["user_id"])
        self.send("event", "gala", "ana", "without ben")
        for _ in range(2):  # once more changes nothing, and neither does somebody who never was in
            self.done(self.work.run("room", "remove", "event", "gala", "ben"))
        self.done(self.work.run("room", "remove", "event", "gala", "eve"))
        # Still listed: writing brings ben back, and nothing of what was said without him was heard live.
        self.send("event", "gala", "ben", "I am back")
        while (line := watcher.line()).get("body") != "I am back":
            self.assertNotEqual("without ben", line.get("body"), str(watcher))
        self.assertEqual("join", self.membership(room, ben))

    def test_what_cannot_be_taken_out_or_listed(self):
        self.provisioned("ana")
        self.refused(self.work.run("room", "remove", "group", "never_made", "ana"), 1, "not_found", "never_made")
        self.refused(self.work.run("room", "members", "group", "never_made"), 1, "not_found", "never_made")
        self.refused(self.work.run("room", "remove", "event", "gala", "zoe"), 1, "not_found", "zoe")

    def test_rooms_outlive_the_account_that_made_them(self):
        ana, ben = self.provisioned("ana", "ben")
        room = self.room("event", "concert", "ana")
        self.send("event", "concert", "ana", "before")
        config = self.homeserver.config()
        boss = f"@boss:{config['server_name']}"
        status, answer = self.matrix.call("PUT", f"/_synapse/admin/v2/users/{boss}",
                                          {"password": "another admin", "admin": True}, self.admin)
        self.assertEqual(201, status, answer)
        password = self.folder / "boss-password"
        password.touch(0o600)
        password.write_text("another admin")
        later = harness.Workspace(self.folder / "later", {**config, "admin_user": "boss",
                                                          "admin_password_file": str(password)})
        made = self.done(later.run("room", "create", "event", "concert", "--creator", "ana"))
        self.assertEqual(room, made[-1]["room_id"])
        state = self.state(room)
        self.assertEqual("join", state["m.room.member", boss]["membership"])
        self.assertIn(("org.confab.room", boss), state)
        self.done(later.run("room", "add", "event", "concert", "ben"))
        self.assertEqual("join", self.membership(room, ben))
        self.done(later.run("room", "remove", "event", "concert", "ben"))
        self.assertEqual("leave", self.membership(room, ben))
        # The account that made it has left, and is the library's again.
        status, answer = self.matrix.call("POST", f"/_matrix/client/v3/rooms/{room}/leave", {}, self.admin)
        self.assertEqual(200, status, answer)
        self.done(self.work.run("room", "add", "event", "concert", "ben"))
        self.assertEqual(room, self.done(self.work.run("room", "create", "event", "concert", "--creator", "ana"))[-1]["room_id"])
        self.assertEqual("join", self.membership(room, f"@{config['admin_user']}:{config['server_name']}"))
        self.assertEqual("join", self.membership(room, ben))
        self.assertEqual(["before"], harness.texts(self.history("event", "concert", "ben")))

    def test_eight_make_one_room_at_once(self):
        self.provisioned("ben")
        before = set(self.rooms())
        lines = self.at_once(*[("room", "create", "group", "chess", "--creator", "ben")] * 8)
        self.assertEqual(1, len({line["room_id"] for line in lines}), lines)
        self.assertEqual({lines[0]["room_id"]}, set(self.rooms()) - before)


class ComingAgain(RoomCase):
    """Who was away, was put out meanwhile and came again hears what was said to them, once and in order."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        work = cls.folder / "stored"
        store = harness.kept_store(work)
        cls.work = harness.Workspace(work, cls.homeserver.config(), store=store)

    def say(self, kind, slug, numbers):
        said = [f"{slug} {number}" for number in numbers]
        sender = self.work.spawn("send", kind, slug, "--as", "ben" if slug == "chess" else "ana", "-")
        self.addCleanup(sender.end)
        for text in said:
            sender.write(text)
        self.assertEqual(0, sender.finish(), str(sender))
        return said

    def heard(self, kind, slug, reader, after, visibility="shared"):
        room = self.room(kind, slug, "ben" if slug == "chess" else "ana", reader)
        status, answer = self.matrix.call("PUT", f"/_matrix/client/v3/rooms/{room}/state/m.room.history_visibility",
                                          {"history_visibility": visibility}, self.admin)
        self.assertEqual(200, status, answer)
        watcher = self.watching(reader, "--resume", slug, "--count", "1")
        self.say(kind, slug, [0])
        self.assertEqual(0, watcher.finish(), str(watcher))
        stayed = self.say(kind, slug, range(1, 6))
        self.done(self.work.run("room", "remove", kind, slug, reader))
        away = self.say(kind, slug, range(6, 11))
        self.done(self.work.run("room", "add", kind, slug, reader))
        again = self.say(kind, slug, range(11, 11 + after))
        resumed = self.work.spawn("watch", "--as", reader, "--resume", slug, "--for", "300")
        self.addCleanup(resumed.end)
        while again[-1] not in harness.texts(resumed.seen):
            self.assertIsNotNone(resumed.line(), str(resumed))
        resumed.end()
        told = [text for text in harness.texts(resumed.seen) if text.startswith(slug)]
        self.assertEqual(stayed + (away if visibility == "shared" else []) + again, told)
        self.assertNotIn("missed", {line["event"] for line in resumed.seen})

    def test_in_a_room_whose_members_may_read_what_was_said_without_them(self):
        self.heard("event", "concert", "ben", after=30)

    def test_in_a_room_whose_members_may_not(self):
        self.heard("group", "chess", "cyd", after=30, visibility="joined")

    def test_with_more_said_since_than_one_answer_holds(self):
        self.heard("event", "picnic", "cyd", after=130)


class Looks(RoomCase):
    """How rooms look on Matrix, on a homeserver with Synapse's own rule about its public directory."""

    def test_a_public_and_a_private_event(self):
        self.provisioned("ana")
        gala, concert = self.room("event", "gala", "ana"), self.room("event", "concert", "ana")
        server = self.homeserver.config()["server_name"]
        for room, join_rule, name, topic in ((gala, "public", "event-gala", "Discussion for Gala"),
                                             (concert, "invite", "event-concert", "Discussion for Concert")):
            with self.subTest(name):
                state = self.state(room)
                self.assertEqual(join_rule, state["m.room.join_rules", ""]["join_rule"])
                self.assertEqual("forbidden", state["m.room.guest_access", ""]["guest_access"])
                self.assertEqual("shared", state["m.room.history_visibility", ""]["history_visibility"])
                self.assertEqual(name, state["m.room.name", ""]["name"])
                self.assertEqual(topic, state["m.room.topic", ""]["topic"])
                self.assertEqual(f"#park_{name.replace('-', '_')}:{server}",
                                 state["m.room.canonical_alias", ""]["alias"])
                self.assertNotIn(("m.room.encryption", ""), state)
        self.directory_has(gala)

    def directory_has(self, _):
        # The homeserver leaves it out without a word; the room is public all the same.
        self.assertEqual({}, self.listed())


class ListedLooks(Looks):
    """The same where the homeserver's rule lets everybody list rooms."""

    options = ("--publish-rooms",)

    def directory_has(self, gala):
        listed = self.listed()
        self.assertEqual({gala}, set(listed), "the private one is not there")
        told = {key: listed[gala].get(key)
                for key in ("name", "topic", "join_rule", "world_readable", "guest_can_join", "canonical_alias")}
        self.assertEqual({"name": "event-gala", "topic": "Discussion for Gala", "join_rule": "public",
                          "world_readable": False, "guest_can_join": False,
                          "canonical_alias": f"#park_event_gala:{self.homeserver.config()['server_name']}"}, told)


class HalfMade(RoomCase):
    def test_a_room_under_our_alias_that_is_none_of_ours_gives_way(self):
        ana, ben = self.provisioned("ana", "ben")
        # As a crash in the middle leaves it, or somebody's hand: the alias leads to a room without our marker.
        status, other = self.matrix.call("POST", "/_matrix/client/v3/createRoom", {"room_alias_name": "park_event_picnic"},
                                         self.admin)
        self.assertEqual(200, status, other)
        room = self.room("event", "picnic", "ana", "ben")
        self.assertNotEqual(other["room_id"], room)
        alias = f"#park_event_picnic:{self.homeserver.config()['server_name']}".replace("#", "%23")
        status, found = self.matrix.call("GET", f"/_matrix/client/v3/directory/room/{alias}", token=self.admin)
        self.assertEqual((200, room), (status, found.get("room_id")), found)
        event = self.send("event", "picnic", "ben", "here")
        self.assertEqual([event], [line["event_id"] for line in self.history("event", "picnic", "ana")])
        self.assertEqual(("join", "join"), (self.membership(room, ana), self.membership(room, ben)))
        self.assertIsNone(self.membership(other["room_id"], ana))
        # It is found from now on.
        self.assertEqual(room, self.room("event", "picnic", "ana"))


class KilledWithin(RoomCase):
    """The homeserver is killed while it makes a room, when its database holds that many events of it."""

    def kill_at(self, events):
        """Looks until it is so far, as fast as it can: whatever waited would come too late."""
        description = json.loads((self.homeserver.folder / "homeserver.json").read_text())
        with contextlib.closing(sqlite3.connect(self.homeserver.folder / "homeserver.db", timeout=0)) as database:

            def count():
                return database.execute("SELECT (SELECT count(*) FROM rooms), (SELECT count(*) FROM events)").fetchone()

            rooms, there = count()
            yield
            end = time.monotonic() + harness.PATIENCE
            while count() < (rooms + 1, there + events):
                self.assertLess(time.monotonic(), end, f"no room with {events} events: {(rooms, there)} {count()}")
        os.kill(description["pid"], signal.SIGKILL)

    def make_over_a_kill(self, slug, events):
        """Whoever asked for the room may be told that the homeserver is gone."""
        kill = self.kill_at(events)
        next(kill)
        maker = self.work.spawn("room", "create", "event", slug, "--creator", "ana")
        self.addCleanup(maker.end)
        with contextlib.suppress(StopIteration):
            next(kill)
        self.homeserver.restart()
        self.assertIn(maker.finish(), (0, 3), str(maker))

    def test_at_each_of_its_steps(self):
        slugs = [f"killed{events}" for events in (0, 1, 2, 3)]  # later they come all at once
        directory = json.loads(json.dumps(harness.DIRECTORY))
        picnic = directory["events"][0]
        directory["events"] += [{**picnic, "slug": slug, "name": slug} for slug in slugs]
        self.work.directory.write_text(json.dumps(directory))
        ana, ben = self.provisioned("ana", "ben")
        for slug in slugs:
            with self.subTest(slug):
                self.make_over_a_kill(slug, int(slug.removeprefix("killed")))
                # Who comes by its name meanwhile gets into the room that it becomes, or is told that there is none.
                added = self.work.spawn("room", "add", "event", slug, "ben")
                self.addCleanup(added.end)
                room = self.room("event", slug, "ana")
                if added.finish() == 0:
                    self.assertEqual(room, added.seen[-1]["room_id"], str(added))
                else:
                    self.assertIn('"code":"not_found"', added.errors.decode(), str(added))
                self.assertEqual(room, self.done(self.work.run("room", "add", "event", slug, "ben"))[-1]["room_id"])
                self.assertEqual(50, self.state(room)["m.room.power_levels", ""]["users"][ana])
                self.assertEqual(("join", "join"), (self.membership(room, ana), self.membership(room, ben)))
                event = self.send("event", slug, "ben", "here")
                self.assertEqual([event], [line["event_id"] for line in self.history("event", slug, "ana")])
        begun = [room for room in self.rooms() if ("m.room.power_levels", "") not in self.state(room)]
        self.assertTrue(begun, "no kill came in time")


class Accounts(RoomCase):
    def test_shown_as_it_is(self):
        self.refused(self.work.run("user", "show", "eve"), 1, "not_found", "provision")
        (eve,) = self.provisioned("eve")
        self.assertEqual([{"user_id": eve, "slug": "eve", "name": "Eve Stranger", "state": "active"}],
                         self.done(self.work.run("user", "show", "eve")))
        for state in ("locked", "active"):
            status, answer = self.matrix.call("PUT", f"/_synapse/admin/v2/users/{eve}", {"locked": state == "locked"},
                                              self.admin)
            self.assertEqual(200, status, answer)
            self.assertEqual(state, self.done(self.work.run("user", "show", "eve"))[-1]["state"])

    def test_four_provision_one_account_at_once(self):
        lines = self.at_once(*[("user", "provision", "cyd")] * 4)
        self.assertEqual(1, len({line["user_id"] for line in lines}), lines)

    def test_a_password_of_their_own(self):
        # It makes the account that is missing; another client logs in with it.
        self.assertEqual([{"slug": "ben", "changed": True}],
                         self.done(self.work.run("user", "password", "ben", stdin="größer als acht\n".encode())))
        ben = self.done(self.work.run("user", "show", "ben"))[-1]["user_id"]
        status, phone = self.matrix.login(ben, "größer als acht", "PHONE")
        self.assertEqual(200, status, phone)
        # A second one logs nobody out, neither that client nor what the library does for ben.
        self.done(self.work.run("user", "password", "ben", stdin=b"another one 2"))
        status, whoami = self.matrix.call("GET", "/_matrix/client/v3/account/whoami", token=phone["access_token"])
        self.assertEqual((200, "PHONE"), (status, whoami.get("device_id")), whoami)
        status, laptop = self.matrix.login(ben, "another one 2", "LAPTOP")
        self.assertEqual(200, status, laptop)
        self.assertEqual(403, self.matrix.login(ben, "größer als acht", "OLD")[0])
        # And what that client says is seen by the library.
        room = self.room("group", "chess", "ben", "cyd")
        status, sent = self.matrix.call("PUT", f"/_matrix/client/v3/rooms/{room}/send/m.room.message/t1",
                                        {"msgtype": "m.text", "body": "from my phone"}, phone["access_token"])
        self.assertEqual(200, status, sent)
        self.assertEqual(["from my phone"], harness.texts(self.history("group", "chess", "cyd")))

    def test_what_is_no_password_is_refused_and_not_repeated(self):
        for password in (b"", b"seven77", b"\xff\xfe\xff\xfe\xff\xfe\xff\xfe", b"x" * 600, b"y" * 6000):
            done = self.work.run("user", "password", "ana", stdin=password + b"\n")
            self.refused(done, 1, "invalid_argument", "password")
            self.assertTrue(not password or password not in done.output + done.errors)


if __name__ == "__main__":
    harness.main()
