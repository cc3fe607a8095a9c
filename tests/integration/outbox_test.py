"""`confab outbox`: what could not be said is listed, shown, tried again or dropped, as docs/command-line.md promises."""

import time

import harness


class Outbox(harness.HomeserverCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        work = cls.folder / "stored"
        cls.work = harness.Workspace(work, cls.homeserver.config(), store=harness.kept_store(work))
        cls.matrix = harness.Matrix(cls.homeserver)
        cls.admin = cls.matrix.admin_token()

    def outbox(self, *words):
        return self.done(self.work.run("outbox", *words))

    def locked(self, locked):
        """The operator locks ana out, or lets her in again."""
        status, answer = self.matrix.call("PUT", f"/_synapse/admin/v2/users/{self.ana}", {"locked": locked}, self.admin)
        self.assertEqual(200, status, answer)

    def given_up(self, *texts):
        """The transaction ids of messages that the homeserver refused."""
        ids = []
        for text in texts:
            done = self.work.run("send", "event", "picnic", "--as", "ana", "--durable", text)
            self.assertEqual(1, done.code, str(done))
            accepted, ended = done.lines
            self.assertEqual(("accepted", "dead"), (accepted["state"], ended["state"]))
            ids.append(accepted["transaction_id"])
        return ids

    def test_a_message_that_was_given_up_is_seen_and_tried_again_or_dropped(self):
        self.ana, _ = self.provisioned("ana", "ben")
        self.room("event", "picnic", "ana", "ben")
        self.assertEqual([], self.outbox("list"))
        before = int(time.time() * 1000)
        self.locked(True)
        first, second = self.given_up("the first", "the second")

        listed = self.outbox("list", "--dead")
        self.assertEqual([], self.outbox("list"), "what was given up waits no longer")
        self.assertEqual([first, second], [line["transaction_id"] for line in listed])
        for line in listed:
            self.assertEqual(("dead", "ana", "event", "picnic", "account_locked"),
                             (line["state"], line["sender"], line["kind"], line["slug"], line["reason"]["code"]))
            self.assertTrue(line["reason"]["message"])
            self.assertTrue(before <= line["accepted"] <= time.time() * 1000, line)
            self.assertNotIn("body", line)
        self.assertEqual([{**listed[0], "body": "the first"}], self.outbox("show", first))

        again = self.work.run("outbox", "retry", first)  # she is still locked out
        self.assertEqual(1, again.code, str(again))
        self.assertEqual((first, "dead"), (again.lines[-1]["transaction_id"], again.lines[-1]["state"]))

        self.locked(False)
        [sent] = self.outbox("retry", first)
        self.assertEqual((first, "sent"), (sent["transaction_id"], sent["state"]))
        self.assertEqual([sent], self.outbox("show", first))
        self.refused(self.work.run("outbox", "drop", first), 1, "conflict", "was sent")
        self.assertEqual([second], [line["transaction_id"] for line in self.outbox("list", "--dead")])

        self.assertEqual([{"transaction_id": second, "state": "dropped"}], self.outbox("drop", second))
        self.assertEqual([], self.outbox("list", "--dead"))
        for words in (("show", second), ("retry", second), ("drop", second)):
            self.refused(self.work.run("outbox", *words), 1, "not_found")
        said = self.history("event", "picnic", "ben")
        self.assertEqual(["the first"], harness.texts(said))
        self.assertEqual([sent["event_id"]], [line["event_id"] for line in said if "body" in line])


if __name__ == "__main__":
    harness.main()
