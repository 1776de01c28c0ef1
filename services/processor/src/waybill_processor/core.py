"""The processor's core: deliveries in, dispositions out. The same for every shell."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from waybill_contracts import Poison, TaskRequested
from waybill_runtime.database import DatabaseUnavailable
from waybill_runtime.telemetry import describe

from .attempts import Attempts
from .batch import Batch, Settle
from .claiming import Claiming
from .delivery import Acknowledge, Delivery, Disposition, Redeliver
from .intake import CONTRADICTING_SECONDS, FUTURE_SECONDS, UNCOMMITTED_SECONDS, asked_of, dead_letter, disposition_of
from .running import Attempt
from .store.claims import UNHOLD_PART, Answer, Claim, Claims
from .store.dead_letters import DeadLetter, DeadLetters

log = structlog.get_logger()


def _tell_nobody(_delivery: Delivery, _disposition: Disposition) -> None:
    return


class Processor:
    """Made by `open_processor`. `database_down` tells a shell to receive nothing for now."""

    def __init__(
        self,
        claims: Claims,
        attempts: Attempts,
        dead_letters: DeadLetters,
        renew_connections: Callable[[], Awaitable[None]],
        warm_up: Callable[[], Awaitable[None]],
    ) -> None:
        self.attempts = attempts
        self.database_down = False
        self._claims = claims
        self._claiming = Claiming(claims)
        self.dead_letters = dead_letters
        self.renew_connections = renew_connections
        self.warm_up = warm_up

    async def process(self, deliveries: Sequence[Delivery], settle: Settle = _tell_nobody) -> list[Disposition]:
        """Work a batch; answers one disposition for each delivery, in order. No fault of task or database is raised."""
        batch = Batch(deliveries, settle)
        batch.end(batch.contradicting, Redeliver(CONTRADICTING_SECONDS))
        begun: list[Attempt] = []
        try:
            await self._work(batch, begun)
            return await batch.dispositions()
        except asyncio.CancelledError:
            for attempt in begun:
                self.attempts.abandon(attempt)
            raise

    async def probe(self) -> None:
        """Ask the database for a sign of life; sets `database_down`."""
        try:
            await self._claims.probe()
        except DatabaseUnavailable:
            self.database_down = True
        else:
            self.database_down = False
            log.warning("processor.database_back")

    async def unhold(self) -> int:
        """Make tasks go that wait for a processor like this one; answers how many. Raises as the database does.

        Not until there is none: an older processor may be holding them anew all the while.
        """
        total = released = await self._claims.unhold()
        while released == UNHOLD_PART:
            released = await self._claims.unhold()
            total += released
        return total

    async def _work(self, batch: Batch, begun: list[Attempt]) -> None:
        work = [_guarded(batch, [at], self._refuse(batch, at, poison)) for at, poison in batch.unreadable]
        if batch.requests:
            work.append(self._claim_and_work(batch, begun))
        await _all(work)

    async def _claim_and_work(self, batch: Batch, begun: list[Attempt]) -> None:
        try:
            claims = await self._claiming.claim([asked_of(request.message) for request in batch.requests.values()])
        except Exception as error:
            self._note_lost_claims(batch, error)
            return
        self.database_down = False
        others: list[Claim] = []
        for claim in claims:
            if claim.answer is Answer.CLAIMED:
                self._begin(batch, claim, begun)
            else:
                others.append(claim)
        if others:
            await self._settle_unclaimed(batch, others)

    def _note_lost_claims(self, batch: Batch, error: Exception) -> None:
        if isinstance(error, DatabaseUnavailable):
            self.database_down = True
            log.warning("processor.claim_failed", tasks=len(batch.requests), error=describe(error))
        else:
            log.error("processor.failed", exc_info=error)
        for request in batch.requests.values():
            batch.end(request.deliveries, Redeliver(UNCOMMITTED_SECONDS))

    def _begin(self, batch: Batch, claim: Claim, begun: list[Attempt]) -> None:
        request = batch.requests[claim.task_id]
        told = partial(_attempt_ended, batch, request.deliveries)
        try:
            begun.append(self.attempts.start(claim, batch.lead(claim.task_id), _trace(request.message), told))
        except Exception as error:
            log.error("processor.failed", exc_info=error)
            told(False)

    async def _settle_unclaimed(self, batch: Batch, claims: Sequence[Claim]) -> None:
        work: list[Coroutine[Any, Any, None]] = []
        unread = [claim.task_id for claim in claims if claim.answer is Answer.HELD]
        if unread:
            positions = [position for task_id in unread for position in batch.requests[task_id].deliveries]
            work.append(_guarded(batch, positions, self._hold(batch, unread, positions)))
        for claim in claims:
            if claim.answer is not Answer.HELD:
                request = batch.requests[claim.task_id]
                verdict = disposition_of(claim, batch.lead(claim.task_id))
                if isinstance(verdict, Poison):
                    for at in request.deliveries:
                        letter = dead_letter(batch.deliveries[at], verdict, request.message)
                        work.append(_guarded(batch, [at], self._bury(batch, at, letter)))
                else:
                    batch.end(request.deliveries, verdict)
        await _all(work)

    async def _refuse(self, batch: Batch, position: int, poison: Poison) -> None:
        delivery = batch.deliveries[position]
        if poison.is_future:
            log.warning("message.from_the_future", message_id=delivery.message_id, detail=poison.detail)
            batch.end([position], Redeliver(FUTURE_SECONDS))
        else:
            await self._bury(batch, position, dead_letter(delivery, poison, None))

    async def _bury(self, batch: Batch, position: int, letter: DeadLetter) -> None:
        try:
            await self.dead_letters.record([letter])
        except DatabaseUnavailable as error:
            log.warning("message.unrecorded", message_id=letter.message_id, error=describe(error))
            batch.end([position], Redeliver(UNCOMMITTED_SECONDS))
            return
        log.warning("message.dead", message_id=letter.message_id, reason=letter.reason, detail=letter.detail)
        batch.end([position], Acknowledge())

    async def _hold(self, batch: Batch, task_ids: list[UUID], positions: list[int]) -> None:
        try:
            await self._claims.hold(task_ids)
        except DatabaseUnavailable as error:
            log.warning("processor.hold_failed", tasks=len(task_ids), error=describe(error))
            batch.end(positions, Redeliver(UNCOMMITTED_SECONDS))
            return
        log.warning("task.held", tasks=[str(task_id) for task_id in task_ids])
        batch.end(positions, Acknowledge())


def _attempt_ended(batch: Batch, positions: Sequence[int], on_record: bool) -> None:
    batch.end(positions, Acknowledge() if on_record else Redeliver(UNCOMMITTED_SECONDS))


async def _guarded(batch: Batch, positions: Sequence[int], work: Coroutine[Any, Any, None]) -> None:
    """A fault that nobody foresaw must not keep a delivery, and its slot, for ever; and it harms no neighbour."""
    try:
        await work
    except Exception as error:
        log.error("processor.failed", exc_info=error)
        batch.end(positions, Redeliver(UNCOMMITTED_SECONDS))


async def _all(work: Sequence[Coroutine[Any, Any, None]]) -> None:
    if len(work) == 1:
        await work[0]
    elif work:
        await asyncio.gather(*work)


def _trace(message: TaskRequested) -> Mapping[str, str]:
    """What joins the log of an attempt, its handler's lines included, to the trace of the submit."""
    parts = message.traceparent.split("-") if message.traceparent else []
    return {"trace_id": parts[1]} if len(parts) == 4 else {}
