"""Tokens that die on a real Synapse, one user's at a time, for both ways to act for users, or end and are renewed; accounts that
are locked; and a place in the directory that is withdrawn while its user listens."""

import contextlib
import json
import re
import sqlite3
import time
from pathlib import Path

import harness


class TokenCase(harness.ProgramCase):
    """What the classes below share: a homeserver that logs its requests, a store that stays, two users in a room."""
    access = None
    options = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.homeserver = harness.Homeserver(cls.folder / "synapse", "--log-requests", *cls.options)
        cls.addClassCleanup(cls.homeserver.stop)
        cls.matrix = harness.Matrix(cls.homeserver)
        work = cls.folder / "work"
        store = harness.kept_store(work)
        cls.work = harness.Workspace(
            work, cls.homeserver.config(), store=store,
            tenants=[{"id": "park", "directory": str(work / "directory.json"), "access": cls.access}])
        case = cls()
        cls.ana, cls.ben = (case.done(case.work.run("user", "provision", slug))[-1]["user_id"] for slug in ("ana", "ben"))
        case.done(case.work.run("room", "create", "event", "picnic", "--creator", "ana"))
        case.done(case.work.run("room", "add", "event", "picnic", "ben"))

    def setUp(self):
        self.admin = self.matrix.admin_token()

    def log(self):
        return Path(self.homeserver.about["log"]).read_text(encoding="utf-8", errors="replace")

    def sends(self):
        """(status, transaction id) of every message that was sent so far, in order."""
        return re.findall(r' (\d{3}) "PUT \S+/send/m\.room\.message/(\S+?)[ ?]', self.log())

    def mints(self, user):
        """How often a token was asked for: by the admin for this user, or by a login of anybody's but the operator's."""
        puppet = re.findall(rf' (\d{{3}}) "POST /_synapse/admin/v1/users/{user.replace("@", "(?:@|%40)")}\S*/login', self.log())
        logins = re.findall(r' (\d{3}) "POST /_matrix/client/v3/login[ ?]', self.log())
        return len(puppet) + len(logins)

    def devices(self, user):
        status, answer = self.matrix.call("GET", f"/_synapse/admin/v2/users/{user}/devices", token=self.admin)
        self.assertEqual(200, status, answer)
        return sorted(device["device_id"] for device in answer["devices"])

    def locked(self, user, state):
        status, answer = self.matrix.call("PUT", f"/_synapse/admin/v2/users/{user}", {"locked": state}, self.admin)
        self.assertEqual(200, status, answer)

    def from_the_database(self, user):
        """The rows of the user's tokens are gone, and so is what Synapse remembers of them."""
        self.homeserver.kill()
        with contextlib.closing(sqlite3.connect(Path(self.homeserver.about["log"]).parent / "homeserver.db")) as database:
            gone = database.execute("DELETE FROM access_tokens WHERE ? IN (user_id, puppets_user_id)", (user,)).rowcount
            database.commit()
        self.homeserver.restart()
        self.assertGreaterEqual(gone, 1)

    def heals(self, word, kill):
        """A program that has sent, and whose user's token is killed, sends on and says nothing."""
        sender = self.work.spawn("send", "event", "picnic", "--as", "ana", "-")
        self.addCleanup(sender.end)
        sender.write(f"{word}, before")
        self.assertIsNotNone(sender.line(), str(sender))
        kill()
        before = len(self.sends())
        sender.write(f"{word}, after")
        self.assertIsNotNone(sender.line(), str(sender))
        self.assertEqual(0, sender.finish(), str(sender))
        self.assertEqual(b"", sender.errors)
        # The dead token was seen, and what it was refused for was sent again under the same transaction id.
        sends = self.sends()[before:]
        self.assertEqual(["401", "200"], [status for status, _ in sends], sends)
        self.assertEqual(1, len({transaction for _, transaction in sends}), sends)
        read = self.done(self.work.run("history", "event", "picnic", "--as", "ben", "--limit", "100"))
        said = [line for line in read if line.get("body", "").startswith(word + ",")]
        self.assertEqual([f"{word}, after", f"{word}, before"], [line["body"] for line in said])
        self.assertEqual({self.ana}, {line["sender"] for line in said})

    def locked_account(self):
        self.done(self.work.run("send", "event", "picnic", "--as", "ana", "still open"))
        before = self.mints(self.ana)
        self.locked(self.ana, True)
        try:
            for _ in range(3):
                self.refused(self.work.run("send", "event", "picnic", "--as", "ana", "locked out"), 1, "account_locked")
            self.assertEqual(before, self.mints(self.ana))
        finally:
            self.locked(self.ana, False)
        # The token of before works again.
        self.done(self.work.run("send", "event", "picnic", "--as", "ana", "open again"))
        self.assertEqual(before, self.mints(self.ana))
        read = self.done(self.work.run("history", "event", "picnic", "--as", "ben", "--limit", "100"))
        self.assertNotIn("locked out", harness.texts(read))


    def asked(self, method, path):
        """How often that was asked of the homeserver, by anybody."""
        return len(re.findall(rf' \d{{3}} "{method} {path}[/ ?]', self.log()))

    def members(self, room):
        status, answer = self.matrix.call("GET", f"/_synapse/admin/v1/rooms/{room}/members", token=self.admin)
        self.assertEqual(200, status, answer)
        return answer["members"]

    def closed_account(self, before=lambda _sender, _user: None):
        """The operator closes the account of somebody in a room who speaks; `before` is awaited first."""
        cyd = self.done(self.work.run("user", "provision", "cyd"))[-1]["user_id"]
        room = self.done(self.work.run("room", "create", "group", "chess", "--creator", "ben"))[-1]["room_id"]
        self.done(self.work.run("room", "add", "group", "chess", "cyd"))
        sender = self.work.spawn("send", "group", "chess", "--as", "cyd", "-")
        self.addCleanup(sender.end)
        sender.write("still open")
        self.assertIsNotNone(sender.line(), str(sender))
        before(sender, cyd)

        def touched():
            """What would bring the account back: it is joined, made or given a password."""
            name = cyd.replace("@", "(?:@|%40)")
            return [self.asked("POST", r"/_matrix/client/v3/(?:join|rooms)/\S+"), self.asked("PUT", rf"/_synapse/admin/v2/users/{name}"),
                    self.asked("POST", rf"/_synapse/admin/v1/reset_password/{name}"), self.asked("POST", "/_matrix/client/v3/register")]

        status, answer = self.matrix.call("POST", f"/_synapse/admin/v1/deactivate/{cyd}", {"erase": False}, self.admin)
        self.assertEqual(200, status, answer)
        # It takes the user out of the rooms a moment later.
        until = time.monotonic() + harness.PATIENCE
        while cyd in self.members(room):
            self.assertLess(time.monotonic(), until)
            time.sleep(0.1)
        then = touched()
        sender.write("never")
        self.assertEqual(1, sender.finish(), str(sender))
        self.assertIn(b'"code":"account_deactivated"', sender.errors)
        self.assertEqual(then, touched(), str(sender))
        self.refused(self.work.run("user", "provision", "cyd"), 1, "account_deactivated")
        self.assertNotIn(cyd, self.members(room))
        status, account = self.matrix.call("GET", f"/_synapse/admin/v2/users/{cyd}", token=self.admin)
        self.assertEqual((200, True), (status, account["deactivated"]), account)
        self.assertEqual([], self.devices(cyd))
        with contextlib.closing(sqlite3.connect(Path(self.homeserver.about["log"]).parent / "homeserver.db")) as database:
            self.assertEqual([(None,)], database.execute("SELECT password_hash FROM users WHERE name = ?", (cyd,)).fetchall())
        read = self.done(self.work.run("history", "group", "chess", "--as", "ben", "--limit", "100"))
        self.assertNotIn("never", harness.texts(read))
        return cyd


