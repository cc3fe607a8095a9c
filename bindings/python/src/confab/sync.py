"""The synchronous face: the same classes, whose methods wait.

    with confab.sync.Client("confab.json") as chat:
        acme = chat.tenant("acme")
        room = acme.events.room("standup", creator="ana")
        room.send("hi", user="ana", timeout=5)

Every object may be used by several threads at once, but a Watch, which is for one at a time. Arguments, results and
errors are those of the asyncio face; see there. Ctrl-C, and whatever else a signal's handler raises, ends a call and
cancels its operation; where a send may have happened nevertheless, its OutcomeUnknown is the ``__cause__``, whenever the
signal came. (Python 3.9 and 3.10 may run a handler also when the send has returned and its result is not assigned yet:
who must not lose it then names a ``transaction_id``.) A Watch loses nothing: the event that was not given yet is given
by the next call.
"""

from __future__ import annotations

import itertools
import sys
import threading
import warnings
import weakref
from types import TracebackType
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Type, TypeVar

from . import _calls, _ffi, models
from ._arrivals import unheard_outcome, unknown_outcome
from ._logs import Logs, OnAlert
from ._questions import Batch, Questions
from ._session import Config, Session
from .errors import Closed, Forked, OutcomeUnknown, TimedOut

__all__ = ["Client", "DirectRooms", "Directory", "Outbox", "Room", "Rooms", "Tenant", "Users", "Watch"]

T = TypeVar("T")
_LOOK_MS = 200  # how soon the thread that logs and answers sees that the client was closed
_LATE_MS = 5000  # how long the completion of a cancelled operation is waited for; it comes at once


class _Inbox(threading.local):
    """A thread's own queue. A signal's handler may call in the midst of a wait, or raise: what came is kept by its tag."""

    def __init__(self) -> None:
        self.queue = _ffi.Queue(0)
        self.came: Dict[int, Optional[_ffi.Arrived]] = {}

    def expect(self, tag: int) -> None:
        self.came[tag] = None

    def wait(self, tag: int, milliseconds: Optional[int]) -> Optional[_ffi.Arrived]:
        """What came with this tag, the same again until it is forgotten."""
        while self.came[tag] is None:
            first = self.queue.await_first(milliseconds)
            if first is None:
                break
            if first.tag in self.came:
                self.came[first.tag] = first
            self.queue.passed(first)
        return self.came[tag]

    def forget(self, tag: int) -> None:
        self.came.pop(tag, None)


def _alert(on_alert: OnAlert, alert: models.Alert) -> None:
    try:
        on_alert(alert)
    except Exception:  # the thread goes on: others wait for its answers
        threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))


def _answer(question: _ffi.Arrived, questions: Questions) -> None:
    try:
        question.answer(questions.ask(question.result()))
    except Exception:  # the operation that asked goes on without an answer
        threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
    finally:
        question.release()


def _tell(told: _ffi.Queue, logs: Logs, questions: Questions, session: Session) -> None:
    """Logs and answers what arrives, until the session is closed and nothing is left."""
    while True:
        last = session.closed
        try:
            arrived = told.wait(0 if last else _LOOK_MS)
        except (Closed, Forked):
            return
        if arrived is not None and arrived.kind == _ffi.QUESTION:
            _answer(arrived, questions)
        elif arrived is not None:
            alert = logs.tell(arrived)
            if alert is not None and logs.on_alert is not None:
                _alert(logs.on_alert, alert)
        elif last:
            return


def _dropped(session: Session) -> None:
    if not session.closed and not _ffi.forked():
        warnings.warn("a confab.sync.Client was not closed", ResourceWarning, stacklevel=2)
    session.close()


