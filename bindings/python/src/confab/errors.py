"""What can go wrong: one class for each thing that a caller can do about it.

    try:
        sent = await room.send("hi", user="ana")
    except confab.OutcomeUnknown as unknown:
        sent = await room.send("hi", user="ana", transaction_id=unknown.transaction_id, repeated=True)
    except confab.RateLimited as limited:
        await asyncio.sleep(limited.retry_after or 5)

Branch on the class, or on ``code``; never on a text. Later versions may add classes: what is not known here is a plain
``Error``.
"""

from __future__ import annotations

from typing import Any, ClassVar, Dict, Optional, Tuple, Type


class Error(Exception):
    """The base of all errors of Confab. Its text says what happened and what to do, and is safe to log."""

    code: ClassVar[str] = "unknown"
    """The stable name of what happened, as in docs/errors.md: ``"rate_limited"``."""
    errcode: Optional[str]
    """Matrix's own code, as the homeserver wrote it: ``"M_FORBIDDEN"``. None where there is none."""
    http_status: Optional[int]
    """The HTTP status of the answer that decided. None where there was none."""
    retry_after: Optional[float]
    """Seconds to wait before the call is repeated. None where nobody said."""
    retriable: bool
    """Whether the same call, unchanged, may succeed later."""
    transaction_id: Optional[str]
    """What to repeat a send with whose outcome is unknown. None for everything else."""
    subject: Optional[str]
    """The configuration key, path or argument at fault. None where it cannot be told."""
    server_message: Optional[str]
    """The homeserver's own words. They may hold what users typed: never log them."""

    def __init__(self, message: str = "", *, errcode: Optional[str] = None, http_status: Optional[int] = None,
                 retry_after: Optional[float] = None, retriable: bool = False, transaction_id: Optional[str] = None,
                 subject: Optional[str] = None, server_message: Optional[str] = None) -> None:
        super().__init__(message or self.code)
        self.errcode = errcode
        self.http_status = http_status
        self.retry_after = retry_after
        self.retriable = retriable
        self.transaction_id = transaction_id
        self.subject = subject
        self.server_message = server_message

    def __reduce__(self) -> Tuple[Any, ...]:
        return _restored, (type(self), str(self), dict(self.__dict__))


def _restored(kind: Type[Error], message: str, attributes: Dict[str, Any]) -> Error:
    error = kind(message)
    error.__dict__.update(attributes)
    return error


class InvalidArgument(Error):
    """An argument can never be accepted: correct it. Nothing was sent."""

    code = "invalid_argument"


class ConfigError(Error):
    """The configuration cannot work; ``subject`` names the key."""

    code = "config"


class NotFound(Error):
    """The user, room or event does not exist, as far as the caller may know."""

    code = "not_found"


class Forbidden(Error):
    """The host's directory or the homeserver does not allow it."""

    code = "forbidden"


class Conflict(Error):
    """Somebody else changed or made it first: read again, then decide."""

    code = "conflict"


class TooLarge(Error):
    """Over a limit of the protocol or of docs/limits.md: make it smaller."""

    code = "too_large"


class RateLimited(Error):
    """The homeserver asks to slow down: wait ``retry_after``."""

    code = "rate_limited"


class Unreachable(Error):
    """No connection could be made; nothing was sent. Try again later."""

    code = "unreachable"


class Unavailable(Error):
    """The homeserver answers, but failing, or its circuit breaker is open. Nothing was done: try again later."""

    code = "unavailable"


class TimedOut(Error):
    """The time passed before anything was sent, or came."""

    code = "timed_out"


class Cancelled(Error):
    """It was cancelled before anything was sent. A cancelled task sees asyncio.CancelledError instead."""

    code = "cancelled"


class OutcomeUnknown(Error):
    """It ended after the request was written: it may have happened.

    Repeat a send with ``transaction_id`` and ``repeated=True``: it is then said once, whatever happened before. Every
    other operation may simply be repeated.
    """

    code = "outcome_unknown"


class ProtocolError(Error):
    """The answer is no Matrix: a wrong URL, a captive portal, a broken proxy."""

    code = "protocol"


class SessionExpired(Error):
    """The user's token is dead and could not be replaced."""

    code = "session_expired"


class AdminUnavailable(Error):
    """The admin account cannot log in: check its name and password."""

    code = "admin_unavailable"


class AccountLocked(Error):
    """The homeserver's operator locked the account."""

    code = "account_locked"


class AccountSuspended(Error):
    """The account may read but not write."""

    code = "account_suspended"


class AccountDeactivated(Error):
    """The account was closed."""

    code = "account_deactivated"


class EncryptedRoom(Error):
    """The room is encrypted; plain text is refused."""

    code = "encrypted_room"


class Busy(Error):
    """A bound of docs/limits.md is reached, or of the system: wait, then repeat."""

    code = "busy"


class Closed(Error):
    """The client or the stream was closed."""

    code = "closed"


class Unsupported(Error):
    """The homeserver, this version or this build lacks what the call needs."""

    code = "unsupported"


class StoreError(Error):
    """What must be remembered could not be written or read."""

    code = "store"


class NoMemory(Error):
    """An allocation failed."""

    code = "no_memory"


class InternalError(Error):
    """A fault of the library; please report it."""

    code = "internal"


class Forked(Error):
    """The process is a forked child of one that had used Confab: make clients after the fork, or use ``spawn``."""

    code = "forked"


# By the number of confab.h. Two cannot be seen from here: consumed (23) and would_deadlock (24).
BY_STATUS: Dict[int, Type[Error]] = {
    1: Error, 2: InvalidArgument, 3: ConfigError, 4: NotFound, 5: Forbidden, 6: Conflict, 7: TooLarge, 8: RateLimited,
    9: Unreachable, 10: Unavailable, 11: TimedOut, 12: Cancelled, 13: OutcomeUnknown, 14: ProtocolError,
    15: SessionExpired, 16: AdminUnavailable, 17: AccountLocked, 18: AccountSuspended, 19: AccountDeactivated,
    20: EncryptedRoom, 21: Busy, 22: Closed, 25: Unsupported, 26: StoreError, 27: NoMemory, 28: InternalError,
    1000: Forked,
}
