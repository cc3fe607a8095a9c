"""confab.h in Python: the only module that touches ctypes. What it gives out is plain Python.

The library is loaded twice. Functions that return at once are called through PyDLL, which keeps the interpreter's lock:
giving it away between the small calls of one turn would let a busy thread in each time. They take no lock that is held
during I/O, and none of them waits for Python. Functions that block are called through CDLL, which lets go of it.

A handle is a pointer in a Python object; released, it is None. A lock keeps a release on another thread from coming
between reading the pointer and the call; calls that block hold a reference of their own instead.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import threading
import time
import weakref
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Type, Union, cast

from . import errors

ABI = 0
DEFAULT_MS, LONGEST_MS = 0, 2**32 - 1
WITHOUT_END = 2**32 - 1
_LOOK_MS = 200  # how soon a wait of the main thread notices a signal that came just before it
COMPLETION, BATCH, STREAM_END, LOG, ALERT, QUESTION = 1, 2, 3, 4, 5, 6
_OK, _TIMED_OUT, _CLOSED = 0, 11, 22
ROOM_KINDS = {"event": 0, "group": 1, "direct": 2}
MESSAGE_KINDS = {"text": 0, "notice": 1, "emote": 2}
LOG_LEVELS = {"alerts": 0, "error": 1, "warning": 2, "info": 3, "debug": 4}

# ---- types -----------------------------------------------------------------------------------------------------------


# A class of its own for each handle: ctypes then refuses a pointer of another kind.
class _Error(ctypes.Structure):
    pass


class _Runtime(ctypes.Structure):
    pass


class _Queue(ctypes.Structure):
    pass


class _Event(ctypes.Structure):
    pass


class _Operation(ctypes.Structure):
    pass


class _Client(ctypes.Structure):
    pass


class _Tenant(ctypes.Structure):
    pass


class _Stream(ctypes.Structure):
    pass


class _Store(ctypes.Structure):
    pass


class _StoreAnswer(ctypes.Structure):
    pass


_ErrorP, _RuntimeP, _QueueP, _EventP, _OperationP, _ClientP, _TenantP, _StreamP = map(
    ctypes.POINTER, (_Error, _Runtime, _Queue, _Event, _Operation, _Client, _Tenant, _Stream))

OPAQUE: Dict[str, Any] = {
    "confab_error": _ErrorP, "confab_runtime": _RuntimeP, "confab_queue": _QueueP, "confab_event": _EventP,
    "confab_operation": _OperationP, "confab_client": _ClientP, "confab_tenant": _TenantP, "confab_stream": _StreamP,
}

_StoreP, _StoreAnswerP = ctypes.POINTER(_Store), ctypes.POINTER(_StoreAnswer)
_u32, _i32, _u64, _text = ctypes.c_uint32, ctypes.c_int32, ctypes.c_uint64, ctypes.c_char_p
_texts = ctypes.POINTER(ctypes.c_char_p)
_i64, _any = ctypes.c_int64, ctypes.c_void_p

# The functions of a store: the library calls them.
OPAQUE.update({
    "confab_store": _StoreP, "confab_store_answer": _StoreAnswerP,
    "confab_store_get": ctypes.CFUNCTYPE(_i32, _any, _text, _StoreAnswerP),
    "confab_store_list": ctypes.CFUNCTYPE(_i32, _any, _text, _text, _u32, _StoreAnswerP),
    "confab_store_transact": ctypes.CFUNCTYPE(_i32, _any, _any, _u32, _i32, _StoreAnswerP),
    "confab_store_now": ctypes.CFUNCTYPE(_i32, _any, _StoreAnswerP),
    "confab_store_end": ctypes.CFUNCTYPE(None, _any),
})


def _struct(name: str, *fields: Tuple[str, Any]) -> Any:
    return type(name, (ctypes.Structure,), {"_fields_": [("struct_size", _u32), *fields]})


STRUCTS: Dict[str, Any] = {made.__name__: made for made in (
    _struct("confab_runtime_options", ("loop_threads", _u32), ("log_queue", _QueueP), ("log_tag", _u64),
            ("log_level", _i32), ("most_logs", _u32)),
    _struct("confab_queue_options", ("most_operations", _u32)),
    _struct("confab_client_options", ("timeout_ms", _u32), ("path", _text), ("json", _text), ("folder", _text),
            ("question_queue", _QueueP), ("question_tag", _u64), ("question_ms", _u32), ("ask_directory", _u32),
            ("store", _StoreP)),
    _struct("confab_plain_request", ("timeout_ms", _u32)),
    _struct("confab_user_request", ("timeout_ms", _u32), ("user", _text), ("name", _text), ("password", _text)),
    _struct("confab_reset_request", ("timeout_ms", _u32), ("user", _text), ("all_users", _u32), ("full", _u32),
            ("restored", _u32)),
    _struct("confab_room_request", ("timeout_ms", _u32), ("room_kind", _i32), ("make_public", _u32), ("room", _text),
            ("user", _text), ("name", _text), ("topic", _text), ("members", _texts), ("member_count", _u32),
            ("reserved", _u32)),
    _struct("confab_message_request", ("timeout_ms", _u32), ("room_kind", _i32), ("message_kind", _i32),
            ("room", _text), ("user", _text), ("event", _text), ("body", _text), ("formatted", _text),
            ("reply_to", _text), ("transaction_id", _text), ("repeated", _u32), ("reserved", _u32)),
    _struct("confab_notice_request", ("timeout_ms", _u32), ("room_kind", _i32), ("stopped", _u32), ("room", _text),
            ("user", _text), ("event", _text), ("in_private", _u32), ("reserved", _u32)),
    _struct("confab_history_request", ("timeout_ms", _u32), ("room_kind", _i32), ("limit", _u32), ("room", _text),
            ("user", _text), ("from", _text), ("without_reactions", _u32), ("reserved", _u32)),
    _struct("confab_store_write", ("kind", _i32), ("key", _text), ("expected", _u64), ("value", _text),
            ("lifetime_ms", _i64)),
    _struct("confab_store_vtable", ("threads", _u32), ("context", _any), ("get", OPAQUE["confab_store_get"]),
            ("list", OPAQUE["confab_store_list"]), ("transact", OPAQUE["confab_store_transact"]),
            ("now", OPAQUE["confab_store_now"]), ("end", OPAQUE["confab_store_end"])),
    _struct("confab_outbox_request", ("timeout_ms", _u32), ("dead", _u32), ("limit", _u32), ("from", _text),
            ("transaction_id", _text)),
    _struct("confab_directory_request", ("timeout_ms", _u32), ("expected", _u64), ("json", _text)),
    _struct("confab_stream_request", ("reserved", _u32), ("user", _text), ("consumer", _text)),
)}
_TEXTS = {name: {field for field, kind in made._fields_ if kind is _text} for name, made in STRUCTS.items()}
_LARGE = {"expected"}  # of 64 bits; every other number has 32
_to = cast(Callable[[Any], Any], ctypes.POINTER)
_SIZE = _to(ctypes.c_size_t)
_ASK = (_QueueP, _u64, _to(_OperationP), _to(_ErrorP))


class Signature(NamedTuple):
    """What a function takes and gives, and whether it may block."""

    result: Any
    arguments: Tuple[Any, ...]
    blocks: bool = False


def _operation(handle: Any, request: str) -> Signature:
    return Signature(_i32, (handle, _to(STRUCTS[request]), *_ASK))


# The last reference of a runtime's, client's, tenant's or stream's may close the runtime, which joins threads.
FUNCTIONS: Dict[str, Signature] = {
    "confab_abi": Signature(_u32, ()),
    "confab_version": Signature(_text, ()),
    "confab_has": Signature(_i32, (_text,)),
    "confab_status_name": Signature(_text, (_i32,)),
    "confab_error_retain": Signature(_ErrorP, (_ErrorP,)),
    "confab_error_release": Signature(None, (_ErrorP,)),
    "confab_error_status": Signature(_i32, (_ErrorP,)),
    "confab_error_message": Signature(_text, (_ErrorP,)),
    "confab_error_subject": Signature(_text, (_ErrorP,)),
    "confab_error_errcode": Signature(_text, (_ErrorP,)),
    "confab_error_server_message": Signature(_text, (_ErrorP,)),
    "confab_error_transaction_id": Signature(_text, (_ErrorP,)),
    "confab_error_http_status": Signature(_i32, (_ErrorP,)),
    "confab_error_retriable": Signature(_i32, (_ErrorP,)),
    "confab_error_retry_after_ms": Signature(ctypes.c_int64, (_ErrorP,)),
    "confab_runtime_new": Signature(_i32, (_to(STRUCTS["confab_runtime_options"]), _to(_RuntimeP), _to(_ErrorP)), True),
    "confab_runtime_close": Signature(_i32, (_RuntimeP,), True),
    "confab_runtime_retain": Signature(_RuntimeP, (_RuntimeP,)),
    "confab_runtime_release": Signature(None, (_RuntimeP,), True),
    "confab_queue_new": Signature(_i32, (_to(STRUCTS["confab_queue_options"]), _to(_QueueP), _to(_ErrorP))),
    "confab_queue_fd": Signature(_i32, (_QueueP,)),
    # Only ever told to look: a thread that waits does so in poll(), where Python's signals still reach it.
    "confab_queue_next": Signature(_i32, (_QueueP, _i32, _to(_EventP))),
    "confab_queue_close": Signature(_i32, (_QueueP,)),
    "confab_queue_retain": Signature(_QueueP, (_QueueP,)),
    "confab_queue_release": Signature(None, (_QueueP,)),
    "confab_event_retain": Signature(_EventP, (_EventP,)),
    "confab_event_release": Signature(None, (_EventP,)),
    "confab_event_kind": Signature(_i32, (_EventP,)),
    "confab_event_tag": Signature(_u64, (_EventP,)),
    "confab_event_status": Signature(_i32, (_EventP,)),
    "confab_event_error": Signature(_ErrorP, (_EventP,)),
    # A pointer and not c_char_p: the length says where it ends.
    "confab_event_json": Signature(ctypes.c_void_p, (_EventP, _SIZE)),
    "confab_event_string": Signature(ctypes.c_void_p, (_EventP, _text, _SIZE)),
    "confab_event_int": Signature(_i32, (_EventP, _text, _to(ctypes.c_int64))),
    "confab_event_count": Signature(ctypes.c_size_t, (_EventP, _text)),
    "confab_answer": Signature(_i32, (_EventP, _text)),
    "confab_operation_cancel": Signature(_i32, (_OperationP,)),
    "confab_operation_retain": Signature(_OperationP, (_OperationP,)),
    "confab_operation_release": Signature(None, (_OperationP,)),
    "confab_client_open": Signature(_i32, (_RuntimeP, _to(STRUCTS["confab_client_options"]), _to(_ClientP),
                                           _to(_ErrorP)), True),
    "confab_client_retain": Signature(_ClientP, (_ClientP,)),
    "confab_client_release": Signature(None, (_ClientP,), True),
    "confab_client_tenant": Signature(_i32, (_ClientP, _text, _to(_TenantP), _to(_ErrorP)), True),
    "confab_tenant_retain": Signature(_TenantP, (_TenantP,)),
    "confab_tenant_release": Signature(None, (_TenantP,), True),
    "confab_metrics": Signature(_i32, (_ClientP, _to(_EventP), _to(_ErrorP))),
    "confab_doctor": _operation(_ClientP, "confab_plain_request"),
    "confab_provision": _operation(_TenantP, "confab_user_request"),
    "confab_account": _operation(_TenantP, "confab_user_request"),
    "confab_set_password": _operation(_TenantP, "confab_user_request"),
    "confab_reset": _operation(_TenantP, "confab_reset_request"),
    "confab_ensure_room": _operation(_TenantP, "confab_room_request"),
    "confab_add_member": _operation(_TenantP, "confab_room_request"),
    "confab_remove_member": _operation(_TenantP, "confab_room_request"),
    "confab_members": _operation(_TenantP, "confab_room_request"),
    "confab_unread": _operation(_TenantP, "confab_room_request"),
    "confab_send": _operation(_TenantP, "confab_message_request"),
    "confab_send_durably": _operation(_TenantP, "confab_message_request"),
    "confab_outbox_list": _operation(_TenantP, "confab_outbox_request"),
    "confab_outbox_show": _operation(_TenantP, "confab_outbox_request"),
    "confab_outbox_retry": _operation(_TenantP, "confab_outbox_request"),
    "confab_outbox_drop": _operation(_TenantP, "confab_outbox_request"),
    "confab_outbox_open": Signature(_i32, (_TenantP, _QueueP, _u64, _to(_StreamP), _to(_ErrorP))),
    "confab_edit": _operation(_TenantP, "confab_message_request"),
    "confab_redact": _operation(_TenantP, "confab_message_request"),
    "confab_react": _operation(_TenantP, "confab_message_request"),
    "confab_typing": _operation(_TenantP, "confab_notice_request"),
    "confab_mark_read": _operation(_TenantP, "confab_notice_request"),
    "confab_history": _operation(_TenantP, "confab_history_request"),
    "confab_directory_apply": _operation(_TenantP, "confab_directory_request"),
    "confab_directory_load": _operation(_TenantP, "confab_directory_request"),
    "confab_directory_refresh": _operation(_TenantP, "confab_plain_request"),
    "confab_store_new": Signature(_i32, (_to(STRUCTS["confab_store_vtable"]), _to(_StoreP), _to(_ErrorP))),
    "confab_store_retain": Signature(_StoreP, (_StoreP,)),
    "confab_store_release": Signature(None, (_StoreP,), True),
    "confab_store_answer_record": Signature(_i32, (_StoreAnswerP, _text, _u64, _text, _i64)),
    "confab_store_answer_cursor": Signature(_i32, (_StoreAnswerP, _text)),
    "confab_store_answer_version": Signature(_i32, (_StoreAnswerP, _u64)),
    "confab_store_answer_time": Signature(_i32, (_StoreAnswerP, _i64)),
    "confab_store_answer_fault": Signature(_i32, (_StoreAnswerP, _text, _text)),
    "confab_stream_open": Signature(_i32, (_TenantP, _to(STRUCTS["confab_stream_request"]), _QueueP, _u64,
                                           _to(_StreamP), _to(_ErrorP))),
    "confab_stream_ready": _operation(_StreamP, "confab_plain_request"),
    "confab_stream_grant": Signature(_i32, (_StreamP, _u32)),
    "confab_stream_ack": Signature(_i32, (_StreamP, _EventP)),
    "confab_stream_close": Signature(_i32, (_StreamP,)),
    "confab_stream_retain": Signature(_StreamP, (_StreamP,)),
    "confab_stream_release": Signature(None, (_StreamP,), True),
}

# ---- the library -----------------------------------------------------------------------------------------------------


def _place() -> Path:
    """Where the library is: named by CONFAB_LIBRARY, else beside this file."""
    named = os.environ.get("CONFAB_LIBRARY")
    return Path(named) if named else Path(__file__).resolve().parent / f"libconfab.so.{ABI}"


class _Library:
    """Every function of the table, by name."""

    def __init__(self, place: Path) -> None:
        try:
            loaded = ctypes.PyDLL(str(place)), ctypes.CDLL(str(place))
        except OSError as failure:
            raise ImportError(f"confab: its library {place} cannot be loaded ({failure}); reinstall the package, or name"
                              " one in CONFAB_LIBRARY") from failure
        self._functions: Dict[str, Any] = {}
        for name, signature in FUNCTIONS.items():
            function = getattr(loaded[signature.blocks], name, None)
            if function is None:
                raise ImportError(f"confab: {place} is of another version: it has no {name}")
            function.restype, function.argtypes = signature.result, list(signature.arguments)
            self._functions[name] = function
        if self["confab_abi"]() != ABI:
            raise ImportError(f"confab: {place} has the ABI {self['confab_abi']()}, not {ABI}")

    def __getitem__(self, name: str) -> Callable[..., Any]:
        found: Callable[..., Any] = self._functions[name]
        return found


_library = _Library(_place())
_queue_next, _event_release = _library["confab_queue_next"], _library["confab_event_release"]
_event_kind, _event_tag, _event_json = (_library[f"confab_event_{name}"] for name in ("kind", "tag", "json"))
_event_status, _event_error = _library["confab_event_status"], _library["confab_event_error"]


def version() -> str:
    """The version of the library: ``"0.1.0"``."""
    told: bytes = _library["confab_version"]()
    return told.decode()


def has(feature: str) -> bool:
    """Whether an optional part is in this build: ``"sqlite"``."""
    return bool(_library["confab_has"](feature.encode()))


# ---- errors and arguments --------------------------------------------------------------------------------------------


def _told(error: Any, what: str) -> Optional[str]:
    text: bytes = _library[f"confab_error_{what}"](error)
    return text.decode(errors="replace") or None


def _as_exception(status: int, error: Any) -> errors.Error:
    kind: Type[errors.Error] = errors.BY_STATUS.get(status, errors.Error)
    if not error:
        return kind(_library["confab_status_name"](status).decode())
    wait = _library["confab_error_retry_after_ms"](error)
    return kind(_told(error, "message") or "", errcode=_told(error, "errcode"),
                http_status=_library["confab_error_http_status"](error) or None,
                retry_after=None if wait < 0 else wait / 1000,
                retriable=bool(_library["confab_error_retriable"](error)),
                transaction_id=_told(error, "transaction_id"), subject=_told(error, "subject"),
                server_message=_told(error, "server_message"))


def _check(status: int, error: Any = None) -> None:
    if status == _OK:
        return
    failure = _as_exception(status, error)
    _library["confab_error_release"](error)
    raise failure


def _bytes(name: str, value: object) -> Optional[bytes]:
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    try:
        encoded = value.encode()
    except UnicodeEncodeError:
        raise errors.InvalidArgument(f"{name} is no Unicode text", subject=name) from None
    if b"\0" in encoded:
        raise errors.InvalidArgument(f"{name} holds a NUL", subject=name)
    return encoded


Fields = Mapping[str, Union[str, int, None, Sequence[str]]]


def _filled(struct: str, fields: Fields) -> Any:
    kind = STRUCTS[struct]
    made = kind(struct_size=ctypes.sizeof(kind))
    for name, value in fields.items():
        # Asked of the member: ctypes takes a number for a text's address, and cuts off what does not fit.
        if name == "members":
            given = [_bytes(name, each) for each in cast(Sequence[str], value)]
            made.members = (_text * len(given))(*given)  # which the struct keeps alive
            made.member_count = len(given)
        elif name in _TEXTS[struct]:
            setattr(made, name, _bytes(name, value))
        elif not isinstance(value, int):
            raise TypeError(f"{name} must be an int, not {type(value).__name__}")
        elif 0 <= value < (2**64 if name in _LARGE else 2**32):
            setattr(made, name, value)
        else:
            raise errors.InvalidArgument(f"{name} is out of range", subject=name)
    return made


# ---- handles ---------------------------------------------------------------------------------------------------------


class _Process:
    """Whether this is a forked child of a process that had used the library."""

    used = False
    forked = False


def _in_child() -> None:
    _Process.forked = _Process.used


os.register_at_fork(after_in_child=_in_child)


def forked() -> bool:
    """Whether nothing can be done any more: locks that other threads of the parent held are never given back."""
    return _Process.forked


def use() -> None:
    """Raises Forked where nothing can be done any more."""
    if _Process.forked:
        raise errors.Forked("the process is a fork of one that had used Confab: make clients after the fork")
    _Process.used = True


class _Handle:
    """One reference to something of the library. ``release`` may be called twice."""

    noun = ""

    def __init__(self, pointer: Any) -> None:
        self._pointer = pointer
        self._lock = threading.RLock()  # a signal handler may close what the thread is calling

    def release(self) -> None:
        if _Process.forked:
            return
        with self._lock:
            pointer, self._pointer = self._pointer, None
        if pointer:
            _library[f"confab_{self.noun}_release"](pointer)

    def call(self, function: str, *arguments: Any) -> int:
        """Calls a function that does not block with this handle first."""
        use()
        with self._lock:
            if self._pointer is None:
                raise errors.Closed(f"the {self.noun} is closed")
            status: int = _library[function](self._pointer, *arguments)
        return status

    def kept(self) -> "_Kept":
        """A reference more for as long as a call that blocks lasts."""
        use()
        with self._lock:
            if self._pointer is None:
                raise errors.Closed(f"the {self.noun} is closed")
            return _Kept(self.noun, _library[f"confab_{self.noun}_retain"](self._pointer))


class _Kept:
    def __init__(self, noun: str, pointer: Any) -> None:
        self._noun = noun
        self._pointer = pointer

    def __enter__(self) -> Any:
        return self._pointer

    def __exit__(self, *_: object) -> None:
        _library[f"confab_{self._noun}_release"](self._pointer)


class Runtime(_Handle):
    """Threads and connections. Making one, closing it and releasing the last handle block."""

    noun = "runtime"

    def __init__(self, loop_threads: int, logs: Optional["Queue"], level: str) -> None:
        """Log lines of this level and alerts go to the queue, where there is one, with the tag 0."""
        use()
        pointer, error = _RuntimeP(), _ErrorP()
        options = _filled("confab_runtime_options", {"loop_threads": loop_threads, "log_level": LOG_LEVELS[level]})
        if logs is not None:
            options.log_queue = logs.pointer()
        _check(_library["confab_runtime_new"](ctypes.byref(options), ctypes.byref(pointer), ctypes.byref(error)), error)
        super().__init__(pointer)

    def close(self) -> None:
        with self.kept() as pointer:
            _library["confab_runtime_close"](pointer)


class Client(_Handle):
    """A homeserver, as a configuration describes it. Making one and asking it for a tenant block."""

    noun = "client"

    def __init__(self, runtime: Runtime, fields: Fields, questions: Optional["Queue"]) -> None:
        """Questions go to the queue, where there is one, with the tag 0."""
        pointer, error, options = _ClientP(), _ErrorP(), _filled("confab_client_options", fields)
        if questions is not None:
            options.question_queue = questions.pointer()
        with runtime.kept() as of:
            _check(_library["confab_client_open"](of, ctypes.byref(options), ctypes.byref(pointer),
                                                  ctypes.byref(error)), error)
        super().__init__(pointer)

    def tenant(self, name: Optional[str]) -> "Tenant":
        pointer, error = _TenantP(), _ErrorP()
        with self.kept() as of:
            _check(_library["confab_client_tenant"](of, _bytes("tenant", name), ctypes.byref(pointer),
                                                    ctypes.byref(error)), error)
        return Tenant(pointer)

    def metrics(self) -> Any:
        """The parsed numbers, at once."""
        pointer, error = _EventP(), _ErrorP()
        _check(self.call("confab_metrics", ctypes.byref(pointer), ctypes.byref(error)), error)
        return Arrived(pointer).result()


class Tenant(_Handle):
    noun = "tenant"


class Operation(_Handle):
    """Made before it is started: so who is interrupted behind the start by a signal's handler has it already."""

    noun = "operation"

    def __init__(self) -> None:
        pointer = _OperationP()
        super().__init__(pointer)
        self.place: Any = ctypes.byref(pointer)  # where the library puts it

    @property
    def started(self) -> bool:
        return bool(self._pointer)

    def cancel(self) -> None:
        self.call("confab_operation_cancel")


