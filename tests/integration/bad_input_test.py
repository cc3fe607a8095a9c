"""Wrong configuration, wrong usage, wrong names, wrong homeservers: each has an exit code, an `error.code`, and a
message that names the key, the path or the argument. The table is the documentation's; one test per row."""

import copy
import json
import os

import harness

USAGE = 2
FAILED = 1
UNREACHABLE = 3
PROVISION = ("user", "provision", "ana")


class BadConfiguration(harness.ProgramCase):
    """Refused before anything is asked of a homeserver: the address in it has nobody behind it."""

    def refuse(self, config, names, *arguments, raw=None, files=None, code="config", environment=None):
        folder = self.folder / self.id().rsplit(".", 1)[1]
        work = harness.Workspace(folder, {"url": f"http://127.0.0.1:{harness.closed_port()}", "server_name": "confab.test",
                                          "admin_user": "admin", "admin_password": "secret"})
        for name, content in (files or {}).items():
            (folder / name).write_bytes(content)
            (folder / name).chmod(0o644 if name.startswith("open") else 0o600)
        settings = copy.deepcopy(work.settings)
        config(settings, folder)
        work.config.write_text(json.dumps(settings))
        if raw is not None:
            work.config.write_bytes(raw)
        done = work.run(*(arguments or PROVISION), environment=environment)
        self.refused(done, USAGE, code, names)
        self.assertEqual(b"", done.output, str(done))
        self.assertLess(done.seconds, 4, "nothing was waited for")

    def directory(self, change):
        """A configuration step that changes the host directory."""
        def step(settings, folder):
            directory = copy.deepcopy(harness.DIRECTORY)
            change(directory)
            (folder / "directory.json").write_text(json.dumps(directory))
        return step


def put(*path, value):
    def step(settings, folder):
        place = settings
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = str(folder / value[5:]) if isinstance(value, str) and value.startswith("FILE:") else value
    return step


def drop(*path):
    def step(settings, folder):
        place = settings
        for key in path[:-1]:
            place = place[key]
        del place[path[-1]]
    return step


def both(*steps):
    def step(settings, folder):
        for each in steps:
            each(settings, folder)
    return step


def nothing(settings, folder):
    pass


