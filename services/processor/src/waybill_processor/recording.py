"""Put the end of each attempt on record; ends that come together share a statement."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from traceback import walk_tb

import msgspec
import structlog
from waybill_contracts import ErrorCode, TaskError
from waybill_runtime.batching import Batcher
from waybill_runtime.database import DatabaseUnavailable, RowRefused
from waybill_runtime.telemetry import describe

from .completions import Completions
from .policy import Fail, Retry, RetryPolicy, judge, storable
from .running import Attempt, Interruption
from .store.outcomes import Ended, Outcomes

MAX_SHARED = 200
RETRY_SECONDS = (0.2, 1.0)

_OURS = str(Path(__file__).parent)

log = structlog.get_logger()


class Recorder:
    """The five verbs that end an attempt. Each returns when its commit is confirmed.

    While the database is away an end is tried again, for `patience_seconds`: the fence makes that safe, and a handler's
    work is not thrown away over a restart of PostgreSQL. After that the database's error is raised.
    """

    def __init__(self, outcomes: Outcomes, patience_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        self._complete = Batcher(outcomes.complete, MAX_SHARED, _is_one_rows_fault, _size_of)
        self._completions = Completions(outcomes.complete, MAX_SHARED)
        self._retry = Batcher(outcomes.retry, MAX_SHARED, _is_one_rows_fault)
        self._fail = Batcher(outcomes.fail, MAX_SHARED, _is_one_rows_fault)
        self._cancel = Batcher(outcomes.cancel, MAX_SHARED, _is_one_rows_fault)
        self._release = Batcher(outcomes.release, MAX_SHARED, _is_one_rows_fault)

    def complete_soon(self, attempt: Attempt, result: str, told: Callable[[bool], None]) -> None:
        """The handler returned; `told` hears True when that is on record, False when `complete` must try by itself."""

        def hear(held: bool | None) -> None:
            if held is not None:
                self._note(attempt, "task.completed", held)
            told(held is not None)

        self._completions.put(Ended(attempt.claim.task_id, attempt.claim.fence, result), hear)

    async def complete(self, attempt: Attempt, result: str) -> None:
        """The handler returned. A cancel that was requested too late loses: the result stays."""
        try:
            held = await self._submit(self._complete, _ended(attempt, result=result))
        except RowRefused as error:
            await self.fail(attempt, TaskError(code=ErrorCode.RESULT_INVALID, message=storable(str(error))))
        else:
            self._note(attempt, "task.completed", held)

    async def fail(self, attempt: Attempt, error: TaskError, **details: object) -> None:
        """No further attempt; `details` are for the log."""
        held = await self._submit(self._fail, _ended(attempt, error=error))
        self._note(attempt, "task.failed", held, error=error.message, **details)

    async def judge(self, attempt: Attempt, error: BaseException, policy: RetryPolicy) -> None:
        """The handler raised: retry or fail, as the policy says."""
        where = {"error_type": type(error).__name__, "raised_at": _raised_at(error)}
        match judge(error, attempt.claim.attempt, policy, random.random):
            case Fail(record):
                await self.fail(attempt, record, **where)
            case Retry(record, delay_seconds):
                ended = _ended(attempt, error=record, delay_seconds=delay_seconds)
                held = await self._submit(self._retry, ended) or await self._submit(self._cancel, ended)
                delay = round(delay_seconds, 1)
                self._note(attempt, "task.retried", held, error=record.message, delay_seconds=delay, **where)

    async def interrupted(self, attempt: Attempt) -> None:
        """We cancelled the handler: put the task where the reason says."""
        ended = _ended(attempt)
        match attempt.interruption:
            case Interruption.CANCEL_REQUESTED:
                self._note(attempt, "task.cancelled", await self._submit(self._cancel, ended))
            case Interruption.STOPPING:
                held = await self._submit(self._release, ended) or await self._submit(self._cancel, ended)
                self._note(attempt, "task.released", held)
            case _:  # the lease was lost: whoever has it now ends the task
                self._note(attempt, "task.lost", held=False)

    async def _submit(self, verb: Batcher[Ended, bool], ended: Ended) -> bool:
        now = asyncio.get_running_loop().time
        last_call = now() + self._patience_seconds
        while True:
            try:
                return await verb.submit(ended)
            except DatabaseUnavailable as error:
                if now() > last_call:
                    raise
                log.warning("task.not_recorded_yet", task_id=str(ended.task_id), error=describe(error))
            await asyncio.sleep(random.uniform(*RETRY_SECONDS))

    def _note(self, attempt: Attempt, event: str, held: bool, **details: object) -> None:
        claim = attempt.claim
        facts = {
            "task_id": str(claim.task_id),
            "kind": claim.kind,
            "attempt": claim.attempt,
            **attempt.trace,
            **details,
        }
        if held:
            (log.warning if event == "task.failed" else log.info)(event, **facts)
        else:
            log.warning("task.fenced", refused=event, fence=claim.fence, **facts)

    def completed_apart(self, attempt: Attempt, held: bool) -> None:
        """Note a completion that the handler's own transaction made."""
        self._note(attempt, "task.completed", held)


def _size_of(ended: Ended) -> int:
    return len(ended.result or "")


def _is_one_rows_fault(error: Exception) -> bool:
    return isinstance(error, RowRefused)


def _ended(
    attempt: Attempt, result: str | None = None, error: TaskError | None = None, delay_seconds: float = 0.0
) -> Ended:
    stored = None if error is None else msgspec.json.encode(error).decode()
    return Ended(attempt.claim.task_id, attempt.claim.fence, result, stored, delay_seconds)


def _raised_at(error: BaseException) -> str:
    """Where an error came from, as `text_count.py:12`: the innermost line of this package, which is the handler's."""
    places = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    path, line = next((place for place in reversed(places) if place[0].startswith(_OURS)), ("", 0))
    return f"{Path(path).name}:{line}" if path else ""
