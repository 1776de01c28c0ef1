"""One call of the core: its deliveries, sorted, and their dispositions as they come."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from msgspec import Struct
from waybill_contracts import Poison, TaskRequested, decode

from .delivery import Delivery, Disposition

Settle = Callable[[Delivery, Disposition], Awaitable[None]]
"""Told of each delivery's disposition as soon as it is known, so that nobody waits for a slower neighbour."""


class Request(Struct, frozen=True):
    """Deliveries of one batch that ask for the same task; they share a claim and a disposition."""

    message: TaskRequested
    deliveries: list[int]


class Batch:
    """Deliveries by position: those that read as a request for a task, and those that do not."""

    def __init__(self, deliveries: Sequence[Delivery], settle: Settle) -> None:
        self.deliveries = deliveries
        self.requests: dict[UUID, Request] = {}
        self.unreadable: list[tuple[int, Poison]] = []
        self._settle = settle
        self._dispositions: dict[int, Disposition] = {}
        for position, delivery in enumerate(deliveries):
            read = decode(delivery.body)
            if isinstance(read, Poison):
                self.unreadable.append((position, read))
            else:
                self.requests.setdefault(read.data.task_id, Request(read, [])).deliveries.append(position)

    def lead(self, task_id: UUID) -> Delivery:
        """The delivery that stands for a task in this batch."""
        return self.deliveries[self.requests[task_id].deliveries[0]]

    async def end(self, positions: Sequence[int], disposition: Disposition) -> None:
        """Say what becomes of these deliveries, once each."""
        for position in positions:
            self._dispositions[position] = disposition
            await self._settle(self.deliveries[position], disposition)

    def undecided(self) -> list[int]:
        """Deliveries that have not ended."""
        return [position for position in range(len(self.deliveries)) if position not in self._dispositions]

    def dispositions(self) -> list[Disposition]:
        """One for each delivery, in the order of the deliveries; complete once all have ended."""
        return [self._dispositions[position] for position in range(len(self.deliveries))]
