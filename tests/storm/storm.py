"""A world in which all tokens die at once: a real Synapse with its own limits on logins, a proxy before it that counts and
loses answers, host processes, and what must be true afterwards."""

import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import quote

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "integration"))
import harness  # noqa: E402
from counting_proxy import LOST, CountingProxy  # noqa: E402

LIBRARY = os.environ.get("CONFAB_LIBRARY", str(SOURCE / "build" / "dev" / "capi" / "libconfab.so"))
TESTS = SOURCE / "build" / "dev" / "tests"
IDENTITIES = os.environ.get("CONFAB_STORM_IDENTITIES", str(TESTS / "storm" / "storm_identities"))
FAKE_HOMESERVER = os.environ.get("CONFAB_FAKE_HOMESERVER", str(TESTS / "confab-fake-homeserver"))
PATIENCE = 900  # seconds, of whoever waits for a host process

SEND = ("PUT", r"/_matrix/client/v3/rooms/[^/]+/send/m\.room\.message/.*")
LOGIN = ("POST", r"/_matrix/client/v3/login")
REFRESH = ("POST", r"/_matrix/client/v3/refresh")
PUPPET_LOGIN = ("POST", r"/_synapse/admin/v1/users/[^/]+/login")
REGISTER = ("POST", r"/_matrix/client/v3/register")
USER_PUT = ("PUT", r"/_synapse/admin/v2/users/[^/]+")


