"""Backups that are put back: of the store, then of the homeserver. Nothing is said twice, nobody is shut out."""

import contextlib
import re
import shutil
import sqlite3
from pathlib import Path

import harness
from tokens_test import TokenCase


class Backups:
    """Of the workspace's store."""

    def back_up(self, name):
        with contextlib.closing(sqlite3.connect(self.work.folder / "confab.db")) as store, \
                contextlib.closing(sqlite3.connect(self.folder / name)) as copy:
            store.backup(copy)

    def put_back(self, name):
        for file in self.work.folder.glob("confab.db*"):
            file.unlink()
        shutil.copyfile(self.folder / name, self.work.folder / "confab.db")
        (self.work.folder / "confab.db").chmod(0o600)


class Recover(Backups, harness.HomeserverCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        work = cls.folder / "stored"
        store = harness.kept_store(work)
        cls.work = harness.Workspace(work, cls.homeserver.config(),
                                     store=store)

    def accepted_while_away(self, *texts):
        """Into the store while the homeserver is down: they wait there, and none has been tried."""
        self.homeserver.stop()
        sender = self.work.spawn("send", "event", "picnic", "--as", "ana", "--durable", "-")
        try:
            for text in texts:
                sender.write(text)
                self.assertEqual("accepted", sender.line()["state"], str(sender))
            self.back_up("waiting.db")
        finally:
            sender.end()

    def until_sent(self):
        """One more in the same lane: the program waits for it, and it goes out behind all others."""
        self.done(self.work.run("send", "event", "picnic", "--as", "ana", "--durable", "the last one"))

    def said(self):
        return harness.texts(self.history("event", "picnic", "ben"))

    def test_a_store_put_back_says_nothing_twice(self):
        self.room("event", "picnic", "ana", "ben")
        self.accepted_while_away("one", "two", "three")
        self.homeserver.restart()
        self.until_sent()
        self.assertEqual(["one", "two", "three", "the last one"], self.said())

        self.homeserver.restart()  # it forgets what these users' tokens sent: no help in telling what was said
        self.put_back("waiting.db")
        told = self.done(self.work.run("recover"))[-1]
        self.assertEqual(3, told["messages"], told)
        self.assertGreaterEqual(told["users"], 1)
        self.done(self.work.run("send", "event", "picnic", "--as", "ana", "--durable", "after it"))
        self.assertEqual(["one", "two", "three", "the last one", "after it"], self.said())
        self.assertEqual([], self.done(self.work.run("outbox", "list")))

    def test_a_homeserver_put_back_knows_less_than_the_store(self):
        about = self.homeserver.about
        self.room("group", "chess", "ben", "cyd")
        self.homeserver.stop()
        shutil.copytree(Path(about["log"]).parent, self.folder / "older")
        self.homeserver.restart()
        # What the homeserver will not know: an account, a room, messages, and where a reader is.
        watcher = self.watching("ben", "--resume", "gateway", "--count", "1")
        self.send("group", "chess", "cyd", "lost")
        self.assertEqual(0, watcher.finish(), str(watcher))
        eve = self.provisioned("eve")
        gala = self.room("event", "gala", "ana", "ben")
        self.send("event", "gala", "ben", "lost as well")
        self.homeserver.stop()
        folder = Path(about["log"]).parent
        shutil.rmtree(folder)
        shutil.copytree(self.folder / "older", folder)
        self.homeserver.restart()

        self.done(self.work.run("recover"))
        self.assertEqual(eve, self.provisioned("eve"))
        self.send("group", "chess", "cyd", "found")
        self.assertEqual("found", self.history("group", "chess", "ben")[-1]["body"])
        self.assertNotEqual(gala, self.room("event", "gala", "ana", "ben"))
        self.send("event", "gala", "ben", "new room")
        self.assertEqual(["new room"], harness.texts(self.history("event", "gala", "ana")))
        resumed = self.work.spawn("watch", "--as", "ben", "--resume", "gateway", "--for", "300")
        self.addCleanup(resumed.end)
        missed = resumed.line()
        self.assertIn("missed", str(missed), str(resumed))
        self.send("group", "chess", "cyd", "live")
        while (line := resumed.line()).get("body") != "live":
            self.assertIsNotNone(line, str(resumed))


class RecoverDevices(Backups, TokenCase):
    """The refresh tokens of a backup were used up since. Here a token's life is too short for a second program."""
    access = "device"
    options = ("--token-life", "25")

    def asked_with(self, path):
        return re.findall(rf' (\d{{3}}) "POST /_matrix/client/v3/{path}[ ?]', self.log())

    def says(self, text):
        self.done(self.work.run("send", "event", "picnic", "--as", "ana", text))

    def test_refresh_tokens_that_were_used_up(self):
        self.says("before the backup")
        self.back_up("refreshed.db")
        before = len(self.asked_with("refresh"))
        for text in ("once", "twice", "thrice"):
            self.says(text)
        self.assertEqual(["200"] * 3, self.asked_with("refresh")[before:])
        said = ["before the backup", "once", "twice", "thrice"]
        for recovers in (True, False):
            self.put_back("refreshed.db")
            refreshes, logins = len(self.asked_with("refresh")), len(self.asked_with("login"))
            text = "recovered" if recovers else "not recovered"
            if recovers:
                told = self.done(self.work.run("recover"))[-1]
                self.assertGreaterEqual(told["tokens"], 1, told)
            self.says(text)
            said.append(text)
            # What was used up is tried only where nobody said that it may be: then it is refused, and nothing is lost by it.
            refused = self.asked_with("refresh")[refreshes:]
            self.assertEqual(0 if recovers else 1, len(refused), refused)
            self.assertNotIn("200", refused)
            self.assertEqual(["200"], self.asked_with("login")[logins:])
            self.assertEqual(self.ana, self.done(self.work.run("user", "show", "ana"))[-1]["user_id"])
            self.assertEqual(["CONFAB"], self.devices(self.ana))
            # And what was made by that is good for the next one.
            self.says(text + ", again")
            said.append(text + ", again")
        read = self.done(self.work.run("history", "event", "picnic", "--as", "ben", "--limit", "100"))
        self.assertEqual(said, harness.texts(read)[::-1])
        self.assertEqual({self.ana}, {line["sender"] for line in read if "body" in line})


class TwoTenants(harness.HomeserverCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        work = cls.folder / "two"
        store = harness.kept_store(work)
        directory = str(work / "directory.json")
        cls.work = harness.Workspace(work, cls.homeserver.config(), store=store,
                                     tenants=[{"id": name, "directory": directory} for name in ("park", "zoo")])

    def of(self, tenant, *command):
        return self.done(self.work.run("--tenant", tenant, *command))

    def test_a_reset_of_all_is_one_of_all_tenants(self):
        ids = {}
        for tenant in ("park", "zoo"):
            ids[tenant] = [self.of(tenant, "user", "provision", slug)[-1]["user_id"] for slug in ("ana", "ben")]
            self.of(tenant, "room", "create", "event", "picnic", "--creator", "ana")
            self.of(tenant, "send", "event", "picnic", "--as", "ana", f"in the {tenant}")
        with self.subTest("one tenant"):
            told = self.of("zoo", "reset", "--all")
            self.assertEqual(["zoo"], [line["tenant"] for line in told])
            self.assertGreaterEqual(told[0]["tokens"], 1)
        with self.subTest("all: of the one that was done nothing is left to do"):
            told = self.done(self.work.run("reset", "--all"))
            self.assertEqual(["park", "zoo"], [line["tenant"] for line in told])
            self.assertGreaterEqual(told[0]["tokens"], 1)
            self.assertEqual(0, told[1]["tokens"])
        with self.subTest("whole, of all"):
            told = self.done(self.work.run("reset", "--all", "--full", "--yes"))
            self.assertEqual([("park", 1), ("zoo", 1)], [(line["tenant"], line["rooms"]) for line in told])
        with self.subTest("after a backup was put back, of all"):
            told = self.done(self.work.run("recover"))
            self.assertEqual([("park", 0), ("zoo", 0)], [(line["tenant"], line["messages"]) for line in told])
        with self.subTest("one user is of one tenant"):
            self.refused(self.work.run("reset", "--user", "ana"), 2, "invalid_argument", "--tenant")
        for tenant in ("park", "zoo"):
            self.of(tenant, "send", "event", "picnic", "--as", "ana", "and again")
            self.assertEqual(ids[tenant], [self.of(tenant, "user", "show", slug)[-1]["user_id"] for slug in ("ana", "ben")])
            read = self.of(tenant, "history", "event", "picnic", "--as", "ana")
            self.assertEqual(["and again", f"in the {tenant}"], harness.texts(read))


if __name__ == "__main__":
    harness.main()
