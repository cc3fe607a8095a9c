"""What becomes of a client when its loop, its interpreter or its process comes or goes: as docs/python.md says."""

import asyncio
import gc
import os
import subprocess
import sys
import textwrap
import threading
import time

import confab
import pytest

from conftest import PACKAGE
from versions import interpreters


async def provisioned(chat):
    return (await chat.tenant("park").users.provision("ana")).slug


def test_the_loop_may_be_closed_first(fake_config):
    chat = confab.Client(fake_config)

    async def work():
        await chat.open()
        watch = chat.tenant("park").watch("ana")
        await watch.ready()
        return watch, await provisioned(chat)

    watch, slug = asyncio.run(work())
    assert slug == "ana"
    chat.close()
    with pytest.raises(confab.Closed):
        asyncio.run(chat.doctor())
    watch.close()


def test_a_client_belongs_to_its_loop(fake_config):
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    chat = confab.Client(fake_config)
    first.run_until_complete(chat.open())
    for wrong in (chat.doctor, chat.aclose, lambda: provisioned(chat)):
        with pytest.raises(RuntimeError, match="another event loop"):
            second.run_until_complete(wrong())
    assert first.run_until_complete(provisioned(chat)) == "ana"
    first.run_until_complete(chat.aclose())
    first.close()
    second.close()