class Host:
    """A host process, and its answers as they come."""

    def __init__(self, configuration):
        self.process = subprocess.Popen(
            [sys.executable, "-B", str(Path(__file__).with_name("host_process.py")), str(configuration)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**harness.ENVIRONMENT, "CONFAB_LIBRARY": LIBRARY})
        self.errors = b""
        self._answers, self._next, self._came = {}, 0, threading.Condition()
        self._threads = [threading.Thread(target=self._read), threading.Thread(target=self._listen)]
        for thread in self._threads:
            thread.start()
        self.wait([0])

    def _read(self):
        for line in self.process.stdout:
            answer = json.loads(line)
            with self._came:
                self._answers[answer["id"]] = answer
                self._came.notify_all()
        with self._came:
            self._answers[None] = None  # there will be no more
            self._came.notify_all()

    def _listen(self):
        for line in self.process.stderr:
            self.errors += line

    def order(self, what, **more):
        """Begins it; gives its number."""
        self._next += 1
        self.process.stdin.write(json.dumps({"id": self._next, "do": what, **more}).encode() + b"\n")
        self.process.stdin.flush()
        return self._next

    def answered(self, numbers):
        with self._came:
            return sum(number in self._answers for number in numbers)

    def wait(self, numbers, at_least=None):
        """Their answers, once all are there, or `at_least` so many of them."""
        wanted = len(numbers) if at_least is None else at_least
        with self._came:
            if not self._came.wait_for(lambda: None in self._answers
                                       or sum(number in self._answers for number in numbers) >= wanted, PATIENCE):
                raise AssertionError(f"{wanted} answers are not there after {PATIENCE} s")
            if None in self._answers and sum(number in self._answers for number in numbers) < wanted:
                raise AssertionError(f"a host process ended: {self.errors.decode(errors='replace')[-3000:]}")
            return [self._answers[number] for number in numbers if number in self._answers]

    def finish(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        code = self.process.wait(PATIENCE)
        self.end()
        return code

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(BrokenPipeError):
                stream.close()


@contextlib.contextmanager
def postgresql():
    """A PostgreSQL of its own, while it lasts: its dsn."""
    server = subprocess.Popen([str(SOURCE / "scripts" / "postgresql"), "run"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        with server.stdin, server.stdout:
            yield json.loads(server.stdout.readline())["dsn"]
    finally:
        server.wait(60)


def dump(dsn):
    """All that is in the database, as text: bytes are in hexadecimal there."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"), key=lambda path: int(path.parent.parent.name))
    done = subprocess.run([str(found[-1]) if found else "pg_dump", "--dbname", dsn], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, check=True)
    if b"COPY " not in done.stdout:
        raise AssertionError("the database holds no table")
    return done.stdout


class Storm:
    """Users in rooms of `room_size`, provisioned and joined; then whatever a case does to them."""

    def __init__(self, folder, users, room_size=20, hosts=1, spend=0, store="sqlite", access="puppet", token_life=None,
                 populated=True, say=print):
        self.folder, self.store, self.access, self.say = Path(folder), store, access, say
        self.options = ["--token-life", str(token_life)] if token_life else []
        self.users = [f"u{i:04}" for i in range(users)]
        self.events = {f"r{i // room_size:03}": self.users[i:i + room_size] for i in range(0, users, room_size)}
        self._stack = contextlib.ExitStack()
        self.texts = []       # each that was accepted
        self.errors = b""
        self.hosts, self.user_ids, self.room_ids = [], {}, {}
        self._begin(hosts, spend, populated)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _begin(self, hosts, spend, populated):
        with contextlib.ExitStack() as stack:
            work = self.folder / "work"
            store = {**harness.kept_store(work), "kind": self.store}
            if self.store == "postgresql":
                del store["path"]
                self.dsn = store["dsn"] = stack.enter_context(postgresql())
            directory = {
                "users": [{"id": user, "slug": user, "name": f"User {user}"} for user in self.users + ["late"]],
                "events": [{"slug": event, "name": f"Event {event}", "visibility": "private", "creator": members[0],
                            "attendees": [{"user": each, "role": "guest"} for each in members[1:] + ["late"]]}
                           for event, members in self.events.items()], "groups": []}
            by_registration = {"appservice_file": "appservice.yaml"} if self.access == "appservice" else {}

            def workspace(homeserver):
                return harness.Workspace(
                    work, {**homeserver, **by_registration}, directory=directory, store=store,
                    tenants=[{"id": "park", "directory": str(work / "directory.json"), "access": self.access}])

            if by_registration:
                done = workspace({"server_name": "confab.test", "admin_user": "admin", "admin_password": "later"}
                                 ).run("appservice", "register")
                if done.code != 0:
                    raise RuntimeError(str(done))
                self.options += ["--registration", str(work / "appservice.yaml")]
            self.homeserver = harness.Homeserver(self.folder / "synapse", "--default-limits", *self.options)
            stack.callback(self.homeserver.stop)
            self.matrix = harness.Matrix(self.homeserver)
            self.operator = self.matrix.admin_token()
            for _ in range(spend):
                self.matrix.admin_token()
            self.proxy = CountingProxy(self.homeserver.about["port"])
            stack.callback(self.proxy.close)
            self.work = workspace({**self.homeserver.config(), "url": self.proxy.url})
            stack.callback(lambda: [host.end() for host in self.hosts])
            for _ in range(hosts):
                self.begin_host()
            if populated:
                self._populate()
            self._stack = stack.pop_all()

    def begin_host(self):
        self.hosts.append(Host(self.work.config))
        return self.hosts[-1]

    def _populate(self):
        begun = time.monotonic()
        host = self.hosts[0]
        made = self.done(host, [host.order("provision", user=user) for user in self.users])
        self.user_ids = dict(zip(self.users, (each["user_id"] for each in made)))
        rooms = self.done(host, [host.order("room", event=event, creator=members[0])
                                 for event, members in self.events.items()])
        self.room_ids = dict(zip(self.events, (each["room_id"] for each in rooms)))
        self.done(host, [host.order("add", event=event, user=user)
                         for event, members in self.events.items() for user in members[1:]])
        self.say(f"{len(self.users)} users in {len(self.events)} rooms after {time.monotonic() - begun:.1f} s")

    def done(self, host, numbers):
        answers = host.wait(numbers)
        wrong = [answer for answer in answers if "error" in answer]
        if wrong:
            raise AssertionError(f"{len(wrong)} of {len(answers)} failed: {wrong[:3]}")
        return [answer["ok"] for answer in answers]

    def sends(self, count, word, host=None, durable=False):
        """Begins `count` sends by all users in turn, spread over the hosts; gives (host, numbers) for `confirmed`."""
        begun = {}
        places = [(event, user) for event, members in self.events.items() for user in members]
        for i in range(count):
            event, user = places[i % len(places)]
            at = host or self.hosts[i % len(self.hosts)]
            text = f"{word} {i}"
            self.texts.append(text)
            begun.setdefault(at, []).append(at.order("send", event=event, user=user, text=text,
                                                       durable=durable))
        return begun

    def confirmed(self, begun):
        for host, numbers in begun.items():
            self.done(host, numbers)

    # ---- deaths of tokens ----

    def delete_rows(self):
        """The rows of all users' tokens are gone, and so is what Synapse remembers of them; devices stay."""
        self.homeserver.kill()
        with contextlib.closing(sqlite3.connect(self.homeserver.folder / "homeserver.db")) as database:
            gone = database.execute("DELETE FROM access_tokens WHERE user_id LIKE '@park%' OR puppets_user_id LIKE '@park%'"
                                    ).rowcount
            database.commit()
        self.homeserver.restart()
        return gone

    def log_out(self):
        """Each user's token logs itself out. (The user's own /logout/all would leave it: it belongs to the admin.)"""
        tokens = self._user_tokens()
        for user, token in tokens.items():
            status, answer = self.matrix.call("POST", "/_matrix/client/v3/logout", {}, token)
            if status != 200:
                raise AssertionError(f"{user} cannot log out: {status} {answer}")
        return len(tokens)

    def _user_tokens(self):
        tokens = {}
        for each in self.proxy.seen(*PUPPET_LOGIN):
            if each.status == 200:
                tokens[each.path.split("/")[-2]] = json.loads(each.answer)["access_token"]
        return tokens

    def kill_admin_token(self):
        tokens = [json.loads(each.answer)["access_token"] for each in self.proxy.seen(*LOGIN) if each.status == 200]
        self.matrix.call("POST", "/_matrix/client/v3/logout", {}, tokens[-1])

    # ---- what must be true ----

    def bodies(self):
        """Every text of every room, as the operator reads it."""
        found = Counter()
        for room in self.room_ids.values():
            start = ""
            while start is not None:
                status, page = self.matrix.call(
                    "GET", f"/_synapse/admin/v1/rooms/{quote(room)}/messages?dir=b&limit=500{start}", token=self.operator)
                if status != 200:
                    raise AssertionError(f"the operator cannot read {room}: {page}")
                found.update(event["content"].get("body") for event in page["chunk"] if event["type"] == "m.room.message")
                start = f"&from={quote(page['end'])}" if page.get("end") and page["chunk"] else None
        return found

    def each_text_once(self):
        found = self.bodies()
        lost = [text for text in self.texts if found[text] == 0]
        twice = [text for text in self.texts if found[text] > 1]
        if lost or twice or sum(found.values()) != len(self.texts):
            raise AssertionError(f"of {len(self.texts)} texts {len(lost)} are lost {lost[:3]}, {len(twice)} are there "
                                 f"twice {twice[:3]}, {sum(found.values())} are in the rooms")

    def recoveries(self, since):
        """How many tokens each user was given since then, by user id."""
        return Counter(each.path.split("/")[-2] for each in self.proxy.seen(*PUPPET_LOGIN, since=since)
                       if each.status in (200, LOST))

    def one_recovery_each(self, since, users=None):
        counted = self.recoveries(since)
        wrong = {user: counted[user] for user in users or self.user_ids.values() if counted[user] != 1}
        if wrong:
            raise AssertionError(f"{len(wrong)} users were not given exactly one token: {list(wrong.items())[:5]}")

    def refused_logins(self, since=0.0):
        return [each for pattern in (LOGIN, PUPPET_LOGIN) for each in self.proxy.seen(*pattern, since=since)
                if each.status == 429]

    def nothing_changed_hands(self):
        """Nothing that the library asked for logs anybody out, deletes a device or sets a password."""
        forbidden = [each for method, pattern in (
            ("POST", r"/_matrix/client/v3/logout(/all)?"), ("POST", r"/_synapse/admin/v1/reset_password/.*"),
            ("DELETE", r"/_synapse/admin/v2/users/.*/devices/.*"), ("POST", r"/_synapse/admin/v2/users/.*/delete_devices"))
            for each in self.proxy.seen(method, pattern)]
        passwords = [each for each in self.proxy.seen(*USER_PUT) if "password" in json.loads(each.body or b"{}")]
        if forbidden or passwords:
            raise AssertionError(f"the library asked for {(forbidden + passwords)[:3]}")

    def finish(self):
        """Ends the host processes; what they said goes to `errors`."""
        for host in self.hosts:
            code = host.finish()
            self.errors += host.errors
            if code != 0:
                raise AssertionError(f"a host process ended with {code}: {host.errors.decode(errors='replace')[-3000:]}")
        self.hosts = []

    def secrets_found(self):
        """Every place that holds a secret in plain, of all that the run left: files of the library and what it said."""
        password = Path(self.homeserver.about["admin_password_file"]).read_text(encoding="utf-8").strip()
        key = re.split(r"\s+", (self.work.folder / "keys").read_text())[1]
        wanted = {secret.encode() for secret in self.proxy.secrets() | {password, key} if len(secret) >= 8}
        places = {str(path): path.read_bytes() for path in self.work.folder.rglob("*")
                  if path.is_file() and path.name not in ("keys", "appservice.yaml")}
        places["what the hosts said"] = self.errors
        if self.store == "postgresql":
            places["the database"] = dump(self.dsn)
        return sorted(name for name, content in places.items() for secret in wanted
                      if secret in content or secret.hex().encode() in content), len(wanted)
