"""Users who log in by signed tokens on a real Synapse: each comes to a device, and whatever password they have stays theirs."""

import contextlib
import json
import sqlite3
from pathlib import Path

import harness
from tokens_test import TokenCase

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


if __name__ == "__main__":
    harness.main()
