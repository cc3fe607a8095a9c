"""What the program does when all is well: users, rooms, messages, history, live watching."""

import json
import urllib.request

import harness


class Doctor(harness.HomeserverCase):
    def test_a_fit_homeserver(self):
        findings = {line["check"]: line for line in self.done(self.work.run("doctor"))}
        for check in ("reachability", "versions", "login flows", "admin rights", "limits", "store", "clock"):
            self.assertTrue(findings[check]["fit"], findings[check])
            self.assertTrue(findings[check]["detail"], findings[check])
        self.assertIn("v1.", findings["versions"]["detail"])

    def test_no_secret_is_printed(self):
        with open(self.homeserver.about["admin_password_file"]) as file:
            password = file.read().strip()
        for arguments in (("doctor",), ("user", "provision", "ana")):
            done = self.work.run(*arguments)
            self.assertNotIn(password, (done.output + done.errors).decode())
            self.assertNotIn("syt_", (done.output + done.errors).decode(), "a token of Synapse")

    def test_the_admin_password_in_the_configuration_or_the_environment(self):
        with open(self.homeserver.about["admin_password_file"]) as file:
            password = file.read().strip()
        homeserver = {key: value for key, value in self.homeserver.config().items() if key != "admin_password_file"}
        work = harness.Workspace(self.folder / "inline", {**homeserver, "admin_password": password})
        self.done(work.run("user", "provision", "ana"))
        work = harness.Workspace(self.folder / "environment", homeserver)
        self.done(work.run("user", "provision", "ana", environment={"CONFAB_ADMIN_PASSWORD": password}))

    def test_an_admin_that_is_none_is_unfit(self):
        # The account exists and can log in, but the admin API refuses it.
        (ana,) = self.provisioned("ana")
        self.set_password(ana, "a password of hers")
        work = harness.Workspace(self.folder / "noadmin", {
            **{key: self.homeserver.about[key] for key in ("url", "server_name")},
            "admin_user": ana.split(":")[0][1:], "admin_password": "a password of hers"})
        done = work.run("doctor")
        self.assertEqual(1, done.code, str(done))
        unfit = [line["check"] for line in done.lines if not line["fit"]]
        self.assertIn("admin rights", unfit, str(done))

    def set_password(self, user_id, password):
        """By Synapse's own admin API, without the program under test."""
        with open(self.homeserver.about["admin_password_file"]) as file:
            login = self.call("POST", "/_matrix/client/v3/login", {
                "type": "m.login.password", "password": file.read().strip(),
                "identifier": {"type": "m.id.user", "user": self.homeserver.about["admin_user"]}})
        self.call("PUT", f"/_synapse/admin/v2/users/{user_id}", {"password": password, "logout_devices": False},
                  login["access_token"])

    def call(self, method, path, body, token=""):
        request = urllib.request.Request(self.homeserver.about["url"] + path, json.dumps(body).encode(), method=method,
                                         headers={"Authorization": f"Bearer {token}"} if token else {})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


class Provisioning(harness.HomeserverCase):
    def test_twice_is_the_same_user(self):
        first, second = self.provisioned("ana", "ana")
        self.assertEqual(first, second)
        self.assertRegex(first, r"^@[a-z0-9._=/+-]+:confab\.test$")

    def test_with_a_name(self):
        self.done(self.work.run("user", "provision", "ben", "--name", "Ben the Baker ✓"))

    def test_two_at_once(self):
        both = [self.work.spawn("user", "provision", "cyd") for _ in range(2)]
        self.assertEqual([0, 0], [each.finish() for each in both], "\n".join(map(str, both)))
        self.assertEqual(both[0].seen[-1]["user_id"], both[1].seen[-1]["user_id"])


class Rooms(harness.HomeserverCase):
    def test_twice_is_the_same_room(self):
        self.provisioned("ana")
        first = self.room("event", "picnic", "ana")
        self.assertEqual(first, self.room("event", "picnic", "ana"))
        self.assertNotEqual(first, self.room("event", "gala", "ana"))

    def test_two_at_once_make_one_room(self):
        self.provisioned("ben")
        both = [self.work.spawn("room", "create", "group", "chess", "--creator", "ben") for _ in range(2)]
        self.assertEqual([0, 0], [each.finish() for each in both], "\n".join(map(str, both)))
        self.assertEqual(both[0].seen[-1]["room_id"], both[1].seen[-1]["room_id"])

    def test_adding_twice_is_no_failure(self):
        self.provisioned("ana", "ben")
        self.room("event", "picnic", "ana", "ben", "ben")