# name: (change, what the message names, further arguments of refuse())
CONFIGURATION = {
    "not_json": (nothing, "confab.json", {"raw": b"homeserver: yes\n"}),
    "empty_file": (nothing, "confab.json", {"raw": b""}),
    "a_list": (nothing, "confab.json", {"raw": b"[]"}),
    "invalid_utf8": (nothing, "confab.json", {"raw": b'{"homeserver":{"url":"\xff\xfe"}}'}),
    "nested_without_end": (nothing, "confab.json", {"raw": b"[" * 200000}),
    "cut_off": (nothing, "confab.json", {"raw": b'{"homeserver":{"url":"http://127'}),
    "unknown_key": (put("homserver", value={}), "homserver", {}),
    "unknown_nested_key": (put("homeserver", "urll", value="x"), "homeserver.urll", {}),
    "unknown_store_key": (put("store", "kid", value="x"), "store.kid", {}),
    "no_homeserver": (drop("homeserver"), "homeserver", {}),
    "homeserver_is_a_text": (put("homeserver", value="http://127.0.0.1"), "homeserver", {}),
    "url_is_empty": (put("homeserver", "url", value=""), "homeserver.url", {}),
    "url_is_a_number": (put("homeserver", "url", value=8008), "homeserver.url", {}),
    "url_without_scheme": (put("homeserver", "url", value="127.0.0.1:8008"), "homeserver.url", {}),
    "url_of_another_scheme": (put("homeserver", "url", value="ftp://127.0.0.1"), "homeserver.url", {}),
    "url_with_a_bad_port": (put("homeserver", "url", value="http://127.0.0.1:99999"), "homeserver.url", {}),
    "no_server_name": (drop("homeserver", "server_name"), "homeserver.server_name", {}),
    "server_name_with_a_space": (put("homeserver", "server_name", value="bad name"), "homeserver.server_name", {}),
    "no_admin_user": (drop("homeserver", "admin_user"), "homeserver.admin_user", {}),
    "no_admin_password": (drop("homeserver", "admin_password"), "homeserver.admin_password", {}),
    "two_admin_passwords": (put("homeserver", "admin_password_file", value="FILE:pw"), "homeserver.admin_password_file",
                            {"files": {"pw": b"secret\n"}}),
    "admin_password_file_missing": (both(drop("homeserver", "admin_password"),
                                         put("homeserver", "admin_password_file", value="FILE:nowhere")), "nowhere", {}),
    "admin_password_file_empty": (both(drop("homeserver", "admin_password"),
                                       put("homeserver", "admin_password_file", value="FILE:pw")), "pw",
                                  {"files": {"pw": b""}}),
    "admin_password_file_of_two_lines": (both(drop("homeserver", "admin_password"),
                                              put("homeserver", "admin_password_file", value="FILE:pw")), "pw",
                                         {"files": {"pw": b"secret\nand more\n"}}),
    "admin_password_file_for_everybody": (both(drop("homeserver", "admin_password"),
                                               put("homeserver", "admin_password_file", value="FILE:open_pw")), "open_pw",
                                          {"files": {"open_pw": b"secret\n"}}),
    "ca_file_missing": (put("homeserver", "ca_file", value="FILE:nowhere.pem"), "nowhere.pem", {}),
    "ca_file_is_no_certificate": (put("homeserver", "ca_file", value="FILE:ca.pem"), "ca.pem",
                                  {"files": {"ca.pem": b"not a certificate\n"}}),
    "unknown_store": (put("store", "kind", value="shoebox"), "store.kind", {}),
    "postgresql_without_keys": (both(put("store", "kind", value="postgresql"), put("store", "dsn", value="host=db")),
                                 "store.key_file", {}),
    "sqlite_without_a_path": (both(put("store", "kind", value="sqlite"), put("store", "key_file", value="FILE:keys")),
                              "store.path", {}),
    "sqlite_without_keys": (both(put("store", "kind", value="sqlite"), put("store", "path", value="FILE:db")),
                            "store.key_file", {}),
    "no_tenants": (drop("tenants"), "tenants", {}),
    "tenants_empty": (put("tenants", value=[]), "tenants", {}),
    "tenant_without_id": (drop("tenants", 0, "id"), "tenants[0].id", {}),
    "tenant_twice": (lambda settings, folder: settings["tenants"].append(settings["tenants"][0]), "tenants[1].id", {}),
    "unknown_tenant_key": (put("tenants", 0, "colour", value="red"), "tenants[0].colour", {}),
    "localpart_without_id": (put("tenants", 0, "localpart", value="everybody"), "tenants[0].localpart", {}),
    "directory_missing": (put("tenants", 0, "directory", value="FILE:nowhere.json"), "nowhere.json", {}),
    "directory_is_no_json": (put("tenants", 0, "directory", value="FILE:broken.json"), "broken.json",
                             {"files": {"broken.json": b'{"users":'}}),
    "directory_unknown_key": (put("tenants", 0, "directory", value="FILE:keys.json"), "usrs",
                              {"files": {"keys.json": b'{"usrs":[]}'}}),
}

DIRECTORY = {
    "user_without_id": (lambda directory: directory["users"][0].pop("id"), "users[0].id"),
    "slug_twice": (lambda directory: directory["users"].append(dict(directory["users"][0], id="9")), "users[4].slug"),
    "slug_with_a_space": (lambda directory: directory["users"][1].update(slug="b en"), "users[1].slug"),
    "unknown_creator": (lambda directory: directory["events"][0].update(creator="nobody"), "events[0].creator"),
    "unknown_visibility": (lambda directory: directory["events"][0].update(visibility="odd"), "events[0].visibility"),
    "unknown_attendee": (lambda directory: directory["events"][0]["attendees"][1].update(user="nobody"),
                         "events[0].attendees[1].user"),
    "members_is_a_text": (lambda directory: directory["groups"][0].update(members="all"), "groups[0].members"),
}


