"""One thin path through everything: two users, a room, a message sent, read and watched."""

import harness


class Smoke(harness.HomeserverCase):
    def test_two_users_talk(self):
        self.done(self.work.run("doctor"))
        ana, ben = self.provisioned("ana", "ben")
        room = self.room("event", "picnic", "ana", "ben")
        event = self.send("event", "picnic", "ana", "Who brings the blanket?")
        read = self.history("event", "picnic", "ben")
        message = next(line for line in read if line.get("event_id") == event)
        self.assertEqual("Who brings the blanket?", harness.text_of(message))
        self.assertEqual((ana, room), (message["sender"], message["room_id"]))
        self.assertNotEqual(ana, ben)

        watcher = self.watching("ben")
        event = self.send("event", "picnic", "ana", "I do.")
        line = watcher.line()
        while line.get("event_id") != event:
            line = watcher.line()
        self.assertEqual("I do.", harness.text_of(line))


if __name__ == "__main__":
    harness.main()
