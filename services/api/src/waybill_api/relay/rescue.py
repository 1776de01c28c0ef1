"""Reap leases that ran out; reconcile the queue with the tasks that ought to be in it."""

import structlog

from ..queue import MessageQueue
from ..store.rescue import Rescue

REAP_LIMIT = 500
RECONCILE_LIMIT = 1000

log = structlog.get_logger()


async def reap(rescue: Rescue) -> int:
    """Put back every task whose lease ran out; answers how many."""
    total = 0
    while reaped := await rescue.reap(REAP_LIMIT):
        for task in reaped:
            log.warning("task.reaped", task_id=str(task.task_id), status=task.status, worker=task.worker)
        total += len(reaped)
    return total


class Reconciler:
    """Fills the gap between tasks that ought to have a message and the queue's depth, once two readings agree on it.

    A message is written before its outbox row goes, and deleted after its task's row has changed, so the depth is never
    below what is expected unless messages are gone. A backlog, however old, is therefore never published twice.
    """

    def __init__(self, rescue: Rescue, queue: MessageQueue, grace_seconds: float) -> None:
        self._rescue = rescue
        self._queue = queue
        self._grace_seconds = grace_seconds
        self._seen_before = 0

    async def look(self) -> int:
        """Take one reading; put back what this one and the one before both miss. Answers how many."""
        # The depth is read on both sides of the count, for tasks are published and finished meanwhile.
        before = await self._queue.depth()
        expected = await self._rescue.count_expected()
        depth = max(before, await self._queue.depth())
        log.debug("relay.compared", expected=expected, depth=depth)
        missing = max(0, expected - depth)
        agreed, self._seen_before = min(missing, self._seen_before), missing
        if not agreed:
            return 0
        put_back = await self._rescue.reconcile(depth, min(agreed, RECONCILE_LIMIT), self._grace_seconds)
        if put_back:
            log.warning("relay.reconciled", tasks=put_back, missing=missing, depth=depth)
        return put_back
