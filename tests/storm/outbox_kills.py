"""Processes that accept messages for good are killed, and others go on: each message they accepted stands in its room
once, in the order in which it was accepted. A real Synapse behind the proxy, one lane (a user, a room, a store) for each
of several programs at once."""

import base64
import contextlib
import json
import os
import random
import re
import statistics
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
import harness  # noqa: E402
from counting_proxy import CountingProxy  # noqa: E402
from traces import ProcessWatch, Secrets, files  # noqa: E402

LINES = 24  # that a process is given at once
LEAST_IN_FLIGHT = 10  # of these: not yet answered by the homeserver when their process is killed
CAMPAIGN, LEAST_OF_A_STAGE = 200, 20  # so many kills fall so often at each stage
MOST_SECONDS = 60  # from a kill until all that its process accepted is in the room
# Where a kill falls: while lines are being accepted; once all are; when the homeserver has been asked to post one and does
# it after the process is gone; when it has done so and the answer is on its way. Counted is where they fell: one meant for
# the first stage is of the second if all lines were accepted before it came.
STAGES = ("accepting", "stored", "asked", "answered")


class Lane:
    """One user who says numbered lines in one room, through one process after the other on one store."""

    def __init__(self, kills, number):
        self.kills, self.user, self.event = kills, f"u{number}", f"r{number}"
        self.random = random.Random(number)
        self.offered, self.accepted = [], []
        self.killed = []  # (when, what the process had accepted by then) of each kill
        self.in_flight = []  # of each kill: how many sends
        self.errors, self.output = bytearray(), bytearray()
        folder = kills.folder / self.event
        folder.mkdir()
        with os.fdopen(os.open(folder / "keys", os.O_WRONLY | os.O_CREAT, 0o600), "w") as keys:
            keys.write(f"first {base64.b64encode(os.urandom(32)).decode()}\n")
        self.work = harness.Workspace(folder, {**kills.homeserver.config(), "url": kills.proxy.url}, kills.directory,
                                      store={"kind": "sqlite", "path": str(folder / "store"), "key_file": str(folder / "keys")})

    def prepare(self):
        self.run("user", "provision", self.user)
        self.room = self.run("room", "create", "event", self.event, "--creator", self.user)[-1]["room_id"]

    def run(self, *arguments):
        done = self.work.run("--verbose", *arguments)
        self.errors += done.errors
        self.output += done.output
        if done.code != 0:
            raise AssertionError(str(done))
        return done.lines

    @property
    def sends(self):
        return "PUT", rf"/_matrix/client/v3/rooms/{re.escape(self.room)}/send/m\.room\.message/.*"

    def unanswered(self, lines, by):
        """How many of the lines the proxy had not seen answered by then."""
        return len(lines) - len({json.loads(each.body)["body"] for each in self.kills.proxy.seen(*self.sends)
                                 if each.status == 200 and each.ended <= by} & set(lines))

    def kill(self, stage):
        """Gives a process lines to send, and kills it at this stage; gives the stage at which it died."""
        lines = [f"{self.event} {len(self.offered) + i}" for i in range(LINES)]
        self.offered += lines
        held = self.kills.proxy.hold(*self.sends, stage) if stage in ("asked", "answered") else None
        process = self.work.spawn("--verbose", "--deadline", "120", "send", "event", self.event, "--as", self.user, "--durable", "-")
        try:
            process.process.stdin.write("".join(line + "\n" for line in lines).encode())
            process.process.stdin.flush()
            enough = self.random.randrange(LINES * 3 // 4) if stage == "accepting" else LINES
            while len(process.seen) < enough:
                if process.line() is None:
                    raise AssertionError(f"a process ended by itself\n{process}")
            if stage == "stored":
                moment = time.monotonic() + self.random.random()  # wherever it is by then, but not too far
                while (now := time.monotonic()) < moment and self.unanswered(lines, now) > LEAST_IN_FLIGHT + 4:
                    time.sleep(0.02)
            if held and not held.there.wait(harness.PATIENCE):
                raise AssertionError(f"nothing is sent\n{process}")
        finally:
            killed = time.time()
            process.end()
            dead = time.monotonic()
            if held:
                held.let_go()
        while process.line() is not None:
            pass  # what was told before it died
        self.killed.append((killed, lines[:len(process.seen)]))
        self.accepted += lines[:len(process.seen)]
        self.in_flight.append(self.unanswered(lines, dead))
        self.errors += process.errors
        self.output += json.dumps(process.seen).encode()
        return "stored" if stage == "accepting" and len(process.seen) == LINES else stage

    def go_on(self):
        """A process that nobody kills: what it accepts is the last, so all before it is sent by its end."""
        line = f"{self.event} {len(self.offered)}, and all before"
        self.offered.append(line)
        told = self.run("--deadline", "120", "send", "event", self.event, "--as", self.user, "--durable", line)
        if [each["state"] for each in told] != ["accepted", "sent"]:
            raise AssertionError(f"the last line of {self.event} is not sent within 60 s: {told}")
        self.accepted.append(line)


def faults(offered, accepted, found):
    """What is wrong with the texts found in a room: none of those accepted may be missing, none be there twice or out of
    order. Of those that were offered to a process which died before it answered, each may be there or not."""
    wrong = [f"{text!r} is lost" for text in accepted if text not in set(found)]
    wrong += [f"{text!r} is there {count} times" for text, count in Counter(found).items() if count > 1]
    places = [offered.index(text) for text in found if text in set(offered)]
    if places != sorted(places):
        wrong.append("the order is not that of acceptance")
    if len(places) != len(found):
        wrong.append("there is what nobody said")
    return wrong


def spread_faults(where, in_flight):
    """`where` counts the kills by stage, `in_flight` is how many sends there were at each of them."""
    wrong = [f"only {count} sends were in flight at a kill" for count in in_flight if count < LEAST_IN_FLIGHT]
    if sum(where.values()) >= CAMPAIGN:
        wrong += [f"only {where[stage]} kills fell at {stage!r}" for stage in STAGES if where[stage] < LEAST_OF_A_STAGE]
    return wrong


def waits(killed, there):
    """How long after each kill all was in the room that its process had accepted, in seconds; 0: it was before. `there`
    are the texts and when the homeserver had them."""
    return [max([0.0, *(there[text] - when for text in accepted)]) for when, accepted in killed]


class Kills:
    def __init__(self, folder, lanes, say=print):
        self.folder, self.say = Path(folder), say
        self._stack = contextlib.ExitStack()
        users = [f"u{i}" for i in range(lanes)]
        self.directory = {
            "users": [{"id": user, "slug": user, "name": user} for user in users],
            "events": [{"slug": f"r{i}", "name": f"r{i}", "visibility": "private", "creator": user, "attendees": []}
                       for i, user in enumerate(users)]}
        with contextlib.ExitStack() as stack:
            # As many lanes log the admin in as there are stores.
            self.homeserver = harness.Homeserver(self.folder / "synapse", "--default-limits", "--logins-per-second", "1")
            stack.callback(self.homeserver.kill)
            self.matrix = harness.Matrix(self.homeserver)
            self.operator = self.matrix.admin_token()
            self.processes = ProcessWatch()
            stack.callback(self.processes.end)
            self.proxy = CountingProxy(self.homeserver.about["port"])
            stack.callback(self.proxy.close)
            self.lanes = [Lane(self, i) for i in range(lanes)]
            self.on_each_lane(Lane.prepare)
            self._stack = stack.pop_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()

    def on_each_lane(self, what):
        failed = []

        def work(lane):
            try:
                what(lane)
            except Exception as fault:  # noqa: BLE001, from a thread
                failed.append(f"{lane.event}: {fault}")

        threads = [threading.Thread(target=work, args=(lane,)) for lane in self.lanes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise AssertionError("; ".join(failed))

    def run(self, kills, restarts, most_seconds=MOST_SECONDS):
        """So many kills, spread over lanes and stages; the homeserver is killed too, so many times, and at the end, so
        that it remembers no transaction id. Gives what was measured, or raises AssertionError."""
        rounds, more = divmod(kills, len(self.lanes))
        where, done, end = Counter(), threading.Semaphore(0), threading.Event()
        numbers = {lane: i for i, lane in enumerate(self.lanes)}

        def kill(lane):
            for i in range(rounds + (numbers[lane] < more)):
                where[lane.kill(STAGES[(i + numbers[lane]) % len(STAGES)])] += 1
                done.release()
                if i % 2 == 1:  # more kills in a row would leave more than can be sent in time
                    lane.go_on()

        def restart():
            for _ in range(restarts):
                for _ in range(kills // (restarts + 1)):
                    done.acquire()
                if end.is_set():
                    return
                self.homeserver.kill()
                self.homeserver.restart()
                self.say("Synapse was killed and is back")

        restarting = threading.Thread(target=restart)
        restarting.start()
        try:
            self.on_each_lane(kill)
        finally:
            end.set()
            done.release(kills)
            restarting.join()
        self.say(f"{kills} kills: {dict(where)}")
        self.homeserver.kill()
        self.homeserver.restart()
        self.on_each_lane(Lane.go_on)
        in_flight = [count for lane in self.lanes for count in lane.in_flight]
        wrong, texts, unheard, waited = spread_faults(where, in_flight), 0, 0, []
        for lane in self.lanes:
            there = self.texts(lane.room)
            found = [text for text, _ in there]
            wrong += faults(lane.offered, lane.accepted, found)
            if set(lane.accepted) <= set(found):
                waited += waits(lane.killed, dict(there))
            texts += len(found)
            unheard += len(set(found) - set(lane.accepted))
            for kept in (["outbox", "list"], ["outbox", "list", "--dead"]):
                if left := lane.run(*kept):
                    wrong.append(f"{lane.event} has {len(left)} messages in its outbox")
        wrong += [f"{seconds:.1f} s after a kill not all was in the room" for seconds in waited if seconds > most_seconds]
        if wrong:
            raise AssertionError(f"{len(wrong)} faults: {wrong[:5]}")
        accepted = sum(len(lane.accepted) for lane in self.lanes)
        return {"kills": kills, "where": dict(where), "in_flight_at_least": min(in_flight), "restarts": restarts + 1,
                "accepted": accepted, "texts": texts,
                "sent_though_nobody_heard_of_it": unheard, "kills_timed": len(waited),
                "all_there_s": {"median": round(statistics.median(waited), 1), "most": round(max(waited), 1)},
                "secrets_looked_for": self.nothing_leaked()}

    def nothing_leaked(self):
        """How many secrets were looked for in all that the run left or showed."""
        admin = Path(self.homeserver.about["admin_password_file"]).read_text(encoding="utf-8").strip()
        keys = {(lane.work.folder / "keys").read_text().split()[1] for lane in self.lanes}
        secrets = Secrets(self.proxy.secrets() | {admin} | keys)
        places = self.processes.seen("cmdline")
        if not any(b"--durable" in content for _, content in places):
            raise AssertionError("the list of processes was not looked at")
        for lane in self.lanes:
            if b'"debug"' not in lane.errors:
                raise AssertionError(f"the processes of {lane.event} did not log all that they can")
            places += [(f"what {lane.event} logged", bytes(lane.errors)), (f"what {lane.event} was told", bytes(lane.output)),
                       *files(lane.work.folder, but=("keys",))]
        found = secrets.found(places) + secrets.found(self.processes.seen("environ"), given={admin})
        if found:
            raise AssertionError(f"secrets stand in {found[:5]}")
        return len(secrets.wanted)

    def texts(self, room):
        """Of a room and when the homeserver had each, oldest first, as the operator reads them."""
        found, start = [], ""
        while start is not None:
            status, page = self.matrix.call("GET", f"/_synapse/admin/v1/rooms/{quote(room)}/messages?dir=f&limit=500{start}",
                                            token=self.operator)
            if status != 200:
                raise AssertionError(f"the operator cannot read {room}: {page}")
            found += [(event["content"].get("body"), event["origin_server_ts"] / 1000) for event in page["chunk"]
                      if event["type"] == "m.room.message"]
            start = f"&from={quote(page['end'])}" if page.get("end") and page["chunk"] else None
        return found
