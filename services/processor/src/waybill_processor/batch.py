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
        for position, delivery in enumerate(deliveries):
            read = decode(delivery.body)
            if isinstance(read, Poison):
                self.unreadable.append((position, read))
            else:
                self._sort(position, read)

    def _sort(self, position: int, message: TaskRequested) -> None:
        request = self.requests.setdefault(message.data.task_id, Request(message, []))
        asked, asks = request.message.data, message.data
        same_kind = (asked.kind, asked.payload_version) == (asks.kind, asks.payload_version)
        (request.deliveries if same_kind else self.contradicting).append(position)

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
