"""What Confab answers and tells: frozen dataclasses, the same from both faces.

Texts that users typed (``body``, ``formatted_body``, ``key``, names) are whatever they typed: escape them before they
are shown as HTML. ``formatted_body`` is sanitized.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Callable, Dict, List, Optional, Tuple, Union


@dataclass(frozen=True)
class Finding:
    """One thing that ``doctor`` looked at."""

    check: str
    """What was looked at: ``"reachability"``, ``"admin rights"``, ``"store"``."""
    fit: bool
    """Whether it is as Confab needs it."""
    detail: str
    """What was seen, and what to do; safe to log."""


@dataclass(frozen=True)
class TokenStep:
    """The numbers of one step of the ladder that leads to a new token."""

    step: str
    """``"refresh"``, ``"log_in"``, ``"set_password"``, ``"act_as"``, ``"admin_log_in"``; more may come."""
    attempts: int
    """How often it was tried, whatever came of it."""
    succeeded: int
    """How often it brought what it should."""
    refused: int
    """How often the homeserver said no."""
    limited: int
    """How often the homeserver said that these were too many."""
    failed: int
    """How often there was no usable answer."""
    total: float
    """Seconds that all attempts took together."""
    longest: float
    """Seconds that the longest one took."""


@dataclass(frozen=True)
class TokenMetrics:
    """What one client did for tokens, from its opening on."""

    steps: Tuple[TokenStep, ...]
    """All steps."""
    made: Dict[str, int]
    """How many new tokens, by why: ``"first"`` (there was none), ``"recovery"`` (the homeserver said that the one before
    was dead), ``"renewal"`` (it was to end), ``"move"`` (the user came to a device of its own)."""
    admin_refused: bool
    """Whether the homeserver does not let the admin in now."""
    admin_outages: int
    """How often it ceased to."""


@dataclass(frozen=True)
class User:
    """A user's account on the homeserver."""

    user_id: str
    """``@localpart:server``."""
    slug: str
    """The host's name for the user."""
    name: str
    """The display name; may be empty."""
    state: str
    """What it may do: ``"active"``, ``"suspended"``, ``"locked"`` or ``"deactivated"``."""


@dataclass(frozen=True)
class ResetCounts:
    """What a reset forgot."""

    users: int
    """Users who were looked at."""
    tokens: int
    """Tokens that were dropped."""
    positions: int
    """Places of named streams that were dropped."""
    rooms: int
    """Rooms that are looked up anew."""
    messages: int
    """Messages that wait in the outbox and are looked for before they are sent."""


@dataclass(frozen=True)
class Member:
    """Somebody in a room."""

    user_id: str
    """``@localpart:server``."""
    slug: Optional[str]
    """None for somebody whom the directory does not list."""
    name: Optional[str]
    """The display name in this room; None where there is none."""
    membership: str
    """``"join"``, ``"invite"``, ``"knock"`` or ``"ban"``; Matrix may add more."""
    power_level: int
    """50: moderate. 0: take part."""


@dataclass(frozen=True)
class Unread:
    """How much a user has not read."""

    notifications: int
    """Messages not read."""
    highlights: int
    """Those of them that call the user by name."""
    last_read: Optional[str]
    """Event id; None where nothing was ever marked."""


@dataclass(frozen=True)
class Sent:
    """That something was said."""

    event_id: str
    """The new event's own id."""
    transaction_id: str
    """Under which it was sent."""


@dataclass(frozen=True)
class Reactions:
    """All reactions to a message with the same key."""

    key: str
    """Mostly an emoji."""
    users: Tuple[str, ...]
    """User ids."""


