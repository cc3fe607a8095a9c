"""The asyncio face: a client, its tenants and rooms, and what a user's stream yields."""

from __future__ import annotations

import asyncio
import collections
import warnings
import weakref
from types import TracebackType
from typing import Any, AsyncIterator, Deque, List, Mapping, Optional, Sequence, Tuple, Type, TypeVar

from . import _calls, _ffi, models
from ._arrivals import Arrivals
from ._logs import Logs, OnAlert
from ._questions import AskRoom, AskSecret, AskUser, Questions
from ._session import Config, Session
from .errors import Closed

T = TypeVar("T")


class _Open:
    """What an open client holds; it is closed when the client is dropped, or the interpreter ends."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.arrivals: Optional[Arrivals] = None

    def close(self) -> None:
        self.session.close()
        if self.arrivals is not None and not _ffi.forked():
            self.arrivals.abandon()

    def dropped(self) -> None:
        if not self.session.closed and self.arrivals is not None and not _ffi.forked():
            warnings.warn("a confab.Client was not closed", ResourceWarning, stacklevel=2)
        self.close()


class Client:
    """A homeserver and the tenants of a configuration, for one event loop.

        async with confab.Client("confab.json") as chat:
            acme = chat.tenant("acme")

    It belongs to the loop in which it was opened: awaited in another one it raises RuntimeError. Several clients may be
    open at once, also in several loops and threads.
    """

    def __init__(self, config: Config, *, timeout: float = 30.0, loop_threads: int = 1,
                 most_operations: int = 4096, log_level: Optional[str] = None,
                 on_alert: Optional[OnAlert] = None, ask_secret: Optional[AskSecret] = None,
                 ask_user: Optional[AskUser] = None, ask_room: Optional[AskRoom] = None) -> None:
        """Nothing is read or connected to before it is opened.

        config: the path of a configuration file, or a mapping of the same form; paths in a mapping are relative to the
            current folder. docs/configuration.md describes it.
        timeout: seconds that each operation may take if it is not given a time of its own.
        loop_threads: threads of the library that do the network work, at most 64. One serves thousands of users.
        most_operations: how many operations may be in flight at once, 1 to 1,000,000; more raise Busy.
        log_level: "error", "warning", "info" or "debug": lines of this level and above go to the logger "confab" of
            Python's logging; by default none but alerts. No line holds a token, a password or a message's text.
        on_alert: called with an Alert where an operator must know something, on the loop.
        ask_secret: coroutine function or function that is asked with a key of the configuration, where that says
            ``{"ask": true}``; it gives the secret's text, or None.
        ask_user: asked with a tenant and a slug that its directory does not list, before an operation fails for that; it
            gives a batch that brings the user, as for ``Directory.apply``, or None. It may bring more.
        ask_room: asked likewise with a tenant, "event" or "group", and a slug.
        """
        self._timeout = _calls.milliseconds(timeout)
        self._most_operations = most_operations
        self._logs = Logs(log_level, on_alert)
        self._questions = Questions(ask_secret, ask_user, ask_room)
        self._open = _Open(Session(config, loop_threads, self._logs.level, self._questions))
        self._finalizer = weakref.finalize(self, self._open.dropped)

    async def open(self) -> Client:
        """Reads the configuration and opens its store, on another thread; ``async with`` does it.

        Nothing is connected to, but where the configuration leaves the homeserver's URL out.
        Errors: ConfigError with the key as subject; StoreError; Unsupported; Closed.
        """
        if self._open.arrivals is not None:
            raise RuntimeError("this client was opened before: make another one")
        loop = asyncio.get_running_loop()
        self._open.arrivals = arrivals = Arrivals(loop, self._most_operations, self._logs, self._questions)
        try:
            await loop.run_in_executor(None, self._open.session.open, self._timeout, arrivals.queue)
        except BaseException:
            # Cancelled, the thread goes on: it finds the session closed and lets go of what it made.
            self.close()
            raise
        return self

    async def aclose(self) -> None:
        """Ends everything in flight with Closed, waits for the library's threads, lets go. ``async with`` does it.

        Mostly it takes milliseconds, at most some seconds; the loop goes on meanwhile. Twice is once.
        """
        arrivals = self._open.arrivals
        if arrivals is None or arrivals.stopped or _ffi.forked():
            return self.close()
        self._on_loop(arrivals)
        try:
            await arrivals.loop.run_in_executor(None, self._open.session.close)
            while not arrivals.stopped and arrivals.take(256):  # another aclose may have come to its end
                await asyncio.sleep(0)
        finally:
            self._finalizer.detach()
            arrivals.stop(Closed("the client is closed"))

    def close(self) -> None:
        """As ``aclose``, for when there is no loop any more. It blocks. Any thread."""
        self._finalizer.detach()
        self._open.close()

    async def __aenter__(self) -> Client:
        return await self.open()

    async def __aexit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                        trace: Optional[TracebackType]) -> None:
        await self.aclose()

    def tenant(self, name: Optional[str] = None) -> Tenant:
        """Names a tenant of the configuration; without a name, the only one.

        It neither blocks nor asks: a tenant that the configuration has not raises NotFound with its first operation,
        and InvalidArgument if it must be named.
        """
        return Tenant(self, name)

    async def doctor(self, *, timeout: Optional[float] = None) -> List[models.Finding]:
        """Looks at everything that has to be right with the homeserver and the store.

        What is not fit is a finding and no error. Nothing is changed, but that the admin logs in.
        """
        return await self._ended(self._open.session.client, _calls.doctor(), timeout)

    def metrics(self) -> models.TokenMetrics:
        """Tells how often this client made tokens, why, by which step, and how long it took. It asks nobody."""
        return models.metrics_of(self._open.session.client.metrics())

    async def _ended(self, handle: _ffi.Client | _ffi.Tenant | _ffi.Stream, call: _calls.Call[T],
                     timeout: Optional[float]) -> T:
        within = self._timeout if timeout is None else _calls.milliseconds(timeout)
        fields = {**call.fields, "timeout_ms": within}
        ended = await self._arrivals().ended(handle, call.function, fields)
        return call.read(ended.result())

    def _arrivals(self) -> Arrivals:
        _ffi.use()
        arrivals = self._open.arrivals
        if arrivals is None:
            raise Closed("the client is not open: use `async with`, or open()")
        self._on_loop(arrivals)
        return arrivals

    @staticmethod
    def _on_loop(arrivals: Arrivals) -> None:
        if asyncio.get_running_loop() is not arrivals.loop:
            raise RuntimeError("this confab.Client belongs to another event loop")

    async def _tenant(self, name: Optional[str]) -> _ffi.Tenant:
        known = self._open.session.known_tenant(name)
        if known is None:
            loop = self._arrivals().loop
            known = await loop.run_in_executor(None, self._open.session.tenant, name)
        return known


class Tenant:
    """Chat for the users of one tenant, in the words of its directory."""

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
        """What happens from now on, in every room that the user is in.

            async for event in acme.watch("ben"):
                if isinstance(event, confab.Message): ...

        consumer: go on where this name was last, also in a later process. At least once: what was yielded since the
            last acknowledged batch comes again, under the same ids. One reader at a time; another one takes it over.
        """
        return Watch(self, user, consumer)

    async def reset(self, user: Optional[str] = None, *, all_users: bool = False, full: bool = False,
                    restored: bool = False, timeout: Optional[float] = None) -> models.ResetCounts:
        """Forgets tokens, of one user or of all; the next use makes new ones. Nothing changes on the homeserver.

        full: also where named watches are, and which rooms were found.
        restored: the store or the homeserver was put back from a backup, so that messages that wait in the outbox are
            looked for before they are sent. With all_users.
        Errors: InvalidArgument; StoreError, Busy: repeat it for the rest.
        """
        return await self._ended(_calls.reset(user, all_users, full, restored), timeout)

    async def _ended(self, call: _calls.Call[T], timeout: Optional[float]) -> T:
        return await self._client._ended(await self._client._tenant(self._name), call, timeout)


class Directory:
    """The directory of a tenant: ``acme.directory``. It begins as its file says, and changes as the host pushes changes.

    Each change makes a new revision. docs/directory.md shows directories and batches.
    """

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def apply(self, batch: Mapping[str, Any], *, expected: int, timeout: Optional[float] = None) -> int:
        """Writes and removes single entries, all of them or none; gives the revision at which it is in effect.

        expected: the revision that the change was decided on.
        Errors: Conflict: the directory is at another revision; refresh, decide anew. InvalidArgument; TooLarge.
        """
        return await self._tenant._ended(_calls.apply(batch, expected), timeout)

    async def load(self, directory: Mapping[str, Any], *, timeout: Optional[float] = None) -> int:
        """Makes the directory what this one says; gives the revision. What differs is applied, in one change.

        Errors: ConfigError: it is none. Conflict: others keep changing it at the same time.
        """
        return await self._tenant._ended(_calls.load(directory), timeout)

    async def refresh(self, *, timeout: Optional[float] = None) -> int:
        """Sees what other processes have applied, now; else it is seen within a second. Gives the revision."""
        return await self._tenant._ended(_calls.refresh(), timeout)


class Outbox:
    """The outbox of a tenant: ``acme.outbox``. docs/outbox.md tells what it promises."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def watch(self) -> Watch:
        """What becomes of the tenant's accepted messages, as far as this process sends them: OutboxSent, OutboxGivenUp.

        From now on; what was sent before, or by another process, ``show`` tells. Missed: the reader was too far behind.
        """
        return Watch(self._tenant, None, None)

    async def list(self, *, dead: bool = False, limit: int = 100, start: Optional[str] = None,
                   timeout: Optional[float] = None) -> models.OutboxPage:
        """Reads what waits, in its order; with ``dead`` what was given up.

        limit: 1 to 1,000 messages.
        start: ``end`` of the page before this one.
        Errors: InvalidArgument: limit, start.
        """
        return await self._tenant._ended(_calls.outbox(dead, limit, start), timeout)

    async def show(self, transaction_id: str, *, timeout: Optional[float] = None) -> models.OutboxMessage:
        """Reads what became of a message. Errors: NotFound: also a day after it was sent."""
        return await self._tenant._ended(_calls.outbox_show(transaction_id), timeout)

    async def retry(self, transaction_id: str, *, timeout: Optional[float] = None) -> None:
        """Sends what was given up once more. Errors: NotFound. Conflict: it was sent."""
        await self._tenant._ended(_calls.outbox_retry(transaction_id), timeout)

    async def drop(self, transaction_id: str, *, timeout: Optional[float] = None) -> None:
        """Forgets a message; one that is undecided may be in the room all the same. Errors: as ``retry``."""
        await self._tenant._ended(_calls.outbox_drop(transaction_id), timeout)