def configuration_case(change, names, options):
    return lambda self: self.refuse(change, names, **options)


def directory_case(change, names):
    return lambda self: self.refuse(self.directory(change), names)


for row, (step, key, extra) in CONFIGURATION.items():
    setattr(BadConfiguration, f"test_{row}", configuration_case(step, key, extra))
for row, (step, key) in DIRECTORY.items():
    setattr(BadConfiguration, f"test_directory_{row}", directory_case(step, key))


class BadUsage(harness.ProgramCase):
    """Wrong command lines. No homeserver is asked here either."""

    def refuse(self, arguments, names):
        work = harness.Workspace(self.folder / self.id().rsplit(".", 1)[1], {
            "url": f"http://127.0.0.1:{harness.closed_port()}", "server_name": "confab.test", "admin_user": "admin",
            "admin_password": "secret"})
        done = work.run(*arguments)
        self.refused(done, USAGE, "invalid_argument", names)
        self.assertEqual(b"", done.output, str(done))

    def test_a_configuration_file_that_is_not_there(self):
        work = harness.Workspace(self.folder / "nofile", {})
        path = str(work.folder / "elsewhere.json")
        self.refused(work.run(command=[harness.PROGRAM, "--config", path, *PROVISION]), USAGE, "config", path)

    def test_an_unknown_tenant(self):
        work = harness.Workspace(self.folder / "tenant", {
            "url": f"http://127.0.0.1:{harness.closed_port()}", "server_name": "confab.test", "admin_user": "admin",
            "admin_password": "secret"})
        self.refused(work.run("--tenant", "moon", *PROVISION), USAGE, "invalid_argument", "--tenant")

    def test_several_tenants_and_none_chosen(self):
        folder = self.folder / "tenants"
        work = harness.Workspace(folder, {
            "url": f"http://127.0.0.1:{harness.closed_port()}", "server_name": "confab.test", "admin_user": "admin",
            "admin_password": "secret"}, tenants=[{"id": name, "directory": str(folder / "directory.json")}
                                                  for name in ("park", "beach")])
        self.refused(work.run(*PROVISION), USAGE, "invalid_argument", "--tenant")

    def test_help_is_no_failure(self):
        work = harness.Workspace(self.folder / "help", {})
        done = work.run(command=[harness.PROGRAM, "--help"])
        self.assertEqual(0, done.code, str(done))
        for word in ("doctor", "user", "room", "send", "history", "watch", "--config", "--tenant", "--deadline"):
            self.assertIn(word, done.output.decode())


USAGES = {
    "no_command": ((), ""),
    "unknown_command": (("sing",), "sing"),
    "unknown_option": (("doctor", "--loud"), "--loud"),
    "unknown_kind": (("room", "create", "party", "picnic", "--creator", "ana"), "party"),
    "no_creator": (("room", "create", "event", "picnic"), "--creator"),
    "no_text": (("send", "event", "picnic", "--as", "ana"), "TEXT"),
    "no_sender": (("send", "event", "picnic", "hello"), "--as"),
    "no_slug": (("user", "provision"), "SLUG"),
    "limit_is_no_number": (("history", "event", "picnic", "--as", "ana", "--limit", "many"), "--limit"),
    "limit_is_zero": (("history", "event", "picnic", "--as", "ana", "--limit", "0"), "--limit"),
    "limit_is_negative": (("history", "event", "picnic", "--as", "ana", "--limit", "-3"), "--limit"),
    "count_is_zero": (("watch", "--as", "ana", "--count", "0"), "--count"),
    "time_is_negative": (("watch", "--as", "ana", "--for", "-1"), "--for"),
    "deadline_is_no_number": (("--deadline", "soon", "doctor"), "--deadline"),
    "deadline_is_zero": (("--deadline", "0", "doctor"), "--deadline"),
}


