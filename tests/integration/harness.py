"""What the integration tests stand on: a homeserver of their own, a configuration, and the confab program."""

import base64
import contextlib
import http.server
import json
import os
import queue
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
SYNAPSE = SOURCE / "scripts" / "synapse"
PROGRAM = os.environ.get("CONFAB_PROGRAM", str(SOURCE / "build" / "dev" / "examples" / "confab" / "confab"))
# Generous: the tests also run under sanitizers on two busy cores. What must be quick is asserted where it matters.
PATIENCE = 120
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("CONFAB_")}

DIRECTORY = {
    "users": [
        {"id": "1", "slug": "ana", "name": "Ana Lima"},
        {"id": "2", "slug": "ben", "name": "Ben Okafor"},
        {"id": "3", "slug": "cyd", "name": "Cyd Novak"},
        {"id": "4", "slug": "eve", "name": "Eve Stranger"},
    ],
    "events": [
        {"slug": "picnic", "name": "Picnic in the park", "visibility": "private", "creator": "ana",
         "attendees": [{"user": "ana", "role": "host", "permissions": ["ManageEvent"]},
                       {"user": "ben", "role": "guest", "permissions": []},
                       {"user": "cyd", "role": "guest", "permissions": []}]},
        {"slug": "gala", "name": "Gala", "visibility": "public", "creator": "ana",
         "attendees": [{"user": "ana", "role": "host", "permissions": ["ManageEvent"]},
                       {"user": "ben", "role": "guest", "permissions": []}]},
        {"slug": "concert", "name": "Concert", "visibility": "private", "creator": "ana",
         "attendees": [{"user": "ana", "role": "host", "permissions": ["ManageEvent"]},
                       {"user": "ben", "role": "guest", "permissions": []}]},
    ],
    "groups": [
        {"slug": "chess", "name": "Chess club", "visibility": "private", "creator": "ben",
         "members": [{"user": "ben", "role": "owner"}, {"user": "cyd", "role": "member"}]},
    ],
}


def fair(count):
    """A host directory of so many users, user1 to the last one, who are all in the event "fair"."""
    users = [{"id": str(n), "slug": f"user{n}", "name": f"User {n}"} for n in range(1, count + 1)]
    attendees = [{"user": user["slug"], "role": "guest", "permissions": []} for user in users]
    return {"users": users, "groups": [],
            "events": [{"slug": "fair", "name": "The fair", "visibility": "private", "creator": "user1",
                        "attendees": attendees}]}


def kept_store(folder):
    """A store in a file of this folder, which is made with a new key in it: the configuration's `store`."""
    folder.mkdir()
    descriptor = os.open(folder / "keys", os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "w") as keys:
        keys.write(f"first {base64.b64encode(os.urandom(32)).decode()}\n")
    return {"kind": "sqlite", "path": "confab.db", "key_file": "keys"}


class Homeserver:
    """A Synapse in a folder of its own, ended by its process id."""

    def __init__(self, folder, *options):
        self.folder = Path(folder)
        self.about = json.loads(self._command("start", *options))

    def _command(self, name, *options):
        done = subprocess.run([str(SYNAPSE), name, "--dir", str(self.folder), *options], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"scripts/synapse {name} failed:\n{done.stderr}")
        return done.stdout

    def kill(self):
        self._command("kill")

    def restart(self):
        self._command("restart")

    def stop(self):
        self._command("stop")

    def config(self):
        names = ("url", "server_name", "admin_user", "admin_password_file", "jwt_secret_file")
        return {name: self.about[name] for name in names if name in self.about}


class Done:
    """How one run of the program ended."""

    def __init__(self, arguments, code, output, errors, seconds):
        self.arguments, self.code, self.seconds = arguments, code, seconds
        self.output, self.errors = output, errors

    @property
    def lines(self):
        """Standard output: one JSON object per line, and nothing else."""
        return [json.loads(line) for line in self.output.decode().splitlines()]

    @property
    def error(self):
        """The failure as standard error tells it: the last line that is a JSON object with `error`."""
        for line in reversed(self.errors.decode(errors="replace").splitlines()):
            with contextlib.suppress(ValueError):
                parsed = json.loads(line)
                if isinstance(parsed, dict) and "error" in parsed:
                    return parsed["error"]
        return None

    def __str__(self):
        return (f"confab {' '.join(map(repr, self.arguments))}\nexit {self.code} after {self.seconds:.1f} s\n"
                f"stdout: {self.output.decode(errors='replace')[-3000:]}\n"
                f"stderr: {self.errors.decode(errors='replace')[-3000:]}")


