"""Every operation, once for both faces: which function of the library, with what, and how its result is read."""

from __future__ import annotations

import json
import secrets
from typing import Any, Callable, Dict, Generic, Mapping, Optional, Sequence, Tuple, TypeVar

from . import _ffi, models
from .errors import InvalidArgument

T = TypeVar("T")


class Call(Generic[T]):
    """An operation that was described and not started."""

    __slots__ = ("function", "fields", "read")

    def __init__(self, function: str, read: Callable[[models.Json], T], **fields: Any) -> None:
        self.function = function
        self.fields: Dict[str, Any] = fields
        self.read = read


class Conversation:
    """What a room is to the library: a kind, and the slug that names it to the user who acts."""

    __slots__ = ("kind", "slug", "users")

    def __init__(self, kind: str, slug: str, users: Tuple[str, ...] = ()) -> None:
        self.kind = kind
        self.slug = slug
        self.users = users

    def as_seen_by(self, user: Optional[str]) -> Dict[str, Any]:
        room = self.slug
        if self.kind == "direct":
            if user not in self.users:
                raise InvalidArgument(f"{user} is not one of the two whose conversation this is", subject="user")
            room = self.users[1] if user == self.users[0] else self.users[0]
        return {"room_kind": _ffi.ROOM_KINDS[self.kind], "room": room, "user": user}


def milliseconds(timeout: float) -> int:
    """Seconds as the library takes them; at least one, since zero is its default."""
    if not timeout > 0:
        raise InvalidArgument("a timeout is more than 0 seconds", subject="timeout")
    return int(min(max(1, timeout * 1000), _ffi.LONGEST_MS))


def _kind_of(kind: str) -> int:
    try:
        return _ffi.MESSAGE_KINDS[kind]
    except KeyError:
        raise InvalidArgument(f"a message is a text, a notice or an emote, not {kind!r}", subject="kind") from None


def _named(transaction_id: Optional[str]) -> str:
    """Chosen here and not by the library: then it is known also to who stopped waiting for the library's answer."""
    return transaction_id or secrets.token_hex(16)


def doctor() -> Call[Any]:
    return Call("confab_doctor", models.findings_of)


def ready() -> Call[None]:
    return Call("confab_stream_ready", models.done_of)


def provision(slug: str, name: Optional[str]) -> Call[models.User]:
    return Call("confab_provision", models.user_of, user=slug, name=name)


def account(slug: str) -> Call[models.User]:
    return Call("confab_account", models.user_of, user=slug)


def set_password(slug: str, password: str) -> Call[None]:
    return Call("confab_set_password", models.done_of, user=slug, password=password)


def reset(user: Optional[str], all_users: bool, full: bool, restored: bool) -> Call[models.ResetCounts]:
    return Call("confab_reset", models.reset_of, user=user, all_users=int(all_users), full=int(full),
                restored=int(restored))


def ensure_room(room: Conversation, creator: str, name: Optional[str] = None, topic: Optional[str] = None,
                members: Sequence[str] = (), public: bool = False) -> Call[models.Json]:
    if isinstance(members, str):
        raise TypeError("members must be slugs, not one text")
    return Call("confab_ensure_room", lambda read: read, name=name, topic=topic, members=members,
                make_public=int(public), **room.as_seen_by(creator))


def add_member(room: Conversation, user: str) -> Call[None]:
    return Call("confab_add_member", models.done_of, **room.as_seen_by(user))


def remove_member(room: Conversation, user: str) -> Call[None]:
    return Call("confab_remove_member", models.done_of, **room.as_seen_by(user))


def members(room: Conversation, user: Optional[str]) -> Call[Any]:
    if room.kind == "direct" and user is None:
        user = room.users[0]
    return Call("confab_members", models.members_of, **room.as_seen_by(user))


def unread(room: Conversation, user: str) -> Call[models.Unread]:
    return Call("confab_unread", models.unread_of, **room.as_seen_by(user))


