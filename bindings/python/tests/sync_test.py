"""The synchronous face: everything once against a real Synapse, several threads, signals."""

import dis
import inspect
import os
import signal
import sys
import threading
import time

import confab
import confab.sync
import pytest
from confab import _ffi, models

from conftest import PACKAGE


def until(watch, kind):
    for event in watch:
        if isinstance(event, kind):
            return event


def test_whole_path(config):
    with confab.sync.Client(config) as chat:
        assert {finding.check for finding in chat.doctor()} >= {"reachability", "store"}
        park = chat.tenant("park")
        assert park.users.provision("ana").user_id == park.users.show("ana").user_id
        park.users.set_password("ana", "correct horse battery")
        room = park.events.room("picnic", creator="ana")
        room.add("ben")
        with park.watch("ben") as events:
            sent = room.send("from a thread", user="ana", timeout=10)
            assert until(events, confab.Message).id == sent.event_id
            room.edit(sent.event_id, "changed", user="ana")
            assert until(events, confab.Edit).message.body == "changed"
            reaction = room.react(sent.event_id, "+1", user="ben")
            room.typing(user="ana")
            room.mark_read(sent.event_id, user="ben", private=True)
            events.acknowledge()
        page = room.history(user="ben", limit=5)
        assert page.messages[0].reactions[0].key == "+1"
        room.redact(reaction.event_id, user="ben")
        assert room.unread(user="ben").last_read == sent.event_id
        assert {member.slug for member in room.members()} >= {"ana", "ben"}
        room.remove("ben")
        assert park.groups.room("chess", creator="ben").kind == "group"
        direct = park.direct.room("ana", "ben")
        direct.send("psst", user="ana")
        assert park.direct.ref("ben", "ana").history(user="ben").messages[0].body == "psst"
        assert park.events.ref("picnic").history(user="ana", limit=1).room_id == room.room_id
        assert park.reset("ana").users == 1
        with park.outbox.watch() as outcomes:
            accepted = room.send_durably("for certain", user="ana")
            assert until(outcomes, confab.OutboxSent).transaction_id == accepted
        assert park.outbox.show(accepted).state == "sent" and park.outbox.list().messages == ()
        with pytest.raises(confab.Conflict):
            park.outbox.retry(accepted)
        with pytest.raises(confab.NotFound):
            park.outbox.drop("never accepted")
    with pytest.raises(confab.Closed):
        room.send("late", user="ana")


def test_threads_share_a_client(config):
    with confab.sync.Client(config) as chat:
        room = chat.tenant("park").events.room("picnic", creator="ana")
        sent = []

        def say(number):
            sent.append(room.send(f"thread {number}", user="ana").event_id)

        threads = [threading.Thread(target=say, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(sent)) == 8


def test_nothing_happened_within_the_time(fake_config):
    with confab.sync.Client(fake_config) as chat:
        chat.tenant("park").users.provision("ana")
        with chat.tenant("park").watch("ana") as events:
            with pytest.raises(confab.TimedOut):
                events.next(timeout=0.05)


def test_close_ends_what_other_threads_wait_for(fake, fake_config):
    chat = confab.sync.Client(fake_config).open()
    chat.tenant("park").users.provision("ana")
    room = chat.tenant("park").events.room("picnic", creator="ana")
    watch = chat.tenant("park").watch("ana")
    watch.ready()
    fake.fail("PUT", "/_matrix/client/v3/rooms/*/send/*/*", answer={"hold": True})
    ended = []

    def wait(call):
        try:
            call()
        except confab.Error as error:
            ended.append(error.code)

    threads = [threading.Thread(target=wait, args=(call,)) for call in (
        lambda: room.send("hi", user="ana"), lambda: next(watch))]
    for thread in threads:
        thread.start()
    while fake.count("PUT", "/_matrix/client/v3/rooms/*/send/*/*") == 0:
        pass
    chat.close()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["closed", "outcome_unknown"]
    fake.tell("release")


class Interrupted(Exception):
    pass


@pytest.fixture
def interrupting():
    def interrupt(*_):
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, interrupt)
    yield
    signal.signal(signal.SIGUSR1, before)


def test_a_signal_ends_a_send_and_says_what_is_unknown(fake, fake_config, interrupting):
    with confab.sync.Client(fake_config) as chat:
        room = chat.tenant("park").events.room("picnic", creator="ana")
        send = "/_matrix/client/v3/rooms/*/send/*/*"
        fake.fail("PUT", send, times=1, answer={"hold": True})

        def interrupt_when_sent():
            while fake.count("PUT", send) == 0:
                pass
            os.kill(os.getpid(), signal.SIGUSR1)

        thread = threading.Thread(target=interrupt_when_sent)
        thread.start()
        with pytest.raises(Interrupted) as caught:
            room.send("hi", user="ana")
        thread.join()
        assert isinstance(caught.value.__cause__, confab.OutcomeUnknown) and caught.value.__cause__.transaction_id
        fake.tell("release")
        assert room.send("next", user="ana").event_id


