"""What the tests stand on: a real Synapse, a fake homeserver that can be told to fail, and coroutines as tests."""

import asyncio
import inspect
import sys

import pytest

sys.dont_write_bytecode = True

import fakes  # noqa: E402  (it says where the package is)
from fakes import FAKE, PACKAGE, SOURCE, Fake, configuration  # noqa: E402, F401  (for the tests)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """A test that is a coroutine runs in a loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    asyncio.run(asyncio.wait_for(pyfuncitem.obj(**arguments), 60))
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if "homeserver" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.synapse)


@pytest.fixture(scope="session")
def homeserver(tmp_path_factory):
    """A Synapse of the whole run."""
    running = fakes.harness.Homeserver(tmp_path_factory.mktemp("synapse"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def config(homeserver, tmp_path_factory):
    return configuration(tmp_path_factory.mktemp("config"), homeserver.config())


@pytest.fixture
def fake():
    running = Fake()
    yield running
    running.end()


@pytest.fixture
def fake_config(fake, tmp_path):
    return configuration(tmp_path, fake.config())