def usage_case(arguments, names):
    return lambda self: self.refuse(arguments, names)


for row, (words, key) in USAGES.items():
    setattr(BadUsage, f"test_{row}", usage_case(words, key))


class BadRequest(harness.HomeserverCase):
    """Well formed, on a homeserver that is well, and still impossible. Nothing is left half done."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls()
        case.provisioned("ana", "ben", "cyd", "eve")
        case.room("event", "picnic", "ana", "ben")
        cls.before = len(case.history("event", "picnic", "ana"))

    def refuse(self, arguments, exit_code, code, names=None, stdin=b""):
        done = self.work.run(*arguments, stdin=stdin)
        self.refused(done, exit_code, code, names)
        self.assertEqual(b"", done.output, str(done))
        if arguments[0] == "send":
            texts = harness.texts(self.history("event", "picnic", "ana"))
            self.assertNotIn("refused", "".join(texts), "nothing of a refused message arrived")

    def test_a_wrong_admin_password(self):
        homeserver = {key: value for key, value in self.homeserver.config().items() if key != "admin_password_file"}
        work = harness.Workspace(self.folder / "wrong", {**homeserver, "admin_password": "wrong horse"})
        done = work.run(*PROVISION)
        self.refused(done, FAILED, "admin_unavailable", "admin_password")
        self.assertNotIn(b"wrong horse", done.output + done.errors)

    def test_an_unknown_admin(self):
        work = harness.Workspace(self.folder / "unknown", {**self.homeserver.config(), "admin_user": "nobody"})
        self.refused(work.run(*PROVISION), FAILED, "admin_unavailable", "admin_user")

    def test_another_server_name(self):
        work = harness.Workspace(self.folder / "named", {**self.homeserver.config(), "server_name": "other.test"})
        self.refused(work.run(*PROVISION), USAGE, "config", "server_name")

    def test_a_message_line_too_large_from_standard_input(self):
        self.refuse(("send", "event", "picnic", "--as", "ana", "-"), FAILED, "too_large", stdin=b"refused " * 10000)

    def test_a_message_of_invalid_utf8_from_standard_input(self):
        self.refuse(("send", "event", "picnic", "--as", "ana", "-"), FAILED, "invalid_argument", "UTF-8",
                    stdin=b"refused \xc3\x28\n")

    def test_an_invalid_utf8_argument(self):
        arguments = ["send", "event", "picnic", "--as", "ana", os.fsdecode(b"refused \xff")]
        self.refuse(arguments, FAILED, "invalid_argument", "UTF-8")

    def test_the_lines_before_a_bad_one_are_sent_and_said(self):
        done = self.work.run("send", "event", "picnic", "--as", "ana", "-", stdin=b"good line\nrefused \xff\n")
        self.refused(done, FAILED, "invalid_argument", "UTF-8")
        self.assertEqual(1, len(done.lines), str(done))


REQUESTS = {
    "unknown_user": (("user", "provision", "zoe"), FAILED, "not_found", "zoe"),
    "malformed_user": (("user", "provision", "z o e"), FAILED, "invalid_argument", "z o e"),
    "empty_user": (("user", "provision", ""), FAILED, "invalid_argument", "slug"),
    "overlong_user": (("user", "provision", "z" * 300), FAILED, "invalid_argument", "slug"),
    "unknown_event": (("room", "create", "event", "moonwalk", "--creator", "ana"), FAILED, "not_found", "moonwalk"),
    "unknown_creator": (("room", "create", "event", "picnic", "--creator", "zoe"), FAILED, "not_found", "zoe"),
    "stranger_as_creator": (("room", "create", "event", "picnic", "--creator", "eve"), FAILED, "forbidden", "eve"),
    "unknown_member": (("room", "add", "event", "picnic", "zoe"), FAILED, "not_found", "zoe"),
    "stranger_as_member": (("room", "add", "event", "picnic", "eve"), FAILED, "forbidden", "eve"),
    "room_of_an_unknown_event": (("room", "add", "event", "moonwalk", "ben"), FAILED, "not_found", "moonwalk"),
    "room_not_made_yet": (("room", "add", "group", "chess", "cyd"), FAILED, "not_found", "chess"),
    "send_to_an_unknown_event": (("send", "event", "moonwalk", "--as", "ana", "refused"), FAILED, "not_found",
                                 "moonwalk"),
    "send_as_an_unknown_user": (("send", "event", "picnic", "--as", "zoe", "refused"), FAILED, "not_found", "zoe"),
    "send_as_a_stranger": (("send", "event", "picnic", "--as", "eve", "refused"), FAILED, "forbidden", "eve"),
    "read_as_a_stranger": (("history", "event", "picnic", "--as", "eve"), FAILED, "forbidden", "eve"),
    "empty_message": (("send", "event", "picnic", "--as", "ana", ""), FAILED, "invalid_argument", "message"),
    "message_too_large": (("send", "event", "picnic", "--as", "ana", "refused " * 8500), FAILED, "too_large", "65536"),
    "history_from_nonsense": (("history", "event", "picnic", "--as", "ana", "--from", "nonsense"), FAILED,
                              "invalid_argument", "from"),
    "history_of_an_unknown_event": (("history", "event", "moonwalk", "--as", "ana"), FAILED, "not_found", "moonwalk"),
    "watch_as_an_unknown_user": (("watch", "--as", "zoe", "--for", "1"), FAILED, "not_found", "zoe"),
}


def request_case(arguments, exit_code, code, names):
    return lambda self: self.refuse(arguments, exit_code, code, names)


for row, case in REQUESTS.items():
    setattr(BadRequest, f"test_{row}", request_case(*case))


class NoHomeserver(harness.ProgramCase):
    """Something answers, but it is no homeserver."""

    def refuse(self, answer, exit_code, code, names=None):
        with harness.serving(answer) as url:
            work = harness.Workspace(self.folder / self.id().rsplit(".", 1)[1], {
                "url": url, "server_name": "confab.test", "admin_user": "admin", "admin_password": "secret"})
            done = work.run("--deadline", "8", *PROVISION)
        self.refused(done, exit_code, code, names)
        self.assertLess(done.seconds, 15, str(done))

    def test_a_web_page(self):
        self.refuse(harness.page(200, "text/html", b"<html><body>Welcome!</body></html>"), FAILED, "protocol",
                    "homeserver.url")

    def test_not_found_everywhere(self):
        self.refuse(harness.page(404, "text/html", b"<h1>404</h1>"), FAILED, "protocol", "homeserver.url")

    def test_json_that_is_no_matrix(self):
        self.refuse(harness.page(200, "application/json", b'{"hello": "world"}'), FAILED, "protocol", "homeserver.url")

    def test_json_of_the_wrong_shape(self):
        self.refuse(harness.page(200, "application/json", b'{"versions": "v1.15"}'), FAILED, "protocol",
                    "homeserver.url")

    def test_an_endless_answer(self):
        def answer(handler):
            handler.send_response(200)
            handler.send_header("Content-Type", "application/json")
            handler.end_headers()
            try:
                for _ in range(4096):
                    handler.wfile.write(b" " * 65536)
            except OSError:
                pass  # the program hung up, as it should
        self.refuse(answer, FAILED, "too_large")

    def test_a_redirect_elsewhere(self):
        asked = []

        def elsewhere(handler):
            asked.append(handler.path)
            harness.page(200, "application/json", b'{"versions": ["v1.15"]}')(handler)

        with harness.serving(elsewhere) as other:
            def answer(handler):
                handler.send_response(302)
                handler.send_header("Location", other + handler.path)
                handler.send_header("Content-Length", "0")
                handler.end_headers()
            self.refuse(answer, FAILED, "protocol", "homeserver.url")
        self.assertEqual([], asked, "a redirect is not followed to another origin")


if __name__ == "__main__":
    harness.main()