def send(room: Conversation, body: str, user: str, formatted: Optional[str], kind: str, reply_to: Optional[str],
         transaction_id: Optional[str], repeated: bool) -> Call[models.Sent]:
    return Call("confab_send", models.sent_of, body=body, formatted=formatted, message_kind=_kind_of(kind),
                reply_to=reply_to, transaction_id=_named(transaction_id), repeated=int(repeated),
                **room.as_seen_by(user))


def send_durably(room: Conversation, body: str, user: str, formatted: Optional[str], kind: str, reply_to: Optional[str],
                 transaction_id: Optional[str]) -> Call[str]:
    return Call("confab_send_durably", models.accepted_of, body=body, formatted=formatted, message_kind=_kind_of(kind),
                reply_to=reply_to, transaction_id=_named(transaction_id), **room.as_seen_by(user))


def outbox(dead: bool, limit: int, start: Optional[str]) -> Call[models.OutboxPage]:
    if not 1 <= limit <= 1000:
        raise InvalidArgument("limit is 1 to 1000", subject="limit")
    return Call("confab_outbox_list", models.outbox_page_of, dead=int(dead), limit=limit, **{"from": start})


def outbox_show(transaction_id: str) -> Call[models.OutboxMessage]:
    return Call("confab_outbox_show", models.outbox_message_of, transaction_id=transaction_id)


def outbox_retry(transaction_id: str) -> Call[None]:
    return Call("confab_outbox_retry", models.done_of, transaction_id=transaction_id)


def outbox_drop(transaction_id: str) -> Call[None]:
    return Call("confab_outbox_drop", models.done_of, transaction_id=transaction_id)


def edit(room: Conversation, event: str, body: str, user: str, formatted: Optional[str], kind: str,
         transaction_id: Optional[str], repeated: bool) -> Call[models.Sent]:
    return Call("confab_edit", models.sent_of, event=event, body=body, formatted=formatted,
                message_kind=_kind_of(kind), transaction_id=_named(transaction_id), repeated=int(repeated),
                **room.as_seen_by(user))


def redact(room: Conversation, event: str, user: str, reason: Optional[str], transaction_id: Optional[str],
           repeated: bool) -> Call[models.Sent]:
    return Call("confab_redact", models.sent_of, event=event, body=reason, transaction_id=_named(transaction_id),
                repeated=int(repeated), **room.as_seen_by(user))


def react(room: Conversation, event: str, key: str, user: str, transaction_id: Optional[str],
          repeated: bool) -> Call[models.Sent]:
    return Call("confab_react", models.sent_of, event=event, body=key, transaction_id=_named(transaction_id),
                repeated=int(repeated), **room.as_seen_by(user))


def typing(room: Conversation, user: str, on: bool) -> Call[None]:
    return Call("confab_typing", models.done_of, stopped=int(not on), **room.as_seen_by(user))


def mark_read(room: Conversation, event: str, user: str, private: bool) -> Call[None]:
    return Call("confab_mark_read", models.done_of, event=event, in_private=int(private), **room.as_seen_by(user))


def history(room: Conversation, user: str, limit: int, start: Optional[str], reactions: bool) -> Call[models.Page]:
    if not 1 <= limit <= 1000:  # zero is the library's default, and a larger number than it can hold wraps
        raise InvalidArgument("limit is 1 to 1000", subject="limit")
    return Call("confab_history", models.page_of, limit=limit, without_reactions=int(not reactions),
                **{"from": start}, **room.as_seen_by(user))


def apply(batch: Mapping[str, Any], expected: int) -> Call[int]:
    return Call("confab_directory_apply", models.revision_of, json=json.dumps(batch), expected=expected)


def load(directory: Mapping[str, Any]) -> Call[int]:
    return Call("confab_directory_load", models.revision_of, json=json.dumps(directory))


def refresh() -> Call[int]:
    return Call("confab_directory_refresh", models.revision_of)