class Puppets(TokenCase):
    access = "puppet"

    def test_a_closed_account_stays_closed(self):
        self.closed_account()
        # Nor does another process wake it, which has the token that the admin got for the user and never saw them in the room.
        self.refused(self.work.run("send", "group", "chess", "--as", "cyd", "nor this"), 1, "account_deactivated")

    def test_rows_deleted_in_the_database(self):
        self.heals("rows", lambda: self.from_the_database(self.ana))
        self.assertEqual([], self.devices(self.ana))

    def test_a_locked_account_starts_no_mint(self):
        self.locked_account()

    def test_who_is_taken_out_of_the_directory_hears_nothing_more(self):
        watcher = self.work.spawn("watch", "--as", "ben", "--for", "120")
        self.addCleanup(watcher.end)
        watcher.until_watching()
        self.done(self.work.run("send", "event", "picnic", "--as", "ana", "for ben"))
        while (line := watcher.line()).get("body") != "for ben":
            self.assertIsNotNone(line, str(watcher))
        # Withdrawn by another process; on Matrix ben stays a member.
        changed = json.loads(self.work.directory.read_text())
        picnic = changed["events"][0]
        picnic["attendees"] = [each for each in picnic["attendees"] if each["user"] != "ben"]
        self.addCleanup(self.work.directory.write_text, json.dumps(harness.DIRECTORY))
        self.work.directory.write_text(json.dumps(changed))
        self.done(self.work.run("user", "show", "ana"))
        # Within a second is what docs/directory.md promises, and what is tested.
        time.sleep(5)
        self.done(self.work.run("send", "event", "picnic", "--as", "ana", "not for ben"))
        status, members = self.matrix.call("GET", f"/_synapse/admin/v1/rooms/{line['room_id']}/members", token=self.admin)
        self.assertEqual(200, status, members)
        self.assertIn(self.ben, members["members"])
        self.work.directory.write_text(json.dumps(harness.DIRECTORY))
        self.done(self.work.run("user", "show", "ana"))
        time.sleep(5)
        self.done(self.work.run("send", "event", "picnic", "--as", "ana", "for ben again"))
        while (line := watcher.line()).get("body") != "for ben again":
            self.assertIsNotNone(line, str(watcher))
            self.assertNotEqual("not for ben", line.get("body"), str(watcher))


