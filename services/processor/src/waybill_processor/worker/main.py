"""Command `waybill-worker`: the processor as a process that stays."""

import asyncio
import gc
import os
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress

import structlog
import uvloop
from waybill_runtime.garbage import spare_startup_objects
from waybill_runtime.instances import registered, this_process
from waybill_runtime.settings import exit_with, load_settings_or_exit
from waybill_runtime.sqs import aws_region
from waybill_runtime.telemetry import configure_logging

from ..bootstrap import open_processor
from ..core import Processor
from ..handlers import WebhookSender, handler_table, webhook_sender
from ..manifest import processor_manifest
from ..queue import open_queue
from ..registry import HandlerTable, HandlerTableError
from ..running import Interruption
from ..settings import WorkerSettings
from .dead_letter_drain import drain_for_ever
from .receiving import Receiver
from .settling import Settling

RELEASE_SECONDS = 5.0
"""For interrupted handlers to let go and their releases to be committed."""
STRAYS_SECONDS = 1.0

log = structlog.get_logger()


def main() -> None:
    """Run until SIGTERM or SIGINT, then let handlers end, release the rest, exit 0. Exit 78 for bad settings."""
    settings = load_settings_or_exit(WorkerSettings, aws_region)
    configure_logging("worker", settings.log_format, settings.log_level)
    try:
        webhooks = webhook_sender(settings.webhook_secret, settings.webhook_allow_private)
    except ValueError as error:
        exit_with(f"bad settings: WAYBILL_WEBHOOK_SECRET: {error}")
    try:
        table = handler_table(webhooks)
    except HandlerTableError as error:
        exit_with(f"the handler table does not fit the contracts: {error}")
    uvloop.run(_run(settings, table, webhooks))


async def _run(settings: WorkerSettings, table: HandlerTable, webhooks: WebhookSender) -> None:
    stopping = asyncio.Event()
    for received in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(received, stopping.set)
    async with AsyncExitStack() as stack:
        instance = this_process("worker", processor_manifest(table))
        await stack.enter_async_context(registered(settings.database_url, instance))
        queue = await stack.enter_async_context(open_queue(settings.queue_url, settings.receive_wait_seconds))
        await stack.enter_async_context(webhooks)
        settling = Settling(queue, settings.visibility_seconds)
        processor = await stack.enter_async_context(
            open_processor(settings, table, settings.concurrency, extend=settling.extend)
        )
        drain = asyncio.create_task(_drain(settings, processor))
        receiver = Receiver(processor, queue, settling, settings)
        _keep_what_is_loaded()
        spare_startup_objects()
        log.info("worker.started", queue_url=settings.queue_url, concurrency=settings.concurrency)
        await receiver.run(stopping)
        drain.cancel()
        await asyncio.gather(drain, return_exceptions=True)
        await asyncio.gather(receiver.hand_back(), _finish(processor, list(receiver.batches), settings.drain_seconds))
        await _settle_the_rest(settling)
    log.info("worker.stopped")
    await _end_strays()


def _keep_what_is_loaded() -> None:
    """Modules and tables stay as long as the process: the garbage collector need not look through them again."""
    gc.collect()
    gc.freeze()


async def _finish(processor: Processor, batches: Sequence[asyncio.Task[object]], drain_seconds: float) -> None:
    """Let what runs end; after `drain_seconds` interrupt it and release its tasks, uncharged."""
    if not batches:
        return
    log.info("worker.draining", tasks=len(processor.attempts.running))
    _, left = await asyncio.wait(batches, timeout=drain_seconds)
    if left:
        processor.attempts.running.interrupt_all(Interruption.STOPPING)
        await asyncio.wait(left, timeout=RELEASE_SECONDS)


async def _settle_the_rest(settling: Settling) -> None:
    """What is not deleted comes again, and is found on record."""
    with suppress(TimeoutError):
        async with asyncio.timeout(RELEASE_SECONDS):
            await settling.drain()


async def _end_strays() -> None:
    """End although a handler swallows its cancellation: the loop would wait for it, and the process run on for ever."""
    strays = asyncio.all_tasks() - {asyncio.current_task()}
    for stray in strays:
        stray.cancel()
    if strays and (await asyncio.wait(strays, timeout=STRAYS_SECONDS))[1]:
        log.warning("worker.handlers_left_behind")
        os._exit(0)


async def _drain(settings: WorkerSettings, processor: Processor) -> None:
    if settings.dead_letter_queue_url is None:
        return
    async with open_queue(settings.dead_letter_queue_url, wait_seconds=0) as queue:
        await drain_for_ever(queue, processor.dead_letters, settings.drain_dead_letters_seconds)
