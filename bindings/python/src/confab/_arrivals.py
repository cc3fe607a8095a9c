"""What arrives in a queue, handed to who waits for it on one event loop."""

from __future__ import annotations

import asyncio
import inspect
import itertools
from typing import Callable, Dict, Iterator, List, Optional, Set

from . import _ffi
from ._logs import Logs
from ._questions import Questions
from .errors import Closed, Error, OutcomeUnknown

AT_ONE_TURN = 256
"""How many events are taken before the loop's other work gets its turn."""

SENDS = frozenset(f"confab_{name}" for name in ("send", "send_durably", "edit", "redact", "react"))
"""What may have happened under its transaction id when nobody waits for it any longer."""


class Arrivals:
    """One queue, watched by one loop. All of it is for the loop's thread, but for `abandon`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, most_operations: int, logs: Logs,
                 questions: Questions) -> None:
        self.loop = loop
        self._logs = logs
        self._questions = questions
        self._answering: Set["asyncio.Task[None]"] = set()
        self.queue = _ffi.Queue(most_operations)
        self._tags: Iterator[int] = itertools.count(1)
        self._receivers: Dict[int, Callable[[_ffi.Arrived], None]] = {}
        self._stopped: Optional[Error] = None
        loop.add_reader(self.queue.fd, self._turn)

    def receive(self, receiver: Callable[[_ffi.Arrived], None]) -> int:
        """A tag whose events go to this receiver, until its last one."""
        if self._stopped is not None:
            raise self._stopped
        tag = next(self._tags)
        self._receivers[tag] = receiver
        return tag

    def forget(self, tag: int) -> None:
        """What arrives with this tag is dropped from now on."""
        self._receivers.pop(tag, None)

    def _turn(self) -> None:
        try:
            self.take(AT_ONE_TURN)
        except Error as failure:
            self.stop(failure)

    def take(self, most: int) -> bool:
        """Hands over what has arrived; whether there may be more."""
        for _ in range(most):
            arrived = self.queue.take()
            if arrived is None:
                return False
            if arrived.kind in (_ffi.LOG, _ffi.ALERT):
                self._tell(arrived)
                continue
            if arrived.kind == _ffi.QUESTION:
                self._answer(arrived)
                continue
            last = arrived.kind != _ffi.BATCH
            receiver = self._receivers.pop(arrived.tag, None) if last else self._receivers.get(arrived.tag)
            if receiver is not None:
                receiver(arrived)
            else:
                arrived.release()
        return True

    def _tell(self, arrived: _ffi.Arrived) -> None:
        alert = self._logs.tell(arrived)
        if alert is not None and self._logs.on_alert is not None and not self.loop.is_closed():
            self.loop.call_soon(self._logs.on_alert, alert)

    def _answer(self, question: _ffi.Arrived) -> None:
        if self._stopped is not None or self.loop.is_closed():
            return question.release()  # which is the answer that there is none
        answering = self.loop.create_task(self._answered(question))
        self._answering.add(answering)
        answering.add_done_callback(self._answering.discard)

    async def _answered(self, question: _ffi.Arrived) -> None:
        try:
            answer = self._questions.ask(question.result())
            question.answer(await answer if inspect.isawaitable(answer) else answer)
        except Exception as failure:  # the operation that asked goes on without an answer
            self.loop.call_exception_handler(
                {"message": "a question of confab could not be answered", "exception": failure})
        finally:
            question.release()

    async def ended(self, handle: "_ffi.Client | _ffi.Tenant | _ffi.Stream", function: str, fields: _ffi.Fields
                    ) -> _ffi.Arrived:
        """Starts an operation and waits for its completion. Cancelled, it cancels the operation."""
        future: "asyncio.Future[_ffi.Arrived]" = self.loop.create_future()
        came: List[_ffi.Arrived] = []  # also when it comes between a cancellation and the turn that tells us of it

        def receive(arrived: _ffi.Arrived) -> None:
            came.append(arrived)
            if not future.done():
                future.set_result(arrived)

        tag = self.receive(receive)
        operation = _ffi.Operation()
        try:
            _ffi.ask(function, handle, fields, self.queue, tag, operation)
        except BaseException:
            self.forget(tag)
            raise
        try:
            return await future
        except asyncio.CancelledError:
            operation.cancel()
            try:
                late = came[0] if came else await self._late(tag)
            except asyncio.CancelledError:
                # Nobody waits to hear whether it was sent; its id is known without.
                unheard = unheard_outcome(function, fields)
                if unheard is None:
                    raise
                raise unheard from None
            unknown = unknown_outcome(late)
            if unknown is not None:
                raise unknown from None
            raise
        finally:
            operation.release()

    async def _late(self, tag: int) -> _ffi.Arrived:
        """The completion of what was cancelled: it comes soon. Cancelled once more, it is not waited for."""
        late: "asyncio.Future[_ffi.Arrived]" = self.loop.create_future()
        if tag not in self._receivers:
            raise asyncio.CancelledError
        self._receivers[tag] = lambda arrived: None if late.done() else late.set_result(arrived)
        return await late

    @property
    def stopped(self) -> bool:
        return self._stopped is not None

    def stop(self, why: Error) -> None:
        """Takes nothing any more; everybody who still waits gets the error."""
        if self._stopped is not None:
            return
        try:
            while self.take(AT_ONE_TURN):
                pass
        except Error:
            pass  # closed, or a child: there is nothing to take
        self._stopped = why
        if not self.loop.is_closed():
            self.loop.remove_reader(self.queue.fd)
        if not self.loop.is_closed():
            for answering in self._answering:
                answering.cancel()
        receivers, self._receivers = self._receivers, {}
        for tag, receiver in receivers.items():
            receiver(_ffi.Arrived.failed(tag, why))
        self.queue.release()

    def abandon(self) -> None:
        """Stops from any thread, whatever became of the loop."""
        try:
            self.loop.call_soon_threadsafe(self.stop, Closed("the client is closed"))
        except RuntimeError:  # the loop is closed, and nobody waits on it
            self.queue.release()


def unknown_outcome(ended: _ffi.Arrived) -> Optional[OutcomeUnknown]:
    """What must be told of an operation whose caller has stopped waiting: that it may have happened, or did.

    A send that succeeded in spite of its cancellation counts, too: repeated under its transaction id it is said once.
    """
    if isinstance(ended.failure, OutcomeUnknown):
        return ended.failure
    if ended.failure is None:
        transaction = ended.result().get("transaction_id")
        if transaction is not None:
            return OutcomeUnknown("it was cancelled, and had been sent", transaction_id=transaction, retriable=True)
    return None


def unheard_outcome(function: str, fields: _ffi.Fields) -> Optional[OutcomeUnknown]:
    """What must be told of an operation that was started, and whose completion nobody waits for any longer."""
    transaction = fields.get("transaction_id")
    if function not in SENDS or not isinstance(transaction, str):
        return None
    return OutcomeUnknown("its end was not waited for: it may have been sent", transaction_id=transaction, retriable=True)