@dataclass(frozen=True)
class Message:
    """A message as everybody sees it now; the same in history and live."""

    id: str
    """Event id. Equal ids are the same message."""
    room_id: str
    """Where it was said."""
    sender: str
    """``@localpart:server``."""
    sender_name: Optional[str]
    """None where none is known. Never decide by it."""
    kind: str
    """``"text"``, ``"notice"``, ``"emote"``, ``"media"``, ``"encrypted"`` or ``"other"``; more may come."""
    body: str
    """The text; empty of an encrypted or redacted message."""
    formatted_body: Optional[str]
    """Sanitized HTML; None of a plain message."""
    time: datetime
    """When it was said, in UTC, by the homeserver's clock."""
    reply_to: Optional[str]
    """Event id of what it answers."""
    thread: Optional[str]
    """Event id of its thread's first message."""
    edited: bool
    """Whether it reads otherwise than at first."""
    redacted: bool
    """Whether its content was removed."""
    reactions: Tuple[Reactions, ...]
    """In the order of the keys."""
    encrypted: Optional[Dict[str, Any]] = field(default=None, hash=False)
    """Of the kind ``"encrypted"`` the event's content as its sender wrote it, for hosts that have keys; else None."""


@dataclass(frozen=True)
class Page:
    """Some of a room's history."""

    messages: Tuple[Message, ...]
    """Newest first; may be empty although there is more."""
    end: Optional[str]
    """``start`` of the page before this one; None on the last page."""
    room_id: Optional[str]
    """None of a conversation that does not exist yet."""


@dataclass(frozen=True)
class Edit:
    """A message was changed."""

    id: str
    """The edit's own event id."""
    room_id: str
    """Where."""
    user_id: str
    """Who."""
    target: str
    """Event id of the message."""
    message: Message
    """The message as it reads now."""


@dataclass(frozen=True)
class Reaction:
    """Somebody reacted to a message."""

    id: str
    """The reaction's own event id: redact it to take the reaction back."""
    room_id: str
    """Where."""
    user_id: str
    """Who."""
    target: str
    """Event id of the message."""
    key: str
    """Mostly an emoji."""


@dataclass(frozen=True)
class Redaction:
    """The content of a message, edit or reaction was removed."""

    id: str
    """The redaction's own event id."""
    room_id: str
    """Where."""
    user_id: str
    """Who."""
    target: str
    """Event id of what was removed."""
    reason: Optional[str]
    """None where none was given."""


@dataclass(frozen=True)
class Membership:
    """Somebody came, went, was invited or banned."""

    id: str
    """Event id."""
    room_id: str
    """Where."""
    user_id: str
    """Whom it is about."""
    membership: str
    """``"join"``, ``"leave"``, ``"invite"``, ``"ban"`` or ``"knock"``."""


@dataclass(frozen=True)
class Typing:
    """Who is typing changed."""

    room_id: str
    """Where."""
    users: Tuple[str, ...]
    """User ids of everybody who is typing now."""


@dataclass(frozen=True)
class Receipt:
    """How far one user has read."""

    user_id: str
    """Who."""
    event_id: str
    """Up to and with which event."""
    time: datetime
    """When, in UTC."""


@dataclass(frozen=True)
class Receipts:
    """Users have read further."""

    room_id: str
    """Where."""
    receipts: Tuple[Receipt, ...]
    """One for each of them."""


@dataclass(frozen=True)
class Missed:
    """There is a gap that could not be filled: read the history."""

    room_id: Optional[str]
    """None: it is about all rooms."""


@dataclass(frozen=True)
class OtherEvent:
    """Everything else, and kinds of events that later versions tell of."""

    id: Optional[str]
    """Event id."""
    room_id: Optional[str]
    """Where."""
    user_id: Optional[str]
    """Who."""
    type: str
    """The Matrix event type."""


@dataclass(frozen=True)
class OutboxSent:
    """An accepted message is in the room."""

    transaction_id: str
    """What ``Room.send_durably`` gave."""
    id: str
    """Event id."""
    user_id: str
    """Whose it is."""


