"""A runtime and a client of the library, opened and closed once: what both faces stand on. Any thread."""

from __future__ import annotations

import json
import os
import threading
from typing import Any, Dict, Mapping, Optional, Union

from . import _ffi
from ._questions import Questions
from .errors import Closed

Config = Union[str, "os.PathLike[str]", Mapping[str, Any]]


class Session:
    """What of it blocks says so: both faces call it where blocking is allowed."""

    def __init__(self, config: Config, loop_threads: int, log_level: str, questions: Questions) -> None:
        self._questions = questions
        self._fields: Dict[str, Any] = {"ask_directory": int(questions.about_directory)}
        if isinstance(config, Mapping):
            self._fields["json"] = json.dumps(config)
        else:
            self._fields["path"] = os.fspath(config)
        self._loop_threads = loop_threads
        self._log_level = log_level
        self._lock = threading.Lock()  # held for moments, but for `_making`
        self._making = threading.Lock()  # held while a tenant is made, which may block
        self._runtime: Optional[_ffi.Runtime] = None
        self._client: Optional[_ffi.Client] = None
        self._tenants: Dict[Optional[str], _ffi.Tenant] = {}
        self.closed = False

    def open(self, timeout_ms: int, told: Optional[_ffi.Queue]) -> None:
        """Reads the configuration. Blocks. A close meanwhile wins. Logs, alerts and questions go to the queue."""
        runtime = _ffi.Runtime(self._loop_threads, told, self._log_level)
        try:
            asked = told if self._questions.wanted else None
            client = _ffi.Client(runtime, {"timeout_ms": timeout_ms, **self._fields}, asked)
        except BaseException:
            runtime.close()
            runtime.release()
            raise
        with self._lock:
            if not self.closed:
                self._runtime, self._client = runtime, client
                return
        runtime.close()
        client.release()
        runtime.release()
        raise Closed("the client was closed while it was opened")

    @property
    def client(self) -> _ffi.Client:
        client = self._client
        if client is None or self.closed:
            raise Closed("the client is closed" if self.closed else "the client is not open: use `with`, or open()")
        return client

    def known_tenant(self, name: Optional[str]) -> Optional[_ffi.Tenant]:
        """A tenant that was asked for before. Does not block."""
        if self.closed:
            raise Closed("the client is closed")
        return self._tenants.get(name)

    def tenant(self, name: Optional[str]) -> _ffi.Tenant:
        """Gets a tenant. Blocks the first time, where the store is a file."""
        with self._making:
            known = self.known_tenant(name)
            if known is None:
                known = self.client.tenant(name)
                with self._lock:
                    if self.closed:
                        known.release()
                        raise Closed("the client is closed")
                    self._tenants[name] = known
            return known

    def close(self) -> None:
        """Ends everything in flight, and lets go. Blocks, mostly for milliseconds. Twice is once."""
        if _ffi.forked():
            return
        with self._lock:
            if self.closed:
                return
            self.closed = True
            runtime, client, tenants = self._runtime, self._client, list(self._tenants.values())
            self._runtime, self._client, self._tenants = None, None, {}
        if runtime is not None:
            runtime.close()
        for handle in (*tenants, client, runtime):
            if handle is not None:
                handle.release()