class Client:
    """As ``confab.Client``; ``with`` opens and closes it."""

    def __init__(self, config: Config, *, timeout: float = 30.0, loop_threads: int = 1,
                 log_level: Optional[str] = None, on_alert: Optional[OnAlert] = None,
                 ask_secret: Optional[Callable[[str], Optional[str]]] = None,
                 ask_user: Optional[Callable[[str, str], Batch]] = None,
                 ask_room: Optional[Callable[[str, str, str], Batch]] = None) -> None:
        """As ``confab.Client``. A thread of their own brings log lines and alerts, and calls the functions that answer."""
        self._timeout = _calls.milliseconds(timeout)
        self._logs = Logs(log_level, on_alert)
        self._questions = Questions(ask_secret, ask_user, ask_room)
        self._session = Session(config, loop_threads, self._logs.level, self._questions)
        self._tags = itertools.count(1)
        self._inbox = _Inbox()
        self._finalizer: Optional[weakref.finalize[..., Client]] = None

    def open(self) -> Client:
        """As ``confab.Client.open``."""
        if self._finalizer is not None:
            raise RuntimeError("this client was opened before: make another one")
        told = _ffi.Queue(0) if self._logs.wanted or self._questions.wanted else None
        if told is not None:
            # It ends when the session closes; a daemon, so that it does not hold up an interpreter that forgets to.
            threading.Thread(target=_tell, args=(told, self._logs, self._questions, self._session), name="confab-told",
                             daemon=True).start()
        try:
            self._session.open(self._timeout, told)
        except BaseException:
            self._session.close()
            raise
        self._finalizer = weakref.finalize(self, _dropped, self._session)
        return self

    def close(self) -> None:
        """Ends everything in flight, other threads' calls too, with Closed; waits for the library's threads."""
        if self._finalizer is not None:
            self._finalizer.detach()
        self._session.close()

    def __enter__(self) -> Client:
        return self.open()

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

    def tenant(self, name: Optional[str] = None) -> Tenant:
        """As ``confab.Client.tenant``."""
        return Tenant(self, name)

    def doctor(self, *, timeout: Optional[float] = None) -> List[models.Finding]:
        """As ``confab.Client.doctor``."""
        return self._ended(self._session.client, _calls.doctor(), timeout)

    def metrics(self) -> models.TokenMetrics:
        """As ``confab.Client.metrics``."""
        return models.metrics_of(self._session.client.metrics())

    def _ended(self, handle: _ffi.Client | _ffi.Tenant | _ffi.Stream, call: _calls.Call[T],
               timeout: Optional[float]) -> T:
        within = self._timeout if timeout is None else _calls.milliseconds(timeout)
        inbox, tag = self._inbox, next(self._tags)
        operation = _ffi.Operation()
        ended: Optional[_ffi.Arrived] = None
        # A signal's handler may raise behind each call in what follows; what became of the operation is kept until none is
        # left. No `finally`: what it calls on the way of a result would be such a place, too.
        inbox.expect(tag)
        try:
            _ffi.ask(call.function, handle, {**call.fields, "timeout_ms": within}, inbox.queue, tag, operation)
            ended = inbox.wait(tag, None)
            assert ended is not None  # it waited without a bound
            result = call.read(ended.result())
            operation.release()
            inbox.forget(tag)
            return result
        except BaseException as raised:
            try:
                ended = ended or inbox.came.get(tag)
                failed = raised is ended.failure if ended is not None else not operation.started
                unknown = None if failed else self._interrupted(call, operation, ended, tag)
                if unknown is None:
                    raise
                raise raised from unknown
            finally:
                operation.release()
                inbox.forget(tag)

    def _interrupted(self, call: _calls.Call[T], operation: _ffi.Operation, ended: Optional[_ffi.Arrived], tag: int
                     ) -> Optional[OutcomeUnknown]:
        """What must be told of an operation for whose end its caller does not wait any longer."""
        if ended is None:
            try:
                operation.cancel()
                ended = self._inbox.wait(tag, _LATE_MS)
            except BaseException as again:
                raise again from unheard_outcome(call.function, call.fields)
        return unheard_outcome(call.function, call.fields) if ended is None else unknown_outcome(ended)

    def _tenant(self, name: Optional[str]) -> _ffi.Tenant:
        return self._session.known_tenant(name) or self._session.tenant(name)


class Tenant:
    """As ``confab.Tenant``."""

    def __init__(self, client: Client, name: Optional[str]) -> None:
        self._client = client
        self._name = name
        self.users = Users(self)
        """The tenant's users."""
        self.events = Rooms(self, "event")
        """The rooms of the directory's events."""
        self.groups = Rooms(self, "group")
        """The rooms of the directory's groups."""
        self.direct = DirectRooms(self)
        """The conversations of two users."""
        self.directory = Directory(self)
        """Who there is, and who takes part in what."""
        self.outbox = Outbox(self)
        """What was accepted by ``Room.send_durably``, and what became of it."""

    def watch(self, user: str, *, consumer: Optional[str] = None) -> Watch:
        """As ``confab.Tenant.watch``."""
        return Watch(self, user, consumer)

    def reset(self, user: Optional[str] = None, *, all_users: bool = False, full: bool = False,
              restored: bool = False, timeout: Optional[float] = None) -> models.ResetCounts:
        """As ``confab.Tenant.reset``."""
        return self._ended(_calls.reset(user, all_users, full, restored), timeout)

    def _ended(self, call: _calls.Call[T], timeout: Optional[float]) -> T:
        return self._client._ended(self._client._tenant(self._name), call, timeout)


