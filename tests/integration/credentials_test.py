"""On Synapse's own limits: one login however many programs and users there are, and tokens that die unnoticed."""

import contextlib
import json
import os
import re
import sqlite3
import urllib.request
from pathlib import Path

import harness

USERS = 50


class Credentials(harness.ProgramCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.homeserver = harness.Homeserver(cls.folder / "synapse", "--default-limits", "--log-requests")
        cls.addClassCleanup(cls.homeserver.stop)
        work = cls.folder / "work"
        store = harness.kept_store(work)
        cls.work = harness.Workspace(work, cls.homeserver.config(), harness.fair(USERS),
                                     store=store)

    def log(self):
        return Path(self.homeserver.about["log"]).read_text(encoding="utf-8", errors="replace")

    def asked(self, method, path):
        """The statuses with which requests of this kind were answered so far."""
        return re.findall(rf' (\d{{3}}) "{method} {path}[ ?]', self.log())

    def logins(self):
        return self.asked("POST", "/_matrix/client/v3/login")

    def admin_token(self):
        """A login of the operator's own: it is no business of the library's."""
        about = self.homeserver.about
        password = Path(about["admin_password_file"]).read_text(encoding="utf-8").strip()
        return self.request("POST", "/_matrix/client/v3/login", None, {
            "type": "m.login.password", "identifier": {"type": "m.id.user", "user": about["admin_user"]},
            "password": password, "device_id": "OPERATOR"})["access_token"]

    def request(self, method, path, token, body):
        call = urllib.request.Request(self.homeserver.about["url"] + path, method=method,
                                      data=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
        if token:
            call.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(call, timeout=harness.PATIENCE) as answer:
            return json.load(answer)

    def test_fifty_users_and_dead_tokens(self):
        # Ten programs, one after the other: one login.
        for _ in range(10):
            self.done(self.work.run("user", "provision", "user1"))
        self.assertEqual(["200"], self.logins())
        self.done(self.work.run("doctor"))

        ids = [self.done(self.work.run("user", "provision", f"user{n}"))[-1]["user_id"] for n in range(1, USERS + 1)]
        room = self.done(self.work.run("room", "create", "event", "fair", "--creator", "user1"))[-1]["room_id"]
        for n in range(2, USERS + 1):
            self.done(self.work.run("room", "add", "event", "fair", f"user{n}"))
        for n in range(1, USERS + 1):
            self.done(self.work.run("send", "event", "fair", "--as", f"user{n}", f"I am user {n}"))
        self.assertEqual(["200"], self.logins())
        read = self.done(self.work.run("history", "event", "fair", "--as", "user7", "--limit", "200"))
        said = [line["body"] for line in read if line.get("body", "").startswith("I am")]
        self.assertEqual({f"I am user {n}" for n in range(1, USERS + 1)}, set(said))
        self.assertEqual(USERS, len(said))

        # No secret lies in the store in plain: a token of Synapse's begins like this.
        for name in os.listdir(self.work.folder):
            if name.startswith("confab.db"):
                self.assertNotIn(b"syt_", (self.work.folder / name).read_bytes(), name)

        # A sender with all its tokens alive meets their end: the user's and, by the admin's logout, every puppet's.
        sender = self.work.spawn("send", "event", "fair", "--as", "user3", "-")
        self.addCleanup(sender.end)
        sender.write("before")
        self.assertIsNotNone(sender.line(), str(sender))
        operator = self.admin_token()
        before = len(self.logins())
        self.request("POST", "/_matrix/client/v3/logout/all", operator, {})
        sender.write("after")
        self.assertIsNotNone(sender.line(), str(sender))
        self.assertEqual(0, sender.finish(), str(sender))
        self.assertEqual(b"", sender.errors)
        # The admin's; and where this took seconds, user3 may have come to a device of its own meanwhile.
        self.assertIn(self.logins()[before:], (["200"], ["200", "200"]))
        self.assertIn("401", self.asked("PUT", rf"/_matrix/client/v3/rooms/\S+/send/m.room.message/\S+"))
        again = self.done(self.work.run("user", "provision", "user3"))[-1]["user_id"]
        self.assertEqual(ids[2], again)
        read = self.done(self.work.run("history", "event", "fair", "--as", "user9", "--limit", "200"))
        said = [line["body"] for line in read if line.get("body") in ("before", "after")]
        self.assertEqual(["after", "before"], said)
        self.assertEqual({room}, {line["room_id"] for line in read if "room_id" in line})
        # The same transaction id was refused, and then taken.
        sends = re.findall(r' (\d{3}) "PUT \S+/send/m\.room\.message/(\S+?)[ ?]', self.log())
        dead = [txn for status, txn in sends if status == "401"]
        self.assertTrue(dead)
        self.assertIn(("200", dead[-1]), sends)

    def test_renames_are_the_users_own(self):
        """Until the operator keeps users from them: then they are the admin's."""
        def named(name):
            user = self.done(self.work.run("user", "provision", "user1", "--name", name))[-1]
            account = self.done(self.work.run("user", "show", "user1"))[-1]
            self.assertEqual((name, user["user_id"]), (account["name"], account["user_id"]))
            by_users = self.asked("PUT", r"/_matrix/client/v3/profile/\S+/displayname")
            return by_users, self.asked("PUT", r"/_synapse/admin/v2/users/\S+")

        users, admin = named("User one")
        users_then, admin_then = named("User the first")
        self.assertEqual(users + ["200"], users_then)
        self.assertEqual(admin, admin_then)
        self.assertEqual(users_then, named("User the first")[0], "a name that is right costs nothing")
        with open(self.homeserver.folder / "homeserver.yaml", "a", encoding="utf-8") as settings:
            settings.write("enable_set_displayname: false\n")
        self.homeserver.restart()
        users, admin = named("User 1")
        self.assertEqual(users_then + ["403"], users)
        self.assertEqual(admin_then + ["200"], admin)

    def test_reset(self):
        first = self.done(self.work.run("user", "provision", "user1"))[-1]["user_id"]
        self.done(self.work.run("user", "provision", "user2"))
        self.done(self.work.run("room", "create", "event", "fair", "--creator", "user1"))
        self.done(self.work.run("room", "add", "event", "fair", "user2"))
        self.done(self.work.run("send", "event", "fair", "--as", "user2", "before the reset"))
        counts = self.done(self.work.run("reset", "--all"))[-1]
        self.assertGreaterEqual(counts["tokens"], 2)
        self.assertEqual(0, counts["positions"])
        # The users are still known, for whose their passwords are; and the room, for the next process.
        self.assertEqual({"tenant": "park", "users": counts["users"], "tokens": 0, "positions": 0, "rooms": 1},
                         self.done(self.work.run("reset", "--all", "--full", "--yes"))[-1])
        before = len(self.asked("POST", r"/_synapse/admin/v1/users/\S+/login"))
        self.done(self.work.run("send", "event", "fair", "--as", "user2", "after the reset"))
        self.assertEqual(before + 1, len(self.asked("POST", r"/_synapse/admin/v1/users/\S+/login")))
        read = self.done(self.work.run("history", "event", "fair", "--as", "user1", "--limit", "200"))
        said = [line for line in read if line.get("body") in ("before the reset", "after the reset")]
        self.assertEqual(["after the reset", "before the reset"], [line["body"] for line in said])
        self.assertEqual(1, len({line["sender"] for line in said}))
        self.assertEqual(first, self.done(self.work.run("user", "provision", "user1"))[-1]["user_id"])
        self.assertEqual(1, self.done(self.work.run("reset", "--user", "user1"))[-1]["tokens"])

    def revision(self):
        """Of the directory in the store."""
        with contextlib.closing(sqlite3.connect(self.work.folder / "confab.db")) as store:
            (value,) = store.execute("SELECT value FROM record WHERE key = 'park/directory/head'").fetchone()
        return json.loads(value)["revision"]

    def test_the_directory_lies_in_the_store(self):
        # Nobody of that name is asked for, so that no request is needed to tell.
        for _ in range(3):
            self.refused(self.work.run("user", "provision", "late"), 1, "not_found")
            self.assertEqual(1, self.revision())
        late = harness.fair(USERS)
        late["users"].append({"id": "late", "slug": "late", "name": "Late"})
        self.work.directory.write_text(json.dumps(late))
        self.assertEqual("@park_late:confab.test", self.done(self.work.run("user", "provision", "late"))[-1]["user_id"])
        self.assertEqual(2, self.revision())
        self.work.directory.write_text(json.dumps(harness.fair(USERS)))
        self.refused(self.work.run("user", "provision", "late"), 1, "not_found")
        self.assertEqual(3, self.revision())


if __name__ == "__main__":
    harness.main()
