"""Tenants that have closed accounts reopened (`reactivate_accounts`), in each access."""

import contextlib
import sqlite3
import time

import harness


class Reactivation(harness.ProgramCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.homeserver = harness.Homeserver(cls.folder / "synapse")
        cls.addClassCleanup(cls.homeserver.stop)
        with open(cls.homeserver.folder / "homeserver.yaml", "a", encoding="utf-8") as settings:
            settings.write("background_updates: {sleep_enabled: false}\n")
        cls.homeserver.restart()
        cls.grown_up()
        cls.matrix = harness.Matrix(cls.homeserver)
        cls.admin = cls.matrix.admin_token()

    @classmethod
    def grown_up(cls):
        """Until then Synapse answers 500 to who reopens an account: an index comes with the first updates of a new database."""
        until = time.monotonic() + harness.PATIENCE
        with contextlib.closing(sqlite3.connect(cls.homeserver.folder / "homeserver.db")) as database:
            while not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'profiles_full_user_id_key'").fetchall():
                if time.monotonic() > until:
                    raise AssertionError("Synapse does not finish its database")
                time.sleep(0.1)

    def workspace(self, access):
        work = self.folder / access
        store = harness.kept_store(work)
        tenant = {"id": access, "directory": str(work / "directory.json"), "access": access, "reactivate_accounts": True}
        return harness.Workspace(work, self.homeserver.config(), store=store, tenants=[tenant])

    def members(self, room):
        status, answer = self.matrix.call("GET", f"/_synapse/admin/v1/rooms/{room}/members", token=self.admin)
        self.assertEqual(200, status, answer)
        return answer["members"]

    def close(self, user, room):
        """As the operator does it; Synapse takes the user out of the rooms a moment later."""
        status, answer = self.matrix.call("POST", f"/_synapse/admin/v1/deactivate/{user}", {"erase": False}, self.admin)
        self.assertEqual(200, status, answer)
        until = time.monotonic() + harness.PATIENCE
        while user in self.members(room):
            self.assertLess(time.monotonic(), until)
            time.sleep(0.1)

    def account(self, user):
        status, account = self.matrix.call("GET", f"/_synapse/admin/v2/users/{user}", token=self.admin)
        self.assertEqual(200, status, account)
        return account

    def test_who_speaks_again_has_their_account_again(self):
        for access in ("puppet", "device", "auto"):
            with self.subTest(access=access):
                self.comes_back(access)

    def comes_back(self, access):
        work = self.workspace(access)
        cyd = self.done(work.run("user", "provision", "cyd"))[-1]["user_id"]
        room = self.done(work.run("room", "create", "group", "chess", "--creator", "ben"))[-1]["room_id"]
        self.done(work.run("room", "add", "group", "chess", "cyd"))
        sender = work.spawn("send", "group", "chess", "--as", "cyd", "-")
        self.addCleanup(sender.end)
        sender.write("before")
        self.assertIsNotNone(sender.line(), str(sender))

        self.close(cyd, room)
        sender.write("said by who had been here all the time")
        self.assertIsNotNone(sender.line(), str(sender))
        self.close(cyd, room)
        self.done(work.run("send", "group", "chess", "--as", "cyd", "said by another process"))
        self.close(cyd, room)
        self.assertEqual(cyd, self.done(work.run("user", "provision", "cyd"))[-1]["user_id"])
        self.assertFalse(self.account(cyd)["deactivated"])
        sender.write("said once more")
        self.assertIsNotNone(sender.line(), str(sender))
        self.assertEqual(0, sender.finish(), str(sender))
        self.assertEqual(b"", sender.errors)

        read = self.done(work.run("history", "group", "chess", "--as", "ben", "--limit", "100"))
        said = [line["body"] for line in read if line.get("sender") == cyd and "body" in line]
        self.assertEqual(["said once more", "said by another process", "said by who had been here all the time", "before"], said)
        self.assertIn(cyd, self.members(room))


if __name__ == "__main__":
    harness.main()
