"""Work claims: run the handler, then put the attempt's end on record."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor

import structlog
from waybill_runtime.telemetry import describe

from .delivery import Delivery
from .execution import Unusable, run_handler
from .recording import Recorder
from .registry import Handler, HandlerTable
from .running import Attempt, Running
from .store.claims import Claim
from .store.transactions import TaskTransaction, TransactionRefused

log = structlog.get_logger()


class HandlerCancelledItself(Exception):
    """The handler let a CancelledError out although nobody had cancelled it; retried like any other error."""


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

    async def work(self, claim: Claim, delivery: Delivery) -> bool:
        """Run a claimed task's handler to its end. False when that end could not be committed, or nobody knows."""
        attempt = Attempt(claim, delivery)
        self.running.add(attempt)
        transaction = self._open_transaction()
        try:
            await self._run(attempt, transaction)
        except Exception as error:
            # Whatever it was, the outcome is not on record: the next delivery, or the reaper, finds the truth.
            log.error("task.uncommitted", task_id=str(claim.task_id), fence=claim.fence, error=describe(error))
            return False
        finally:
            self.running.remove(attempt)
            await transaction.close()
        return True

    async def _run(self, attempt: Attempt, transaction: TaskTransaction) -> None:
        handler = self._table.find(attempt.claim.kind, attempt.claim.payload_version)
        try:
            result = await run_handler(handler, attempt, transaction, self._threads)
        except Unusable as error:
            await transaction.close()
            await self._recorder.fail(attempt, error.record)
        except asyncio.CancelledError:
            if attempt.interruption is None and _is_being_cancelled():
                raise
            await transaction.close()
            await self._end_without_result(attempt, handler, HandlerCancelledItself("the handler cancelled itself"))
        except Exception as error:
            await transaction.close()
            await self._end_without_result(attempt, handler, error)
        else:
            await self._complete(attempt, handler, transaction, result)

    async def _complete(self, attempt: Attempt, handler: Handler, transaction: TaskTransaction, result: str) -> None:
        if not transaction.is_open:
            await self._recorder.complete(attempt, result)
            return
        try:
            held = await transaction.complete(attempt.claim.task_id, attempt.claim.fence, result)
        except TransactionRefused as error:
            await transaction.close()
            await self._end_without_result(attempt, handler, error)
        else:
            self._recorder.completed_apart(attempt, held)

    async def _end_without_result(self, attempt: Attempt, handler: Handler, error: Exception) -> None:
        if attempt.interruption is not None:
            await self._recorder.interrupted(attempt)
        else:
            await self._recorder.judge(attempt, error, handler.policy)


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
