"""Run one handler: decode its payload, bound its time, check its result. Decides nothing about the task."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from typing import Any

import msgspec
import structlog
from waybill_contracts import ErrorCode, TaskError, TaskPayload

from .context import TaskContext
from .policy import storable
from .registry import Handler
from .store.claims import Claim
from .store.transactions import TaskTransaction

MAX_RESULT_BYTES = 256 * 1024
_NUL = b"\\u0000"
_BACKSLASH = b"\\\\"

log = structlog.get_logger()


class HandlerExited(Exception):
    """The handler called `sys.exit`. Retried like any other error; its neighbours go on."""

    def __init__(self, error: SystemExit) -> None:
        super().__init__(f"the handler called sys.exit({error.code!r})")


class HandlerThreads(Executor):
    """A daemon thread for each call. Nothing can stop a thread that runs on after its time limit.

    In a pool it would keep its place, and once all places were taken no `def` handler would run in this process any
    more; and unless it is a daemon, it would keep a stopped process from ending. More than `expected` at once are
    therefore a warning, no limit.
    """

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._running: set[object] = set()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call `fn` in a thread of its own."""
        call: Future[Any] = Future()

        def run() -> None:
            try:
                call.set_result(fn(*args, **kwargs))
            except SystemExit as error:
                call.set_exception(HandlerExited(error))
            except BaseException as error:
                call.set_exception(error)
            finally:
                self._running.discard(call)

        call.set_running_or_notify_cancel()
        self._running.add(call)
        if len(self._running) > self._expected:
            log.warning("processor.threads_left_behind", threads=len(self._running), expected=self._expected)
        try:
            threading.Thread(target=run, name="handler", daemon=True).start()
        except RuntimeError:  # the system gives no more threads; retried like any error of a handler
            self._running.discard(call)
            raise
        return call


class Unusable(Exception):
    """A stored payload or a result that does not fit its contract; retrying cannot help."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.record = TaskError(code=code, message=storable(message))


def begin_handler(
    handler: Handler, payload: TaskPayload, context: TaskContext, trace: Mapping[str, str], threads: Executor
) -> asyncio.Future[Any]:
    """Start a handler: in a task of its own, or in a thread. It has neither time limit nor supervision yet."""
    if handler.is_async:
        return asyncio.get_running_loop().create_task(_call(handler, payload, context, trace))
    return asyncio.get_running_loop().run_in_executor(threads, handler.function, payload, context)


async def _call(handler: Handler, payload: TaskPayload, context: TaskContext, trace: Mapping[str, str]) -> Any:
    if trace:
        structlog.contextvars.bind_contextvars(**trace)  # of this task alone
    try:
        return await handler.function(payload, context)
    except SystemExit as error:  # out of a task of asyncio it would end the process
        raise HandlerExited(error) from error


def read_payload(kind: type[TaskPayload], claim: Claim) -> TaskPayload:
    """The stored payload as its kind's struct. Raises `Unusable`."""
    try:
        return msgspec.json.decode(claim.payload, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Unusable(ErrorCode.PAYLOAD_INVALID, f"stored payload: {error}") from error


def write_result(result: Any, kind: type[TaskPayload]) -> str:
    """A result as the JSON that every reader of its kind can read. Raises `Unusable`."""
    wanted = kind.result
    if not isinstance(result, wanted):
        raise Unusable(
            ErrorCode.RESULT_INVALID, f"{kind.kind} must return {wanted.__name__}, not {type(result).__name__}"
        )
    try:
        encoded = msgspec.json.encode(result)
        msgspec.json.decode(encoded, type=wanted)
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError) as error:
        raise Unusable(ErrorCode.RESULT_INVALID, f"{wanted.__name__}: {error}") from error
    if len(encoded) > MAX_RESULT_BYTES:
        raise Unusable(ErrorCode.RESULT_INVALID, f"{len(encoded)} bytes of JSON, the limit is {MAX_RESULT_BYTES}")
    if _NUL in encoded and _NUL in encoded.replace(_BACKSLASH, b""):  # an escaped backslash before u0000 is no NUL
        raise Unusable(ErrorCode.RESULT_INVALID, f"{wanted.__name__}: holds a NUL character, which PostgreSQL refuses")
    return encoded.decode()


def context_of(claim: Claim, transaction: TaskTransaction) -> TaskContext:
    """What a handler sees of its task."""
    return TaskContext(
        task_id=claim.task_id,
        kind=claim.kind,
        title=claim.title,
        description=claim.description,
        attempt=claim.attempt,
        max_attempts=claim.max_attempts,
        created_at=claim.created_at,
        open_transaction=transaction.open,
    )
