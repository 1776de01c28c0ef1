"""Claims of batches share a statement when they come while one is under way; alone, a batch waits for nobody."""

import asyncio
from collections import deque
from collections.abc import Sequence
from uuid import UUID

from .store.claims import Asked, Claim, Claims

MAX_SHARED = 10
"""Batches in one statement."""


class Claiming:
    """Claims for batches, one statement at a time."""

    def __init__(self, claims: Claims) -> None:
        self._claims = claims
        self._waiting: deque[tuple[Sequence[Asked], asyncio.Future[list[Claim]]]] = deque()
        self._under_way: asyncio.Task[None] | None = None
        self._is_busy = False

    async def claim(self, asked: Sequence[Asked]) -> list[Claim]:
        """One claim for each. Raises what the database raises, to all who share the statement."""
        if self._is_busy:
            answer: asyncio.Future[list[Claim]] = asyncio.get_running_loop().create_future()
            self._waiting.append((asked, answer))
            return await answer
        self._is_busy = True
        try:
            return await self._claims.claim(asked)
        finally:
            self._go_on()

    def _go_on(self) -> None:
        self._is_busy = bool(self._waiting)
        if self._is_busy:
            self._under_way = asyncio.get_running_loop().create_task(self._claim_for_waiting())

    async def _claim_for_waiting(self) -> None:
        taken = self._take()
        try:
            claimed = {claim.task_id: claim for claim in await self._claims.claim(_all_of(taken))}
            answers = [[claimed[one.task_id] for one in asked] for asked, _ in taken]
        except Exception as error:
            for _, waiter in taken:
                if not waiter.done():
                    waiter.set_exception(error)
        else:
            for (_, waiter), answer in zip(taken, answers, strict=True):
                if not waiter.done():
                    waiter.set_result(answer)
        finally:
            self._go_on()

    def _take(self) -> list[tuple[Sequence[Asked], asyncio.Future[list[Claim]]]]:
        """The next ones, up to one that asks for a task that is asked for already: that one's claim comes after."""
        taken = [self._waiting.popleft()]
        seen: set[UUID] = {one.task_id for one in taken[0][0]}
        while self._waiting and len(taken) < MAX_SHARED:
            ids = {one.task_id for one in self._waiting[0][0]}
            if ids & seen:
                break
            seen |= ids
            taken.append(self._waiting.popleft())
        return taken


def _all_of(taken: Sequence[tuple[Sequence[Asked], object]]) -> list[Asked]:
    return [one for asked, _ in taken for one in asked]
