"""A homeserver for measurements: a fake one behind it does the work, but what /sync tells is made here, at any rate.

It runs as a process of its own: homeserver.py FAKE_HOMESERVER_PROGRAM. Standard output, a JSON object per line: first
{"url","server_name","admin_user","admin_password"}, then one answer per command read from standard input:
{"do":"say","room_id","events":N,"per_answer":M} -> {}; {"do":"beat","milliseconds":T} -> {}: from now on each /sync is
answered after T ms with nothing; {"do":"gaps"} -> {"gaps":[...]}: microseconds from such an answer to the next request
of that user. It ends with its standard input.
"""

import asyncio
import json
import re
import subprocess
import sys
import time

EVENT = (b'{"type":"m.room.message","event_id":"$bench%d","sender":"@park_1:hs.test","origin_server_ts":1767225600000,'
         b'"content":{"msgtype":"m.text","body":"Message number %d of a measurement"}}')
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
TOKEN = re.compile(rb"authorization: *(\S+ \S+)", re.IGNORECASE)


class Homeserver:
    def __init__(self, upstream):
        self.port = int(upstream.rsplit(":", 1)[1])
        self.room, self.left, self.per_answer, self.said = "", 0, 1, 0
        self.beat = None
        # Positions only grow, so these are beyond those of the fake homeserver that answered before.
        self.answers = 1_000_000_000
        self.changed = asyncio.Event()
        self.answered = {}
        self.gaps = []

    async def serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = LENGTH.search(head)
                body = await reader.readexactly(int(length.group(1))) if length else b""
                if b"/sync?" not in head.split(b"\r\n", 1)[0] or b"since=" not in head.split(b"\r\n", 1)[0]:
                    await self.forward(head, body, writer)
                    return
                await self.answer_sync(TOKEN.search(head).group(1), writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # it went, or all of this ends
        finally:
            writer.close()

    async def forward(self, head, body, writer):
        """To the fake homeserver and back, one request per connection."""
        head = re.sub(rb"\r\nconnection: [^\r]*", b"", head, flags=re.IGNORECASE)
        above, below = await asyncio.open_connection("127.0.0.1", self.port)
        below.write(head[:-2] + b"Connection: close\r\n\r\n" + body)
        while True:
            piece = await above.read(65536)
            if not piece:
                break
            writer.write(piece)
        await writer.drain()
        below.close()

    async def answer_sync(self, user, writer):
        now = time.perf_counter()
        if user in self.answered:
            self.gaps.append((now - self.answered.pop(user)) * 1e6)
        while self.left == 0 and self.beat is None:
            await self.changed.wait()
        events = b""
        if self.left:
            count = min(self.left, self.per_answer)
            events = b",".join(EVENT % (number, number) for number in range(self.said, self.said + count))
            self.left -= count
            self.said += count
            events = (b'"rooms":{"join":{"%s":{"timeline":{"events":[%s],"limited":false,"prev_batch":"p"}}}},'
                      % (self.room.encode(), events))
        else:
            await asyncio.sleep(self.beat)
        self.answers += 1  # a position that stands still would be asked for ever more slowly
        body = b'{%s"next_batch":"s%d"}' % (events, self.answers)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                     % (len(body), body))
        await writer.drain()
        if self.beat is not None:
            self.answered[user] = time.perf_counter()

    def obey(self, command):
        if command["do"] == "say":
            self.room, self.left, self.per_answer = command["room_id"], command["events"], command["per_answer"]
        elif command["do"] == "beat":
            self.beat = command["milliseconds"] / 1000
            self.gaps.clear()
            self.answered.clear()
        self.changed.set()
        self.changed.clear()
        return {"gaps": self.gaps} if command["do"] == "gaps" else {}


async def main(program):
    fake = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    about = json.loads(fake.stdout.readline())
    homeserver = Homeserver(about["url"])
    server = await asyncio.start_server(homeserver.serve, "127.0.0.1", 0, limit=1 << 20)
    about["url"] = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    print(json.dumps(about), flush=True)
    loop = asyncio.get_running_loop()
    while True:
        line = await loop.run_in_executor(None, sys.stdin.readline)
        if not line:
            break
        print(json.dumps(homeserver.obey(json.loads(line))), flush=True)
    fake.communicate()
    server.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