class Arrived:
    """What came out of a queue. A batch and a question keep their handle, to be acknowledged and answered."""

    __slots__ = ("kind", "tag", "failure", "json", "pointer")

    def __init__(self, pointer: Any = None) -> None:
        """Of an event; without one, of that which a queue is going to put at the pointer."""
        self.kind = 0
        self.tag = 0
        self.failure: Optional[errors.Error] = None
        self.json: Optional[bytes] = None
        self.pointer: Any = _EventP() if pointer is None else pointer
        if pointer is not None:
            self.read()

    def read(self) -> None:
        """Takes over what the event says. Once more is nothing, also where a signal's handler raised in its midst."""
        if self.kind == 0:
            status: int = _event_status(self.pointer)
            if status != _OK:
                self.failure = _as_exception(status, _event_error(self.pointer))
            else:
                length = ctypes.c_size_t()
                text = _event_json(self.pointer, ctypes.byref(length))
                if text:
                    self.json = ctypes.string_at(text, length.value)
            self.tag = _event_tag(self.pointer)
            self.kind = _event_kind(self.pointer)  # last: all of it was read
        if self.kind not in (BATCH, QUESTION):
            self.release()

    @classmethod
    def failed(cls, tag: int, why: errors.Error) -> "Arrived":
        """What never came out of the queue, told in its place."""
        made = cls.__new__(cls)
        made.kind, made.tag, made.failure, made.json, made.pointer = STREAM_END, tag, why, None, None
        return made

    def answer(self, answer: object) -> None:
        """Answers a question, and lets go of it. Raises InvalidArgument for what cannot be one."""
        try:
            status = _library["confab_answer"](self.pointer, json.dumps(answer).encode())
            if status != _CLOSED:  # too late: nobody waits for it
                _check(status)
        finally:
            self.release()

    def release(self) -> None:
        pointer, self.pointer = self.pointer, None
        if pointer:
            _event_release(pointer)

    def __del__(self) -> None:  # a watch that was left in the midst of its batch
        if getattr(self, "pointer", None) and _event_release is not None:  # None at the interpreter's end
            self.release()

    def result(self) -> Any:
        """The parsed result; raises what failed."""
        if self.failure is not None:
            raise self.failure
        return json.loads(self.json or b"{}")