class Users:
    """The users of a tenant: ``acme.users``."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def provision(self, slug: str, *, name: Optional[str] = None, timeout: Optional[float] = None) -> models.User:
        """Makes sure that a user has an account. Sending and reading do it by themselves.

        name: the display name; by default the directory's.
        Errors: NotFound: the directory lists no such user.
        """
        return await self._tenant._ended(_calls.provision(slug, name), timeout)

    async def show(self, slug: str, *, timeout: Optional[float] = None) -> models.User:
        """Reads what the homeserver knows of a user. Errors: NotFound: no such user, or no account yet."""
        return await self._tenant._ended(_calls.account(slug), timeout)

    async def set_password(self, slug: str, password: str, *, timeout: Optional[float] = None) -> None:
        """Gives a user a password for Matrix clients of their own: 8 characters to 512 bytes.

        Errors: NotFound, InvalidArgument: the user, the password. RateLimited: set too often.
        """
        await self._tenant._ended(_calls.set_password(slug, password), timeout)


class Rooms:
    """The rooms of a tenant's events or groups: ``acme.events``, ``acme.groups``."""

    def __init__(self, tenant: Tenant, kind: str) -> None:
        self._tenant = tenant
        self._kind = kind

    async def room(self, slug: str, *, creator: str, name: Optional[str] = None, topic: Optional[str] = None,
                   members: Sequence[str] = (), public: bool = False, timeout: Optional[float] = None) -> Room:
        """Makes sure that an event or group has its room; there is one, however often it is called.

        name: by default "event-" or "group-" and the slug.
        topic: by default "Discussion for" and the directory's name of it; at most 4,096 bytes.
        members: slugs of at most 100 users who join, too, whether the room was there or is made now.
        public: list it publicly, whatever the directory says.
        Errors: NotFound: not in the directory. Forbidden: ``creator`` is not the directory's. InvalidArgument.
        """
        conversation = _calls.Conversation(self._kind, slug)
        call = _calls.ensure_room(conversation, creator, name, topic, members, public)
        made = await self._tenant._ended(call, timeout)
        return Room(self._tenant, conversation, made["room_id"], made["name"])

    def ref(self, slug: str) -> Room:
        """Names the room of an event or group without asking for it: its ``room_id`` is empty."""
        return Room(self._tenant, _calls.Conversation(self._kind, slug), "", "")