class Devices(TokenCase):
    access = "device"

    def test_rows_deleted_in_the_database(self):
        self.heals("rows", lambda: self.from_the_database(self.ana))
        self.assertEqual(["CONFAB"], self.devices(self.ana))

    def test_the_device_deleted_by_the_admin(self):
        self.assertEqual(["CONFAB"], self.devices(self.ana))

        def kill():
            status, answer = self.matrix.call("DELETE", f"/_synapse/admin/v2/users/{self.ana}/devices/CONFAB",
                                              token=self.admin)
            self.assertEqual(200, status, answer)
            self.assertEqual([], self.devices(self.ana))
        self.heals("device", kill)
        self.assertEqual(["CONFAB"], self.devices(self.ana))

    def test_a_locked_account_starts_no_mint(self):
        self.locked_account()

    def test_a_closed_account_stays_closed(self):
        self.closed_account()
        # Nor does another process wake it, by its refresh token or its password.
        self.refused(self.work.run("send", "group", "chess", "--as", "cyd", "nor this"), 1, "account_deactivated")


class Both(TokenCase):
    access = "auto"

    def test_a_closed_account_stays_closed(self):
        def moved(sender, user):
            until = time.monotonic() + harness.PATIENCE
            while self.devices(user) != ["CONFAB"]:
                self.assertLess(time.monotonic(), until, str(sender))
                sender.write("on the way to a device")
                self.assertIsNotNone(sender.line(), str(sender))
        self.closed_account(moved)
        self.refused(self.work.run("send", "group", "chess", "--as", "cyd", "nor this"), 1, "account_deactivated")


class Refreshes(TokenCase):
    """Tokens of eight seconds in sessions of twenty."""
    access = "device"
    options = ("--token-life", "8", "--session-life", "20")

    def sends_and_refreshes(self, begin):
        """("send" or "refresh", status) of each, in the order in which they were answered."""
        return [(path.rsplit("/", 1)[-1] if method == "POST" else "send", status) for status, method, path in re.findall(
            r' (\d{3}) "(POST|PUT) (/_matrix/client/v3/refresh|\S+/send/m\.room\.message)[/ ?]', self.log()[begin:])]

    def test_tokens_are_renewed_ahead_and_a_session_that_ends_costs_a_login(self):
        self.done(self.work.run("reset", "--user", "ana"))
        sender = self.work.spawn("send", "event", "picnic", "--as", "ana", "-")
        self.addCleanup(sender.end)
        sender.write("line 0")
        self.assertIsNotNone(sender.line(), str(sender))
        begin, before = len(self.log()), len(self.sends())
        # Time has to pass: as many tokens end, and the session does.
        count, until = 0, time.monotonic() + 26
        while time.monotonic() < until:
            count += 1
            sender.write(f"line {count}")
            self.assertIsNotNone(sender.line(), str(sender))
            time.sleep(0.2)
        self.assertEqual(0, sender.finish(), str(sender))
        self.assertEqual(b"", sender.errors)
        # No send met a dead token while the session lasted. The refresh token that ended with it was refused once, and led
        # to a login. The session's last token may have had no time left to be renewed in: then one send was refused.
        asked = self.sends_and_refreshes(begin)
        refreshes = [status for path, status in asked if path == "refresh"]
        self.assertGreaterEqual(refreshes.count("200"), 3, asked)
        self.assertEqual(["403"], [status for status in refreshes if status != "200"], asked)
        end = asked.index(("refresh", "403"))
        refused = [place for place, (path, status) in enumerate(asked) if path == "send" and status != "200"]
        self.assertIn([asked[place][1] for place in refused], ([], ["401"]), asked)
        self.assertTrue(all(place in (end - 1, end + 1) for place in refused), asked)
        accepted = [transaction for status, transaction in self.sends()[before:] if status == "200"]
        self.assertEqual(count, len(set(accepted)))
        self.admin = self.matrix.admin_token()  # its session ended as well
        self.assertEqual(["CONFAB"], self.devices(self.ana))
        read = self.done(self.work.run("history", "event", "picnic", "--as", "ben", "--limit", "500"))
        self.assertEqual([f"line {n}" for n in range(count, -1, -1)],
                         [text for text in harness.texts(read) if text.startswith("line ")])


if __name__ == "__main__":
    harness.main()