class Directory:
    """As ``confab.Directory``."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def apply(self, batch: Mapping[str, Any], *, expected: int, timeout: Optional[float] = None) -> int:
        """As ``confab.Directory.apply``."""
        return self._tenant._ended(_calls.apply(batch, expected), timeout)

    def load(self, directory: Mapping[str, Any], *, timeout: Optional[float] = None) -> int:
        """As ``confab.Directory.load``."""
        return self._tenant._ended(_calls.load(directory), timeout)

    def refresh(self, *, timeout: Optional[float] = None) -> int:
        """As ``confab.Directory.refresh``."""
        return self._tenant._ended(_calls.refresh(), timeout)


class Outbox:
    """As ``confab.Outbox``."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def watch(self) -> Watch:
        """As ``confab.Outbox.watch``."""
        return Watch(self._tenant, None, None)

    def list(self, *, dead: bool = False, limit: int = 100, start: Optional[str] = None,
             timeout: Optional[float] = None) -> models.OutboxPage:
        """As ``confab.Outbox.list``."""
        return self._tenant._ended(_calls.outbox(dead, limit, start), timeout)

    def show(self, transaction_id: str, *, timeout: Optional[float] = None) -> models.OutboxMessage:
        """As ``confab.Outbox.show``."""
        return self._tenant._ended(_calls.outbox_show(transaction_id), timeout)

    def retry(self, transaction_id: str, *, timeout: Optional[float] = None) -> None:
        """As ``confab.Outbox.retry``."""
        self._tenant._ended(_calls.outbox_retry(transaction_id), timeout)

    def drop(self, transaction_id: str, *, timeout: Optional[float] = None) -> None:
        """As ``confab.Outbox.drop``."""
        self._tenant._ended(_calls.outbox_drop(transaction_id), timeout)


class Users:
    """As ``confab.Users``."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def provision(self, slug: str, *, name: Optional[str] = None, timeout: Optional[float] = None) -> models.User:
        """As ``confab.Users.provision``."""
        return self._tenant._ended(_calls.provision(slug, name), timeout)

    def show(self, slug: str, *, timeout: Optional[float] = None) -> models.User:
        """As ``confab.Users.show``."""
        return self._tenant._ended(_calls.account(slug), timeout)

    def set_password(self, slug: str, password: str, *, timeout: Optional[float] = None) -> None:
        """As ``confab.Users.set_password``."""
        self._tenant._ended(_calls.set_password(slug, password), timeout)


class Rooms:
    """As ``confab.Rooms``."""

    def __init__(self, tenant: Tenant, kind: str) -> None:
        self._tenant = tenant
        self._kind = kind

    def room(self, slug: str, *, creator: str, name: Optional[str] = None, topic: Optional[str] = None,
             members: Sequence[str] = (), public: bool = False, timeout: Optional[float] = None) -> Room:
        """As ``confab.Rooms.room``."""
        conversation = _calls.Conversation(self._kind, slug)
        call = _calls.ensure_room(conversation, creator, name, topic, members, public)
        made = self._tenant._ended(call, timeout)
        return Room(self._tenant, conversation, made["room_id"], made["name"])

    def ref(self, slug: str) -> Room:
        """As ``confab.Rooms.ref``."""
        return Room(self._tenant, _calls.Conversation(self._kind, slug), "", "")


class DirectRooms:
    """As ``confab.DirectRooms``."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def room(self, user: str, other: str, *, timeout: Optional[float] = None) -> Room:
        """As ``confab.DirectRooms.room``."""
        conversation = _calls.Conversation("direct", "", (user, other))
        made = self._tenant._ended(_calls.ensure_room(conversation, user), timeout)
        return Room(self._tenant, conversation, made["room_id"], made["name"])

    def ref(self, user: str, other: str) -> Room:
        """As ``confab.DirectRooms.ref``."""
        return Room(self._tenant, _calls.Conversation("direct", "", (user, other)), "", "")