class Queue(_Handle):
    """Where everything arrives. Released by the thread that takes from it, or when it is dropped."""

    noun = "queue"

    def __init__(self, most_operations: int) -> None:
        use()
        pointer, error = _QueueP(), _ErrorP()
        options = _filled("confab_queue_options", {"most_operations": most_operations})
        _check(_library["confab_queue_new"](ctypes.byref(options), ctypes.byref(pointer), ctypes.byref(error)), error)
        super().__init__(pointer)
        self.fd: int = _library["confab_queue_fd"](pointer)
        self._finalizer = weakref.finalize(self, _library["confab_queue_release"], pointer)
        self._first = Arrived()

    def release(self) -> None:
        self._pointer = None
        self._finalizer()

    def look(self) -> Optional[Arrived]:
        """What came first, or None; the same again until it is ``passed``, so that it cannot be lost between the two.

        Raises Closed once it is closed and empty, and Forked in a child.
        """
        first = self._first
        if first.kind == 0 and not first.pointer:
            status = _queue_next(self._pointer, 0, ctypes.byref(first.pointer))
            if status == _TIMED_OUT:
                return None
            if status != _OK and not self._finalizer.alive:
                raise errors.Closed("the interpreter ends")  # it has let go of the queue, and daemon threads still run
            if status != _OK:
                raise _as_exception(status, None)
        first.read()
        return first

    def await_first(self, milliseconds: Optional[int]) -> Optional[Arrived]:
        """As ``look``, and waits for it. A signal's handler runs, and may end it by raising."""
        first = self.look()
        if first is not None:
            return first
        waiting = select.poll()
        waiting.register(self.fd, select.POLLIN)
        until = None if milliseconds is None else time.monotonic() + milliseconds / 1000
        # A signal that comes when the interpreter has looked for one, and poll() has not begun, does not end poll().
        looks = threading.current_thread() is threading.main_thread()
        while first is None:
            left = None if until is None else max(0, int((until - time.monotonic()) * 1000) + 1)
            waiting.poll(left if not looks else _LOOK_MS if left is None else min(left, _LOOK_MS))
            first = self.look()
            if until is not None and time.monotonic() >= until:
                break
        return first

    def passed(self, arrived: Arrived) -> None:
        """Whoever looked at it has put it where it belongs. Twice is once."""
        if self._first is arrived:
            self._first = Arrived()

    def take(self) -> Optional[Arrived]:
        """What came first, or None, for who is not interrupted. Raises as ``look``."""
        arrived = self.look()
        if arrived is not None:
            self.passed(arrived)
        return arrived

    def wait(self, milliseconds: Optional[int]) -> Optional[Arrived]:
        """As ``take``, and waits for it."""
        arrived = self.await_first(milliseconds)
        if arrived is not None:
            self.passed(arrived)
        return arrived

    def close(self) -> None:
        self.call("confab_queue_close")

    def pointer(self) -> Any:
        return self._pointer