def test_two_loops_in_two_threads(fake_config):
    async def work():
        async with confab.Client(fake_config) as chat:
            return [await provisioned(chat) for _ in range(20)]

    told = []
    threads = [threading.Thread(target=lambda: told.append(asyncio.run(work()))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [["ana"] * 20] * 2


async def test_two_clients_in_one_loop(fake_config):
    async with confab.Client(fake_config) as one, confab.Client(fake_config) as other:
        assert await asyncio.gather(provisioned(one), provisioned(other)) == ["ana", "ana"]


def count(kind):
    """How many threads ("task") or descriptors ("fd") the process has."""
    return len(os.listdir(f"/proc/self/{kind}"))


def until(holds):
    """A thread that was joined is listed for a moment more."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < 30
        time.sleep(0.001)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_dropped_client_lets_go_and_says_so(fake_config):
    loop = asyncio.new_event_loop()
    threads, files = count("task"), count("fd")

    async def work():
        chat = confab.Client(fake_config)
        await chat.open()
        await provisioned(chat)

    loop.run_until_complete(work())
    gc.collect()
    loop.run_until_complete(asyncio.sleep(0))
    loop.run_until_complete(loop.shutdown_default_executor())
    until(lambda: count("task") <= threads and count("fd") <= files)
    loop.close()


@pytest.mark.filterwarnings("error")
async def test_a_dropped_watch_ends_its_stream(fake, fake_config):
    async with confab.Client(fake_config) as chat:
        await provisioned(chat)
        await chat.tenant("park").watch("ana").ready()
        gc.collect()
        arrivals = chat._arrivals()
        while arrivals._receivers:  # its end arrives
            await asyncio.sleep(0.001)


async def test_a_watch_that_is_left_in_its_midst_lets_go_of_its_batch(fake_config, monkeypatch):
    released = []
    release = confab._ffi._event_release
    monkeypatch.setattr(confab._ffi, "_event_release", lambda event: released.append(event) or release(event))
    async with confab.Client(fake_config) as chat:
        await provisioned(chat)
        room = await chat.tenant("park").events.room("picnic", creator="ana")
        async with chat.tenant("park").watch("ana") as events:
            await room.send("hi", user="ana")
            async for _ in events:
                break
            batch = events._batch.pointer
            assert all(each is not batch for each in released)
        gc.collect()
        assert any(each is batch for each in released)


async def test_two_may_close_a_client_at_the_same_time(fake_config):
    chat = await confab.Client(fake_config).open()
    await provisioned(chat)
    await asyncio.gather(chat.aclose(), chat.aclose(), chat.aclose())
    with pytest.raises(confab.Closed):
        await chat.doctor()


async def test_what_is_opened_and_cancelled_is_closed(fake_config):
    opening = asyncio.ensure_future(confab.Client(fake_config).open())
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening


def test_memory_and_descriptors_stay_as_they_are(fake_config):
    async def work():
        async with confab.Client(fake_config) as chat:
            await provisioned(chat)

    asyncio.run(work())
    before = count("fd")
    for _ in range(10):
        asyncio.run(work())
    gc.collect()
    assert count("fd") <= before


# ---- in a process of their own ---------------------------------------------------------------------------------------

def run(program, config, *options, python=sys.executable, code=0):
    """Runs a program over the package, with `config` in it."""
    program = f"import confab, confab.sync, asyncio, os, sys\nconfig = {config!r}\n" + textwrap.dedent(program)
    done = subprocess.run([python, "-B", *options, "-c", program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60, check=False,
                          env={**os.environ, "PYTHONPATH": str(PACKAGE / "src")})
    assert done.returncode == code, done.stderr
    return done


def test_an_interpreter_may_end_with_a_client_open(fake_config):
    done = run("""
        chat = confab.sync.Client(config).open()
        print(chat.tenant("park").users.provision("ana").slug)
        watch = chat.tenant("park").watch("ana")
        watch.ready()
        """, fake_config)
    assert (done.stdout, done.stderr) == ("ana\n", "")


def test_an_interpreter_may_end_with_calls_in_flight(fake, fake_config):
    fake.fail("POST", "/_matrix/client/v3/login", answer={"hold": True})
    done = run("""
        import threading
        chat = confab.sync.Client(config).open()
        def wait():
            try:
                chat.tenant("park").users.show("ana")
            except confab.Error as error:
                print(error.code)
        threading.Thread(target=wait, daemon=True).start()
        async def work():
            await confab.Client(config).open()
        asyncio.run(work())
        """, fake_config)
    assert done.stderr == ""
    fake.tell("release")


def test_the_thread_that_tells_ends_with_the_interpreter(fake_config):
    """It may still be looking when the interpreter's end has let go of its queue."""
    done = run("""
        import atexit, threading
        # Run behind what the package does at the end.
        atexit.register(lambda: [each.join() for each in threading.enumerate() if each.daemon])
        with confab.sync.Client(config, log_level="debug") as chat:
            chat.tenant("park").users.provision("ana")
        """, fake_config)
    assert done.stderr == ""


def test_an_unclosed_client_is_told_where_warnings_are_on(fake_config):
    done = run("""
        chat = confab.sync.Client(config).open()
        del chat
        """, fake_config, "-W", "always::ResourceWarning")
    assert "ResourceWarning: a confab.sync.Client was not closed" in done.stderr


def test_fork(fake_config):
    """The child is told; the parent goes on; both end as interpreters do."""
    done = run("""
        with confab.sync.Client(config) as chat:
            ana = chat.tenant().users.provision("ana").slug
            watch = chat.tenant().watch("ana")
            watch.ready()
            child = os.fork()
            if child == 0:
                told = []
                for call in (lambda: chat.tenant().users.show("ana"), lambda: confab.sync.Client(config).open(),
                             chat.doctor, watch.ready, lambda: watch.next(timeout=1)):
                    try:
                        call()
                    except confab.Forked as error:
                        told.append(error.code)
                print(*told, flush=True)
                watch.close()
                sys.exit(0)
            os.waitpid(child, 0)
            print(chat.tenant().users.show("ana").slug)
        """, fake_config, "-W", "ignore::DeprecationWarning")
    assert done.stdout == "forked forked forked forked forked\nana\n", done.stderr


def test_fork_beside_a_loop(fake_config):
    """A child has no use of its parent's loop: it leaves by os._exit() or exec()."""
    done = run("""
        async def work():
            async with confab.Client(config) as chat:
                users = chat.tenant().users
                await users.provision("ana")
                waiting = asyncio.ensure_future(users.show("ana"))
                await asyncio.sleep(0)
                child = os.fork()
                if child == 0:
                    try:
                        users.show("ana").send(None)      # as far as it gets without a loop
                    except confab.Forked as error:
                        print(error.code, flush=True)
                        chat.close()
                    finally:
                        os._exit(0)
                os.waitpid(child, 0)
                print((await waiting).slug, (await users.show("ana")).slug)
        asyncio.run(work())
        """, fake_config, "-W", "ignore::DeprecationWarning")
    assert done.stdout == "forked\nana ana\n", done.stderr


def test_a_fork_before_the_first_use_is_free(fake_config):
    done = run("""
        child = os.fork()
        with confab.sync.Client(config) as chat:
            # One write: with PYTHONUNBUFFERED print() makes two, and the other process's may come between.
            os.write(1, chat.tenant().users.provision("ana").slug.encode() + b"\\n")
        if child:
            os.waitpid(child, 0)
        """, fake_config)
    assert done.stdout == "ana\nana\n", done.stderr


INNER = """import sys
sys.path[:] = {path!r}
import confab.sync
with confab.sync.Client({config!r}) as chat:
    print(chat.tenant().users.provision("ana").slug, flush=True)
"""


def test_subinterpreters(fake_config):
    """Each has clients of its own; the library is one."""
    inner = INNER.format(path=[str(PACKAGE / "src"), *sys.path], config=fake_config)
    done = run(f"""
        try:
            import _interpreters as interpreters  # 3.13 and later
            made = interpreters.create("legacy")
        except ImportError:
            import _xxsubinterpreters as interpreters
            made = interpreters.create(isolated=False)
        with confab.sync.Client(config) as chat:
            failed = interpreters.run_string(made, {inner!r})
            assert failed is None, failed
            print(chat.tenant().users.show("ana").slug, flush=True)
        interpreters.destroy(made)
        """, fake_config)
    assert done.stdout == "ana\nana\n", done.stderr


def test_subinterpreters_with_a_lock_of_their_own(fake_config):
    """Before 3.13 ctypes cannot be imported there: by whichever interpreters of this machine are new enough."""
    able = interpreters(oldest=13)
    if not able:
        pytest.skip("no Python 3.13 or later is to be found")
    for python in able:
        done = run(f"""
            import _interpreters as interpreters
            made = interpreters.create("isolated")
            failed = interpreters.run_string(made, {INNER!r}.format(path=sys.path, config=config))
            assert failed is None, failed
            interpreters.destroy(made)
            """, fake_config, python=python)
        assert done.stdout == "ana\n", f"{python}: {done.stderr}"
