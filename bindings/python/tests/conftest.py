"""What the tests stand on: a real Synapse, a fake homeserver that can be told to fail, and coroutines as tests."""

import asyncio
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent
SOURCE = PACKAGE.parents[1]
BUILD = Path(os.environ.get("CONFAB_BUILD", SOURCE / "build" / "dev"))
sys.dont_write_bytecode = True
sys.path[:0] = [str(PACKAGE / "src"), str(SOURCE / "tests" / "integration")]
os.environ.setdefault("CONFAB_LIBRARY", str(BUILD / "capi" / "libconfab.so"))

import harness  # noqa: E402

FAKE = os.environ.get("CONFAB_FAKE_HOMESERVER", str(BUILD / "tests" / "confab-fake-homeserver"))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """A test that is a coroutine runs in a loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    asyncio.run(asyncio.wait_for(pyfuncitem.obj(**arguments), 60))
    return True


def configuration(folder, homeserver, **more):
    """A mapping with one tenant, park: the directory of the integration tests."""
    (folder / "park.json").write_text(json.dumps(harness.DIRECTORY))
    return {"homeserver": homeserver, "tenants": [{"id": "park", "directory": str(folder / "park.json")}], **more}


@pytest.fixture(scope="session")
def homeserver(tmp_path_factory):
    """A Synapse of the whole run."""
    running = harness.Homeserver(tmp_path_factory.mktemp("synapse"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def config(homeserver, tmp_path_factory):
    return configuration(tmp_path_factory.mktemp("config"), homeserver.config())


class Fake:
    """A fake homeserver: what it answers can be told."""

    def __init__(self, *options):
        self.process = subprocess.Popen([FAKE, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about = json.loads(self.process.stdout.readline())

    def tell(self, what, **more):
        self.process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "error" not in answer, answer
        return answer

    def fail(self, method, path, **fault):
        self.tell("fail", faults=[{"method": method, "path": path, **fault}])

    def count(self, method, path):
        return self.tell("count", method=method, path=path)["count"]

    def config(self):
        return {name: self.about[name] for name in ("url", "server_name", "admin_user", "admin_password")}

    def end(self):
        self.process.communicate()


@pytest.fixture
def fake():
    running = Fake()
    yield running
    running.end()


@pytest.fixture
def fake_config(fake, tmp_path):
    return configuration(tmp_path, fake.config())
