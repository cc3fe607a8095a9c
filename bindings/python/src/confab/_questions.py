"""What the library asks the host, answered by functions of the host."""

from __future__ import annotations

from typing import Any, Awaitable, Callable, Mapping, Optional, Union

from . import models

Batch = Optional[Mapping[str, Any]]
AskSecret = Callable[[str], Union[Optional[str], Awaitable[Optional[str]]]]
AskUser = Callable[[str, str], Union[Batch, Awaitable[Batch]]]
AskRoom = Callable[[str, str, str], Union[Batch, Awaitable[Batch]]]


class Questions:
    """Who answers which of them."""

    def __init__(self, secret: Optional[AskSecret], user: Optional[AskUser], room: Optional[AskRoom]) -> None:
        self._secret = secret
        self._user = user
        self._room = room
        self.about_directory = user is not None or room is not None
        self.wanted = self.about_directory or secret is not None

    def ask(self, read: models.Json) -> object:
        """Calls the function for such a question; None, which is an answer, where there is none."""
        kind = read["question"]
        if kind == "secret" and self._secret is not None:
            return self._secret(read["key"])
        if kind == "user" and self._user is not None:
            return self._user(read["tenant"], read["user"])
        if kind == "room" and self._room is not None:
            return self._room(read["tenant"], read["kind"], read["room"])
        return None
