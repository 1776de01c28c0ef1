"""One call of the core: its deliveries, sorted, and their dispositions as they come."""

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID

from msgspec import Struct
from waybill_contracts import Poison, TaskRequested, decode

from .delivery import Delivery, Disposition

Settle = Callable[[Delivery, Disposition], None]
"""Told of each delivery's disposition as soon as it is known, so that nobody waits for a slower neighbour."""


class Request(Struct, frozen=True):
    """Deliveries of one batch that ask for the same task; they share a claim and a disposition."""

    message: TaskRequested
    deliveries: list[int]


class Batch:
    """Deliveries by position: requests for tasks, what does not read as one, and what contradicts an earlier request.

    Two messages can name different kinds for one task. The row will tell which is right, but a claim asks for each task
    once; so the later one comes again, apart from the earlier one, whichever of them is poison.
    """

    def __init__(self, deliveries: Sequence[Delivery], settle: Settle) -> None:
        self.deliveries = deliveries
        self.requests: dict[UUID, Request] = {}
        self.unreadable: list[tuple[int, Poison]] = []
        self.contradicting: list[int] = []
        self._settle = settle
        self._dispositions: dict[int, Disposition] = {}
        self._waiter: asyncio.Future[None] | None = None
        for position, delivery in enumerate(deliveries):
            read = decode(delivery.body)
            if isinstance(read, Poison):
                self.unreadable.append((position, read))
            else:
                self._sort(position, read)

    def _sort(self, position: int, message: TaskRequested) -> None:
        asks = message.data
        request = self.requests.get(asks.task_id)
        if request is None:
            self.requests[asks.task_id] = Request(message, [position])
            return
        asked = request.message.data
        same_kind = (asked.kind, asked.payload_version) == (asks.kind, asks.payload_version)
        (request.deliveries if same_kind else self.contradicting).append(position)

    def lead(self, task_id: UUID) -> Delivery:
        """The delivery that stands for a task in this batch."""
        return self.deliveries[self.requests[task_id].deliveries[0]]

    def end(self, positions: Sequence[int], disposition: Disposition) -> None:
        """Say what becomes of these deliveries; what was said first stays."""
        for position in positions:
            if position not in self._dispositions:
                self._dispositions[position] = disposition
                self._settle(self.deliveries[position], disposition)
        if self._waiter is not None and not self._waiter.done() and self._has_ended():
            self._waiter.set_result(None)

    def _has_ended(self) -> bool:
        return len(self._dispositions) == len(self.deliveries)

    async def dispositions(self) -> list[Disposition]:
        """Wait until all deliveries have ended; one disposition for each, in their order."""
        if not self._has_ended():
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return [self._dispositions[position] for position in range(len(self.deliveries))]
