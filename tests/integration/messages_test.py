"""What can be done with messages on a real Synapse: formats, answers, edits, reactions, redactions, typing, reading,
rooms that are encrypted. History and a watcher tell the same."""

import json
import urllib.parse
import urllib.request

import harness


class Conversation(harness.HomeserverCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls()
        cls.ana, cls.ben, cls.cyd = case.provisioned("ana", "ben", "cyd")
        cls.picnic = case.room("event", "picnic", "ana", "ben", "cyd")
        cls.chess = case.room("group", "chess", "ben", "cyd")

    def say(self, *arguments, kind="event", slug="picnic", user="ana"):
        return self.done(self.work.run("send", kind, slug, "--as", user, *arguments))[0]["event_id"]

    def do(self, command, *arguments, user="ana"):
        return self.done(self.work.run(command, "event", "picnic", "--as", user, *arguments))[0]

    def seen(self, event, reader="ben"):
        """The message as history has it now."""
        return next(line for line in self.history("event", "picnic", reader) if line["event_id"] == event)

    def until(self, watcher, event):
        """The watcher's next line of this kind; typing and receipts of other tests are passed over."""
        while True:
            line = watcher.line()
            self.assertIsNotNone(line, str(watcher))
            if line["event"] == event:
                return line

    def test_formatted_notice_and_emote(self):
        event = self.say("--formatted", "It is <em onclick='x()'>done</em><script>alert(1)</script>", "--notice", "It is done")
        line = self.seen(event)
        self.assertEqual("It is <em>done</em>", line["formatted_body"])
        self.assertEqual("notice", line["kind"])
        self.assertEqual("Ana Lima", line["sender_name"])
        self.assertEqual("emote", self.seen(self.say("--emote", "waves"))["kind"])
        self.assertEqual(2, self.work.run("send", "event", "picnic", "--as", "ana", "--emote", "--notice", "x").code)

    def test_what_another_client_sends_is_sanitised_alike_in_history_and_live(self):
        watcher = self.watching("ben", "--for", "300")
        matrix = harness.Matrix(self.homeserver)
        _, login = matrix.call("POST", f"/_synapse/admin/v1/users/{self.ana}/login", {}, matrix.admin_token())
        hostile = ("<b onclick='x()'>hi</b><script>alert(1)</script><a href=\"javascript:alert(1)\">a</a>"
                   "<img src=x onerror=alert(1)><svg/onload=alert(1)>")
        harmless = "<b>hi</b><a>a</a>"

        def post(transaction, content):
            room = urllib.parse.quote(self.picnic)
            status, sent = matrix.call("PUT", f"/_matrix/client/v3/rooms/{room}/send/m.room.message/{transaction}", content,
                                       login["access_token"])
            self.assertEqual(200, status, sent)
            return sent["event_id"]

        words = {"msgtype": "m.text", "body": "hi", "format": "org.matrix.custom.html", "formatted_body": hostile}
        event = post("hostile1", words)
        told = self.until(watcher, "message")
        self.assertEqual((event, harmless), (told["event_id"], told["formatted_body"]))
        self.assertEqual({**self.seen(event), "event": "message", "type": "m.room.message"}, told)

        post("hostile2", {**words, "m.new_content": {**words, "formatted_body": "new " + hostile},
                          "m.relates_to": {"rel_type": "m.replace", "event_id": event}})
        told = self.until(watcher, "edit")
        self.assertEqual((event, "new " + harmless), (told["event_id"], told["formatted_body"]))
        self.assertEqual(told["formatted_body"], self.seen(event)["formatted_body"])
        watcher.end()

    def test_a_watcher_hears_names_as_history_has_them(self):
        watcher = self.watching("ben", "--for", "120")
        said = [self.say("the first word of all"), self.say("mine", user="cyd"), self.say("again")]
        told = [self.until(watcher, "message") for _ in said]
        self.assertEqual(said, [line["event_id"] for line in told])
        self.assertEqual(["Ana Lima", "Cyd Novak", "Ana Lima"], [line["sender_name"] for line in told])
        for line in told:
            seen = self.seen(line["event_id"])
            self.assertEqual({**seen, "event": "message", "type": "m.room.message"}, line)
        renamed = json.loads(self.work.directory.read_text())
        renamed["users"][2]["name"] = "Cyd Newname"
        self.work.directory.write_text(json.dumps(renamed))
        self.done(self.work.run("user", "provision", "cyd"))
        # Synapse tells the rooms of it in its own time, one after the other.
        while (line := self.until(watcher, "membership"))["room_id"] != self.picnic:
            pass
        self.assertEqual(self.cyd, line["user_id"])
        event = self.say("under a new name", user="cyd")
        while (line := self.until(watcher, "message"))["event_id"] != event:
            pass
        self.assertEqual("Cyd Newname", line["sender_name"])
        self.assertEqual("Cyd Newname", self.seen(event)["sender_name"])
        watcher.end()
        self.work.directory.write_text(json.dumps(harness.DIRECTORY))
        self.done(self.work.run("user", "provision", "cyd"))

    def test_an_answer(self):
        question = self.say("Who brings plates?")
        answer = self.say("--reply-to", question, "I do", user="ben")
        self.assertEqual(question, self.seen(answer)["reply_to"])

    def test_a_message_is_edited_and_the_edit_taken_back(self):
        watcher = self.watching("ben", "--for", "300")
        event = self.say("at noon")
        self.assertEqual(event, self.until(watcher, "message")["event_id"])
        first = self.do("edit", event, "at one")["event_id"]
        told = self.until(watcher, "edit")
        self.assertEqual((event, "at one", first), (told["event_id"], told["body"], told["edit_id"]))
        second = self.do("edit", "--formatted", "at <b>two</b>", event, "at two")["event_id"]
        self.until(watcher, "edit")
        line = self.seen(event)
        self.assertEqual(("at two", "at <b>two</b>", True), (line["body"], line["formatted_body"], line["edited"]))
        self.do("redact", second)
        self.assertEqual(second, self.until(watcher, "redaction")["target"])
        self.assertEqual("at one", self.seen(event)["body"])
        self.do("redact", first)
        line = self.seen(event)
        self.assertEqual("at noon", line["body"])
        self.assertNotIn("edited", line)
        told = {each["event_id"] for each in self.history("event", "picnic", "ben")}
        self.assertFalse(told & {first, second}, "a redacted edit is no message")
        watcher.end()

    def test_nobody_edits_what_others_said(self):
        event = self.say("mine")
        self.refused(self.work.run("edit", "event", "picnic", "--as", "ben", event, "his"), 1, "forbidden")
        self.assertNotIn("edited", self.seen(event))

    def test_reactions_come_and_go(self):
        watcher = self.watching("cyd", "--for", "300")
        event = self.say("cake?")
        self.until(watcher, "message")
        one = self.do("react", event, "👍", user="ben")["event_id"]
        told = self.until(watcher, "reaction")
        self.assertEqual((event, "👍", self.ben), (told["target"], told["key"], told["user_id"]))
        self.assertEqual(one, self.do("react", event, "👍", user="ben")["event_id"], "the same once more is the same")
        self.do("react", event, "👍", user="cyd")
        self.do("react", event, "🎈")
        self.assertEqual({"👍": sorted([self.ben, self.cyd]), "🎈": [self.ana]}, self.seen(event)["reactions"])
        self.do("redact", one, user="ben")
        self.assertEqual([self.cyd], self.seen(event)["reactions"]["👍"])
        watcher.end()

    def test_a_redacted_message_is_empty(self):
        event = self.say("a secret")
        self.do("redact", "--reason", "wrong room", event)
        line = self.seen(event)
        self.assertEqual(("", True), (line["body"], line["redacted"]))
        self.refused(self.work.run("redact", "event", "picnic", "--as", "cyd", self.say("theirs")), 1, "forbidden")

    def test_typing_and_reading(self):
        watcher = self.watching("ben", "--for", "300")
        self.do("typing", "on")
        self.assertEqual([self.ana], self.until(watcher, "typing")["users"])
        self.do("typing", "off")
        self.assertEqual([], self.until(watcher, "typing")["users"])
        watcher.end()
        self.do("read", self.say("cyd is up to here"), user="cyd")
        self.assertEqual(0, self.do("unread", user="cyd")["notifications"])
        event = self.say("news for cyd")
        self.say("and more")
        self.assertEqual(2, self.do("unread", user="cyd")["notifications"])
        watcher = self.watching("ana", "--for", "300")
        self.do("read", event, user="cyd")
        self.assertEqual(event, self.until(watcher, "receipt")["receipts"][self.cyd])
        watcher.end()
        unread = self.do("unread", user="cyd")
        self.assertEqual((1, event), (unread["notifications"], unread["last_read"]))
        self.do("read", "--private", self.say("last"), user="cyd")
        self.assertEqual(0, self.do("unread", user="cyd")["notifications"])

    def test_an_encrypted_room_takes_no_plain_text(self):
        token = self.admin("POST", "/_matrix/client/v3/login", {
            "type": "m.login.password", "password": self.admin_password(),
            "identifier": {"type": "m.id.user", "user": self.homeserver.about["admin_user"]}})["access_token"]
        self.say("still open", kind="group", slug="chess", user="ben")
        room = urllib.parse.quote(self.chess)
        self.admin("PUT", f"/_matrix/client/v3/rooms/{room}/state/m.room.encryption",
                   {"algorithm": "m.megolm.v1.aes-sha2"}, token)
        self.admin("PUT", f"/_matrix/client/v3/rooms/{room}/send/m.room.encrypted/x1",
                   {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgAEnACgAkLmt6q", "session_id": "s"}, token)
        refused = self.work.run("send", "group", "chess", "--as", "ben", "in the open")
        self.refused(refused, 1, "encrypted_room")
        read = self.history("group", "chess", "cyd")
        self.assertEqual(["text", "encrypted"], [line["kind"] for line in read][-2:])
        self.assertEqual("AwgAEnACgAkLmt6q", read[-1]["encrypted"]["ciphertext"])
        tenant = {**self.work.settings["tenants"][0], "plain_text_in_encrypted_rooms": True}
        work = harness.Workspace(self.folder / "open", self.homeserver.config(), tenants=[tenant])
        self.done(work.run("send", "group", "chess", "--as", "ben", "in the open"))

    def admin_password(self):
        with open(self.homeserver.about["admin_password_file"]) as file:
            return file.read().strip()

    def admin(self, method, path, body, token=""):
        request = urllib.request.Request(self.homeserver.about["url"] + path, json.dumps(body).encode(), method=method,
                                         headers={"Authorization": f"Bearer {token}"} if token else {})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


if __name__ == "__main__":
    harness.main()
