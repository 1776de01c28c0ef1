"""The processor's core: deliveries in, dispositions out. The same for every shell."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any
from uuid import UUID

import structlog
from waybill_contracts import Poison, TaskRequested
from waybill_runtime.database import DatabaseUnavailable
from waybill_runtime.telemetry import describe

from .attempts import Attempts
from .batch import Batch, Settle
from .delivery import Acknowledge, Delivery, Disposition, Redeliver
from .intake import CONTRADICTING_SECONDS, FUTURE_SECONDS, UNCOMMITTED_SECONDS, asked_of, dead_letter, disposition_of
from .store.claims import UNHOLD_PART, Answer, Claim, Claims
from .store.dead_letters import DeadLetter, DeadLetters

log = structlog.get_logger()


async def _tell_nobody(_delivery: Delivery, _disposition: Disposition) -> None:
    return


class Processor:
    """Made by `open_processor`. `database_down` tells a shell to receive nothing for now."""

    def __init__(
        self,
        claims: Claims,
        attempts: Attempts,
        dead_letters: DeadLetters,
        renew_connections: Callable[[], Awaitable[None]],
    ) -> None:
        self.attempts = attempts
        self.database_down = False
        self._claims = claims
        self.dead_letters = dead_letters
        self.renew_connections = renew_connections

    async def process(self, deliveries: Sequence[Delivery], settle: Settle = _tell_nobody) -> list[Disposition]:
        """Work a batch; answers one disposition for each delivery, in order. No fault of task or database is raised."""
        batch = Batch(deliveries, settle)
        work = [self._refuse(batch, position, poison) for position, poison in batch.unreadable]
        work.append(batch.end(batch.contradicting, Redeliver(CONTRADICTING_SECONDS)))
        if batch.requests:
            work.append(self._claim_and_work(batch))
        await _all(work)
        # A fault that nobody foresaw must not keep a delivery, and its slot, for ever.
        await batch.end(batch.undecided(), Redeliver(UNCOMMITTED_SECONDS))
        return batch.dispositions()

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

    async def _claim_and_work(self, batch: Batch) -> None:
        try:
            claims = await self._claims.claim([asked_of(request.message) for request in batch.requests.values()])
        except DatabaseUnavailable as error:
            self.database_down = True
            log.warning("processor.claim_failed", tasks=len(batch.requests), error=describe(error))
            for request in batch.requests.values():
                await batch.end(request.deliveries, Redeliver(UNCOMMITTED_SECONDS))
            return
        self.database_down = False
        unread = [claim.task_id for claim in claims if claim.answer is Answer.HELD]
        if unread:
            await self._hold(batch, unread)
        await _all([self._follow(batch, claim) for claim in claims if claim.answer is not Answer.HELD])

    async def _follow(self, batch: Batch, claim: Claim) -> None:
        request = batch.requests[claim.task_id]
        lead = batch.lead(claim.task_id)
        if claim.answer is Answer.CLAIMED:
            structlog.contextvars.bind_contextvars(**_trace(request.message))  # of this task alone
            on_record = await self.attempts.work(claim, lead)
            await batch.end(request.deliveries, Acknowledge() if on_record else Redeliver(UNCOMMITTED_SECONDS))
            return
        verdict = disposition_of(claim, lead)
        if isinstance(verdict, Poison):
            for position in request.deliveries:
                await self._bury(batch, position, dead_letter(batch.deliveries[position], verdict, request.message))
        else:
            await batch.end(request.deliveries, verdict)

    async def _refuse(self, batch: Batch, position: int, poison: Poison) -> None:
        delivery = batch.deliveries[position]
        if poison.is_future:
            log.warning("message.from_the_future", message_id=delivery.message_id, detail=poison.detail)
            await batch.end([position], Redeliver(FUTURE_SECONDS))
        else:
            await self._bury(batch, position, dead_letter(delivery, poison, None))

    async def _bury(self, batch: Batch, position: int, letter: DeadLetter) -> None:
        try:
            await self.dead_letters.record([letter])
        except DatabaseUnavailable as error:
            log.warning("message.unrecorded", message_id=letter.message_id, error=describe(error))
            await batch.end([position], Redeliver(UNCOMMITTED_SECONDS))
            return
        log.warning("message.dead", message_id=letter.message_id, reason=letter.reason, detail=letter.detail)
        await batch.end([position], Acknowledge())

    async def _hold(self, batch: Batch, task_ids: list[UUID]) -> None:
        disposition: Disposition = Acknowledge()
        try:
            await self._claims.hold(task_ids)
            log.warning("task.held", tasks=[str(task_id) for task_id in task_ids])
        except DatabaseUnavailable as error:
            log.warning("processor.hold_failed", tasks=len(task_ids), error=describe(error))
            disposition = Redeliver(UNCOMMITTED_SECONDS)
        for task_id in task_ids:
            await batch.end(batch.requests[task_id].deliveries, disposition)


async def _all(work: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run side by side to the end of each; what raises is logged and harms no other."""
    for outcome in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(outcome, Exception):
            log.error("processor.failed", exc_info=outcome)


def _trace(message: TaskRequested) -> dict[str, str]:
    """What joins the log of an attempt, its handler's lines included, to the trace of the submit."""
    parts = message.traceparent.split("-") if message.traceparent else []
    return {"trace_id": parts[1]} if len(parts) == 4 else {}
