"""An HTTP proxy before a homeserver: it writes down what was asked and answered, and loses answers when it is told to.

It listens on the loopback interface, in a thread of its own. Secrets that passed are kept in memory alone, so that a test
can look for them in what a run left behind."""

import asyncio
import json
import re
import threading
import time
from urllib.parse import unquote

MOST_KEPT = 4096  # bytes of a body: those with secrets are short
LOST = 0  # the status of an answer that the client never saw


class Exchange:
    """One request and what became of it."""

    def __init__(self, begun, method, target, token, body):
        self.begun, self.method, self.token, self.body = begun, method, token, body
        self.path = unquote(target.split("?", 1)[0])
        self.status = None   # None while it is under way
        self.answer = b""
        self.headers = {}
        self.ended = None

    def matches(self, method, pattern):
        return self.method == method and re.fullmatch(pattern, self.path) is not None

    def __repr__(self):
        return f"{self.method} {self.path} {self.status}"


class Held:
    """One exchange that waits until it is let go."""

    def __init__(self, method, pattern, when, body):
        self.method, self.pattern, self.when, self.body = method, pattern, when, body
        self.there, self._go = threading.Event(), threading.Event()
        self.exchange = None  # the one that it took

    def let_go(self):
        self._go.set()

    def is_over(self):
        return self._go.is_set()

    async def meet(self, exchange, when):
        if self.exchange or when != self.when or not exchange.matches(self.method, self.pattern):
            return
        if self.body not in exchange.body:
            return
        self.exchange = exchange
        self.there.set()
        while not self._go.is_set():
            await asyncio.sleep(0.01)


class CountingProxy:
    """Between a client and the homeserver at `port`."""

    def __init__(self, port):
        self.upstream = port
        self.exchanges = []
        self._faults = []  # [method, pattern, how often still, whether the token stays cut]
        self._holds = []
        self._cut = set()  # tokens; None: everybody
        self._serving = set()  # asyncio itself keeps no task alive
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait()
        self.url = f"http://127.0.0.1:{self.port}"

    def _run(self, started):
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024))
        self.port = self._server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def close(self):
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def lose_answers(self, method, pattern, times, stay_cut=False):
        """The homeserver does what these requests ask for; whoever asked is told nothing, its connection is reset. With
        `stay_cut` nobody comes through with the tokens of these requests any more, until `let_through`."""
        with self._lock:
            self._faults.append([method, pattern, times, stay_cut])

    def cut_off(self):
        """Nothing comes through until `let_through`."""
        with self._lock:
            self._cut.add(None)

    def let_through(self):
        with self._lock:
            self._cut.clear()

    def _is_cut(self, exchange):
        with self._lock:
            return None in self._cut or exchange.token in self._cut

    def hold(self, method, pattern, when, body=b""):
        """Holds the first of these requests with that in its body, when it is "asked" or when it is "answered"; gives a
        Held."""
        held = Held(method, pattern, when, body)
        with self._lock:
            self._holds = [each for each in self._holds if not each.is_over()] + [held]
        return held

    def faults_left(self):
        with self._lock:
            return sum(fault[2] for fault in self._faults)

    def seen(self, method, pattern, since=0.0):
        """What was asked for, in order, of those that have ended."""
        with self._lock:
            return [each for each in self.exchanges
                    if each.begun >= since and each.status is not None and each.matches(method, pattern)]

    def secrets(self):
        """Every token and password that went through, in either direction."""
        found = set()

        def collect(value):
            if isinstance(value, dict):
                for name, inner in value.items():
                    if name in ("access_token", "refresh_token", "password", "new_password", "token") and isinstance(inner, str):
                        found.add(inner)
                    collect(inner)
            elif isinstance(value, list):
                for inner in value:
                    collect(inner)

        with self._lock:
            exchanges = list(self.exchanges)
        for each in exchanges:
            if each.token:
                found.add(each.token)
            for text in (each.body, each.answer):
                if text:
                    try:
                        collect(json.loads(text))
                    except ValueError:
                        pass
        return found

    def _fault_for(self, exchange):
        with self._lock:
            for fault in self._faults:
                if fault[2] > 0 and exchange.matches(fault[0], fault[1]):
                    fault[2] -= 1
                    if fault[3]:
                        self._cut.add(exchange.token)
                    return True
        return False

    async def _serve(self, reader, writer):
        upstream, task = None, asyncio.current_task()
        self._serving.add(task)
        try:
            while True:
                head = await _head(reader)
                if head is None:
                    return
                body, meant = await _body(reader, head)
                first, fields = _parse(head)
                method, target = first.split(" ")[:2]
                token = fields.get("authorization", "")
                kept = meant if len(meant) < MOST_KEPT else b""
                exchange = Exchange(time.monotonic(), method, target, token[7:] if token.startswith("Bearer ") else "", kept)
                if self._is_cut(exchange):
                    return
                with self._lock:
                    self.exchanges.append(exchange)
                    holds = list(self._holds)
                for held in holds:
                    await held.meet(exchange, "asked")
                if upstream is None:
                    upstream = await asyncio.open_connection("127.0.0.1", self.upstream)
                upstream[1].write(head + body)
                await upstream[1].drain()
                answer_head = await _head(upstream[0])
                if answer_head is None:
                    raise ConnectionResetError("the homeserver is gone")
                answer_body, meant = await _body(upstream[0], answer_head)
                first, exchange.headers = _parse(answer_head)
                exchange.answer = meant if len(meant) < MOST_KEPT else b""
                exchange.ended = time.monotonic()
                lost = self._fault_for(exchange)
                exchange.status = LOST if lost else int(first.split(" ")[1])
                if lost:
                    return
                for held in holds:
                    await held.meet(exchange, "answered")
                writer.write(answer_head + answer_body)
                await writer.drain()
                if exchange.headers.get("connection", "").lower() == "close":
                    return
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            pass
        finally:
            self._serving.discard(task)
            for each in (writer, upstream[1] if upstream else None):
                if each is not None:
                    each.transport.abort()


async def _head(reader):
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None


async def _body(reader, head):
    """The bytes of the body as they came, and what they mean."""
    _, fields = _parse(head)
    if fields.get("transfer-encoding", "").lower() != "chunked":
        whole = await reader.readexactly(int(fields.get("content-length", 0)))
        return whole, whole
    raw, meant = b"", b""
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        chunk = await reader.readexactly(size + 2)
        raw, meant = raw + line + chunk, meant + chunk[:-2]
        if size == 0:
            return raw, meant


def _parse(head):
    lines = head.decode("latin-1").split("\r\n")
    fields = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        fields[name.strip().lower()] = value.strip()
    return lines[0], fields
