"""A user's own password and another Matrix client, matrix-nio, that stays signed in with it while the library's token for that
user dies and heals; and a password that is changed in the other client. Whichever way the library has to act for users."""

import subprocess
from pathlib import Path

import harness
from tokens_test import TokenCase

PASSWORD = "a password of her own"


class AnotherClient(TokenCase):
    access = "auto"


    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.python = subprocess.run([str(harness.SOURCE / "scripts" / "python-tools"), "matrix-nio"], check=True, text=True,
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout.strip() + "/bin/python"
        case = cls()
        case.done(case.work.run("send", "event", "picnic", "--as", "ana", "first"))
        cls.room = case.done(case.work.run("room", "create", "event", "picnic", "--creator", "ana"))[-1]["room_id"]

    def sign_in(self, password):
        client = harness.Running([self.python, str(Path(__file__).with_name("nio_client.py")), self.homeserver.about["url"],
                                  self.ana])
        self.addCleanup(client.end)
        client.write(password)
        return client

    def signed_in(self, password):
        client = self.sign_in(password)
        signed_in = client.line()
        self.assertEqual(self.ana, (signed_in or {}).get("user_id"), str(client))
        return client, signed_in["device_id"]

    def hears(self, client, text):
        """Until it does; a request of its that is refused ends the wait."""
        while (line := client.line()).get("body") != text:
            self.assertIsNone(line.get("failed"), str(client))

    def says(self, client, text):
        client.write(f"{self.room} {text}")
        while (line := client.line()).get("said") != text:
            self.assertIsNone(line.get("failed"), str(client))
        self.assertTrue(line["event_id"], str(client))

    def set_password(self, password):
        self.assertEqual([{"slug": "ana", "changed": True}],
                         self.done(self.work.run("user", "password", "ana", stdin=password.encode() + b"\n")))

    def heard_by_ben(self, *expected):
        read = self.done(self.work.run("history", "event", "picnic", "--as", "ben", "--limit", "100"))
        for text in expected:
            self.assertEqual([self.ana], [line["sender"] for line in read if line.get("body") == text], text)

    def library_token_dies(self):
        """The admin's session goes, and with it the tokens that it got for users; and the device that the library has for
        the user, if any. What users got for themselves stays."""
        admin = self.matrix.admin_token()
        status, answer = self.matrix.call("POST", f"/_synapse/admin/v2/users/{self.ana}/delete_devices",
                                          {"devices": ["CONFAB"]}, admin)
        self.assertEqual(200, status, answer)
        status, answer = self.matrix.call("POST", "/_matrix/client/v3/logout/all", {}, admin)
        self.assertEqual(200, status, answer)
        self.admin = self.matrix.admin_token()

    def test_it_stays_signed_in_while_a_token_dies_and_heals(self):
        self.set_password(PASSWORD)
        phone, device = self.signed_in(PASSWORD)
        sender = self.work.spawn("send", "event", "picnic", "--as", "ana", "-")
        self.addCleanup(sender.end)
        sender.write("from the library, before")
        self.assertIsNotNone(sender.line(), str(sender))
        self.hears(phone, "from the library, before")
        self.says(phone, "from the phone, before")

        devices = self.devices(self.ana)
        self.assertIn(device, devices)
        self.library_token_dies()
        before, mints = len(self.sends()), self.mints(self.ana)
        sender.write("from the library, after")
        self.assertIsNotNone(sender.line(), str(sender))
        self.assertEqual((0, b""), (sender.finish(), sender.errors), str(sender))
        self.assertEqual(["401", "200"], [status for status, _ in self.sends()[before:]])
        self.assertGreater(self.mints(self.ana), mints)

        # The phone noticed nothing: the same session hears and says, and no device came or went.
        self.hears(phone, "from the library, after")
        self.says(phone, "from the phone, after")
        self.assertEqual([each for each in devices if each != "CONFAB"], self.devices(self.ana))
        self.assertEqual(0, phone.finish(), str(phone))
        # The password is still hers.
        tablet, _ = self.signed_in(PASSWORD)
        self.assertEqual(0, tablet.finish(), str(tablet))
        self.heard_by_ben("from the library, before", "from the library, after", "from the phone, before", "from the phone, after")

    def test_a_password_changed_in_the_other_client_does_no_harm(self):
        self.set_password(PASSWORD)
        status, phone = self.matrix.login(self.ana, PASSWORD, "PHONE")
        self.assertEqual(200, status, phone)
        identifier = {"type": "m.id.user", "user": self.ana}
        change = {"new_password": "changed on the phone", "logout_devices": True}
        status, asked = self.matrix.call("POST", "/_matrix/client/v3/account/password", change, phone["access_token"])
        self.assertEqual(401, status, asked)
        auth = {"type": "m.login.password", "identifier": identifier, "password": PASSWORD, "session": asked["session"]}
        status, answer = self.matrix.call("POST", "/_matrix/client/v3/account/password", {**change, "auth": auth},
                                          phone["access_token"])
        self.assertEqual(200, status, answer)

        # With every other session ended by it, the library goes on; it leaves the new password alone.
        self.done(self.work.run("send", "event", "picnic", "--as", "ana", "after the change"))
        self.library_token_dies()
        self.done(self.work.run("send", "event", "picnic", "--as", "ana", "after the change and a death"))
        self.heard_by_ben("after the change", "after the change and a death")
        client, _ = self.signed_in("changed on the phone")
        self.says(client, "still me")
        self.assertEqual(0, client.finish(), str(client))
        self.assertEqual("M_FORBIDDEN", self.sign_in(PASSWORD).line().get("refused"))


class OverTheDevice(AnotherClient):
    """The library was there first, with a password of its own."""
    access = "device"
    test_a_password_changed_in_the_other_client_does_no_harm = None  # as where the library never had one

if __name__ == "__main__":
    harness.main()
