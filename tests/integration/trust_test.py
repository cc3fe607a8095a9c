"""Whom the program believes, and how soon it gives up: certificates, addresses, what is no homeserver."""

import contextlib
import json

import harness

VERSIONS = harness.page(200, "application/json", b'{"versions": ["v1.15"]}')


class Trust(harness.ProgramCase):
    def work(self, url, **homeserver):
        return harness.Workspace(self.folder / self.id().rsplit(".", 1)[1], {
            "url": url, "server_name": "confab.test", "admin_user": "admin", "admin_password": "secret", **homeserver})

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority = harness.Authority(cls.folder / "authority")
        cls.stranger = harness.Authority(cls.folder / "stranger")

    def seen_by(self, context, **homeserver):
        """Runs against a TLS server and tells how it ended and what the server was asked."""
        asked = []

        def answer(handler):
            asked.append((handler.command, handler.path, handler.headers.get("Authorization")))
            VERSIONS(handler)

        with harness.serving(answer, context) as url:
            done = self.work(url, **homeserver).run("--deadline", "10", "user", "provision", "ana")
        return done, asked

    def distrusted(self, context, **homeserver):
        done, asked = self.seen_by(context, **homeserver)
        self.refused(done, 3, "unreachable", "certificate")
        self.assertEqual([], asked, "nothing is asked of a server that is not who it says")
        self.assertLess(done.seconds, 10, str(done))

    def test_a_valid_certificate_is_talked_to(self):
        _, asked = self.seen_by(self.authority.context("valid"), ca_file=str(self.authority.certificate))
        self.assertTrue(asked)

    def test_an_expired_certificate(self):
        self.distrusted(self.authority.context("expired", end="20210101000000Z"),
                        ca_file=str(self.authority.certificate))

    def test_a_certificate_that_is_not_valid_yet(self):
        self.distrusted(self.authority.context("future", start="20380101000000Z"),
                        ca_file=str(self.authority.certificate))

    def test_a_certificate_for_another_name(self):
        self.distrusted(self.authority.context("other", subject="DNS:elsewhere.test"),
                        ca_file=str(self.authority.certificate))

    def test_an_unknown_authority(self):
        self.distrusted(self.stranger.context("stranger"), ca_file=str(self.authority.certificate))

    def test_an_unknown_authority_without_a_ca_file(self):
        self.distrusted(self.authority.context("unlisted"))

    def test_plain_http_behind_https(self):
        with harness.serving(VERSIONS) as url:
            done = self.work(url.replace("http:", "https:")).run("doctor")
        self.assertIn(done.code, (1, 3), str(done))
        self.assertLess(done.seconds, 10)


class GivenUp(harness.ProgramCase):
    def work(self, url):
        return harness.Workspace(self.folder / self.id().rsplit(".", 1)[1], {
            "url": url, "server_name": "confab.test", "admin_user": "admin", "admin_password": "secret"})

    def given_up(self, work, *arguments):
        done = work.run(*arguments)
        self.refused(done, 3, "unreachable")
        self.assertLess(done.seconds, 20, "the first contact is given up after 5 s")

    def test_nobody_listens(self):
        self.given_up(self.work(f"http://127.0.0.1:{harness.closed_port()}"), "user", "provision", "ana")

    def test_nobody_answers_the_connection(self):
        with harness.deaf_port() as port:
            self.given_up(self.work(f"http://127.0.0.1:{port}"), "user", "provision", "ana")

    def test_no_such_name(self):
        self.given_up(self.work("http://nowhere.invalid:8008"), "user", "provision", "ana")

    def test_a_long_deadline_changes_nothing(self):
        self.given_up(self.work(f"http://127.0.0.1:{harness.closed_port()}"), "--deadline", "300", "watch", "--as", "ana")

    def test_the_doctor_says_unreachable(self):
        done = self.work(f"http://127.0.0.1:{harness.closed_port()}").run("doctor")
        self.assertEqual(3, done.code, str(done))


class Discovered(harness.ProgramCase):
    """A configuration without homeserver.url: it is what the server name publishes."""

    def work(self, server_name, **homeserver):
        return harness.Workspace(self.folder / self.id().rsplit(".", 1)[1], {
            "server_name": server_name, "admin_user": "admin", "admin_password": "secret", **homeserver})

    def test_a_server_name_that_nobody_has(self):
        done = self.work("nowhere.invalid").run("--deadline", "300", "user", "provision", "ana")
        self.refused(done, 3, "unreachable", "homeserver.url")
        self.assertLess(done.seconds, 20, "the first contact is given up after 5 s")

    def test_what_the_server_name_publishes_is_used(self):
        authority = harness.Authority(self.folder / "authority")
        context = authority.context("valid")
        published, asked = {}, []

        def domain(handler):
            answer = published.get(handler.path)
            (harness.page(200, "application/json", json.dumps(answer).encode()) if answer else
             harness.page(404, "text/html", b"<h1>404</h1>"))(handler)

        def homeserver(handler):
            asked.append((handler.command, handler.path))
            VERSIONS(handler)

        with contextlib.ExitStack() as servers:
            try:
                servers.enter_context(harness.serving(domain, context, port=443))
            except OSError as wrong:
                self.skipTest(f"port 443 of the loopback interface cannot be had: {wrong}")
            url = servers.enter_context(harness.serving(homeserver, context))
            work = self.work("127.0.0.1", ca_file=str(authority.certificate))
            done = work.run("doctor")
            self.refused(done, 2, "config", "homeserver.url")
            self.assertEqual([], asked)
            published["/.well-known/matrix/client"] = {"m.homeserver": {"base_url": url}}
            findings = {line["check"]: line for line in work.run("doctor").lines}
        self.assertIn(("POST", "/_matrix/client/v3/login"), asked)
        self.assertTrue(findings["reachability"]["fit"], findings)
        self.assertTrue(findings["discovery"]["fit"], findings)
        self.assertIn("names this homeserver's URL", findings["discovery"]["detail"])


if __name__ == "__main__":
    harness.main()
