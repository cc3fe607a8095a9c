"""The homeserver goes away and comes back: nothing is lost, doubled or out of order."""

import time

import harness


class Outage(harness.HomeserverCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls()
        case.provisioned("ana", "ben")
        case.room("event", "picnic", "ana", "ben")

    def sending(self, prefix, count, away):
        """Sends `count` lines as Ana while the homeserver is killed in the middle and comes back after `away` s."""
        sent = [f"{prefix} {number}" for number in range(count)]
        sender = self.work.spawn("send", "event", "picnic", "--as", "ana", "-")
        self.addCleanup(sender.end)
        for text in sent:
            sender.write(text)  # all at once: the kill meets a line on its way
        for _ in range(count // 3):
            self.assertIsNotNone(sender.line(), str(sender))
        self.homeserver.kill()
        time.sleep(away)  # how long it is away is what is tested, nothing waits for this
        self.homeserver.restart()
        self.assertEqual(0, sender.finish(), str(sender))
        return sent, sender

    def arrived_once_in_order(self, sent, lines):
        self.assertEqual(len(sent), len({line["event_id"] for line in lines}))
        read = [line for line in self.history("event", "picnic", "ben") if line.get("body") in sent]
        self.assertEqual(sent, harness.texts(read))
        self.assertEqual([line["event_id"] for line in lines], [line["event_id"] for line in read])

    def test_fifty_lines_over_a_kill(self):
        sent, sender = self.sending("killed", 50, away=1.5)
        self.arrived_once_in_order(sent, sender.seen)

    def test_lines_over_several_kills(self):
        sent = [f"several {number}" for number in range(60)]
        sender = self.work.spawn("send", "event", "picnic", "--as", "ana", "-")
        self.addCleanup(sender.end)
        for text in sent:
            sender.write(text)
        for _ in range(3):
            for _ in range(10):
                self.assertIsNotNone(sender.line(), str(sender))
            self.homeserver.kill()
            self.homeserver.restart()
        self.assertEqual(0, sender.finish(), str(sender))
        self.arrived_once_in_order(sent, sender.seen)

    def test_a_watcher_resumes_where_it_was(self):
        watcher = self.watching("ben")
        sent = [f"across {number}" for number in range(6)]
        for text in sent[:3]:
            self.send("event", "picnic", "ana", text)
        self.homeserver.kill()
        self.homeserver.restart()
        for text in sent[3:]:
            self.send("event", "picnic", "ana", text)
        while sent[-1] not in harness.texts(watcher.seen):
            self.assertIsNotNone(watcher.line(), str(watcher))
        self.assertEqual(sent, [text for text in harness.texts(watcher.seen) if text.startswith("across")])

    def test_a_watcher_and_a_sender_over_one_kill(self):
        watcher = self.watching("ben")
        sent, sender = self.sending("both", 30, away=0.5)
        self.arrived_once_in_order(sent, sender.seen)
        while sent[-1] not in harness.texts(watcher.seen):
            self.assertIsNotNone(watcher.line(), str(watcher))
        self.assertEqual(sent, [text for text in harness.texts(watcher.seen) if text.startswith("both")])

    def test_a_line_is_given_up_at_its_deadline(self):
        sender = self.work.spawn("--deadline", "4", "send", "event", "picnic", "--as", "ana", "-")
        self.addCleanup(sender.end)
        sender.write("before")
        self.assertIsNotNone(sender.line(), str(sender))
        self.homeserver.kill()
        self.addCleanup(self.homeserver.restart)
        begun = time.monotonic()
        sender.write("while it is away")
        code = sender.finish(30)
        self.assertIn(code, (1, 3), str(sender))
        self.assertGreater(time.monotonic() - begun, 3, str(sender))
        self.assertLess(time.monotonic() - begun, 12, str(sender))


if __name__ == "__main__":
    harness.main()
