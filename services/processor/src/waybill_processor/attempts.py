"""Work claims: run the handler, then put the attempt's end on record.

An attempt whose handler returns costs one task of asyncio, the handler's own: what follows hangs on its end. Whatever
else becomes of it is concluded in a further task.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Any

import structlog
from waybill_runtime.telemetry import describe

from .delivery import Delivery
from .execution import Unusable, begin_handler, context_of, read_payload, write_result
from .policy import HandlerTimeout
from .recording import Recorder
from .registry import Handler, HandlerTable
from .running import Attempt, Running
from .store.claims import Claim
from .store.transactions import TaskTransaction, TransactionRefused

SWALLOW_SECONDS = 1.0
"""A handler that has not ended so long after its cancellation is left behind."""

log = structlog.get_logger()


class HandlerCancelledItself(Exception):
    """The handler let a CancelledError out although nobody had cancelled it; retried like any other error."""


class Work:
    """An attempt with what its end needs. `told` hears, once, whether that end is on record."""

    __slots__ = ("attempt", "handler", "told", "transaction")

    def __init__(
        self, attempt: Attempt, handler: Handler, transaction: TaskTransaction, told: Callable[[bool], None]
    ) -> None:
        self.attempt = attempt
        self.handler = handler
        self.transaction = transaction
        self.told = told


class Attempts:
    """Works any number of claims at once; `running` is what the heartbeat keeps alive."""

    def __init__(
        self,
        table: HandlerTable,
        recorder: Recorder,
        open_transaction: Callable[[], TaskTransaction],
        threads: Executor,
    ) -> None:
        self.running = Running()
        self._table = table
        self._recorder = recorder
        self._open_transaction = open_transaction
        self._threads = threads
        self._conclusions: dict[Attempt, asyncio.Task[None]] = {}

    def start(
        self, claim: Claim, delivery: Delivery, trace: Mapping[str, str], told: Callable[[bool], None]
    ) -> Attempt:
        """Start a claimed task's handler. `told` hears False when its end could not be committed, or nobody knows."""
        attempt = Attempt(claim, delivery, trace)
        handler = self._table.find(claim.kind, claim.payload_version)
        transaction = self._open_transaction()
        work = Work(attempt, handler, transaction, told)
        self.running.add(attempt)
        try:
            payload = read_payload(handler.payload, claim)
            began = begin_handler(handler, payload, context_of(claim, transaction), trace, self._threads)
        except Exception as error:  # a payload that does not read, or a system out of threads
            attempt.end()
            self._conclude(work, self._fail(work, error))
            return attempt
        attempt.watch(began)
        limit = handler.policy.time_limit_seconds
        attempt.timer = asyncio.get_running_loop().call_later(limit, self._over_time, work, began)
        began.add_done_callback(partial(self._handled, work))
        return attempt

    def abandon(self, attempt: Attempt) -> None:
        """Nobody waits for it any more: stop its handler and record no end that is not under way."""
        attempt.end()
        attempt.cancel_handler()
        self.running.remove(attempt)
        if attempt in self._conclusions:
            self._conclusions[attempt].cancel()

    def _over_time(self, work: Work, began: asyncio.Future[Any]) -> None:
        work.attempt.is_over_time = True
        work.attempt.timer = asyncio.get_running_loop().call_later(SWALLOW_SECONDS, self._leave_behind, work)
        began.cancel()

    def _leave_behind(self, work: Work) -> None:
        """A handler that swallows its cancellation runs on, without its task."""
        if work.attempt.end():
            self._conclude(work, self._fail(work, _time_is_up(work)))

    def _handled(self, work: Work, began: asyncio.Future[Any]) -> None:
        error = None if began.cancelled() else began.exception()
        if not work.attempt.end():
            return
        if work.attempt.is_over_time:
            self._conclude(work, self._fail(work, _time_is_up(work)))
        elif began.cancelled():
            self._conclude(work, self._fail(work, HandlerCancelledItself("the handler cancelled itself")))
        elif error is not None:
            self._conclude(work, self._fail(work, error))
        else:
            self._returned(work, began.result())

    def _returned(self, work: Work, result: Any) -> None:
        try:
            text = write_result(result, work.handler.payload)
        except Exception as error:
            self._conclude(work, self._fail(work, error))
            return
        if work.transaction.is_open:
            self._conclude(work, self._complete_apart(work, text))
            return
        work.transaction.end_unopened()
        self._recorder.complete_soon(work.attempt, text, partial(self._completed, work, text))

    def _completed(self, work: Work, text: str, on_record: bool) -> None:
        if on_record:
            self.running.remove(work.attempt)
            work.told(True)
        else:
            self._conclude(work, self._recorder.complete(work.attempt, text))

    def _conclude(self, work: Work, conclusion: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._see_through(work, conclusion))
        self._conclusions[work.attempt] = task
        task.add_done_callback(lambda _: self._conclusions.pop(work.attempt, None))

    async def _see_through(self, work: Work, conclusion: Coroutine[Any, Any, None]) -> None:
        claim = work.attempt.claim
        on_record = False
        try:
            await conclusion
            on_record = True
        except Exception as error:
            # Whatever it was, the outcome is not on record: the next delivery, or the reaper, finds the truth.
            log.error("task.uncommitted", task_id=str(claim.task_id), fence=claim.fence, error=describe(error))
        finally:
            self.running.remove(work.attempt)
            await work.transaction.close()
        work.told(on_record)

    async def _complete_apart(self, work: Work, text: str) -> None:
        claim = work.attempt.claim
        try:
            held = await work.transaction.complete(claim.task_id, claim.fence, text)
        except TransactionRefused as error:
            await self._fail(work, error)
        else:
            self._recorder.completed_apart(work.attempt, held)

    async def _fail(self, work: Work, error: BaseException) -> None:
        """Not as the handler wished: judge its error, unless it was we who interrupted it."""
        await work.transaction.close()
        if isinstance(error, Unusable):
            await self._recorder.fail(work.attempt, error.record)
        elif work.attempt.interruption is not None:
            await self._recorder.interrupted(work.attempt)
        else:
            await self._recorder.judge(work.attempt, error, work.handler.policy)


def _time_is_up(work: Work) -> HandlerTimeout:
    return HandlerTimeout(work.handler.policy.time_limit_seconds)