class Messages(harness.HomeserverCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls()
        case.provisioned("ana", "ben", "cyd")
        case.room("event", "picnic", "ana", "ben", "cyd")
        case.room("group", "chess", "ben", "cyd")

    def test_text_arrives_as_it_was_sent(self):
        for text in ("plain", "  spaces  ", "Grüße, 你好, 🎈🎈", '{"json": "like"} \\ "', "-dash first", "tab\there"):
            with self.subTest(text=text):
                arguments = ["send", "event", "picnic", "--as", "ana", "--", text]
                event = self.done(self.work.run(*arguments))[0]["event_id"]
                read = [line for line in self.history("event", "picnic", "ben") if line.get("event_id") == event]
                self.assertEqual([text], harness.texts(read))

    def test_lines_from_standard_input_in_order(self):
        sent = [f"line {number} of twenty" for number in range(20)]
        lines = self.done(self.work.run("send", "group", "chess", "--as", "ben", "-",
                                        stdin="".join(text + "\n" for text in sent).encode()))
        self.assertEqual(20, len({line["event_id"] for line in lines}))
        read = self.history("group", "chess", "cyd", page=7)
        self.assertEqual(sent, [text for text in harness.texts(read) if text in sent])
        self.assertEqual([line["event_id"] for line in lines],
                         [line["event_id"] for line in read if line.get("body") in sent])

    def test_a_last_line_without_an_end_counts(self):
        lines = self.done(self.work.run("send", "group", "chess", "--as", "cyd", "-", stdin=b"one\ntwo"))
        self.assertEqual(2, len(lines))

    def test_nothing_on_standard_input_sends_nothing(self):
        self.assertEqual([], self.done(self.work.run("send", "group", "chess", "--as", "cyd", "-", stdin=b"")))

    def test_history_in_pages_is_the_history_in_one(self):
        for number in range(5):
            self.send("event", "picnic", "ana", f"page test {number}")
        whole = self.history("event", "picnic", "cyd", page=500)
        self.assertEqual([line["event_id"] for line in whole],
                         [line["event_id"] for line in self.history("event", "picnic", "cyd", page=2)])

    def test_history_keeps_to_its_limit(self):
        for number in range(4):
            self.send("event", "picnic", "ana", f"limit test {number}")
        lines = self.done(self.work.run("history", "event", "picnic", "--as", "ben", "--limit", "3"))
        self.assertEqual(3, len([line for line in lines if "event_id" in line]))
        self.assertIn("end", lines[-1])


class Watching(harness.HomeserverCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls()
        case.provisioned("ana", "ben", "cyd")
        case.room("event", "picnic", "ana", "ben")

    def test_each_message_once_in_order_while_it_is_sent(self):
        watcher = self.watching("ben")
        sent = [f"live {number}" for number in range(25)]
        lines = self.done(self.work.run("send", "event", "picnic", "--as", "ana", "-",
                                        stdin="".join(text + "\n" for text in sent).encode()))
        seen = []
        while len(seen) < len(sent):
            line = watcher.line()
            self.assertIsNotNone(line, str(watcher))
            if line.get("body", "").startswith("live "):
                seen.append(line)
        self.assertEqual(sent, harness.texts(seen))
        self.assertEqual([line["event_id"] for line in lines], [line["event_id"] for line in seen])
        self.send("event", "picnic", "ana", "live last")
        while "live last" not in harness.texts(watcher.seen):
            watcher.line()
        self.assertEqual([*sent, "live last"], [text for text in harness.texts(watcher.seen) if text[:4] == "live"])

    def test_it_ends_after_the_count(self):
        watcher = self.watching("ben", "--count", "2")
        for number in range(2):
            self.send("event", "picnic", "ana", f"counted {number}")
        self.assertEqual(0, watcher.finish(), str(watcher))
        self.assertEqual(2, len(watcher.seen), str(watcher))

    def test_it_ends_after_the_time(self):
        done = self.work.run("watch", "--as", "ben", "--for", "2")
        self.assertEqual(0, done.code, str(done))
        self.assertGreaterEqual(done.seconds, 1.9)
        self.assertLess(done.seconds, 12)

    def test_a_user_without_rooms_sees_nothing(self):
        lines = self.done(self.work.run("watch", "--as", "cyd", "--for", "2"))
        self.assertEqual([], harness.texts(lines))


if __name__ == "__main__":
    harness.main()