def ask(function: str, handle: _Handle, fields: Fields, queue: Queue, tag: int, operation: Operation) -> None:
    """Starts an operation: exactly one completion with this tag arrives in the queue. Raises what refuses it at once."""
    request_type = FUNCTIONS[function].arguments[1]._type_  # what the pointer points to
    request = _filled(request_type.__name__, fields)
    error = _ErrorP()
    _check(handle.call(function, ctypes.byref(request), queue.pointer(), tag, operation.place, ctypes.byref(error)),
           error)


class Stream(_Handle):
    """A user's events: a batch at a time, each after the one before was acknowledged. Made before it is opened, as an
    operation is."""

    noun = "stream"

    def __init__(self) -> None:
        pointer = _StreamP()
        super().__init__(pointer)
        self._place: Any = ctypes.byref(pointer)

    def open(self, tenant: Tenant, user: Optional[str], consumer: Optional[str], queue: Queue, tag: int) -> None:
        """user: None: the tenant's outbox."""
        error = _ErrorP()
        places = queue.pointer(), tag, self._place, ctypes.byref(error)
        if user is None:
            _check(tenant.call("confab_outbox_open", *places), error)
        else:
            request = _filled("confab_stream_request", {"user": user, "consumer": consumer})
            _check(tenant.call("confab_stream_open", ctypes.byref(request), *places), error)

    def grant(self, batches: int) -> None:
        _check(self.call("confab_stream_grant", batches))

    def ack(self, batch: Arrived) -> None:
        """Acknowledges a batch, whether or not the stream is still open, and lets go of it. Twice is once."""
        self.call("confab_stream_ack", batch.pointer)
        batch.release()

    def close(self) -> None:
        self.call("confab_stream_close")


def constants() -> Dict[str, int]:
    """What this module believes of the header's numbers, for the test that compares them."""
    believed = {"CONFAB_ABI": ABI, "CONFAB_EVENT_COMPLETION": COMPLETION, "CONFAB_EVENT_BATCH": BATCH,
                "CONFAB_EVENT_STREAM_END": STREAM_END, "CONFAB_EVENT_LOG": LOG, "CONFAB_EVENT_ALERT": ALERT,
                "CONFAB_EVENT_QUESTION": QUESTION, "CONFAB_OK": _OK, "CONFAB_TIMED_OUT": _TIMED_OUT,
                "CONFAB_CLOSED": _CLOSED}
    believed.update({f"CONFAB_LOG_{name.upper()}": number for name, number in LOG_LEVELS.items()})
    believed.update({f"CONFAB_ROOM_{name.upper()}": number for name, number in ROOM_KINDS.items()})
    believed.update({f"CONFAB_MESSAGE_{name.upper()}": number for name, number in MESSAGE_KINDS.items()})
    return believed


def statuses() -> List[int]:
    """The statuses that have an exception."""
    return list(errors.BY_STATUS)