class Workspace:
    """A folder with a configuration and a host directory, and the program run on them."""

    def __init__(self, folder, homeserver, directory=None, **config):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.directory = self.folder / "directory.json"
        self.directory.write_text(json.dumps(DIRECTORY if directory is None else directory))
        self.config = self.folder / "confab.json"
        self.settings = {"homeserver": homeserver, "store": {"kind": "memory"},
                         "tenants": [{"id": "park", "directory": str(self.directory)}], **config}
        self.config.write_text(json.dumps(self.settings, indent=1))

    def command(self, *arguments):
        return [PROGRAM, "--config", str(self.config), *arguments]

    def run(self, *arguments, stdin=b"", timeout=PATIENCE, command=None, environment=None):
        begun = time.monotonic()
        try:
            done = subprocess.run(command or self.command(*arguments), input=stdin, capture_output=True, check=False,
                                  timeout=timeout, env={**ENVIRONMENT, **(environment or {})})
        except subprocess.TimeoutExpired as expired:
            raise AssertionError(f"confab {arguments} still runs after {timeout} s\nstdout: {expired.stdout}\n"
                                 f"stderr: {expired.stderr}") from None
        return Done(arguments, done.returncode, done.stdout, done.stderr, time.monotonic() - begun)

    def spawn(self, *arguments):
        return Running(self.command(*arguments))


class Running:
    """A program that runs beside the test, line by line."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=ENVIRONMENT)
        self.seen = []
        self.errors = b""
        self._lines = queue.Queue()
        self._watching = threading.Event()
        self._readers = [threading.Thread(target=self._read_output), threading.Thread(target=self._read_errors)]
        for reader in self._readers:
            reader.start()

    def _read_output(self):
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _read_errors(self):
        for line in self.process.stderr:
            self.errors += line
            if line.startswith(b'{"watching"'):
                self._watching.set()
        self._watching.set()  # it ended: whoever waits finds out by looking

    def write(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def until_watching(self):
        """Waits until the program says that what happens from now on is seen."""
        if not self._watching.wait(PATIENCE) or b'{"watching"' not in self.errors:
            raise AssertionError(f"it does not watch\n{self}")

    def line(self, timeout=PATIENCE):
        """The next line of output as an object; None once there are no more."""
        try:
            line = self._lines.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"no line within {timeout} s\n{self}") from None
        if line is None:
            return None
        self.seen.append(json.loads(line))
        return self.seen[-1]

    def finish(self, timeout=PATIENCE):
        """Closes standard input, reads to the end, returns the exit code."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        begun = time.monotonic()
        while self.line(max(0.1, timeout - (time.monotonic() - begun))) is not None:
            pass
        code = self.process.wait(timeout)
        self.end()
        return code

    def end(self):
        """Ends it by its id, however far it is."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for reader in self._readers:
            reader.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(BrokenPipeError):
                stream.close()

    def __str__(self):
        return f"seen {self.seen[-5:]}\nstderr: {self.errors.decode(errors='replace')[-3000:]}"


class Matrix:
    """Another client than ours: what it says does not come from the program under test."""

    def __init__(self, homeserver):
        self.homeserver = homeserver

    def call(self, method, path, body=None, token=""):
        request = urllib.request.Request(self.homeserver.about["url"] + path, None if body is None else json.dumps(body).encode(),
                                         method=method, headers={"Authorization": f"Bearer {token}"} if token else {})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def login(self, user, password, device):
        return self.call("POST", "/_matrix/client/v3/login", {
            "type": "m.login.password", "password": password, "device_id": device,
            "identifier": {"type": "m.id.user", "user": user}})

    def admin_token(self):
        """Of a login of the operator's own, on a device of their own."""
        password = Path(self.homeserver.about["admin_password_file"]).read_text(encoding="utf-8").strip()
        status, answer = self.login(self.homeserver.about["admin_user"], password, "OPERATOR")
        if status != 200:
            raise RuntimeError(f"the admin cannot log in: {answer}")
        return answer["access_token"]


