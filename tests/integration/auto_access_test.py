"""On Synapse's own login limits: users whom the admin acts for at first come to devices of their own, and nobody waits."""

import contextlib
import json
import re
import sqlite3
import time
from pathlib import Path

import harness

USERS = 6


class AutoAccess(harness.ProgramCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.homeserver = harness.Homeserver(cls.folder / "synapse", "--default-limits", "--log-requests")
        cls.addClassCleanup(cls.homeserver.stop)
        cls.matrix = harness.Matrix(cls.homeserver)
        work = cls.folder / "work"
        store = harness.kept_store(work)
        cls.work = harness.Workspace(
            work, cls.homeserver.config(), harness.fair(USERS),
            store=store,
            tenants=[{"id": "park", "directory": str(work / "directory.json"), "access": "auto"}])

    def logins(self):
        log = Path(self.homeserver.about["log"]).read_text(encoding="utf-8", errors="replace")
        return re.findall(r' (\d{3}) "POST /_matrix/client/v3/login[ ?]', log)

    def records(self):
        """What lies in the store of the users, by id."""
        with contextlib.closing(sqlite3.connect(self.work.folder / "confab.db")) as store:
            rows = store.execute("SELECT key, value FROM record WHERE key LIKE 'token/%'").fetchall()
        read = {key.removeprefix("token/"): json.loads(value) for key, value in rows}
        return {user: record for user, record in read.items() if record["kind"] != "admin"}

    def made(self, reason):
        return sum(record["made"].get(reason, 0) for record in self.records().values())

    def say(self, senders, word):
        for n, sender in enumerate(senders, 1):
            sender.write(f"{word} {n}")
        for sender in senders:
            self.assertIsNotNone(sender.line(), str(sender))

    def test_users_move_as_the_limit_allows_and_go_on_when_all_tokens_die(self):
        for n in range(1, USERS + 1):
            self.done(self.work.run("user", "provision", f"user{n}"))
        self.done(self.work.run("room", "create", "event", "fair", "--creator", "user1"))
        for n in range(2, USERS + 1):
            self.done(self.work.run("room", "add", "event", "fair", f"user{n}"))
        senders = [self.work.spawn("send", "event", "fair", "--as", f"user{n}", "-") for n in range(1, USERS + 1)]
        for sender in senders:
            self.addCleanup(sender.end)

        # Five logins there are: one is the admin's, and one is kept for who cannot wait.
        said = []
        until = time.monotonic() + harness.PATIENCE
        while self.made("move") < 3:
            self.assertLess(time.monotonic(), until, self.records())
            said.append(f"word {len(said)}")
            self.say(senders, said[-1])
        self.assertEqual(["200"] * 4, self.logins())
        moved = sorted(user for user, record in self.records().items() if record["kind"] == "device")
        self.assertEqual(3, len(moved))

        # All their devices go, with all that could have been refreshed. The operator's login is the fifth.
        operator = self.matrix.admin_token()
        for user in moved:
            status, answer = self.matrix.call("POST", f"/_synapse/admin/v2/users/{user}/delete_devices",
                                              {"devices": ["CONFAB"]}, operator)
            self.assertEqual(200, status, answer)
        said.append("after")
        self.say(senders, said[-1])
        self.assertEqual(["200"] * 5, self.logins())
        self.assertEqual(len(moved), self.made("recovery"))
        self.assertEqual(3, self.made("move"))

        for sender in senders:
            self.assertEqual(0, sender.finish(), str(sender))
        read = self.done(self.work.run("history", "event", "fair", "--as", "user2", "--limit", "1000"))
        bodies = sorted(line["body"] for line in read if line.get("body", "").split(" ")[0] in ("word", "after"))
        self.assertEqual(sorted(f"{word} {n}" for word in said for n in range(1, USERS + 1)), bodies)
        tokens = [line for line in self.done(self.work.run("doctor", "--json")) if line["check"] == "tokens"][0]
        self.assertIn(f"recovery {len(moved)}, ", tokens["detail"])
        self.assertIn("move 3", tokens["detail"])


if __name__ == "__main__":
    harness.main()