@dataclass(frozen=True)
class OutboxGivenUp:
    """An accepted message was given up: retry or drop it."""

    transaction_id: str
    """What ``Room.send_durably`` gave."""
    user_id: str
    """Whose it is."""
    reason: str
    """The ``code`` of an error; ``Outbox.show`` tells more."""


@dataclass(frozen=True)
class OutboxReason:
    """Why an accepted message was given up."""

    code: str
    """That of an error."""
    message: str
    """What happened; safe to log."""


@dataclass(frozen=True)
class OutboxMessage:
    """An accepted message. Of one that was sent only the ids and the state are known."""

    transaction_id: str
    """What ``Room.send_durably`` gave."""
    state: str
    """``"waiting"``, ``"undecided"`` (it may be in the room), ``"sent"`` or ``"dead"`` (it was given up); more may
    come."""
    id: Optional[str]
    """Event id, once it was sent."""
    user: Optional[str]
    """Slug of who says it."""
    kind: Optional[str]
    """Of the room: ``"event"``, ``"group"`` or ``"direct"``."""
    slug: Optional[str]
    """Of an event or group."""
    users: Tuple[str, ...]
    """The slugs of the two, of a direct room."""
    body: str
    """As it was given."""
    accepted: Optional[datetime]
    """When, or when it was retried last, in UTC."""
    reason: Optional[OutboxReason]
    """Why it was given up."""


@dataclass(frozen=True)
class OutboxPage:
    """Some of what lies in the outbox."""

    messages: Tuple[OutboxMessage, ...]
    """Those of one user in one room together, in their order."""
    end: Optional[str]
    """``start`` of the page behind this one; None on the last page."""


@dataclass(frozen=True)
class Alert:
    """What an operator must know."""

    alert: str
    """``"homeserver_failing"`` (requests are held back for a while), ``"homeserver_back"``,
    ``"admin_refused"`` (the homeserver does not let the admin account in), ``"admin_back"``,
    ``"appservice_refused"`` (the homeserver does not know the application service's token), ``"appservice_back"``,
    ``"failure"`` (something else that the library could not do, see code); more may come."""
    code: str
    """A stable word for the kind of line."""
    message: str
    """The line; safe to keep. Its wording may change."""
    time: datetime
    """When, in UTC."""
    subject: Optional[str]
    """Whom it is about, where its code has such: a user id."""


Event = Union[Message, Edit, Reaction, Redaction, Membership, Typing, Receipts, Missed, OutboxSent, OutboxGivenUp,
              OtherEvent]
"""What a watch yields: tell the classes apart by ``isinstance``. Those of the outbox come from ``Outbox.watch`` alone."""

# ---- from the JSON of capi/results.schema.json -----------------------------------------------------------------------