class DirectRooms:
    """The conversations of two users: ``acme.direct``."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def room(self, user: str, other: str, *, timeout: Optional[float] = None) -> Room:
        """Makes sure that two users have a room; sending does it by itself. Errors: NotFound, InvalidArgument."""
        conversation = _calls.Conversation("direct", "", (user, other))
        made = await self._tenant._ended(_calls.ensure_room(conversation, user), timeout)
        return Room(self._tenant, conversation, made["room_id"], made["name"])

    def ref(self, user: str, other: str) -> Room:
        """Names the conversation without asking for it: its ``room_id`` is empty."""
        return Room(self._tenant, _calls.Conversation("direct", "", (user, other)), "", "")


class Room:
    """A room of an event, a group or two users. Every ``user`` is a slug; who is listed joins by what they do."""

    __slots__ = ("_tenant", "_conversation", "_room_id", "_name")

    def __init__(self, tenant: Tenant, conversation: _calls.Conversation, room_id: str, name: str) -> None:
        self._tenant = tenant
        self._conversation = conversation
        self._room_id = room_id
        self._name = name

    def __repr__(self) -> str:
        who = " ".join(self.users) or self.slug
        return f"<confab.Room {self.kind} {who} {self.room_id}>"

    @property
    def room_id(self) -> str:
        """The homeserver's name for it; empty of one that ``ref`` named."""
        return self._room_id

    @property
    def slug(self) -> str:
        """Of the event or group; empty of a direct room."""
        return self._conversation.slug

    @property
    def kind(self) -> str:
        """``"event"``, ``"group"`` or ``"direct"``."""
        return self._conversation.kind

    @property
    def users(self) -> Tuple[str, ...]:
        """The slugs of the two, of a direct room."""
        return self._conversation.users

    @property
    def name(self) -> str:
        """The room's name; empty of a direct room, and of one that ``ref`` named."""
        return self._name

    async def send(self, body: str, *, user: str, formatted: Optional[str] = None, kind: str = "text",
                   reply_to: Optional[str] = None, transaction_id: Optional[str] = None, repeated: bool = False,
                   timeout: Optional[float] = None) -> models.Sent:
        """Says something. A direct room that is missing is made.

        formatted: the text as HTML, too.
        kind: "text", "notice" (said by a program) or "emote".
        reply_to: event id of what it answers.
        transaction_id, repeated: to repeat a send whose outcome is unknown, so that it is said once.
        Errors: InvalidArgument: empty, no Unicode. TooLarge. NotFound, Forbidden: user or room. EncryptedRoom.
        OutcomeUnknown, with ``transaction_id``: it may have been said; also when the task is cancelled after it was.
        """
        return await self._ended(_calls.send(self._conversation, body, user, formatted, kind, reply_to,
                                             transaction_id, repeated), timeout)

    async def send_durably(self, body: str, *, user: str, formatted: Optional[str] = None, kind: str = "text",
                           reply_to: Optional[str] = None, transaction_id: Optional[str] = None,
                           timeout: Optional[float] = None) -> str:
        """Says something for certain: once it has come back it is said once, also by a later process on the same store.

        Gives the transaction id, which names the message in the outbox: ``transaction_id``, with user and room behind it.
        transaction_id: the same message again under it is accepted once.
        Errors: as ``send``; Busy: too many wait. OutcomeUnknown: repeat it with the error's ``transaction_id``.
        """
        return await self._ended(_calls.send_durably(self._conversation, body, user, formatted, kind, reply_to,
                                                   transaction_id), timeout)

    async def edit(self, event: str, body: str, *, user: str, formatted: Optional[str] = None, kind: str = "text",
                   transaction_id: Optional[str] = None, repeated: bool = False,
                   timeout: Optional[float] = None) -> models.Sent:
        """Says a message anew. Errors: as ``send``; Forbidden: somebody else's; NotFound: no such message."""
        return await self._ended(_calls.edit(self._conversation, event, body, user, formatted, kind, transaction_id,
                                             repeated), timeout)

    async def redact(self, event: str, *, user: str, reason: Optional[str] = None,
                     transaction_id: Optional[str] = None, repeated: bool = False,
                     timeout: Optional[float] = None) -> models.Sent:
        """Removes the content of a message, edit or reaction. Errors: Forbidden: not one's own, nor enough power."""
        return await self._ended(_calls.redact(self._conversation, event, user, reason, transaction_id, repeated),
                                 timeout)

    async def react(self, event: str, key: str, *, user: str, transaction_id: Optional[str] = None,
                    repeated: bool = False, timeout: Optional[float] = None) -> models.Sent:
        """Reacts to a message. A reaction that was there is success. Errors: InvalidArgument: the key."""
        return await self._ended(_calls.react(self._conversation, event, key, user, transaction_id, repeated), timeout)

    async def add(self, user: str, *, timeout: Optional[float] = None) -> None:
        """Makes a user a member. Errors: NotFound: the user, or the room was not made. Forbidden: not listed, banned."""
        await self._ended(_calls.add_member(self._conversation, user), timeout)

    async def remove(self, user: str, *, timeout: Optional[float] = None) -> None:
        """Takes a user out. While the directory lists them they come back when they read or send.

        Errors: NotFound as ``add``. InvalidArgument: a direct room.
        """
        await self._ended(_calls.remove_member(self._conversation, user), timeout)

    async def members(self, *, user: Optional[str] = None, timeout: Optional[float] = None) -> List[models.Member]:
        """Reads who is in, invited or banned; the library's own account is left out. Errors: NotFound.

        user: in whose eyes; needed by nobody but a direct room, which takes its first user by default.
        """
        return await self._ended(_calls.members(self._conversation, user), timeout)

    async def history(self, *, user: str, limit: int = 50, start: Optional[str] = None, reactions: bool = True,
                      timeout: Optional[float] = None) -> models.Page:
        """Reads a page, newest first, as the user may see it.

        limit: 1 to 1,000 messages. A page may hold fewer, as when more than 20 have reactions: only ``end`` tells.
        start: ``end`` of the page after this one; by default the newest page.
        reactions: False leaves them out, which saves requests.
        Errors: InvalidArgument: limit, start. NotFound, Forbidden as ``add``.
        """
        return await self._ended(_calls.history(self._conversation, user, limit, start, reactions), timeout)

    async def typing(self, *, user: str, on: bool = True, timeout: Optional[float] = None) -> None:
        """Lets a user be seen typing for 30 seconds, or no longer. May be called with every key stroke."""
        await self._ended(_calls.typing(self._conversation, user, on), timeout)

    async def mark_read(self, event: str, *, user: str, private: bool = False,
                        timeout: Optional[float] = None) -> None:
        """Says how far a user has read. private: tell nobody else. Errors: InvalidArgument: an event of elsewhere."""
        await self._ended(_calls.mark_read(self._conversation, event, user, private), timeout)

    async def unread(self, *, user: str, timeout: Optional[float] = None) -> models.Unread:
        """Counts what a user has not read. Errors: NotFound, Forbidden as ``add``."""
        return await self._ended(_calls.unread(self._conversation, user), timeout)

    async def _ended(self, call: _calls.Call[T], timeout: Optional[float]) -> T:
        return await self._tenant._ended(call, timeout)


