"""Command `waybill-relay`: the relay as a process of its own."""

import asyncio
import signal

import structlog
from waybill_runtime.instances import registered, this_process
from waybill_runtime.settings import load_settings_or_exit
from waybill_runtime.sqs import aws_region
from waybill_runtime.telemetry import configure_logging

from ..manifest import api_manifest
from .loop import open_relay
from .settings import RelaySettings


def main() -> None:
    """Run until SIGTERM or SIGINT; exit 0. Exit 78 for bad settings."""
    settings = load_settings_or_exit(RelaySettings, aws_region)
    configure_logging("relay", settings.log_format, settings.log_level)
    asyncio.run(_run(settings))


async def _run(settings: RelaySettings) -> None:
    stop = asyncio.Event()
    for received in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(received, stop.set)
    instance = this_process("relay", api_manifest())
    async with registered(settings.relay_database_url, instance), open_relay(settings):
        structlog.get_logger().info("relay.started", queue_url=settings.queue_url)
        await stop.wait()