Json = Dict[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LAST = datetime.max.replace(tzinfo=timezone.utc)


def time_of(milliseconds: int) -> datetime:
    """A homeserver's time; one beyond the calendar is the last or first moment of it."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return _LAST if milliseconds > 0 else _EPOCH


def message_of(read: Json) -> Message:
    reactions = read["reactions"]
    return Message(
        read["event_id"], read["room_id"], read["sender"], read.get("sender_name"), read["kind"], read["body"],
        read.get("formatted_body"), time_of(read["time"]), read.get("reply_to"), read.get("thread"), read["edited"],
        read["redacted"], tuple(Reactions(each["key"], tuple(each["users"])) for each in reactions) if reactions else (),
        read.get("encrypted"))


def _message_event(read: Json) -> Event:
    return message_of(read["message"])


def _edit(read: Json) -> Event:
    return Edit(read["event_id"], read["room_id"], read["user_id"], read["target"], message_of(read["message"]))


def _reaction(read: Json) -> Event:
    return Reaction(read["event_id"], read["room_id"], read["user_id"], read["target"], read["key"])


def _redaction(read: Json) -> Event:
    return Redaction(read["event_id"], read["room_id"], read["user_id"], read["target"], read.get("reason"))


def _membership(read: Json) -> Event:
    return Membership(read["event_id"], read["room_id"], read["user_id"], read["membership"])


def _typing(read: Json) -> Event:
    return Typing(read["room_id"], tuple(read["users"]))


def _receipts(read: Json) -> Event:
    return Receipts(read["room_id"], tuple(Receipt(each["user_id"], each["event_id"], time_of(each["time"]))
                                           for each in read["receipts"]))


def _missed(read: Json) -> Event:
    return Missed(read.get("room_id"))


def _sent(read: Json) -> Event:
    return OutboxSent(read["transaction_id"], read["event_id"], read.get("user_id", ""))


def _given_up(read: Json) -> Event:
    return OutboxGivenUp(read["transaction_id"], read.get("user_id", ""), read.get("reason", "unknown"))


def _other(read: Json) -> Event:
    return OtherEvent(read.get("event_id"), read.get("room_id"), read.get("user_id"), read.get("type", ""))


_EVENTS: Dict[str, Callable[[Json], Event]] = {
    "message": _message_event, "edit": _edit, "reaction": _reaction, "redaction": _redaction,
    "membership": _membership, "typing": _typing, "receipt": _receipts, "missed": _missed,
    "sent": _sent, "given_up": _given_up,
}


def _event(read: Json) -> Event:
    try:
        return _EVENTS.get(read["event"], _other)(read)
    except KeyError:
        return _other(read)  # it lacks what its class has to say


def events_of(read: Json) -> List[Event]:
    return list(map(_event, read["events"]))


def done_of(read: Json) -> None:
    """Nothing to tell."""


def findings_of(read: Json) -> List[Finding]:
    return [Finding(each["check"], each["fit"], each["detail"]) for each in read["findings"]]


def metrics_of(read: Json) -> TokenMetrics:
    steps = tuple(TokenStep(each["step"], each["attempts"], each["succeeded"], each["refused"], each["limited"],
                            each["failed"], each["total_ms"] / 1000, each["longest_ms"] / 1000)
                  for each in read["steps"])
    return TokenMetrics(steps, dict(read["made"]), read["admin_refused"], read["admin_outages"])


def user_of(read: Json) -> User:
    return User(read["user_id"], read["slug"], read["name"], read["state"])


def reset_of(read: Json) -> ResetCounts:
    return ResetCounts(read["users"], read["tokens"], read["positions"], read["rooms"], read["messages"])


def members_of(read: Json) -> List[Member]:
    return [Member(each["user_id"], each.get("slug"), each.get("name"), each["membership"], each["power_level"])
            for each in read["members"]]


def unread_of(read: Json) -> Unread:
    return Unread(read["notifications"], read["highlights"], read.get("last_read"))


def sent_of(read: Json) -> Sent:
    return Sent(read["event_id"], read["transaction_id"])


def accepted_of(read: Json) -> str:
    transaction_id: str = read["transaction_id"]
    return transaction_id


def outbox_message_of(read: Json) -> OutboxMessage:
    accepted, reason = read.get("accepted"), read.get("reason")
    return OutboxMessage(
        read["transaction_id"], read["state"], read.get("event_id"), read.get("user"), read.get("kind"),
        read.get("slug"), tuple(read.get("users", ())), read.get("body", ""),
        None if accepted is None else time_of(accepted),
        None if reason is None else OutboxReason(reason["code"], reason["message"]))


def outbox_page_of(read: Json) -> OutboxPage:
    return OutboxPage(tuple(map(outbox_message_of, read["messages"])), read.get("end"))


def revision_of(read: Json) -> int:
    revision: int = read["revision"]
    return revision


def alert_of(read: Json) -> Alert:
    return Alert(read["alert"], read["code"], read["message"], time_of(read["time"]), read.get("subject"))


def page_of(read: Json) -> Page:
    return Page(tuple(map(message_of, read["messages"])), read.get("end"), read.get("room_id"))
