"""Numbered messages to watchers that have a place, while everything that can end is ended; and what must be true then.

Senders say "<sender> <n>" line by line; watchers (`confab watch --resume`) are processes with one store between them.
Troubles come one after the other, each while messages flow. In the end every number that was sent was seen by every
watcher, once after de-duplication by event id, and in order; and stands in the room once.
"""

import contextlib
import json
import os
import random
import re
import secrets
import signal
import subprocess
import threading
import time
import urllib.request
from base64 import b64encode

import harness

# Lines a sender has out at one time: enough to meet a kill on their way, few enough to end soon.
IN_FLIGHT = 8


class Sender:
    """`confab send -` fed with numbered lines until it is told to end."""

    def __init__(self, work, user):
        self.user, self.sent, self.ids = user, 0, []
        self.process = subprocess.Popen(work.command("--deadline", "600", "send", "event", "picnic", "--as", user, "-"),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=harness.ENVIRONMENT)
        self._slots = threading.Semaphore(IN_FLIGHT)
        self._over = threading.Event()
        self._errors = []
        self._threads = [threading.Thread(target=work) for work in (self._feed, self._read, self._listen)]
        for thread in self._threads:
            thread.start()

    def _feed(self):
        with contextlib.suppress(BrokenPipeError):
            while not self._over.is_set():
                if not self._slots.acquire(timeout=0.2):
                    continue
                self.process.stdin.write(f"{self.user} {self.sent}\n".encode())
                self.process.stdin.flush()
                self.sent += 1
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()

    def _read(self):
        for line in self.process.stdout:
            self.ids.append(json.loads(line)["event_id"])
            self._slots.release()

    def _listen(self):
        self._errors += self.process.stderr.readlines()

    def finish(self):
        self._over.set()
        try:
            code = self.process.wait(harness.PATIENCE)
        finally:
            self.end()
        if code != 0 or len(self.ids) != self.sent:
            raise AssertionError(f"{self.user} sent {len(self.ids)} of {self.sent}, exit {code}: {self._errors[-3:]}")

    def end(self):
        self._over.set()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join()
        self.process.stdout.close()
        self.process.stderr.close()


class Watcher:
    """A named watcher and all its lives."""

    def __init__(self, work, user):
        self.work, self.user = work, user
        self.lives, self.missed, self._process, self._reader = [], 0, None, None
        self.watching = threading.Event()
        self.begin()

    def begin(self):
        self.watching.clear()
        self.lives.append([])
        self._process = subprocess.Popen(self.work.command("watch", "--as", self.user, "--resume", f"soak-{self.user}"),
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                         env=harness.ENVIRONMENT)
        self._errors = []
        self._threads = [threading.Thread(target=self._read, args=(self._process, self.lives[-1])),
                         threading.Thread(target=self._listen, args=(self._process, self._errors))]
        for thread in self._threads:
            thread.start()

    def _read(self, process, life):
        for line in process.stdout:
            with contextlib.suppress(ValueError):  # the last line of a process that was killed may be half a line
                event = json.loads(line)
                if event["event"] == "missed":
                    self.missed += 1
                elif "body" in event:
                    life.append((event["event_id"], event["body"]))

    def _listen(self, process, errors):
        for line in process.stderr:
            errors.append(line)
            if line.startswith(b'{"watching"'):
                self.watching.set()
        self.watching.set()

    def until_watching(self):
        if not self.watching.wait(harness.PATIENCE) or self._process.poll() is not None:
            raise AssertionError(f"{self.user} does not watch: {self._errors}")

    def kill(self):
        self._process.send_signal(signal.SIGCONT)
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join()
        self._process.stdout.close()
        self._process.stderr.close()

    def freeze(self, on):
        self._process.send_signal(signal.SIGSTOP if on else signal.SIGCONT)

    def running(self):
        return self._process.poll() is None

    def seen(self):
        """Each event once, where it was first seen."""
        first = {}
        for life in list(self.lives):
            for event, body in list(life):
                first.setdefault(event, body)
        return first

    def count(self):
        return sum(len(life) for life in self.lives)