def frames(frame):
    while frame is not None:
        yield frame
        frame = frame.f_back


class Interrupting:
    """Raises where the interpreter would run a signal's handler, in the package's own code: at the n-th such place."""

    LOOKS = ("CALL", "RESUME", "JUMP_BACKWARD", "JUMP_ABSOLUTE")  # as the names of instructions begin behind which it does

    def __init__(self, nth, extent=None):
        """extent: only within a function of this code, and what it calls."""
        self.left = nth
        self.extent = extent
        self.behind = {}

    def __enter__(self):
        sys._getframe().f_trace_opcodes = True  # Python 3.12 asks for it before the tracing begins
        sys.settrace(self.called)
        return self

    def __exit__(self, *_):
        sys.settrace(None)

    @property
    def raised(self):
        return self.left < 0

    def called(self, frame, _what, _argument):
        # What a finalizer raises is not raised, whoever runs it.
        if not frame.f_code.co_filename.startswith(str(PACKAGE / "src")) or frame.f_code.co_name == "__del__":
            return None
        if self.extent is not None and not any(each.f_code is self.extent for each in frames(frame)):
            return None
        before = None

        def ran(frame, what, _argument):
            nonlocal before
            if what == "opcode":
                if before is not None and self.names(frame.f_code)[before].startswith(self.LOOKS):
                    self.look()
                before = frame.f_lasti
            return ran

        frame.f_trace = ran  # Python 3.13 heeds what follows only behind it
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        return ran

    def names(self, code):
        if code not in self.behind:
            self.behind[code] = {each.offset: each.opname for each in dis.get_instructions(code)}
        return self.behind[code]

    def look(self):
        self.left -= 1
        if self.left < 0:
            sys.settrace(None)
            raise Interrupted


def test_a_signal_s_handler_that_raises_takes_no_event_from_a_watch(fake_config):
    """Wherever it is: in turn, at each place where the interpreter looks for signals."""
    with confab.sync.Client(fake_config) as chat:
        room = chat.tenant("park").events.room("picnic", creator="ana")
        room.add("ben")
        said, read, finished, nth = [], [], 0, 0
        with chat.tenant("park").watch("ben") as events:
            while finished < 3:
                # Two of them, of which the second one mostly is there already.
                for _ in range(2):
                    said.append(room.send(str(nth), user="ana").event_id)
                with Interrupting(nth) as interrupting:
                    try:
                        read.append(events.next(timeout=10).id)
                    except Interrupted:
                        pass
                while len(read) < len(said):
                    read.append(events.next(timeout=10).id)
                finished += not interrupting.raised
                nth += 1
        assert read == said
        assert nth > 50  # there are so many places at least


def test_a_signal_s_handler_that_raises_leaves_no_stream_open(fake_config, monkeypatch):
    """At each place while a watch opens its stream: what the library has opened is let go of, or is the watch's."""
    left = []

    def counted(name, step):
        call = _ffi._library[name]

        def counting(*given):
            told = call(*given)
            left.append(step)
            return told

        monkeypatch.setitem(_ffi._library._functions, name, counting)

    with confab.sync.Client(fake_config) as chat:
        chat.tenant("park").users.provision("ana")
        counted("confab_stream_open", 1)
        counted("confab_stream_release", -1)
        nth, raised = 0, True
        while raised:
            watch = chat.tenant("park").watch("ana")
            with Interrupting(nth, confab.sync.Watch._opened.__code__) as interrupting:
                try:
                    watch._opened()
                except Interrupted:
                    pass
            raised = interrupting.raised
            watch.ready()
            watch.close()
            del watch
            nth += 1
        assert sum(left) == 0 and nth > 20


def sent_as(fake, transaction_id):
    return fake.count("PUT", f"/_matrix/client/v3/rooms/*/send/*/{transaction_id}")


def test_a_signal_s_handler_that_raises_loses_no_outcome(fake, fake_config):
    """At each place where the interpreter looks for signals, from before the library takes a send on until its result is
    there. A call that is interrupted behind its completion does not wait for another one."""
    extent = confab.sync.Client._ended.__code__
    outcomes = []
    with confab.sync.Client(fake_config) as chat:
        room = chat.tenant("park").events.room("picnic", creator="ana")
        while not outcomes or outcomes[-1] is not models.Sent:
            begun, outcome = time.monotonic(), models.Sent
            with Interrupting(len(outcomes), extent):
                try:
                    room.send("hi", user="ana", transaction_id=f"t{len(outcomes)}")
                except Interrupted as interrupted:
                    outcome = type(interrupted.__cause__)
                    if outcome is confab.OutcomeUnknown:
                        assert interrupted.__cause__.transaction_id == f"t{len(outcomes)}"
            assert time.monotonic() - begun < 4  # it would wait for longer
            outcomes.append(outcome)
    # All that was in flight has ended: what was sent is known.
    untold = [nth for nth, outcome in enumerate(outcomes) if outcome is type(None) and sent_as(fake, f"t{nth}")]
    assert untold == []
    assert {confab.OutcomeUnknown, type(None)} <= set(outcomes) and len(outcomes) > 50
    assert not sent_as(fake, "t0")