class Room:
    """As ``confab.Room``."""

    __slots__ = ("_tenant", "_conversation", "_room_id", "_name")

    def __init__(self, tenant: Tenant, conversation: _calls.Conversation, room_id: str, name: str) -> None:
        self._tenant = tenant
        self._conversation = conversation
        self._room_id = room_id
        self._name = name

    def __repr__(self) -> str:
        who = " ".join(self.users) or self.slug
        return f"<confab.sync.Room {self.kind} {who} {self.room_id}>"

    @property
    def room_id(self) -> str:
        """As ``confab.Room.room_id``."""
        return self._room_id

    @property
    def slug(self) -> str:
        """As ``confab.Room.slug``."""
        return self._conversation.slug

    @property
    def kind(self) -> str:
        """As ``confab.Room.kind``."""
        return self._conversation.kind

    @property
    def users(self) -> Tuple[str, ...]:
        """As ``confab.Room.users``."""
        return self._conversation.users

    @property
    def name(self) -> str:
        """As ``confab.Room.name``."""
        return self._name

    def send(self, body: str, *, user: str, formatted: Optional[str] = None, kind: str = "text",
             reply_to: Optional[str] = None, transaction_id: Optional[str] = None, repeated: bool = False,
             timeout: Optional[float] = None) -> models.Sent:
        """As ``confab.Room.send``."""
        return self._ended(_calls.send(self._conversation, body, user, formatted, kind, reply_to, transaction_id,
                                       repeated), timeout)

    def send_durably(self, body: str, *, user: str, formatted: Optional[str] = None, kind: str = "text",
                     reply_to: Optional[str] = None, transaction_id: Optional[str] = None,
                     timeout: Optional[float] = None) -> str:
        """As ``confab.Room.send_durably``."""
        return self._ended(_calls.send_durably(self._conversation, body, user, formatted, kind, reply_to,
                                             transaction_id), timeout)

    def edit(self, event: str, body: str, *, user: str, formatted: Optional[str] = None, kind: str = "text",
             transaction_id: Optional[str] = None, repeated: bool = False,
             timeout: Optional[float] = None) -> models.Sent:
        """As ``confab.Room.edit``."""
        return self._ended(_calls.edit(self._conversation, event, body, user, formatted, kind, transaction_id,
                                       repeated), timeout)

    def redact(self, event: str, *, user: str, reason: Optional[str] = None, transaction_id: Optional[str] = None,
               repeated: bool = False, timeout: Optional[float] = None) -> models.Sent:
        """As ``confab.Room.redact``."""
        return self._ended(_calls.redact(self._conversation, event, user, reason, transaction_id, repeated), timeout)

    def react(self, event: str, key: str, *, user: str, transaction_id: Optional[str] = None,
              repeated: bool = False, timeout: Optional[float] = None) -> models.Sent:
        """As ``confab.Room.react``."""
        return self._ended(_calls.react(self._conversation, event, key, user, transaction_id, repeated), timeout)

    def add(self, user: str, *, timeout: Optional[float] = None) -> None:
        """As ``confab.Room.add``."""
        self._ended(_calls.add_member(self._conversation, user), timeout)

    def remove(self, user: str, *, timeout: Optional[float] = None) -> None:
        """As ``confab.Room.remove``."""
        self._ended(_calls.remove_member(self._conversation, user), timeout)

    def members(self, *, user: Optional[str] = None, timeout: Optional[float] = None) -> List[models.Member]:
        """As ``confab.Room.members``."""
        return self._ended(_calls.members(self._conversation, user), timeout)

    def history(self, *, user: str, limit: int = 50, start: Optional[str] = None, reactions: bool = True,
                timeout: Optional[float] = None) -> models.Page:
        """As ``confab.Room.history``."""
        return self._ended(_calls.history(self._conversation, user, limit, start, reactions), timeout)

    def typing(self, *, user: str, on: bool = True, timeout: Optional[float] = None) -> None:
        """As ``confab.Room.typing``."""
        self._ended(_calls.typing(self._conversation, user, on), timeout)

    def mark_read(self, event: str, *, user: str, private: bool = False, timeout: Optional[float] = None) -> None:
        """As ``confab.Room.mark_read``."""
        self._ended(_calls.mark_read(self._conversation, event, user, private), timeout)

    def unread(self, *, user: str, timeout: Optional[float] = None) -> models.Unread:
        """As ``confab.Room.unread``."""
        return self._ended(_calls.unread(self._conversation, user), timeout)

    def _ended(self, call: _calls.Call[T], timeout: Optional[float]) -> T:
        return self._tenant._ended(call, timeout)


