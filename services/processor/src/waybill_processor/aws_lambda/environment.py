"""What lives as long as the execution environment: one event loop, one processor with its connections."""

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any

import structlog
from waybill_runtime.database import DatabaseUnavailable
from waybill_runtime.garbage import spare_startup_objects
from waybill_runtime.settings import load_settings
from waybill_runtime.telemetry import configure_logging, describe

from ..bootstrap import open_processor
from ..core import Processor
from ..handlers import handler_table, webhook_sender
from ..registry import HandlerTable
from ..settings import LambdaSettings
from .invocation import Invocation
from .records import read_records, response
from .registration import is_asked, register_function

CONNECTIONS = 2
STALE_SECONDS = 30.0
"""A frozen environment hears nothing of connections that died meanwhile, so after this long it makes new ones."""

PREPARE_SECONDS = 5.0
"""Of the 10 s that AWS gives before it starts anew."""

log = structlog.get_logger()


class Environment:
    """Opened by the first invocation, used by all that follow, and opened anew when it was left in disorder.

    The loop must be one and the same for the life of the connections, which belong to it; `asyncio.run` would close it.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stack = AsyncExitStack()
        self._processor: Processor | None = None
        self._settings: LambdaSettings | None = None
        self._longest_seconds = 0.0
        self._table: HandlerTable | None = None
        self._name = "lambda"
        self._used_at = 0.0

    def invoke(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """One invocation, to its end. Raises `SettingsError` and what the runtime itself raises, nothing of a task."""
        self._discard_if_disordered()
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        self._name = f"{context.function_name}/{context.aws_request_id}"
        return self._loop.run_until_complete(self._invoke(event, context))

    def prepare(self) -> None:
        """Open what the first invocation would open, and connect. What fails is left to it to try again and tell."""
        self._loop = asyncio.new_event_loop()
        try:
            self._loop.run_until_complete(self._prepare())
        except Exception as error:  # bad settings too: what an import raises would hide the line that names them
            log.warning("lambda.not_prepared", error=describe(error))
            self.close()

    def close(self) -> None:
        """Close everything; the next invocation opens it anew. The runtime never does: it freezes, and kills."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.run_until_complete(self._stack.aclose())
            loop.close()
        self._forget()

    async def _invoke(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        processor, settings = await self._opened()
        structlog.contextvars.bind_contextvars(request_id=context.aws_request_id)
        invocation = Invocation(processor, context, settings.concurrency, self._longest_seconds)
        deliveries = read_records(event)
        failed = await invocation.run(deliveries)
        answer = response(failed)
        if is_asked(event) and self._table is not None:
            answer |= await register_function(context.function_name, self._table, settings.database_url, processor)
        self._used_at = time.monotonic()
        log.info("lambda.invoked", records=len(deliveries), handed_back=len(failed))
        return answer

    async def _prepare(self) -> None:
        processor, _ = await self._opened()
        try:
            async with asyncio.timeout(PREPARE_SECONDS):
                await processor.warm_up()
        except DatabaseUnavailable as error:
            log.warning("lambda.not_connected", error=describe(error))
        self._used_at = time.monotonic()
        spare_startup_objects()

    async def _opened(self) -> tuple[Processor, LambdaSettings]:
        if self._processor is not None and self._settings is not None:
            if time.monotonic() - self._used_at > STALE_SECONDS:
                await self._processor.renew_connections()
            return self._processor, self._settings
        settings = load_settings(LambdaSettings)
        configure_logging("lambda", settings.log_format, settings.log_level)
        table = await self._open_table(settings)
        opened = open_processor(settings, table, settings.concurrency, lambda: self._name, connections=CONNECTIONS)
        self._processor = await self._stack.enter_async_context(opened)
        self._settings = settings
        self._table = table
        self._longest_seconds = max(line.policy.time_limit_seconds for line in table)
        return self._processor, settings

    async def _open_table(self, settings: LambdaSettings) -> HandlerTable:
        sender = webhook_sender(settings.webhook_secret, settings.webhook_allow_private)
        return handler_table(await self._stack.enter_async_context(sender))

    def _discard_if_disordered(self) -> None:
        """An invocation that was cut off leaves handlers half-way, or a closed loop: start afresh, keep nothing."""
        if self._loop is None:
            return
        left_running = self._processor is not None and len(self._processor.attempts.running) > 0
        if not (left_running or self._loop.is_closed() or self._loop.is_running()):
            return
        log.warning("lambda.environment_discarded", left_running=left_running)
        self._forget()

    def _forget(self) -> None:
        self._loop, self._processor, self._settings, self._stack = None, None, None, AsyncExitStack()