class ProgramCase(unittest.TestCase):
    """Runs the program in a folder of its own; a subclass may share one homeserver."""

    longMessage = True

    @classmethod
    def setUpClass(cls):
        if not Path(PROGRAM).exists():
            raise RuntimeError(f"there is no program {PROGRAM}: build it, or name it in CONFAB_PROGRAM")
        cls.folder = Path(tempfile.mkdtemp(prefix="confab-integration-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)

    def done(self, done):
        self.assertEqual(0, done.code, str(done))
        return done.lines

    def refused(self, done, exit_code, code, names=None):
        """It failed as documented: exit code, error.code, and what the message has to name."""
        self.assertEqual(exit_code, done.code, str(done))
        self.assertIsNotNone(done.error, f"no error on standard error\n{done}")
        self.assertEqual(code, done.error.get("code"), str(done))
        self.assertTrue(done.error.get("message"), str(done))
        if names:
            self.assertIn(names, done.error["message"], str(done))
        self.assertNotIn(b"terminate called", done.errors, str(done))


class HomeserverCase(ProgramCase):
    """One homeserver and one workspace for all tests of a class."""

    options = ()  # of scripts/synapse start

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.homeserver = Homeserver(cls.folder / "synapse", *cls.options)
        cls.addClassCleanup(cls.homeserver.stop)
        cls.work = Workspace(cls.folder / "work", cls.homeserver.config())

    def provisioned(self, *slugs):
        return [self.done(self.work.run("user", "provision", slug))[-1]["user_id"] for slug in slugs]

    def room(self, kind, slug, creator, *others):
        room = self.done(self.work.run("room", "create", kind, slug, "--creator", creator))[-1]["room_id"]
        for other in others:
            self.done(self.work.run("room", "add", kind, slug, other))
        return room

    def send(self, kind, slug, sender, text):
        lines = self.done(self.work.run("send", kind, slug, "--as", sender, text))
        self.assertEqual(1, len(lines))
        return lines[0]["event_id"]

    def history(self, kind, slug, reader, page=100):
        """All messages, oldest first, read page by page to the end."""
        messages, since, pages = [], None, 0
        while True:
            arguments = ["history", kind, slug, "--as", reader, "--limit", str(page)]
            lines = self.done(self.work.run(*arguments, *(["--from", since] if since else [])))
            end = [line["end"] for line in lines if "end" in line]
            messages += [line for line in lines if "end" not in line]
            pages += 1
            if not end:
                return messages[::-1]
            self.assertEqual("end", next(iter(set(lines[-1]) & {"end"})), "the line holding `end` is the last")
            since = end[0]
            self.assertLess(pages, 1000, "history does not end")

    def watching(self, user, *options):
        """A watcher that sees what is sent from now on."""
        watcher = self.work.spawn("watch", "--as", user, *options)
        self.addCleanup(watcher.end)
        watcher.until_watching()
        return watcher


def text_of(line):
    return line["body"]


def texts(lines):
    return [text_of(line) for line in lines if "body" in line]


# ---- servers that are no homeserver, for what Synapse cannot be made to do ---------------------------------------

@contextlib.contextmanager
def serving(answer, context=None, port=0):
    """An HTTP server on the loopback interface; answer(handler) writes the whole answer."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def _any(self):
            length = int(self.headers.get("Content-Length") or 0)
            self.rfile.read(length)
            answer(self)
        do_GET = do_PUT = do_POST = do_DELETE = _any

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            pass  # a refused handshake is what some tests are about

    server = Server(("127.0.0.1", port), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def page(status, content_type, body):
    def answer(handler):
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
    return answer


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def deaf_port():
    """A port whose connections are never completed: the queue of a listener that accepts nothing is full."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


class Authority:
    """A certificate authority made with openssl for one test; end dates as asked for."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.certificate = self.folder / "ca.pem"
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
                      "-subj", "/CN=confab test authority", "-days", "30")
        (self.folder / "index.txt").touch()
        (self.folder / "index.txt.attr").write_text("unique_subject = no\n")
        (self.folder / "serial").write_text("1000\n")
        (self.folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca = own\n[own]\ndatabase = index.txt\nserial = serial\nnew_certs_dir = .\n"
            "default_md = sha256\npolicy = any\ncopy_extensions = copy\n[any]\ncommonName = supplied\n")

    def _openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {arguments}: {done.stderr}")

    def context(self, name, subject="IP:127.0.0.1", start="20200101000000Z", end="20400101000000Z"):
        """A TLS server context whose certificate names `subject` and is valid from start to end."""
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                      "-subj", f"/CN={name}", "-addext", f"subjectAltName={subject}")
        self._openssl("ca", "-batch", "-notext", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key",
                      "-in", f"{name}.csr", "-out", f"{name}.pem", "-startdate", start, "-enddate", end)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        return context


def main():
    sys.dont_write_bytecode = True
    unittest.main(verbosity=2)
