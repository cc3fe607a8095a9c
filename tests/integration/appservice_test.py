"""On Synapse's own limits: fifty users spoken for by an application service come in and talk, without a login."""

import concurrent.futures
import json
import re
import stat
import time
from pathlib import Path

import harness

USERS = 50
AT_ONCE = 4


class Appservice(harness.ProgramCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = cls.folder / "work"
        cls.store = harness.kept_store(folder)
        cls.registration = folder / "confab-appservice.yaml"
        before = cls.workspace(folder, {"server_name": "confab.test", "admin_user": "admin", "admin_password": "later"})
        cls.registered = before.run("appservice", "register")
        if cls.registered.code != 0:
            raise RuntimeError(str(cls.registered))
        cls.homeserver = harness.Homeserver(cls.folder / "synapse", "--default-limits", "--log-requests",
                                            "--registration", str(cls.registration))
        cls.addClassCleanup(cls.homeserver.stop)
        cls.matrix = harness.Matrix(cls.homeserver)
        cls.work = cls.workspace(folder, cls.homeserver.config())

    @classmethod
    def workspace(cls, folder, homeserver):
        return harness.Workspace(
            folder, {**homeserver, "appservice_file": cls.registration.name}, harness.fair(USERS),
            store=cls.store,
            tenants=[{"id": "park", "directory": str(folder / "directory.json"), "access": "appservice"}])

    def answered(self, pattern):
        """The statuses of the requests that Synapse's log tells of."""
        log = Path(self.homeserver.about["log"]).read_text(encoding="utf-8", errors="replace")
        return re.findall(r' (\d{3}) "' + pattern, log)

    def say(self, word, users):
        def one(n):
            return self.work.run("send", "event", "fair", "--as", f"user{n}", f"{word} {n}")
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for done in pool.map(one, users):
                self.done(done)

    def finding(self):
        done = self.work.run("doctor", "--json")
        return done, [line for line in done.lines if line["check"] == "appservice"][0]

    def test_fifty_users_come_in_and_talk(self):
        told = self.registered.lines[0]
        self.assertEqual(str(self.registration), told["path"])
        self.assertEqual(["@park_[^:]+:confab\\.test$"], told["users"])
        self.assertEqual(f'app_service_config_files: ["{self.registration}"]', told["homeserver_yaml"])
        self.assertEqual(0o600, stat.S_IMODE(self.registration.stat().st_mode))
        self.refused(self.work.run("appservice", "register"), 1, "conflict", "--replace")
        self.refused(self.work.run("appservice", "register", "--id", "A b"), 2, "invalid_argument", "--id")

        begun = time.monotonic()
        self.done(self.work.run("user", "provision", "user1"))
        self.done(self.work.run("room", "create", "event", "fair", "--creator", "user1"))
        self.say("first", range(1, USERS + 1))
        print(f"{USERS} users came in and said something within {time.monotonic() - begun:.1f} s", flush=True)

        # All of it comes to a user who watches, also what is said after the homeserver began anew.
        watcher = self.work.spawn("watch", "--as", "user2")
        self.addCleanup(watcher.end)
        watcher.until_watching()
        self.homeserver.restart()
        self.say("second", range(1, 9))
        heard = set()
        while len(heard) < 8:
            line = watcher.line()
            if line["event"] == "message":
                heard.add(line["body"])
        self.assertEqual({f"second {n}" for n in range(1, 9)}, heard)
        read = self.done(self.work.run("history", "event", "fair", "--as", "user3", "--limit", "1000"))
        said = sorted(line["body"] for line in read if "body" in line)
        self.assertEqual(sorted([f"first {n}" for n in range(1, USERS + 1)] + [f"second {n}" for n in range(1, 9)]), said)
        names = {line.get("sender_name") for line in read if "body" in line}
        self.assertEqual({f"User {n}" for n in range(1, USERS + 1)}, names)

        # One login, the admin's; nobody was asked to wait; each account was made once, and each device.
        self.assertEqual(["200"], self.answered("POST /_matrix/client/v3/login"))
        self.assertEqual([], self.answered("POST /_synapse/admin/v1/users/[^ ]*/login"))
        self.assertEqual(USERS, self.answered("POST /_matrix/client/v3/register").count("200"))
        self.assertEqual(USERS, self.answered("PUT /_matrix/client/v3/devices/CONFAB").count("201"))
        self.assertNotIn("429", self.answered("[A-Z]+ "))

        # Its devices go, with all else that a user is logged in by; the next use makes them anew.
        operator = self.matrix.admin_token()
        status, answer = self.matrix.call("POST", "/_synapse/admin/v2/users/@park_4:confab.test/delete_devices",
                                          {"devices": ["CONFAB"]}, operator)
        self.assertEqual(200, status, answer)
        self.say("third", [4])
        self.assertEqual(USERS + 1, self.answered("PUT /_matrix/client/v3/devices/CONFAB").count("201"))

        # Whose account the operator closes is not brought back into the rooms that it was taken out of.
        closed = "@park_6:confab.test"
        status, answer = self.matrix.call("POST", f"/_synapse/admin/v1/deactivate/{closed}", {"erase": False}, operator)
        self.assertEqual(200, status, answer)
        until = time.monotonic() + harness.PATIENCE
        while self.matrix.call("GET", f"/_synapse/admin/v1/users/{closed}/joined_rooms", token=operator)[1]["joined_rooms"]:
            self.assertLess(time.monotonic(), until)
            time.sleep(0.1)
        joins = self.answered("POST /_matrix/client/v3/(?:join|rooms)/[^ ]*")
        self.refused(self.work.run("send", "event", "fair", "--as", "user6", "never"), 1, "account_deactivated")
        self.assertEqual(joins, self.answered("POST /_matrix/client/v3/(?:join|rooms)/[^ ]*"))

        done, finding = self.finding()
        self.assertEqual(0, done.code, str(done))
        self.assertTrue(finding["fit"])
        self.assertIn("@_confab:confab.test", finding["detail"])

        # A registration that the homeserver has not loaded is a fault of the configuration, and nothing is tried.
        kept = self.registration.read_text()
        self.done(self.work.run("appservice", "register", "--replace"))
        tokens = [json.loads(text)["as_token"] for text in (kept, self.registration.read_text())]
        self.assertNotEqual(*tokens)
        refused = self.work.run("--verbose", "send", "event", "fair", "--as", "user5", "never")
        self.refused(refused, 2, "config", "homeserver.appservice_file")
        self.assertEqual(1, refused.errors.count(b"appservice.refused"), str(refused))
        done, finding = self.finding()
        self.assertEqual(1, done.code, str(done))
        self.assertFalse(finding["fit"])
        self.registration.write_text(kept)
        self.say("fourth", [5])
        self.assertEqual(["200"] * 2, self.answered("POST /_matrix/client/v3/login"))  # one was the operator's

        for token in tokens:
            for path in [Path(self.homeserver.about["log"]), *self.work.folder.glob("confab.db*")]:
                self.assertNotIn(token.encode(), path.read_bytes(), path)
            self.assertNotIn(token.encode(), refused.errors + refused.output)


if __name__ == "__main__":
    harness.main()