class Soak:
    """One homeserver, two senders, two watchers."""

    def __init__(self, folder, say=lambda text: None):
        self.say, self.folder = say, folder
        self.stack = contextlib.ExitStack()
        self.troubles = {}

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.homeserver = harness.Homeserver(self.folder / "synapse", "--log-requests")
            stack.callback(self.homeserver.stop)
            keys = self.folder / "keys"
            with open(os.open(keys, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as out:
                out.write(f"soak {b64encode(secrets.token_bytes(32)).decode()}\n")
            about = self.homeserver.config()
            self.sending = harness.Workspace(self.folder / "sending", about)
            self.reading = harness.Workspace(self.folder / "reading", about, store={
                "kind": "sqlite", "path": str(self.folder / "watchers.db"), "key_file": str(keys)})
            for arguments in (("room", "create", "event", "picnic", "--creator", "ana"),
                              ("room", "add", "event", "picnic", "ben"), ("room", "add", "event", "picnic", "cyd")):
                done = self.sending.run(*arguments)
                if done.code != 0:
                    raise AssertionError(str(done))
            self.watchers = [Watcher(self.reading, user) for user in ("ben", "cyd")]
            for watcher in self.watchers:
                stack.callback(watcher.kill)
            for watcher in self.watchers:
                watcher.until_watching()
            self.senders = [Sender(self.sending, user) for user in ("ana", "ben")]
            for sender in self.senders:
                stack.callback(sender.end)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    # ---- what flows

    def confirmed(self):
        return sum(len(sender.ids) for sender in self.senders)

    def until(self, what, true, patience=harness.PATIENCE):
        end = time.monotonic() + patience
        while not true():
            if time.monotonic() > end:
                raise AssertionError(f"not within {patience} s: {what}\n{self.state()}")
            time.sleep(0.05)  # polled, not hoped for: only the condition ends this

    def flow(self, messages=20):
        """So many more have been sent, and every watcher that runs has seen something more."""
        sent = self.confirmed() + messages
        seen = [(watcher, watcher.count()) for watcher in self.watchers if watcher.running()]
        self.until(f"{messages} more messages", lambda: self.confirmed() >= sent)
        for watcher, before in seen:
            self.until(f"{watcher.user} sees more", lambda w=watcher, b=before: w.count() > b)

    def state(self):
        return (f"sent {[(sender.user, len(sender.ids)) for sender in self.senders]}, seen "
                f"{[(watcher.user, len(watcher.seen()), watcher._errors[-2:]) for watcher in self.watchers]}")

    # ---- what happens to them

    def watcher_killed(self, watcher=None):
        watcher = watcher or random.choice(self.watchers)
        watcher.kill()
        watcher.begin()
        watcher.until_watching()

    def big_gap(self, messages=130):
        """A watcher is away while more is said than one answer holds."""
        watcher = random.choice(self.watchers)
        watcher.kill()
        sent = self.confirmed() + messages
        self.until(f"{messages} messages unseen", lambda: self.confirmed() >= sent)
        watcher.begin()
        watcher.until_watching()

    def slow_reader(self, messages=40):
        watcher = random.choice(self.watchers)
        watcher.freeze(True)
        sent = self.confirmed() + messages
        self.until(f"{messages} messages while one is frozen", lambda: self.confirmed() >= sent)
        watcher.freeze(False)

    def synapse_restarted(self):
        self.homeserver.restart()

    def synapse_killed(self):
        self.homeserver.kill()
        self.homeserver.restart()

    def outage(self, seconds=5):
        self.homeserver.stop()
        time.sleep(seconds)  # how long nobody answers is what is tested, nothing waits for this
        self.homeserver.restart()

    def tokens_killed(self):
        """The admin's session ends, and with it every token that it made for a user; somebody meets that."""
        about = self.homeserver.about
        with open(about["admin_password_file"], encoding="ascii") as file:
            password = file.read().strip()
        identifier = {"type": "m.id.user", "user": about["admin_user"]}
        token = self._post("/_matrix/client/v3/login",
                           {"type": "m.login.password", "identifier": identifier, "password": password})["access_token"]
        log = self.homeserver.folder / "homeserver.log"
        before = log.stat().st_size
        self._post("/_matrix/client/v3/logout/all", {}, token)

        def met():
            with open(log, encoding="utf-8", errors="replace") as lines:
                lines.seek(before)
                return re.search(r' 401 "(?:PUT \S+/send/|GET \S+/sync)', lines.read())

        self.until("a dead token that is used", met, 60)

    def _post(self, path, body, token=None):
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        request = urllib.request.Request(self.homeserver.about["url"] + path, data=json.dumps(body).encode(),
                                         headers=headers, method="POST")
        with urllib.request.urlopen(request, timeout=harness.PATIENCE) as answer:
            return json.load(answer)

    def trouble(self, name, **how):
        self.say(f"{name.replace('_', ' ')} ({self.state()})")
        getattr(self, name)(**how)
        self.troubles[name] = self.troubles.get(name, 0) + 1
        self.flow()

    # ---- what must be true

    def finish(self):
        """Ends the senders, waits for the last message, and judges. Gives a report."""
        for sender in self.senders:
            sender.finish()
        wanted = {event: f"{sender.user} {n}" for sender in self.senders for n, event in enumerate(sender.ids)}
        with contextlib.suppress(AssertionError):  # what is missing is told below
            self.until("everything seen",
                       lambda: all(wanted.keys() <= watcher.seen().keys() for watcher in self.watchers), 60)
        for watcher in self.watchers:
            watcher.kill()
        faults = []
        if len(wanted) != sum(sender.sent for sender in self.senders):
            faults.append("two lines have one event id")
        report = {"sent": {sender.user: sender.sent for sender in self.senders}, "troubles": self.troubles, "watchers": {}}
        for watcher in self.watchers:
            seen = {event: body for event, body in watcher.seen().items() if event in wanted or self._is_numbered(body)}
            missing = [body for event, body in wanted.items() if event not in seen]
            extra = [body for event, body in seen.items() if event not in wanted]
            faults += [f"{watcher.user} did not see {body!r}" for body in missing[:5]]
            faults += [f"{watcher.user} saw {body!r} under a second event id" for body in extra[:5]]
            faults += [f"{watcher.user} saw {seen[event]!r} instead of {body!r}" for event, body in wanted.items()
                       if event in seen and seen[event] != body][:5]
            for sender in self.senders:
                numbers = [int(body.split()[1]) for body in seen.values() if body.startswith(sender.user + " ")]
                if numbers != sorted(numbers):
                    faults.append(f"{watcher.user} saw {sender.user} out of order")
                for life in watcher.lives:
                    own = [int(body.split()[1]) for _, body in life if body.startswith(sender.user + " ")]
                    if own != sorted(set(own)):
                        faults.append(f"one process of {watcher.user} saw {sender.user} out of order, or twice")
            if watcher.missed:
                faults.append(f"{watcher.user} was told of {watcher.missed} gaps")
            report["watchers"][watcher.user] = {"lives": len(watcher.lives), "seen": len(seen), "missing": len(missing),
                                               "repeated after a restart": watcher.count() - len(watcher.seen())}
        if faults:
            raise AssertionError("\n".join([*faults[:20], json.dumps(report)]))
        return report

    def _is_numbered(self, body):
        return any(body.startswith(sender.user + " ") for sender in self.senders)
