"""The library's log lines and alerts, handed to Python's logging and to the host."""

from __future__ import annotations

import logging
from typing import Callable, Optional

from . import _ffi, models
from .errors import InvalidArgument

_LOGGER = logging.getLogger("confab")
_LOGGER.addHandler(logging.NullHandler())  # a library says nothing where logging was not set up
_LEVELS = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO, "debug": logging.DEBUG}

OnAlert = Callable[[models.Alert], object]


class Logs:
    """Which lines are wanted, and who hears of them."""

    def __init__(self, level: Optional[str], on_alert: Optional[OnAlert]) -> None:
        if level is not None and level not in _LEVELS:
            raise InvalidArgument(f"log_level is one of {', '.join(_LEVELS)}, not {level!r}", subject="log_level")
        self.level = level or "alerts"
        self.on_alert = on_alert
        self.wanted = level is not None or on_alert is not None

    def tell(self, arrived: _ffi.Arrived) -> Optional[models.Alert]:
        """Logs it under its component; an alert is given back."""
        read = arrived.result()
        logger = logging.getLogger(f"confab.{read['component']}")
        level = _LEVELS.get(read["level"], logging.INFO)
        if read.get("dropped"):
            logger.warning("%d lines before this one found no place", read["dropped"], extra={"code": "log.dropped"})
        logger.log(level, "%s", read["message"], extra={"code": read["code"], "subject": read.get("subject")})
        return models.alert_of(read) if arrived.kind == _ffi.ALERT else None