@pytest.mark.parametrize("face", ["send", "send_durably", "edit", "redact", "react"])
def test_a_signal_just_behind_the_start_of_a_send_loses_no_outcome(fake, fake_config, interrupting, monkeypatch, face):
    """A real one, that comes while the library takes it on."""
    with confab.sync.Client(fake_config) as chat:
        room = chat.tenant("park").events.room("picnic", creator="ana")
        event = room.send("hi", user="ana").event_id
        arguments = {"send": ("more",), "send_durably": ("more",), "edit": (event, "hi!"), "redact": (event,),
                     "react": (event, "+1")}[face]
        start = _ffi._library[f"confab_{face}"]

        def start_and_signal(*given):
            status = start(*given)
            signal.raise_signal(signal.SIGUSR1)
            return status

        fake.fail("PUT", "/_matrix/client/v3/rooms/*/*/**", answer={"hold": True})
        monkeypatch.setitem(_ffi._library._functions, f"confab_{face}", start_and_signal)
        with pytest.raises(Interrupted) as caught:
            getattr(room, face)(*arguments, user="ana", transaction_id="told")
        fake.tell("release")
        unknown = caught.value.__cause__
        assert unknown is None or unknown.transaction_id.startswith("told")  # the outbox adds to it
    assert unknown is not None or not sent_as(fake, "told")


def test_signals_that_do_not_let_a_send_end_leave_its_transaction_id(fake, fake_config, monkeypatch):
    """One while it is waited for, and one while its cancellation is."""
    def interrupted(*_):
        raise Interrupted

    with confab.sync.Client(fake_config) as chat:
        room = chat.tenant("park").events.room("picnic", creator="ana")
        monkeypatch.setattr(confab.sync._Inbox, "wait", interrupted)
        with pytest.raises(Interrupted) as caught:
            room.send("hi", user="ana", transaction_id="told")
        assert isinstance(caught.value.__cause__, confab.OutcomeUnknown)
        assert caught.value.__cause__.transaction_id == "told"


def test_a_handler_of_alerts_that_raises_ends_nothing(fake, fake_config, monkeypatch):
    said = []
    monkeypatch.setattr(threading, "excepthook", lambda what: said.append(what.exc_value))

    def on_alert(alert):
        raise LookupError(alert.alert)

    with confab.sync.Client(fake_config, on_alert=on_alert) as chat:
        room = chat.tenant("park").events.room("picnic", creator="ana")
        fake.fail("PUT", "/_matrix/client/v3/rooms/*/send/*/*", answer={"status": 502})
        while not said:
            with pytest.raises(confab.Error):
                room.send("hi", user="ana", timeout=1)
        fake.tell("clear")
        while len(said) < 2:  # the next one arrives, too
            try:
                room.send("hi", user="ana", timeout=5)
            except confab.Error:
                pass
    assert [str(each) for each in said] == ["homeserver_failing", "homeserver_back"]


def test_a_signal_s_handler_may_call(fake, fake_config):
    with confab.sync.Client(fake_config) as chat:
        room = chat.tenant("park").events.room("picnic", creator="ana")
        send = "/_matrix/client/v3/rooms/*/send/*/*"
        fake.fail("PUT", send, times=1, answer={"hold": True})
        shown = []

        def call(*_):
            shown.append(chat.tenant("park").users.show("ana").slug)
            fake.tell("release")

        before = signal.signal(signal.SIGUSR1, call)

        def signal_when_sent():
            while fake.count("PUT", send) == 0:
                pass
            os.kill(os.getpid(), signal.SIGUSR1)

        thread = threading.Thread(target=signal_when_sent)
        thread.start()
        assert room.send("hi", user="ana").event_id
        thread.join()
        signal.signal(signal.SIGUSR1, before)
        assert shown == ["ana"]


@pytest.mark.parametrize("name", confab.sync.__all__)
def test_both_faces_are_the_same(name):
    ours, other = vars(getattr(confab.sync, name)), vars(getattr(confab, name))
    same = {"open": "open", "aclose": "close", "__aenter__": "__enter__", "__aexit__": "__exit__",
            "__anext__": "__next__", "__aiter__": "__iter__"}
    public = {key for key in other if not key.startswith("_") and key not in same}
    assert public - {"aclose"} <= ours.keys()
    for key in public:
        if callable(other[key]) and key not in ("close",):
            mine, theirs = inspect.signature(ours[key]), inspect.signature(other[key])
            assert mine.parameters == theirs.parameters, key
            assert mine.return_annotation == theirs.return_annotation, key