class _Reading:
    """A stream being read. It is not the Watch, so that a Watch that nobody holds can end it."""

    def __init__(self) -> None:
        self.stream: Optional[_ffi.Stream] = None
        self.closed = False
        self.arrived: Deque[_ffi.Arrived] = collections.deque()
        self.waiter: Optional[asyncio.Future[None]] = None

    def receive(self, arrived: _ffi.Arrived) -> None:
        self.arrived.append(arrived)
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    def close(self) -> None:
        self.closed = True
        if self.stream is not None and not _ffi.forked():
            self.stream.release()  # the last reference closes it


class Watch(AsyncIterator[models.Event]):
    """What happens to a user, one event after the other.

    Made by ``Tenant.watch``. ``async with`` waits until it is at its place: everything that happens after that is
    yielded. Without it, it begins with the first event that is asked for. Dropping it ends it.

    Events come in batches of at most 256, the next one when the one before was read to its end: a slow reader pauses
    its own stream and nothing else. A batch is acknowledged when the event behind it is asked for; what was not
    acknowledged comes again to the same ``consumer``.

    Errors: NotFound, SessionExpired, AccountLocked and its kin, StoreError; Conflict: another reader took the name
    over. After one of them the iteration may go on, and tries again. Closed: the client was closed. Outages end
    nothing.
    """

    def __init__(self, tenant: Tenant, user: Optional[str], consumer: Optional[str]) -> None:
        self._tenant = tenant
        self._user = user
        self._consumer = consumer
        self._reading = _Reading()
        self._finalizer = weakref.finalize(self, self._reading.close)
        self._granted = False
        self._batch: Optional[_ffi.Arrived] = None
        self._events: Deque[models.Event] = collections.deque()

    async def ready(self, *, timeout: Optional[float] = None) -> None:
        """Waits until the stream is at its place. Errors: NotFound: the directory lists no such user."""
        stream = await self._opened()
        await self._tenant._client._ended(stream, _calls.ready(), timeout)

    def acknowledge(self) -> None:
        """Says that what was yielded is dealt with, if that is all of its batch; otherwise nothing happens yet."""
        if not self._events:
            self._consume()

    def close(self) -> None:
        """Ends the stream: the iteration stops. Twice is once."""
        self._events.clear()
        self._batch = None
        if not self._reading.closed:
            self._reading.closed = True
            self._reading.arrived.clear()
            if self._reading.stream is not None and not _ffi.forked():
                self._reading.stream.close()

    async def __aenter__(self) -> Watch:
        await self.ready()
        return self

    async def __aexit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                        trace: Optional[TracebackType]) -> None:
        self.close()

    def __aiter__(self) -> Watch:
        return self

    async def __anext__(self) -> models.Event:
        if self._events:
            return self._events.popleft()
        if self._reading.closed:
            raise StopAsyncIteration
        stream = await self._opened()
        self._consume()
        if not self._granted:
            stream.grant(_ffi.WITHOUT_END)
            self._granted = True
        arrived = await self._next()
        if arrived.kind == _ffi.STREAM_END:
            self._finalizer()
            if arrived.failure is not None:
                raise arrived.failure
            raise StopAsyncIteration
        if arrived.failure is not None:
            stream.ack(arrived)
            self._granted = False
            raise arrived.failure
        self._batch = arrived
        self._events.extend(models.events_of(arrived.result()))
        return self._events.popleft()

    def _consume(self) -> None:
        batch, self._batch = self._batch, None
        if batch is not None and self._reading.stream is not None:
            self._reading.stream.ack(batch)

    async def _next(self) -> _ffi.Arrived:
        reading = self._reading
        while not reading.arrived:
            if reading.waiter is not None:
                raise RuntimeError("another task is waiting for this watch")
            reading.waiter = asyncio.get_running_loop().create_future()
            try:
                await reading.waiter
            finally:
                reading.waiter = None
        return reading.arrived.popleft()

    async def _opened(self) -> _ffi.Stream:
        client = self._tenant._client
        if self._reading.closed:
            raise Closed("the watch is closed")
        if self._reading.stream is not None:
            client._arrivals()
            return self._reading.stream
        tenant = await client._tenant(self._tenant._name)
        if self._reading.stream is None:  # no other task was quicker
            arrivals = client._arrivals()
            tag = arrivals.receive(self._reading.receive)
            stream = _ffi.Stream()
            try:
                stream.open(tenant, self._user, self._consumer, arrivals.queue, tag)
            except BaseException:
                arrivals.forget(tag)
                raise
            self._reading.stream = stream
        return self._reading.stream
