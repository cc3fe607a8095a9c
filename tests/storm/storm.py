"""A world in which all tokens die at once: a real Synapse with its own limits on logins, a proxy before it that counts and
loses answers, and host processes. What must be true afterwards is in judges.py."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import quote

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "integration"))
import harness  # noqa: E402
from counting_proxy import CountingProxy  # noqa: E402
from judges import LOGIN, Judges  # noqa: E402
from traces import ProcessWatch  # noqa: E402

LIBRARY = os.environ.get("CONFAB_LIBRARY", str(SOURCE / "build" / "dev" / "capi" / "libconfab.so"))
OTHER_LIBRARY = os.environ.get("CONFAB_OTHER_LIBRARY", LIBRARY)  # another release, of every second host
TESTS = SOURCE / "build" / "dev" / "tests"
IDENTITIES = os.environ.get("CONFAB_STORM_IDENTITIES", str(TESTS / "storm" / "storm_identities"))
FAKE_HOMESERVER = os.environ.get("CONFAB_FAKE_HOMESERVER", str(TESTS / "confab-fake-homeserver"))
PATIENCE = 900  # seconds, of whoever waits for a host process


class Host:
    """A host process, and its answers as they come."""

    def __init__(self, configuration, library):
        self.process = subprocess.Popen(
            [sys.executable, "-B", str(Path(__file__).with_name("host_process.py")), str(configuration)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**harness.ENVIRONMENT, "CONFAB_LIBRARY": library})
        self.errors, self.output = bytearray(), bytearray()
        self._answers, self._next, self._came = {}, 0, threading.Condition()
        self._threads = [threading.Thread(target=self._read), threading.Thread(target=self._listen)]
        for thread in self._threads:
            thread.start()
        self.wait([0])

    def _read(self):
        for line in self.process.stdout:
            self.output += line
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
    """A PostgreSQL of its own, while it lasts: how to reach it."""
    server = subprocess.Popen([str(SOURCE / "scripts" / "postgresql"), "run"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        with server.stdin, server.stdout:
            yield json.loads(server.stdout.readline())
    finally:
        server.wait(60)


class Storm(Judges):
    """Users in rooms of `room_size`, provisioned and joined; then whatever a case does to them."""

    def __init__(self, folder, users, room_size=20, hosts=1, spend=False, store="sqlite", access="puppet", token_life=None,
                 session_life=None, logins_per_second=None, populated=True, say=print):
        self.folder, self.store, self.access, self.say = Path(folder), store, access, say
        self.options = ["--token-life", str(token_life)] if token_life else []
        self.options += ["--session-life", str(session_life)] if session_life else []
        self.options += ["--logins-per-second", str(logins_per_second)] if logins_per_second else []
        self.users = [f"u{i:04}" for i in range(users)]
        self.events = {f"r{i // room_size:03}": self.users[i:i + room_size] for i in range(0, users, room_size)}
        self._stack = contextlib.ExitStack()
        self.texts = []       # each that was accepted
        self.said_by = {}     # and by which user, where it is known
        self.errors, self.output = bytearray(), bytearray()  # of hosts that have ended
        self.database = None
        self.hosts, self.user_ids, self.room_ids, self.begun = [], {}, {}, 0
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
                self.database = stack.enter_context(postgresql())
                store["dsn"] = self.database["dsn"]
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
            stack.callback(self.homeserver.kill)
            self.processes = ProcessWatch()
            stack.callback(self.processes.end)
            self.matrix = harness.Matrix(self.homeserver)
            self.operator = self.matrix.admin_token()
            self.proxy = CountingProxy(self.homeserver.about["port"])
            stack.callback(self.proxy.close)
            self.work = workspace({**self.homeserver.config(), "url": self.proxy.url})
            stack.callback(lambda: [host.end() for host in self.hosts])
            for _ in range(hosts):
                self.begin_host()
            if spend:
                self._spend_logins()
            if populated:
                self._populate()
            self._stack = stack.pop_all()

    def begin_host(self):
        self.begun += 1
        self.hosts.append(Host(self.work.config, LIBRARY if self.begun % 2 else OTHER_LIBRARY))
        return self.hosts[-1]

    def kill_host(self, host):
        """As `finish`, but at once."""
        self.hosts.remove(host)
        host.end()
        self._keep(host)

    def _keep(self, host):
        self.errors += host.errors
        self.output += host.output

    def change_access(self, access):
        """What the hosts that begin from now on are configured with."""
        self.access = self.work.settings["tenants"][0]["access"] = access
        self.work.config.write_text(json.dumps(self.work.settings, indent=1))

    def own_login_limits(self):
        """Those of Synapse, from its next start on."""
        configuration = self.homeserver.folder / "homeserver.yaml"
        lines = configuration.read_text().splitlines(keepends=True)
        configuration.write_text("".join(line for line in lines if not line.startswith("rc_login:")))

    def _spend_logins(self):
        """Somebody logs in from the same address, as often as the homeserver lets them."""
        password = Path(self.homeserver.about["admin_password_file"]).read_text(encoding="utf-8").strip()
        status = 200
        while status == 200:
            status, answer = self.matrix.login(self.homeserver.about["admin_user"], password, "SOMEBODY")
        if status != 429:
            raise AssertionError(f"a login is answered {status}: {answer}")

    def _populate(self):
        begun = time.monotonic()
        host = self.hosts[0]
        made = self.done(host, [host.order("provision", user=user) for user in self.users])
        self.user_ids = dict(zip(self.users, (each["user_id"] for each in made)))
        rooms = self.done(host, [host.order("room", event=event, creator=members[0])
                                 for event, members in self.events.items()])
        self.room_ids = dict(zip(self.events, (each["room_id"] for each in rooms)))
        joining = [(event, user) for event, members in self.events.items() for user in members[1:]]
        # Each login on a device hashes a password: more at once would wait for longer than a token may take.
        at_once = 8 if self.access == "device" else max(1, len(joining))
        for i in range(0, len(joining), at_once):
            self.done(host, [host.order("add", event=event, user=user) for event, user in joining[i:i + at_once]])
        self.say(f"{len(self.users)} users in {len(self.events)} rooms after {time.monotonic() - begun:.1f} s")

    def done(self, host, numbers):
        answers = host.wait(numbers)
        wrong = [answer for answer in answers if "error" in answer]
        if wrong:
            raise AssertionError(f"{len(wrong)} of {len(answers)} failed: {wrong[:3]}")
        return [answer["ok"] for answer in answers]

    def sends(self, count, word, host=None, durable=False, by=None):
        """Begins `count` sends by all users in turn, or `by` one, spread over the hosts; gives (host, numbers) for
        `confirmed`."""
        begun = {}
        places = [(event, user) for event, members in self.events.items() for user in members if by in (None, user)]
        for i in range(count):
            event, user = places[i % len(places)]
            at = host or self.hosts[(i + i // len(places)) % len(self.hosts)]  # no user at the same one each time
            text = f"{word} {i}"
            self.texts.append(text)
            self.said_by[text] = user
            begun.setdefault(at, []).append(at.order("send", event=event, user=user, text=text,
                                                       durable=durable))
        return begun

    def confirmed(self, begun):
        for host, numbers in begun.items():
            self.done(host, numbers)

    # ---- deaths of tokens ----

    def delete_rows(self, refreshed_no_more=()):
        """The rows of all users' tokens are gone, and so is what Synapse remembers of them; devices stay. So do refresh
        tokens, but for those of some user ids."""
        self.homeserver.kill()
        with contextlib.closing(sqlite3.connect(self.homeserver.folder / "homeserver.db")) as database:
            gone = database.execute("DELETE FROM access_tokens WHERE user_id LIKE '@park%' OR puppets_user_id LIKE '@park%'"
                                    ).rowcount
            database.executemany("DELETE FROM refresh_tokens WHERE user_id = ?", [(user,) for user in refreshed_no_more])
            database.commit()
        self.homeserver.restart()
        return gone

    def log_out(self):
        """Each user's token logs itself out. (A /logout/all by it would leave it: it belongs to the admin.)"""
        last = self.last_tokens()
        for user in self.user_ids.values():
            self._done("POST", "/_matrix/client/v3/logout", {}, last[user])

    def devices_die(self):
        """Of every other user the operator deletes the device; the others log themselves out, everywhere."""
        last = self.last_tokens()
        for i, user in enumerate(self.user_ids.values()):
            if i % 2 == 0:
                self._done("POST", f"/_synapse/admin/v2/users/{quote(user)}/delete_devices", {"devices": ["CONFAB"]},
                           self.operator)
            else:
                self._done("POST", "/_matrix/client/v3/logout/all", {}, last[user])

    def change_passwords(self, user_ids):
        """Somebody gives these accounts other passwords; nobody is logged out."""
        for user in user_ids:
            self._done("PUT", f"/_synapse/admin/v2/users/{quote(user)}",
                       {"password": f"another of {user}", "logout_devices": False}, self.operator)

    def _done(self, method, path, body, token):
        status, answer = self.matrix.call(method, path, body, token)
        if status != 200:
            raise AssertionError(f"{method} {path}: {status} {answer}")

    def kill_admin_token(self):
        tokens = [json.loads(each.answer)["access_token"] for each in self.proxy.seen(*LOGIN) if each.status == 200]
        self.matrix.call("POST", "/_matrix/client/v3/logout", {}, tokens[-1])

    def finish(self):
        """Ends the host processes; what they said goes to `errors`."""
        for host in self.hosts:
            code = host.finish()
            self._keep(host)
            if code != 0:
                raise AssertionError(f"a host process ended with {code}: {host.errors.decode(errors='replace')[-3000:]}")
        self.hosts = []

    def dump(self):
        """All that is in the database, as text: bytes are in hexadecimal there."""
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"), key=lambda path: int(path.parent.parent.name))
        reach = {"PGHOST": self.database["host"], "PGPORT": str(self.database["port"]), "PGUSER": self.database["user"],
                 "PGPASSWORD": self.database["password"], "PGDATABASE": self.database["database"]}
        done = subprocess.run([str(found[-1]) if found else "pg_dump"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              check=True, env={**harness.ENVIRONMENT, **reach})
        if b"COPY " not in done.stdout:
            raise AssertionError("the database holds no table")
        return done.stdout
