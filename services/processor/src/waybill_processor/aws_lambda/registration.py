"""A function registers when its deploy asks it to; by itself it could not tell that it lives."""

from typing import Any

import structlog
from waybill_runtime.database import DatabaseUnavailable
from waybill_runtime.instances import Instance, register
from waybill_runtime.telemetry import describe

from ..core import Processor
from ..registry import HandlerTable

log = structlog.get_logger()


def is_asked(event: dict[str, Any]) -> bool:
    """Whether the event asks the function to register. The mapping of the queue sends no such event."""
    return event.get("waybill") == "register"


async def register_function(name: str, table: HandlerTable, url: str, processor: Processor) -> dict[str, Any]:
    """Register, and make tasks go that were held for this build; what to answer: `registered`, or why `failed`."""
    from ..manifest import processor_manifest  # a deploy asks for it, a cold start never

    manifest = processor_manifest(table)
    instance = Instance(name=f"function {name}", manifest=manifest, expires=False)
    try:
        await register(url, instance)
        unheld = await processor.unhold()
    except DatabaseUnavailable as error:
        log.warning("lambda.not_registered", error=describe(error))
        return {"failed": describe(error)}
    log.info("lambda.registered", version=manifest.version, unheld=unheld)
    return {"registered": instance.name, "version": manifest.version, "unheld": unheld}
