"""Users who log in by signed tokens on a real Synapse: each comes to a device, and whatever password they have stays theirs."""

import contextlib
import json
import sqlite3
import sys
from pathlib import Path

import harness
from tokens_test import TokenCase

sys.path.insert(0, str(harness.SOURCE / "tests" / "storm"))
from counting_proxy import CountingProxy  # noqa: E402
from traces import ProcessWatch, Secrets, files  # noqa: E402

PASSWORD = "a password of her own"


class SignedLogins(TokenCase):
    access = "device"
    options = ("--jwt",)

    def test_a_dead_device_heals_and_no_password_is_set(self):
        self.assertEqual(["CONFAB"], self.devices(self.ana))

        def kill():
            status, answer = self.matrix.call("DELETE", f"/_synapse/admin/v2/users/{self.ana}/devices/CONFAB",
                                              token=self.admin)
            self.assertEqual(200, status, answer)
        self.heals("signed", kill)
        self.assertEqual(["CONFAB"], self.devices(self.ana))
        with contextlib.closing(sqlite3.connect(Path(self.homeserver.about["log"]).parent / "homeserver.db")) as database:
            hashes = database.execute("SELECT password_hash FROM users WHERE name IN (?, ?)", (self.ana, self.ben)).fetchall()
        self.assertEqual([(None,), (None,)], hashes)

    def test_a_password_of_the_user_s_own_stays(self):
        self.done(self.work.run("user", "password", "ben", stdin=PASSWORD.encode() + b"\n"))
        status, phone = self.matrix.login(self.ben, PASSWORD, "PHONE")
        self.assertEqual(200, status, phone)
        status, answer = self.matrix.call("POST", f"/_synapse/admin/v2/users/{self.ben}/delete_devices",
                                          {"devices": ["CONFAB"]}, self.admin)
        self.assertEqual(200, status, answer)
        self.done(self.work.run("send", "event", "picnic", "--as", "ben", "by a device again"))
        self.assertEqual(["CONFAB", "PHONE"], self.devices(self.ben))
        status, tablet = self.matrix.login(self.ben, PASSWORD, "TABLET")
        self.assertEqual(200, status, tablet)

    def test_the_doctor_looks_for_it_and_a_wrong_key_is_told(self):
        findings = {line["check"]: line for line in self.done(self.work.run("doctor", "--json"))}
        self.assertTrue(findings["jwt"]["fit"], findings["jwt"])
        before = self.work.config.read_text()
        self.addCleanup(self.work.config.write_text, before)
        changed = json.loads(before)
        changed["homeserver"]["jwt_secret"] = "another key of thirty-two bytes, which the homeserver has not"
        del changed["homeserver"]["jwt_secret_file"]
        self.work.config.write_text(json.dumps(changed))
        self.done(self.work.run("reset", "--user", "ana"))
        self.refused(self.work.run("send", "event", "picnic", "--as", "ana", "never"), 2, "config", "homeserver.jwt_secret")

    def test_no_secret_is_left_where_somebody_may_look(self):
        """The key, the password that a user chose, and each secret that passes: in no line that is logged, no answer, no file,
        no command line, no environment."""
        proxy, watch, folder = CountingProxy(self.homeserver.about["port"]), ProcessWatch(), self.folder / "looked-at"
        self.addCleanup(proxy.close)
        self.addCleanup(watch.end)
        store = harness.kept_store(folder)
        work = harness.Workspace(
            folder, {**self.homeserver.config(), "url": proxy.url}, store=store,
            tenants=[{"id": "park", "directory": str(folder / "directory.json"), "access": self.access}])
        places = []
        for words, given in (("user provision ana", b""), ("user password ana", PASSWORD.encode() + b"\n"),
                             ("room create event picnic --creator ana", b""), ("send event picnic --as ana hello", b"")):
            done = work.run("--verbose", *words.split(), stdin=given)
            self.done(done)
            self.assertIn(b'"debug"', done.errors)
            places += [(f"what {words} logged", done.errors), (f"what {words} told", done.output)]
        watch.look()
        signed = [each for each in proxy.seen("POST", r"/_matrix/client/v3/login") if b"org.matrix.login.jwt" in each.body]
        self.assertEqual([200], [each.status for each in signed])
        self.assertIn(PASSWORD, proxy.secrets())
        self.assertTrue(any(b"--verbose" in content for _, content in watch.seen("cmdline")))
        key, admin = (Path(self.homeserver.about[name]).read_text(encoding="utf-8").strip()
                      for name in ("jwt_secret_file", "admin_password_file"))
        secrets = Secrets(proxy.secrets() | {key, admin, (folder / "keys").read_text().split()[1]})
        places += watch.seen("cmdline") + watch.seen("environ")
        self.assertEqual([], secrets.found([*places, *files(folder, but=("keys",))]))
        for secret in (key, PASSWORD, json.loads(signed[0].body)["token"]):
            (folder / "left").write_text(f"it was {secret}")
            self.assertEqual([str(folder / "left")], secrets.found(files(folder, but=("keys",))))


if __name__ == "__main__":
    harness.main()
