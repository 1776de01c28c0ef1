"""The attempts under way in this process, and the heartbeat that keeps them ours."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog
from waybill_runtime.database import DatabaseUnavailable
from waybill_runtime.telemetry import describe

from .delivery import Delivery
from .store.claims import Claim, Claims

log = structlog.get_logger()

Extend = Callable[[Sequence[Delivery]], Awaitable[None]]
"""Keep these messages hidden for another while; the Lambda shell has nothing to do here."""


NO_TRACE: Mapping[str, str] = {}


class Interruption(StrEnum):
    """Why a running handler was cancelled by us."""

    LEASE_LOST = "lease_lost"
    CANCEL_REQUESTED = "cancel_requested"
    STOPPING = "stopping"


class Attempt:
    """One handler at work on one claim."""

    def __init__(self, claim: Claim, delivery: Delivery, trace: Mapping[str, str] = NO_TRACE) -> None:
        self.claim = claim
        self.delivery = delivery
        self.trace = trace
        """What joins its log to the trace of the submit."""
        self.interruption: Interruption | None = None
        self.is_over_time = False
        self.is_over = False
        """Its end is being recorded, or will never be: what the handler still does is of no account."""
        self.timer: asyncio.TimerHandle | None = None
        self._handler: asyncio.Future[Any] | None = None

    def watch(self, handler: asyncio.Future[Any]) -> None:
        """From now on an interruption cancels this handler."""
        self._handler = handler
        if self.interruption is not None:
            handler.cancel()

    def interrupt(self, why: Interruption) -> None:
        """Cancel the handler; the first reason stays."""
        if self.interruption is None:
            self.interruption = why
            self.cancel_handler()

    def cancel_handler(self) -> None:
        """Ask the handler to stop, if it runs."""
        if self._handler is not None:
            self._handler.cancel()

    def end(self) -> bool:
        """Say that its end is about to be recorded; False when that was said before."""
        was_over, self.is_over = self.is_over, True
        if self.timer is not None:
            self.timer.cancel()
        return not was_over


class Running:
    """All attempts under way, by object."""

    def __init__(self) -> None:
        self._attempts: set[Attempt] = set()

    def __len__(self) -> int:
        return len(self._attempts)

    def __iter__(self) -> Iterator[Attempt]:
        return iter(list(self._attempts))

    def add(self, attempt: Attempt) -> None:
        """A handler starts."""
        self._attempts.add(attempt)

    def remove(self, attempt: Attempt) -> None:
        """Its outcome is on record, or will never be."""
        self._attempts.discard(attempt)

    def interrupt_all(self, why: Interruption) -> None:
        """Cancel every handler."""
        for attempt in self:
            attempt.interrupt(why)


async def beat(running: Running, claims: Claims, extend: Extend, extend_seconds: float) -> None:
    """Renew lease and visibility of everything that runs, once; interrupt what is no longer ours or is cancelled."""
    attempts = list(running)
    if not attempts:
        return
    renewed = await claims.heartbeat([(attempt.claim.task_id, attempt.claim.fence) for attempt in attempts])
    _interrupt_others(running, attempts, renewed)
    deliveries = [attempt.delivery for attempt in attempts if attempt.claim.task_id in renewed]
    try:
        async with asyncio.timeout(extend_seconds):
            await extend(deliveries)
    except TimeoutError:
        # The next beat matters more: a lease that runs out costs the work, a message that shows too early a look.
        log.warning("message.not_extended", messages=len(deliveries), error="the queue does not answer")


def _interrupt_others(running: Running, attempts: Sequence[Attempt], renewed: Mapping[UUID, bool]) -> None:
    still_running = set(running)
    for attempt in attempts:
        if attempt not in still_running:
            continue  # it ended while the statement was under way
        if attempt.claim.task_id not in renewed:
            log.warning("task.lease_lost", task_id=str(attempt.claim.task_id), fence=attempt.claim.fence)
            attempt.interrupt(Interruption.LEASE_LOST)
        elif renewed[attempt.claim.task_id]:
            attempt.interrupt(Interruption.CANCEL_REQUESTED)


async def beat_for_ever(running: Running, claims: Claims, extend: Extend, heartbeat_seconds: float) -> None:
    """Beat until cancelled. A beat that fails is only logged: the lease outlives several of them."""
    extend_seconds = heartbeat_seconds / 2
    while True:
        await asyncio.sleep(heartbeat_seconds * random.uniform(0.8, 1.2))
        try:
            await beat(running, claims, extend, extend_seconds)
        except DatabaseUnavailable as error:
            log.warning("processor.heartbeat_failed", tasks=len(running), error=describe(error))
        except Exception:
            # Nobody foresaw it, but without a heartbeat this process would lose every lease from now on.
            log.exception("processor.heartbeat_failed", tasks=len(running))