class _Batch:
    """What was read, and how much of it was given."""

    __slots__ = ("arrived", "events", "given")

    def __init__(self, arrived: _ffi.Arrived, events: List[models.Event]) -> None:
        self.arrived = arrived
        self.events = events
        self.given = 0


class Watch(Iterator[models.Event]):
    """As ``confab.Watch``, for one thread at a time; ``close`` and the client's may come from any."""

    def __init__(self, tenant: Tenant, user: Optional[str], consumer: Optional[str]) -> None:
        self._tenant = tenant
        self._user = user
        self._consumer = consumer
        self._queue: Optional[_ffi.Queue] = None
        self._stream: Optional[_ffi.Stream] = None
        self._closed = False
        self._granted = False
        self._batch: Optional[_Batch] = None

    def ready(self, *, timeout: Optional[float] = None) -> None:
        """As ``confab.Watch.ready``."""
        self._tenant._client._ended(self._opened()[0], _calls.ready(), timeout)

    def acknowledge(self) -> None:
        """As ``confab.Watch.acknowledge``."""
        self._consume()

    def close(self) -> None:
        """As ``confab.Watch.close``."""
        self._batch = None
        if not self._closed:
            self._closed = True
            if self._stream is not None and not _ffi.forked():
                self._stream.close()

    def next(self, *, timeout: Optional[float] = None) -> models.Event:
        """The next event. Errors: those of ``confab.Watch``; TimedOut: nothing happened within these seconds."""
        batch = self._unread(None if timeout is None else _calls.milliseconds(timeout))
        if batch is None:
            raise Closed("the watch is closed")
        event = batch.events[batch.given]
        batch.given += 1  # behind everything that a signal's handler could interrupt
        return event

    def __enter__(self) -> Watch:
        self.ready()
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

    def __iter__(self) -> Watch:
        return self

    def __next__(self) -> models.Event:
        batch = self._unread(None)
        if batch is None:
            raise StopIteration
        event = batch.events[batch.given]
        batch.given += 1  # as above
        return event

    # A signal's handler may raise behind each call in what follows. Nothing is changed there that could not be done once
    # more, and what is told stays first in the queue until it was dealt with.

    def _unread(self, milliseconds: Optional[int]) -> Optional[_Batch]:
        """The batch whose next event is to be given; None where the stream has ended."""
        batch = self._batch
        if batch is not None and batch.given < len(batch.events):
            return batch
        if self._closed:
            return None
        stream, queue = self._opened()
        self._consume()
        if not self._granted:
            stream.grant(_ffi.WITHOUT_END)
            self._granted = True
        arrived = queue.await_first(milliseconds)
        if arrived is None:
            raise TimedOut("nothing happened", retriable=True)
        if arrived.kind == _ffi.STREAM_END:
            self._closed = True
            if arrived.failure is not None:
                raise arrived.failure
            return None
        if arrived.failure is not None:
            stream.ack(arrived)
            self._granted = False
            queue.passed(arrived)
            raise arrived.failure
        batch = _Batch(arrived, models.events_of(arrived.result()))
        self._batch = batch
        return batch

    def _consume(self) -> None:
        batch = self._batch
        if batch is None or batch.given < len(batch.events):
            return
        if self._stream is not None and self._queue is not None:
            self._stream.ack(batch.arrived)
            self._queue.passed(batch.arrived)
        self._batch = None

    def _opened(self) -> Tuple[_ffi.Stream, _ffi.Queue]:
        if self._closed:
            raise Closed("the watch is closed")
        if self._stream is None or self._queue is None:
            client = self._tenant._client
            tenant = client._tenant(self._tenant._name)
            queue, stream = _ffi.Queue(0), _ffi.Stream()
            try:
                stream.open(tenant, self._user, self._consumer, queue, 1)
                weakref.finalize(self, _let_go, stream, queue)
                self._stream, self._queue = stream, queue
            except BaseException:
                self._stream, self._queue = None, None
                _let_go(stream, queue)
                raise
        return self._stream, self._queue


def _let_go(stream: _ffi.Stream, queue: _ffi.Queue) -> None:
    stream.release()
    queue.release()
