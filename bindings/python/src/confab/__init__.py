"""Chat over Matrix for Python: rooms, messages and live events for an application's own users.

    import confab

    async with confab.Client("confab.json") as chat:
        acme = chat.tenant("acme")
        await acme.users.provision("ana")
        room = await acme.events.room("standup", creator="ana")
        sent = await room.send("hi", user="ana", timeout=5)
        async for event in acme.watch("ben"): ...

asyncio first; ``confab.sync.Client`` is the same for threads that wait. docs/python.md is the guide.
"""

from . import sync
from ._ffi import has, version
from .client import Client, Directory, DirectRooms, Outbox, Room, Rooms, Tenant, Users, Watch
from .errors import (AccountDeactivated, AccountLocked, AccountSuspended, AdminUnavailable, Busy, Cancelled, Closed,
                     ConfigError, Conflict, EncryptedRoom, Error, Forbidden, Forked, InternalError, InvalidArgument,
                     NoMemory, NotFound, OutcomeUnknown, ProtocolError, RateLimited, SessionExpired, StoreError,
                     TimedOut, TooLarge, Unavailable, Unreachable, Unsupported)
from .models import (Alert, Edit, Event, Finding, Member, Membership, Message, Missed, OtherEvent, OutboxGivenUp,
                     OutboxMessage, OutboxPage, OutboxReason, OutboxSent, Page, Reaction, Reactions, Receipt, Receipts, Redaction, ResetCounts, Sent, TokenMetrics, TokenStep, Typing, Unread,
                     User)

__version__ = version()

__all__ = [
    "AccountDeactivated", "AccountLocked", "AccountSuspended", "AdminUnavailable", "Alert", "Busy", "Cancelled", "Client",
    "Closed", "ConfigError", "Conflict", "DirectRooms", "Directory", "Edit", "EncryptedRoom", "Error", "Event", "Finding",
    "Forbidden", "Forked", "InternalError", "InvalidArgument", "Member", "Membership", "Message", "Missed", "NoMemory",
    "NotFound", "OtherEvent", "Outbox", "OutboxGivenUp", "OutboxMessage", "OutboxPage", "OutboxReason", "OutboxSent",
    "OutcomeUnknown", "Page", "ProtocolError", "RateLimited", "Reaction", "Reactions",
    "Receipt", "Receipts", "Redaction", "ResetCounts", "Room", "Rooms", "Sent", "SessionExpired", "StoreError",
    "Tenant", "TimedOut", "TokenMetrics", "TokenStep", "TooLarge", "Typing", "Unavailable", "Unreachable", "Unread",
    "Unsupported", "User", "Users", "Watch", "has", "sync", "version",
]
